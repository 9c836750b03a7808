"""Editing lumisections: previewed, kept as drafts, written; and tools over many datasets."""
