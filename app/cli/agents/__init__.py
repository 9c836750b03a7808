"""Commands of machines that are authors."""
