"""Drawing lumisections: the grid, its selection, and values along the axis."""
