"""The place of what is left to do."""
