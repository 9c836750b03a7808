"""Errors sorted by whose move it is.

RegistryError
├── Refused            a rule said no; the text is shown to the person as written
│   ├── NotPermitted   the rights don't allow it; names the e-groups that would
│   ├── NotFound       the run, dataset or item isn't there
│   ├── Conflict       somebody else changed it meanwhile
│   └── BadInput       what was given can't be read; says what and where
└── Unavailable        the network or a server; retried, nothing is lost
    ├── LoginRefused   the server took the login before; a person has to mend it
    ├── TookTooLong    the server was asked to give up after a time
    ├── CancelledByStandby  a standby ended a query for what it replays: asked again
    └── Unsure         the answer to a write was lost: it may be stored
Anything else is a bug.
"""

from collections.abc import Callable
from typing import TypeVar

from app.domain.masking import masked

Result = TypeVar("Result")


class RegistryError(Exception):
    """An error with a text for the person who acts; nothing secret is in it, whoever wrote it."""

    def __str__(self) -> str:
        return masked(super().__str__())

    def __repr__(self) -> str:
        return masked(super().__repr__())


class Refused(RegistryError):
    """A rule of certification said no."""


class NotPermitted(Refused):
    """The actor's e-groups don't allow the action.

    `egroups` are those that would, none where nobody may; None where it isn't for them to say.
    """

    def __init__(self, text: str, egroups: tuple[str, ...] | None = None) -> None:
        super().__init__(text)
        self.egroups = egroups


class NotFound(Refused):
    """The run, dataset or item that was named doesn't exist."""


class Conflict(Refused):
    """Somebody else changed the same thing meanwhile."""


class BadInput(Refused):
    """A document, rule or argument can't be read."""


UNREADABLE = (
    *(BadInput, ValueError, TypeError, LookupError, AttributeError),
    *(ArithmeticError, MemoryError, RecursionError),
)
"""What comes of a record of others that can't be read: it stops no other one."""


class Unavailable(RegistryError):
    """A server can't be reached or doesn't answer; the action can be tried again."""

    @property
    def advised(self) -> str:
        """The text with what an action that met it has done, and what to do."""
        return f"{self} Nothing was written: try again."


class LoginRefused(Unavailable):
    """The server no longer takes a login that it took before, as when a password has expired."""


class TookTooLong(Unavailable):
    """The server stopped a statement after the time it was given."""

    @property
    def advised(self) -> str:
        return f"{self} Ask for less, or again when less is going on."


class Unsure(Unavailable):
    """The connection was lost while a write was being stored: it may be there, or not."""

    @property
    def advised(self) -> str:
        return str(self)


class CancelledByStandby(Unavailable):
    """A standby ended a query because of what it replays; asked again, the primary answers."""


def again_when_cancelled(read: Callable[[], Result]) -> Result:
    """What something that only reads returns, asked again when a standby has cancelled it."""
    try:
        return read()
    except CancelledByStandby:
        return read()
