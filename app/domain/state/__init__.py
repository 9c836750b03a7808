"""What the lumisections of a dataset hold: columnar grids, their segments and their summaries."""
