"""Changing cells of the grid: the strip that sets values, the preview, conflicts, drafts."""
