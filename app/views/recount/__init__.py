"""What is derived from the events: how complete and fresh it is, and what was false."""
