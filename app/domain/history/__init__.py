"""What changed when, by whom: cells, attributes, the log, and undoing."""
