"""The place of the log."""
