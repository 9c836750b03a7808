"""Commands on golden JSONs and luminosity."""
