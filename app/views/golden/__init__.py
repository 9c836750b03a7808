"""Golden JSON: the list at the left, the result at the right, the dialog that generates."""
