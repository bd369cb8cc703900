"""Read log files into usage events: one format, one file."""
