"""The read API: runs, datasets, lumisections, golden lists, configuration and history."""
