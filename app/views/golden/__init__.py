"""Golden JSON: the list, the dialog that generates, the result."""
