"""Why lumisections are in a list or not, and what the luminosity is lost to."""
