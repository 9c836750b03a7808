"""Whether an object that is kept once can have the hash it is found by.

The hash is that of the text a writer made, and PostgreSQL forgets the order of its keys. So the
orders that occur are tried first, then every order, as long as there aren't too many.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import Enum
from itertools import chain, permutations, product

from app.domain.json_value import JsonValue, is_array_index, js_number, js_stringify, text_hash
from app.domain.sources.oms import KEPT_IN_ORDER

_TRIPLET = ("status", "comment", "cause")

_MOST_ORDERS = 50_000
"""So many orders of one object are tried at most: all of eight bits or of four columns."""

_MOST_CHARACTERS = 50_000_000
"""All these orders together may not be longer, so that no object takes more than a moment."""


class Finding(Enum):
    """What can be said of an object and its hash."""

    RIGHT = "right"
    FALSE = "false"
    UNDECIDED = "undecided"


def examine(content: str, hash_: str) -> Finding:
    """Whether `hash_` is that of the object `content`, a JSON text as PostgreSQL prints it.

    FALSE is proved: no order of its keys gives the hash. UNDECIDED is an object with too many
    orders, or with a number that JavaScript would have written in another way.
    """
    numbers = _Numbers()
    try:
        value = numbers.parse(content)
        if any(text_hash(js_stringify(each)) == hash_ for each in _usual_orders(value)):
            return Finding.RIGHT
        orders = _number_of_orders(value)
        if numbers.odd or orders > min(_MOST_ORDERS, _MOST_CHARACTERS // len(content)):
            return Finding.UNDECIDED
        wanted = bytes.fromhex(hash_) if _is_hash(hash_) else None
        if wanted is not None and any(
            hashlib.sha1(text.encode()).digest() == wanted for text in _texts(value)
        ):
            return Finding.RIGHT
    except RecursionError:
        return Finding.UNDECIDED
    return Finding.FALSE


class _Numbers:
    """Reads numbers; `odd` when one isn't spelled as it is after JavaScript has written it."""

    def __init__(self) -> None:
        self.odd = False

    def parse(self, content: str) -> JsonValue:
        value: JsonValue = json.loads(content, parse_int=self._number, parse_float=self._number)
        return value

    def _number(self, text: str) -> float:
        if len(text) < 16 and text.isdigit():
            return int(text)
        number = float(text)
        if not math.isfinite(number) or f"{Decimal(js_number(number)):f}" != text:
            self.odd = True
        return number


def _is_hash(text: str) -> bool:
    return len(text) == 40 and all(character in "0123456789abcdef" for character in text)


def _usual_orders(value: JsonValue) -> Iterator[JsonValue]:
    """The object as this program and the web service write it, the most likely first."""
    yield _ordered(value, sorted(value) if isinstance(value, dict) else ())
    if isinstance(value, dict):
        yield _ordered(value, list(value))
        yield _ordered(value, [key for key in KEPT_IN_ORDER if key in value])
    yield value


def _ordered(value: JsonValue, keys: Sequence[str]) -> JsonValue:
    """The object with these keys first, and triplets in the order of triplets."""
    if not isinstance(value, dict):
        return value
    return {key: _triplet(value[key]) for key in dict.fromkeys([*keys, *value])}


def _triplet(value: JsonValue) -> JsonValue:
    if isinstance(value, dict) and value.keys() == set(_TRIPLET):
        return {part: value[part] for part in _TRIPLET}
    return value


def _number_of_orders(value: JsonValue) -> int:
    """In how many ways it can be written, as far as that is no more than is tried."""
    if isinstance(value, dict):
        free = sum(not is_array_index(key) for key in value)
        if free > 10:
            return _MOST_ORDERS + 1
        number, parts = math.factorial(free), list(value.values())
    elif isinstance(value, list):
        number, parts = 1, value
    else:
        return 1
    for part in parts:
        number *= _number_of_orders(part)
        if number > _MOST_ORDERS:
            return _MOST_ORDERS + 1
    return number


def _texts(value: JsonValue) -> Iterator[str]:
    """The JavaScript text in every order of its keys."""
    if isinstance(value, dict):
        first = sorted(filter(is_array_index, value), key=int)
        free = [key for key in value if not is_array_index(key)]
        parts = {
            key: [f"{js_stringify(key)}:{text}" for text in _texts(_triplet(value[key]))]
            for key in chain(first, free)
        }
        for chosen in product(*parts.values()):
            fixed, rest = chosen[: len(first)], chosen[len(first) :]
            for order in permutations(rest):
                yield f"{{{','.join(fixed + order)}}}"
    elif isinstance(value, list):
        for chosen in product(*map(_texts, value)):
            yield f"[{','.join(chosen)}]"
    else:
        yield js_stringify(value)
