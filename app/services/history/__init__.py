"""What happened: the history of cells and datasets, the log, and undoing a version."""
