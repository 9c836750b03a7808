"""The time by the clock of the database's server, by which everybody's ages are counted.

A process works on one server; how far its clock is ahead of this machine's is measured at
connecting, and again now and then.
"""

from datetime import UTC, datetime, timedelta

MOST_OFF = timedelta(minutes=1)
"""A clock that is further off than this is told to the person."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

_ahead = timedelta()


def server_now() -> datetime:
    """The time of the server, in UTC."""
    return datetime.now(UTC) + _ahead


def server_ahead() -> timedelta:
    """How far the server's clock is ahead of this machine's; negative when it is behind."""
    return _ahead


def set_server_ahead(ahead: timedelta) -> None:
    """Takes what was measured."""
    global _ahead  # noqa: PLW0603 - one server a process
    _ahead = ahead


def clock_words(ahead: timedelta) -> str:
    """What a person is told of a clock that is off; empty while it is not."""
    if abs(ahead) <= MOST_OFF:
        return ""
    seconds = abs(ahead).total_seconds()
    off = f"{seconds / 60:.0f} min" if seconds < 2 * 3600 else f"{seconds / 3600:.0f} h"
    side = "behind" if ahead > timedelta() else "ahead of"
    return f"The clock of this machine is {off} {side} the server's."


def ago(at: datetime, now: datetime) -> str:
    """How long ago, roughly: `3 min ago`, `in 12 s`."""
    seconds = (now - at).total_seconds()
    span = abs(seconds)
    if span < _MINUTE:
        text = f"{span:.0f} s"
    elif span < _HOUR:
        text = f"{span / _MINUTE:.0f} min"
    elif span < 2 * _DAY:
        text = f"{span / _HOUR:.0f} h"
    else:
        text = f"{span / _DAY:.0f} d"
    return f"{text} ago" if seconds >= 0 else f"in {text}"
