"""Who acts, and the guard that proves it."""
