"""Verifying the sealed history."""
