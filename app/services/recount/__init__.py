"""Counting again what is derived, and telling how complete and how fresh it is."""
