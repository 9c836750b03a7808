"""Agents: their proposals, and how far they agree with people."""
