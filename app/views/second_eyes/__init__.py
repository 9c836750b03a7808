"""Verifying what others certified."""
