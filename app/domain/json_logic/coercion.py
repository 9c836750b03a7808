"""JavaScript's values and conversions over Python's: truth, numbers, text, equality, order."""

import math
import operator
import re
from collections.abc import Callable
from enum import Enum
from typing import Final

from app.domain.json_logic.errors import JavaScriptError
from app.domain.json_value import js_number


class Undefined(Enum):
    """The type of JavaScript's `undefined`: an argument or an answer that isn't there."""

    UNDEFINED = "undefined"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined.UNDEFINED

EXACT_INTEGER: Final = 2**53
"""From here on JavaScript's numbers skip integers, Python's don't."""

_WHITE_SPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_DECIMAL = re.compile(
    r"[+-]?(?:Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)", re.ASCII
)
_RADIX = re.compile(r"0(?:[xX]([0-9a-fA-F]+)|[oO]([0-7]+)|[bB]([01]+))", re.ASCII)
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def truthy(value: object) -> bool:
    """Whether JSON logic takes the value for true: an empty array isn't, {} and "0" are."""
    if isinstance(value, dict):
        return True
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return bool(value)


def as_json(value: object) -> object:
    """The value for Python: null in the place of every undefined, numbers as JavaScript's."""
    if value is UNDEFINED:
        return None
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, int) and not isinstance(value, bool):
        return double(value)
    return value


def double(number: float) -> float:
    """The number JavaScript has: integers beyond 2^53 are rounded, huge ones infinite."""
    if isinstance(number, int) and not -EXACT_INTEGER <= number <= EXACT_INTEGER:
        try:
            return float(number)
        except OverflowError:
            return math.inf if number > 0 else -math.inf
    return number


def tidy(number: float) -> int | float:
    """An integer where the number is one that both languages hold exactly; -0 stays."""
    if (
        isinstance(number, float)
        and number.is_integer()
        and abs(number) < EXACT_INTEGER
        and (number or math.copysign(1, number) > 0)
    ):
        return int(number)
    return number


def to_number(value: object) -> int | float:
    """`Number(value)`."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return double(value)
    if value is None:
        return 0
    if value is UNDEFINED:
        return math.nan
    return _number_of_text(to_text(value))


def _number_of_text(text: str) -> float:
    text = text.strip(_WHITE_SPACE)
    if not text:
        return 0
    if _DECIMAL.fullmatch(text):
        return float(text)
    radix = _RADIX.fullmatch(text)
    if radix is None:
        return math.nan
    hexadecimal, octal, binary = radix.groups()
    if hexadecimal:
        return double(int(hexadecimal, 16))
    return double(int(octal, 8) if octal else int(binary, 2))


def parse_float(value: object) -> float:
    """`parseFloat(value)`: the number that the text of the value begins with, NaN without one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return double(value) + 0.0  # by way of text, which turns -0 into 0
    match = _DECIMAL.match(to_text(value).lstrip(_WHITE_SPACE))
    return math.nan if match is None else float(match[0])


def to_text(value: object) -> str:
    """`String(value)`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return js_number(double(value))
    if value is None:
        return "null"
    if isinstance(value, list):
        return join(value, ",")
    if isinstance(value, dict):
        if "toString" in value:
            raise JavaScriptError(
                'an object with a member "toString" can\'t be turned into text or a number'
            )
        return "[object Object]"
    return "undefined"


def join(values: list[object], separator: str) -> str:
    """`values.join(separator)`: null and undefined are written as nothing."""
    return paired(
        separator.join(
            "" if value is None or value is UNDEFINED else to_text(value) for value in values
        )
    )


def units(text: str) -> str:
    """The text with one character per UTF-16 unit, which is how JavaScript counts and compares."""
    if text.isascii():
        return text
    return _ASTRAL.sub(_surrogates, text)


def _surrogates(match: re.Match[str]) -> str:
    code = ord(match[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def paired(text: str) -> str:
    """The text with the halves that `units` made, or that met by joining, as one character."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def strict_equal(one: object, other: object) -> bool:
    """`one === other`: no conversion; arrays and objects only equal themselves."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float):
        return isinstance(other, int | float) and double(one) == double(other)
    if isinstance(one, str):
        return isinstance(other, str) and one == other
    return one is other


def loose_equal(one: object, other: object) -> bool:
    """`one == other`: null equals undefined only, different kinds meet as text or numbers."""
    if type(one) is type(other):
        return strict_equal(one, other)
    if one is None or one is UNDEFINED or other is None or other is UNDEFINED:
        return one in (None, UNDEFINED) and other in (None, UNDEFINED)
    if isinstance(one, list | dict):
        if isinstance(other, list | dict):
            return False
        one = to_text(one)
    elif isinstance(other, list | dict):
        other = to_text(other)
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return to_number(one) == to_number(other)


def _order(compare: Callable[..., bool]) -> Callable[[object, object], bool]:
    """A comparison of JavaScript: texts by UTF-16 unit, everything else as numbers."""

    def holds(one: object, other: object) -> bool:
        if isinstance(one, list | dict):
            one = to_text(one)
        if isinstance(other, list | dict):
            other = to_text(other)
        if isinstance(one, str) and isinstance(other, str):
            return compare(units(one), units(other))
        return compare(to_number(one), to_number(other))

    return holds


less = _order(operator.lt)
less_or_equal = _order(operator.le)
greater = _order(operator.gt)
greater_or_equal = _order(operator.ge)
