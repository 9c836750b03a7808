"""Widgets that know nothing of certification, for every feature."""
