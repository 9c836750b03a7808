"""What classifiers do to runs: tried before saving, explained, applied again."""
