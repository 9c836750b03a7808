"""Numbers and times as the window writes them."""

from datetime import UTC, datetime

from app.domain.clock import ago
from app.domain.counting import counted, luminosity, number, percent
from app.domain.errors import Refused, Unavailable
from app.domain.json_value import JsonValue, js_stringify

UNREAD = "This wasn't read. F5 reads it again."
"""Stands where a place has nothing to show since reading was refused or failed; a notice or the
banner says why."""

__all__ = [
    "UNREAD",
    "ago",
    "counted",
    "failure",
    "luminosity",
    "moment",
    "number",
    "percent",
    "time",
    "value",
]


def moment(text: str) -> datetime | None:
    """The time that an OMS text says, in UTC; None when it says none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def time(at: datetime) -> str:
    """`2025-08-18 06:12 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def failure(error: Refused | Unavailable) -> str:
    """Why an action failed, and what to do."""
    return str(error) if isinstance(error, Refused) else error.advised


def value(given: JsonValue) -> str:
    """Any stored value in a line."""
    if given is None:
        return "null"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        return given
    if isinstance(given, list) and not any(isinstance(each, list | dict) for each in given):
        return ", ".join(map(value, given))
    return js_stringify(given)
