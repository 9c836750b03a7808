"""What the puller does."""
