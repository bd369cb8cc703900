"""Keeps the true cost of language models in Obsidian notes."""

__version__ = "0.1.0"
