"""What goes wrong, said in one sentence."""


class RunRegistryError(Exception):
    """The registry refuses, can't be reached, or was asked for what it doesn't have."""


class NotConnected(RunRegistryError):
    """This takes a registry, and the list or the connection has none."""
