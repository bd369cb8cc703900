"""Logs that coding agents leave in their usual places."""
