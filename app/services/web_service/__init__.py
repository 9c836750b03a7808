"""What clients of the web service ask for, in the shapes and with the words they know."""
