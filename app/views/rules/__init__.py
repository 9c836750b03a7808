"""Rules: edited as text or as a tree, and shown with the values they were applied to."""
