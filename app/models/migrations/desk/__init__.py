"""Migrations of the schema `desk`."""
