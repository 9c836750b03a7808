"""Editing many datasets, by hand or from a file, with a preview before anything is written."""
