"""The versioned configuration: what is in force, edited, compared, restored."""
