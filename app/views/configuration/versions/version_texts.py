"""Versions of the configuration in words."""

from datetime import datetime

from app.domain.configuration.versions import (
    Difference,
    ListHistory,
    Version,
    field_changes,
    words_for,
)
from app.views.looks import words

_MOST_CHANGES = 3


def changes_of(history: ListHistory, version: Version, most: int = _MOST_CHANGES) -> list[str]:
    """The changes of a version."""
    items = history.items
    changes = [f"as version {version.same_as}"] if version.same_as is not None else []
    for old, new in version.edited:
        fields = field_changes(history.kind, items[old].values, items[new].values)
        changes.append(f"{items[new].title}: {words_for(fields) or 'saved again'}")
    changes += [f"+ {items[item_id].title}" for item_id in version.added]
    changes += [f"− {items[item_id].title}" for item_id in version.removed]
    more = len(changes) - most
    return [*changes[:most], f"and {more} more"] if more > 0 else changes


def time_of(version: Version, now: datetime) -> str:
    """How long ago a version came into force, as far as it is known."""
    if version.exact:
        return words.ago(version.at, now)
    return "At this time or later: the web service doesn't record when it changes lists."


def summary_of(difference: Difference) -> str:
    """A difference in a sentence."""
    before, after = difference.before, difference.after
    if difference.is_empty:
        return f"Version {before} and version {after} are identical."
    parts = (
        (len(difference.edited), "changed"),
        (len(difference.added), "added"),
        (len(difference.removed), "removed"),
    )
    numbers = ", ".join(f"{number} {what}" for number, what in parts if number)
    return f"From version {before} to version {after}: {numbers}."
