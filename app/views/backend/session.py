"""Who works where."""

from dataclasses import dataclass
from enum import StrEnum


class PlaceKind(StrEnum):
    """What kind of database this is; the status bar's strip tells them apart."""

    PRODUCTION = "production"
    TEST = "test"
    DEMONSTRATION = "demonstration"


@dataclass(frozen=True, slots=True)
class Session:
    """Who works where: `database` is a short name such as `cms-prod`, never with a password."""

    database: str
    kind: PlaceKind
    person: str
    rights: str = ""
    strip_colour: str | None = None
