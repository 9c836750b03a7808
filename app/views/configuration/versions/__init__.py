"""Earlier versions of the configuration: looked at, compared, restored."""
