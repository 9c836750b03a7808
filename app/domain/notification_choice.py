"""What somebody wants to be told of."""

from enum import StrEnum

from msgspec import Struct


class NotificationKind(StrEnum):
    """Why somebody is told; the setting that switches it is called after it."""

    FLAGS = "flags"
    DEADLINES = "deadlines"
    CONFLICTS = "conflicts"
    MENTIONS = "mentions"
    PROPOSALS = "proposals"
    OFFICIAL = "official"
    MARKS = "marks"
    FREEZES = "freezes"

    @property
    def noun(self) -> str:
        """What one is called."""
        return _NOUNS[self]


_NOUNS = {
    NotificationKind.FLAGS: "BAD flag",
    NotificationKind.DEADLINES: "deadline",
    NotificationKind.CONFLICTS: "conflict",
    NotificationKind.MENTIONS: "mention",
    NotificationKind.PROPOSALS: "proposal",
    NotificationKind.OFFICIAL: "official list",
    NotificationKind.MARKS: "lost mark",
    NotificationKind.FREEZES: "frozen or thawed cycle",
}

OF_PEOPLE = frozenset(NotificationKind)
OF_TEAMS = OF_PEOPLE - {NotificationKind.CONFLICTS}
"""What can be told to a group: a conflict is with the edits of one person."""


class Choice(Struct, frozen=True):
    """What somebody wants to be told: kinds, workspaces (empty: all), and how many days before a
    deadline; `quiet`: nothing of it on the desktop, only in the list."""

    kinds: frozenset[NotificationKind] = OF_PEOPLE
    workspaces: frozenset[str] = frozenset()
    days_before: int = 2
    quiet: bool = False
