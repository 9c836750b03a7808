"""Pages and vocabularies of what is listed: runs, datasets, cycles, what is left to do."""
