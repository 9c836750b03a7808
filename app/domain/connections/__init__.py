"""Servers that a person keeps: what is known of each, how it is protected, what goes wrong."""
