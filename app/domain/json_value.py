"""JSON values and their text as JavaScript writes it, which the shared tables are keyed by."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import chain, zip_longest
from typing import TypeAlias

import orjson
from msgspec import Struct

from app.domain.errors import BadInput

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]

MOST_LEVELS = 254
"""Levels of what is read: as many as orjson writes. What nobody means to store goes on for
thousands, and ends whoever goes through it level by level."""

_SAFE_INTEGER = 2**53
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DIFFERENT = tuple(
    # One by one they are found four times as fast as together.
    re.compile(pattern)
    for pattern in (rb"\.0[,}\]]", rb"e[-+]?[0-9]+[,}\]]", rb'"[0-9]+":')
)
"""What JavaScript may print otherwise: 1.0, exponents, and keys that it puts first. In the midst of
a text it means nothing, and costs only time."""
_SIGN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]')
"""What parts a JSON text, and texts, in which the same characters part nothing."""
_ONLY_JSON = (
    orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
_IN_ORDER = _ONLY_JSON | orjson.OPT_SORT_KEYS
_NO_NUMBER = frozenset({bool, str})
_MANY = frozenset({dict, list})
_TOO_DEEP = "A JSON value is nested too deeply to be read."
_PLACE = "what is unread, a26f21c8"
"""Stands in a text for a value that is put there as it was written."""
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})


def are_written_alike(one: object, other: object) -> bool:
    """Whether two values have one text, whatever the order of their keys; false, too, where they
    can't be written so quickly."""
    try:
        first, second = (orjson.dumps(each, option=_IN_ORDER) for each in (one, other))
    except orjson.JSONEncodeError:
        return False
    return first == second


def whole_number(value: object) -> int | None:
    """The number when it is a whole one: JSON has one kind of number, and 2.0 is 2."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def js_parse(text: str | bytes) -> JsonValue:
    """The JSON value as JavaScript reads it: whole numbers from 2^53 on become the nearest double,
    what is too large for one infinity. BadInput when it is nested too deeply."""
    try:
        value: JsonValue = orjson.loads(text)
        # It reads larger whole numbers exactly, and finds out at once whether there are any; and
        # whether there are too many levels.
        orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    else:
        return value
    try:
        value = _DECODER.decode(text.decode() if isinstance(text, bytes) else text)
    except RecursionError as error:
        raise BadInput(_TOO_DEEP) from error
    if _has_too_many_levels(value):
        raise BadInput(_TOO_DEEP)
    return value


def _has_too_many_levels(value: JsonValue) -> bool:
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [
            part
            for each in level
            for part in (
                each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
            )
            if part.__class__ in _MANY
        ]
        if not level:
            return False
    return True


def stored_value(text: str | bytes) -> "JsonValue | Unread":
    """A value that somebody has stored; unread where it is nested too deeply, which is no object
    and no list: it ends no list of others."""
    try:
        return js_parse(text)
    except BadInput:
        return Unread(text.encode() if isinstance(text, str) else bytes(text))


def as_object(value: object) -> JsonObject:
    """The object that a stored value is. What is none says nothing: anybody writes to the shared
    tables, and what one has written there ends nothing for whoever reads the rest."""
    if isinstance(value, Unread):
        return value.members
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[JsonValue]:
    """The list that a stored value is; what is none has nothing in it."""
    return value if isinstance(value, list) else []


def texts_in(value: object) -> tuple[str, ...]:
    """The texts in the list that a stored value is."""
    return tuple(each for each in as_list(value) if isinstance(each, str))


def folded_object(value: object) -> JsonObject:
    """The object that events come to. Over one that says no object the server folds all of them
    into a list: what its objects say, the later over the earlier, is what it would be without."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Unread) and not value.is_list:
        return value.members
    parts = value.elements if isinstance(value, Unread) else as_list(value)
    return {key: each for part in parts for key, each in as_object(part).items()}


