"""The place of the golden JSONs: list, result, saving."""
