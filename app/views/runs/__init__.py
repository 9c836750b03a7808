"""The online and offline places: runs, datasets, their details, and what can be done with them."""