def _js_integer(text: str) -> int | float:
    # Sixteen digits may be more than 2^53; and Python refuses to read thousands of them.
    if len(text) < 16:
        return int(text)
    number = float(text)
    return int(text) if abs(number) < _SAFE_INTEGER else number


_DECODER = json.JSONDecoder(parse_int=_js_integer)


def js_value(value: JsonValue) -> JsonValue:
    """What is read again of a value that has been written: no number is more than a double, and
    infinity is null."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _SAFE_INTEGER else js_value(_double(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [js_value(each) for each in value]
    if isinstance(value, dict):
        return js_object(value)
    return value


def js_object(value: JsonObject) -> JsonObject:
    """The same of an object."""
    return {
        key: each if each is None or each.__class__ in _NO_NUMBER else js_value(each)
        for key, each in value.items()
    }


def number_in(text: str) -> float | None:
    """The number that a text says in decimal digits, None when it says none.

    Python reads more: `1_0`, digits of other scripts, `inf`.
    """
    stripped = text.strip()
    if _DECIMAL.fullmatch(stripped) is None:
        return None
    number = float(stripped)
    return number if math.isfinite(number) else None


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def js_stringify(value: object) -> str:
    """Text of `value` exactly as JavaScript's `JSON.stringify(value)` prints it."""
    if type(value) in _MANY:
        # Many times faster than to write each part.
        try:
            text = orjson.dumps(value, option=_ONLY_JSON)
        except orjson.JSONEncodeError:
            pass
        else:
            if not any(pattern.search(text) for pattern in _DIFFERENT):
                return text.decode()
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


class Unread(Struct, frozen=True):
    """A JSON value as a database wrote it, which nobody looks into."""

    written: bytes

    @property
    def text(self) -> str:
        """As JavaScript writes it."""
        return (_kept_text if len(self.written) <= _KEPT_BYTES else _text_of)(self.written)

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return self.written.startswith(b"[")

    @property
    def members(self) -> JsonObject:
        """What the object says, without the members that are nested too deeply; nothing where it is
        none."""
        if not self.written.startswith(b"{"):
            return {}
        said = (stored_value(f"{{{part}}}") for part in _parts(self.written.decode()))
        return {key: each for part in said if isinstance(part, dict) for key, each in part.items()}

    @property
    def elements(self) -> "list[JsonValue | Unread]":
        """The elements of the list; none where it is none."""
        if not self.is_list:
            return []
        return [stored_value(part) for part in _parts(self.written.decode())]


def _parts(written: str) -> Iterator[str]:
    """The texts of the members of an object or of the elements of a list."""
    levels, begin = 0, 1
    for sign in _SIGN.finditer(written):
        match sign[0]:
            case "{" | "[":
                levels += 1
            case "}" | "]":
                levels -= 1
        if (levels == 0 or (levels == 1 and sign[0] == ",")) and written[begin : sign.start()]:
            yield written[begin : sign.start()]
            begin = sign.end()


def _text_of(written: bytes) -> str:
    try:
        return js_stringify(js_parse(written))
    except BadInput:
        # Nobody here can go through it, but nothing of it is lost.
        return written.decode()


_KEPT_BYTES = 16 << 10
_kept_text = lru_cache(maxsize=2048)(_text_of)
"""The same values are asked for again and again, and most never change."""


def json_text(
    value: object,
    *,
    indent: int | None = None,
    ascii_only: bool = False,
    compact: bool = False,
    ordered: bool = False,
) -> str:
    """The JSON text of a value, in which what is unread stands as it was written."""
    unread: list[str] = []

    def stands_for(part: object) -> str:
        if not isinstance(part, Unread):
            raise TypeError(f"{type(part).__name__} is not a JSON value")
        unread.append(part.text)
        return _PLACE

    text = json.dumps(
        value,
        default=stands_for,
        indent=indent,
        ensure_ascii=ascii_only,
        separators=(",", ":") if compact else None,
        allow_nan=not compact,
        sort_keys=ordered,
    )
    if not unread:
        return text
    if text.count(_PLACE) != len(unread):
        # Somebody has stored the very words that stand for what is unread.
        raise BadInput(_TOO_DEEP)
    between = text.split(f'"{_PLACE}"')
    return "".join(chain.from_iterable(zip_longest(between, unread, fillvalue="")))


