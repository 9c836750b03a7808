"""Stored rows as JSON objects: times as JavaScript writes them, big integers as texts."""

from datetime import UTC, datetime
from typing import cast

from app.domain.json_value import JsonObject, JsonValue, Unread, js_stringify
from app.models.lists.shared_rows import Stored


def js_time(moment: datetime) -> str:
    """`2022-08-01T00:00:00.000Z`: UTC, milliseconds."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def row_as_object(row: Stored) -> JsonObject:
    """The row with its times as texts."""
    return {
        name: js_time(value) if isinstance(value, datetime) else cast("JsonValue", value)
        for name, value in row.items()
    }


def as_text(row: Stored) -> str:
    """The text of the same object; what nobody has read is passed on."""
    members = (f'"{name}":{_text_of(value)}' for name, value in row.items())
    return f"{{{','.join(members)}}}"


def _text_of(value: object) -> str:
    if isinstance(value, Unread):
        return value.text
    return js_stringify(js_time(value) if isinstance(value, datetime) else value)
