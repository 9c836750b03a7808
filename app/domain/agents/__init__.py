"""Machines as authors: their proposals, and how far they agree with people."""
