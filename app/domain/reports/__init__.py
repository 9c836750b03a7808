"""Reports: what one says, block by block, and the drawings in it; made into pages elsewhere."""
