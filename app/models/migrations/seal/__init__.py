"""Migrations of the schema `record`."""
