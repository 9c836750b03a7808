"""Editing many datasets: by hand or from a file, looked at before it is written."""
