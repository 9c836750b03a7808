"""Kept connections: the list, one that is edited, what a trial found."""
