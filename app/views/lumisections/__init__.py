"""Lumisections of a dataset: the pane with its grid, and editing in it."""
