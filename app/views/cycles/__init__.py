"""The place of the cycles."""
