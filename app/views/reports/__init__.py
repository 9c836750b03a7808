"""Reports in the window: chosen, looked at, and saved as HTML or PDF, their plots as pictures."""
