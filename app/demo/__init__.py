"""A simulated OMS on loopback and the season it serves."""
