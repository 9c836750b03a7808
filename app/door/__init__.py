"""The HTTP door: the services for scripts, programs and browsers."""
