"""The online place: runs, their details, and what can be done with them."""
