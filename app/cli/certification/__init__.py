"""Commands on runs, datasets, lumisections and cycles."""
