"""Versions of the configuration in words."""

from datetime import datetime

from app.domain.configuration.versions import Difference, Version
from app.views.looks import words


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
