"""Runs, datasets and cycles: their tables, their states, and what is left to do."""
