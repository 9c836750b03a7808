"""Rules: why they hold or not."""
