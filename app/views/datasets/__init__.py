"""The offline place: datasets and their details."""
