"""Notes of people on runs, datasets and lumisections."""
