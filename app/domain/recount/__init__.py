"""Counting again what is derived: what differs from the events, and how far the counting is."""
