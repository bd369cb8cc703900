"""What programs tell about their calls of models while they run: spans, events and metrics."""
