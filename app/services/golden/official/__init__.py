"""Lists that are official: made so, published, and superseded."""
