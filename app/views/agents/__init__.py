"""Agents: what they propose on a dataset, and their place in the window."""
