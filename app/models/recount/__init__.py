"""Derived rows compared with the events they are derived from, and what is known of that."""
