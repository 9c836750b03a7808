"""Cursors: where a page ended, in a text that says it all, so that any door can go on from it.

A cursor is of one question: another filter, order or moment is refused. It holds no right and no
secret; who makes one up asks for what anybody may ask.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence

from app.domain.foreign_json import JsonLimits, NotJson, parse
from app.domain.json_value import JsonValue
from app.door.v1.problems import BadCursor, TooMuch

LONGEST = 8_000  # characters
_FORMAT = 1
_LIMITS = JsonLimits(text_bytes=LONGEST, depth=8)
_CHECK = 12
_BEGIN = "Leave the cursor out to begin again."


def cursor(question: Sequence[str], where: Sequence[JsonValue]) -> str:
    """The cursor of a place in the answer to a question."""
    payload = json.dumps([_FORMAT, _mark(question), *where], separators=(",", ":")).encode()
    checked = hashlib.sha256(payload).digest()[:_CHECK] + payload
    text = base64.urlsafe_b64encode(checked).rstrip(b"=").decode()
    if len(text) > LONGEST:
        raise TooMuch(
            "The values that this is sorted by are too long to go on from. Sort by another"
            " attribute."
        )
    return text


def place(text: str, question: Sequence[str]) -> list[JsonValue]:
    """Where the answer goes on. Raises BadCursor for a text that is no cursor of the question."""
    try:
        checked = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise foreign() from None
    check, payload = checked[:_CHECK], checked[_CHECK:]
    if hashlib.sha256(payload).digest()[:_CHECK] != check:
        raise BadCursor(f"The cursor is damaged or cut. {_BEGIN}")
    try:
        found = parse(payload, _LIMITS)
    except NotJson as error:
        raise foreign() from error
    if not isinstance(found, list) or len(found) < 2 or found[0] != _FORMAT:
        raise BadCursor(f"The cursor is of another version of this server. {_BEGIN}")
    if found[1] != _mark(question):
        raise BadCursor(
            "The cursor belongs to another question: address, filter, sort and as_of must be those"
            f" of the page that gave it. {_BEGIN}"
        )
    return found[2:]


def foreign() -> BadCursor:
    """What is no cursor at all."""
    return BadCursor(f"The cursor is not one of this server. {_BEGIN}")


def json_in(value: JsonValue) -> str:
    """A text of JSON that a cursor holds."""
    if not isinstance(value, str):
        raise foreign()
    try:
        parse(value.encode(), _LIMITS)
    except NotJson as error:
        raise foreign() from error
    return value


def number_at(places: Sequence[JsonValue], at: int) -> int:
    """A whole number that a cursor holds."""
    value = places[at] if at < len(places) else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**62:
        raise foreign()
    return value


def text_at(places: Sequence[JsonValue], at: int) -> str:
    """A text that a cursor holds."""
    value = places[at] if at < len(places) else None
    if not isinstance(value, str) or "\0" in value:
        raise foreign()
    return value


def _mark(question: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(question).encode("utf-8", "replace")).hexdigest()[:16]
