"""The value of a column in one lumisection: status, comment and cause."""

from collections.abc import Mapping
from typing import NamedTuple

GOOD = "GOOD"
BAD = "BAD"
STANDBY = "STANDBY"
EXCLUDED = "EXCLUDED"
NOTSET = "NOTSET"
EMPTY = "EMPTY"
NO_VALUE_FOUND = "NO VALUE FOUND"

SETTABLE_STATUSES = (GOOD, BAD, STANDBY, EXCLUDED, NOTSET)
STATUSES = (*SETTABLE_STATUSES, EMPTY, NO_VALUE_FOUND)


class Triplet(NamedTuple):
    """Status, comment and cause, replaced as a whole."""

    status: str
    comment: str = ""
    cause: str = ""

    def as_json(self) -> dict[str, str]:
        """The object the shared tables keep, in their key order."""
        return {"status": self.status, "comment": self.comment, "cause": self.cause}


EMPTY_TRIPLET = Triplet(EMPTY)


def triplet_from_json(value: object) -> Triplet:
    """The triplet that a stored value means; parts that are missing or no text read as empty."""
    if not isinstance(value, Mapping):
        return EMPTY_TRIPLET
    return Triplet(
        _text(value.get("status")), _text(value.get("comment")), _text(value.get("cause"))
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
