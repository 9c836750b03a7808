"""Edits not written yet, and who has which dataset open."""
