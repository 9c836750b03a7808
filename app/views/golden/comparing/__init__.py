"""Lists side by side: combined, compared, made again from the events."""
