"""Migrations of the schema `desk`; the shared tables are never touched by one."""
