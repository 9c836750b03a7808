"""What the clients of the web service ask for, in its shapes and words."""
