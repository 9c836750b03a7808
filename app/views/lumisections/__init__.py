"""Lumisections of a dataset: the painted grid and its pane."""
