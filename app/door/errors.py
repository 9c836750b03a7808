"""What is wrong with a request before a service is asked."""

from app.domain.errors import RegistryError


class NobodyNamed(RegistryError):
    """An action without a person who does it."""


class NotBelieved(RegistryError):
    """Who a request says that it comes from can't be, or can't be proved."""


class TooLarge(RegistryError):
    """A body that is longer than the door takes."""


class TooSlow(RegistryError):
    """A body that did not come in time."""


class NoSuchAddress(RegistryError):
    """Nothing is at this address, or not for this method."""
