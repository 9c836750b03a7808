"""The time by the clock of the database's server, by which everybody's ages are counted.

A process works on one server; how far its clock is ahead of this machine's is measured at
connecting, and again now and then.
"""

from datetime import UTC, datetime, timedelta

MOST_OFF = timedelta(minutes=1)
"""A clock that is further off than this is told to the person."""

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
