"""What was changed, line by line and along a run: shared by log, history, bulk and agents."""
