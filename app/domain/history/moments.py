"""A moment of the past as a person says it: a version, or a day or minute in UTC."""

import re
from datetime import UTC, datetime, timedelta

from app.domain.errors import BadInput

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_SHORTEST = len("2025-08-18T06:12")


def parse_time(text: str) -> datetime | None:
    """The moment up to which a day or a minute reaches; None for a text that names neither.

    A day means its end: what was true when it was over. BadInput for a day that doesn't exist.
    """
    cleaned = text.strip()
    if not _DAY.match(cleaned):
        return None
    is_day = _DAY.fullmatch(cleaned) is not None
    if not is_day and len(cleaned) < _SHORTEST:
        return None  # being typed
    try:
        read = datetime.fromisoformat(cleaned.removesuffix(" UTC"))
    except ValueError as error:
        raise BadInput(
            f'"{cleaned}" is not a day or time: write 2025-08-18 or 2025-08-18 06:12.'
        ) from error
    at = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    try:
        return at + timedelta(days=1) if is_day else at
    except OverflowError as error:
        raise BadInput(f'"{cleaned}" is not a day of CMS.') from error


def time_words(at: datetime) -> str:
    """`2025-08-18 06:12 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