def unstorable(text: str) -> str:
    """What in a text PostgreSQL can't hold, in words; nothing when it holds it all."""
    if "\0" in text:
        return "the character U+0000"
    half = next((each for each in text if "\ud800" <= each <= "\udfff"), None)
    return "" if half is None else f"half a character, U+{ord(half):04X}"


def text_hash(text: str) -> str:
    """Hex SHA-1 of a JavaScript text: the key of `JSONBDeduplication.unique_hash`."""
    return hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest()


def js_number(number: float) -> str:
    """A number as JavaScript prints it: `1` for 1.0, `1e+21`, `5e-324`, `null`-able left out."""
    if number.__class__ is float:
        # Most have a fraction and no exponent; the others, and what is no number, are told apart.
        written = repr(number)
        if "e" not in written and "n" not in written and not written.endswith(".0"):
            # Both write the fewest digits that mean the number, and differ only in exponents.
            return written
    if isinstance(number, int) and abs(number) < _SAFE_INTEGER:
        return str(number)
    as_float = _double(number)
    if math.isnan(as_float):
        return "NaN"
    if math.isinf(as_float):
        return "Infinity" if as_float > 0 else "-Infinity"
    if as_float == 0:
        return "0"
    written = repr(as_float)
    sign, digits, exponent = Decimal(written).normalize().as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    point = len(text) + exponent  # position of the decimal point relative to the first digit
    if 0 < point <= 21:
        body = (
            text + "0" * (point - len(text))
            if len(text) <= point
            else f"{text[:point]}.{text[point:]}"
        )
    elif -6 < point <= 0:
        body = "0." + "0" * -point + text
    else:
        power = point - 1
        mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
        body = f"{mantissa}e{'+' if power >= 0 else '-'}{abs(power)}"
    return ("-" if sign else "") + body


def _write(value: object, parts: list[str]) -> None:
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, str):
        parts.append(_quote(value))
    elif isinstance(value, int | float):
        # JSON has no NaN and no infinity; JavaScript writes null in their place.
        number = js_number(value)
        parts.append("null" if number in _NOT_FINITE else number)
    elif isinstance(value, Unread):
        parts.append(value.text)
    elif isinstance(value, Mapping):
        parts.append("{")
        for position, (key, item) in enumerate(_javascript_order(value)):
            if position:
                parts.append(",")
            parts.append(_quote(str(key)))
            parts.append(":")
            _write(item, parts)
        parts.append("}")
    elif isinstance(value, Sequence):
        parts.append("[")
        for position, item in enumerate(value):
            if position:
                parts.append(",")
            _write(item, parts)
        parts.append("]")
    else:
        raise TypeError(f"{type(value).__name__} is not a JSON value")


def _javascript_order(value: Mapping[object, object]) -> list[tuple[object, object]]:
    """Items in JavaScript's order: array-index keys ascending, then the others as inserted."""
    indices = [key for key in value if is_array_index(str(key))]
    if not indices:
        return list(value.items())
    first = sorted(indices, key=lambda key: int(str(key)))
    taken = set(first)
    return [(key, value[key]) for key in first] + [
        item for item in value.items() if item[0] not in taken
    ]


def is_array_index(key: str) -> bool:
    """Whether JavaScript puts the key before those that are names."""
    if not (key.isascii() and key.isdigit()) or (key[0] == "0" and key != "0"):
        return False
    return len(key) <= 10 and int(key) < 2**32 - 1


def _quote(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    if any("\ud800" <= character <= "\udfff" for character in text):
        # Well-formed JSON.stringify escapes lone surrogates, in lower case.
        quoted = "".join(
            f"\\u{ord(character):04x}" if "\ud800" <= character <= "\udfff" else character
            for character in quoted
        )
    return quoted
