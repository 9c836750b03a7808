"""What a person wants to change: selections, edits, drafts and files of changes."""
