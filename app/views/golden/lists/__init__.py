"""The golden JSONs that are stored: choosing, reading and deleting them."""
