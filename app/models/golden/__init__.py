"""Generated lists, and the state each was made from."""
