"""Logs of this project's own formats and logs kept by hand."""
