"""What is wrong with a request before a service is asked."""

import re

from app.domain.errors import RegistryError

_ADDRESS = re.compile(r" postgresql(?:\+\w+)?://\S+")


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


def for_strangers(error: RegistryError) -> None:
    """Takes out of the text of an error where the database is: who asks has no use for that."""
    error.args = tuple(
        _ADDRESS.sub("", each) if isinstance(each, str) else each for each in error.args
    )
