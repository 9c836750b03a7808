"""Kept connections: the list in its file, and what is wrong with one that is tried."""
