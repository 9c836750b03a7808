"""Golden JSON: generated, kept, explained, compared, reproduced, exported; and its luminosity."""
