"""Files the program ships: default configuration, style, icons."""
