"""The operators of json-logic-js: how many arguments each takes, and those that only compute.

A function here gets the values of the arguments as JavaScript has them; what isn't given is
`UNDEFINED`. Operators without a function decide themselves what of their arguments is computed
and over which data.
"""

import logging
import math
from collections.abc import Callable

from msgspec import Struct

from app.domain.json_logic.coercion import (
    UNDEFINED,
    as_json,
    greater,
    greater_or_equal,
    join,
    less,
    less_or_equal,
    loose_equal,
    paired,
    parse_float,
    strict_equal,
    tidy,
    to_number,
    to_text,
    truthy,
    units,
)
from app.domain.json_logic.errors import JavaScriptError
from app.domain.json_value import js_stringify

logger = logging.getLogger(__name__)

Function = Callable[..., object]


class Operator(Struct, frozen=True):
    """Least and most arguments that make sense (None: any number), and what computes it."""

    least: int
    most: int | None
    function: Function | None = None


def _less_between(low: object, middle: object, high: object = UNDEFINED) -> bool:
    return less(low, middle) and (high is UNDEFINED or less(middle, high))


def _less_or_equal_between(low: object, middle: object, high: object = UNDEFINED) -> bool:
    return less_or_equal(low, middle) and (high is UNDEFINED or less_or_equal(middle, high))


def contains(needle: object, hay: object) -> bool:
    """Whether a text contains another, or an array an element strictly equal."""
    if isinstance(hay, str):
        return hay != "" and units(to_text(needle)) in units(hay)
    if isinstance(hay, list):
        return any(strict_equal(item, needle) for item in hay)
    if isinstance(hay, dict) and "indexOf" in hay:
        raise JavaScriptError('an object with a member "indexOf" can\'t be searched by "in"')
    return False


def _cat(*parts: object) -> str:
    return join(list(parts), "")


def _integer(value: object) -> float:
    number = to_number(value)
    if math.isnan(number):
        return 0
    return number if math.isinf(number) else math.trunc(number)


def _part(text: str, start: object, length: object = UNDEFINED) -> str:
    """`text.substr(start, length)` of a text in UTF-16 units."""
    begin = _integer(start)
    begin = max(len(text) + begin, 0) if begin < 0 else min(begin, len(text))
    rest = len(text) - begin
    count = rest if length is UNDEFINED else min(max(_integer(length), 0), rest)
    return text[int(begin) : int(begin + count)]


def _substr(source: object, start: object = UNDEFINED, length: object = UNDEFINED) -> str:
    text = units(to_text(source))
    if not less(length, 0):
        return paired(_part(text, start, length))
    text = _part(text, start)
    # A negative length counts from the end; given as text, JavaScript's + glues it instead.
    glued = isinstance(length, str | list | dict)
    kept = f"{len(text)}{to_text(length)}" if glued else len(text) + to_number(length)
    return paired(_part(text, 0, kept))


def _add(*terms: object) -> int | float:
    total = 0.0
    for term in terms:
        total += parse_float(term)
    return tidy(total)


def _multiply(*factors: object) -> object:
    if not factors:
        raise JavaScriptError('"*" needs at least one argument')
    product = factors[0]
    for factor in factors[1:]:
        product = tidy(parse_float(product) * parse_float(factor))
    return product


def _subtract(one: object, other: object = UNDEFINED) -> int | float:
    if other is UNDEFINED:
        return tidy(-float(to_number(one)))
    return tidy(float(to_number(one)) - to_number(other))


def _divide(dividend: object, divisor: object) -> int | float:
    above, below = float(to_number(dividend)), float(to_number(divisor))
    if below == 0:
        if above == 0 or math.isnan(above):
            return math.nan
        return math.copysign(math.inf, above) * math.copysign(1, below)
    return tidy(above / below)


def _remainder(dividend: object, divisor: object) -> int | float:
    above, below = float(to_number(dividend)), float(to_number(divisor))
    if math.isinf(above) or below == 0:
        return math.nan
    return tidy(math.fmod(above, below))


def _least(*values: object) -> int | float:
    return _extreme(values, math.inf, -1)


def _greatest(*values: object) -> int | float:
    return _extreme(values, -math.inf, 1)


def _extreme(values: tuple[object, ...], of_none: float, sign: int) -> int | float:
    """Greatest (sign 1) or least (sign -1) number, NaN among them wins, 0 is above -0."""
    numbers = [float(to_number(value)) for value in values]
    if any(math.isnan(number) for number in numbers):
        return math.nan
    return tidy(
        max(
            numbers,
            key=lambda number: (sign * number, sign * math.copysign(1, number)),
            default=of_none,
        )
    )


def _merge(*parts: object) -> list[object]:
    merged: list[object] = []
    for part in parts:
        if isinstance(part, list):
            merged.extend(part)
        else:
            merged.append(part)
    return merged


def _log(value: object) -> object:
    logger.info("A rule logs %s", js_stringify(as_json(value)))
    return value


OPERATORS: dict[str, Operator] = {
    "var": Operator(0, 2),
    "missing": Operator(0, None),
    "missing_some": Operator(2, 2),
    "if": Operator(0, None),
    "?:": Operator(0, None),
    "and": Operator(1, None),
    "or": Operator(1, None),
    "!": Operator(1, 1, lambda value: not truthy(value)),
    "!!": Operator(1, 1, truthy),
    "==": Operator(2, 2, loose_equal),
    "===": Operator(2, 2, strict_equal),
    "!=": Operator(2, 2, lambda one, other: not loose_equal(one, other)),
    "!==": Operator(2, 2, lambda one, other: not strict_equal(one, other)),
    "<": Operator(2, 3, _less_between),
    "<=": Operator(2, 3, _less_or_equal_between),
    ">": Operator(2, 2, greater),
    ">=": Operator(2, 2, greater_or_equal),
    "+": Operator(0, None, _add),
    "-": Operator(1, 2, _subtract),
    "*": Operator(1, None, _multiply),
    "/": Operator(2, 2, _divide),
    "%": Operator(2, 2, _remainder),
    "min": Operator(1, None, _least),
    "max": Operator(1, None, _greatest),
    "cat": Operator(0, None, _cat),
    "substr": Operator(1, 3, _substr),
    "in": Operator(2, 2, contains),
    "merge": Operator(0, None, _merge),
    "map": Operator(2, 2),
    "reduce": Operator(2, 3),
    "filter": Operator(2, 2),
    "all": Operator(2, 2),
    "none": Operator(2, 2),
    "some": Operator(2, 2),
    "log": Operator(1, 1, _log),
}
