"""The tree of a filter: comparisons joined by and, or, not."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from app.domain.errors import BadInput
from app.domain.filters.fields import Field, FieldKind, Source, is_storable
from app.domain.triplets import STATUSES

Value: TypeAlias = str | int | float | bool


class Operator(StrEnum):
    """How a field is compared; the value is its text in a filter."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="
    LIKE = "~"
    NOT_LIKE = "!~"
    IN = "in"
    NOT_IN = "not in"
    BETWEEN = "between"
    CONTAINS = "contains"
    IS_NULL = "is null"
    IS_NOT_NULL = "is not null"


_PRESENCE = (Operator.IS_NULL, Operator.IS_NOT_NULL)
_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL, Operator.IN, Operator.NOT_IN)
_ORDER = (
    Operator.LESS,
    Operator.LESS_OR_EQUAL,
    Operator.GREATER,
    Operator.GREATER_OR_EQUAL,
    Operator.BETWEEN,
)
_TEXT = (Operator.LIKE, Operator.NOT_LIKE, Operator.CONTAINS)
_LISTS = (Operator.IN, Operator.NOT_IN)

OPERATORS: dict[FieldKind, tuple[Operator, ...]] = {
    FieldKind.NUMBER: (*_EQUALITY, *_ORDER, *_PRESENCE),
    FieldKind.TEXT: (*_EQUALITY, *_TEXT, *_ORDER, *_PRESENCE),
    FieldKind.STATUS: (*_EQUALITY, *_PRESENCE),
    FieldKind.FLAG: (*_EQUALITY, *_PRESENCE),
    FieldKind.LIST: (*_EQUALITY, *_TEXT, *_PRESENCE),
    FieldKind.ATTRIBUTE: (*_EQUALITY, *_ORDER, *_TEXT, *_PRESENCE),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against a value; raises `BadInput` for values the field can't be compared with.

    A status column compares with a status: true when at least one lumisection has it; a DCS bit
    likewise with true or false. `!=`, `!~` and `not in` are the exact opposites of `=`, `~` and
    `in`, so what is missing differs from every value. `~` ignores case, and `%` stands for any
    text. `between` has two values and holds both; `is null` has none.
    """

    field: Field
    operator: Operator
    value: Value | tuple[Value, ...] | None = None

    def __post_init__(self) -> None:
        check_operator(self.field, self.operator)
        object.__setattr__(self, "value", _checked(self.field, self.operator, self.value))

    @property
    def values(self) -> tuple[Value, ...]:
        """All values compared with: one, several, or none."""
        if self.value is None:
            return ()
        return self.value if isinstance(self.value, tuple) else (self.value,)


@dataclass(frozen=True, slots=True)
class And:
    """True when every part is; at least two parts."""

    parts: "tuple[Node, ...]"

    def __post_init__(self) -> None:
        _check_parts(self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """True when any part is; at least two parts."""

    parts: "tuple[Node, ...]"

    def __post_init__(self) -> None:
        _check_parts(self.parts)


class Not(Struct, frozen=True):
    """True when its part is not, also where that compares something missing."""

    part: "Node"


Node: TypeAlias = And | Or | Not | Comparison


def check_operator(field: Field, operator: Operator) -> None:
    """Raises `BadInput` when the field's values can't be compared so."""
    allowed = OPERATORS[field.kind]
    if operator not in allowed:
        raise BadInput(
            f'"{field.text}" can\'t be compared with "{operator.value}"{_advice(field)}; '
            f"expected {' '.join(each.value for each in allowed)}."
        )


def all_of(parts: Iterable[Node | None]) -> Node | None:
    """All of the parts that are there; None, which lets everything pass, when there is none."""
    present = tuple(part for part in parts if part is not None)
    if len(present) < 2:
        return present[0] if present else None
    return And(present)


def any_of(parts: Iterable[Node | None]) -> Node | None:
    """Any of the parts that are there; None when there is none."""
    present = tuple(part for part in parts if part is not None)
    if len(present) < 2:
        return present[0] if present else None
    return Or(present)


def comparisons(node: Node | None) -> Iterator[Comparison]:
    """Every comparison of the tree, from left to right."""
    if isinstance(node, Comparison):
        yield node
    elif isinstance(node, Not):
        yield from comparisons(node.part)
    elif node is not None:
        for part in node.parts:
            yield from comparisons(part)


def fields_of(node: Node | None) -> frozenset[Field]:
    """The fields a filter asks about."""
    return frozenset(each.field for each in comparisons(node))


def _check_parts(parts: "tuple[Node, ...]") -> None:
    if len(parts) < 2:
        raise ValueError("and, or have at least two parts; all_of and any_of take any number")


def _advice(field: Field) -> str:
    if field.kind is FieldKind.STATUS:
        return f" (a count can: {field.text}.BAD > 0)"
    if field.kind is FieldKind.FLAG:
        return f" (a count can: {field.text}.FALSE > 0)"
    return ""


def _checked(
    field: Field, operator: Operator, value: Value | tuple[Value, ...] | None
) -> Value | tuple[Value, ...] | None:
    if operator in _PRESENCE:
        if value is not None:
            raise BadInput(f'"{operator.value}" takes no value.')
        return None
    if operator in _LISTS:
        if not isinstance(value, tuple) or not value:
            raise BadInput(f'"{operator.value}" needs a list of values.')
        return tuple(_checked_value(field, operator, each) for each in value)
    if operator is Operator.BETWEEN:
        if not isinstance(value, tuple) or len(value) != 2:
            raise BadInput('"between" needs two values: between 1 and 5.')
        return tuple(_checked_value(field, operator, each) for each in value)
    if value is None or isinstance(value, tuple):
        raise BadInput(f'"{operator.value}" needs one value.')
    return _checked_value(field, operator, value)


def _checked_value(field: Field, operator: Operator, value: Value) -> Value:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = _finite(value)
    if isinstance(value, str) and not is_storable(value):
        raise BadInput("A text can't hold a NUL character or half a surrogate pair.")
    if operator in _TEXT:
        return text_of(value)
    match field.kind:
        case FieldKind.NUMBER:
            number = number_of(value)
            if number is None:
                raise BadInput(f'"{field.text}" is a number; "{text_of(value)}" is not.')
            if field.source is Source.RUN and number == int(number) and abs(number) < _WIDEST:
                return int(number)
            return number
        case FieldKind.STATUS:
            return _status(field, value)
        case FieldKind.FLAG:
            flag = {"true": True, "false": False}.get(text_of(value).casefold())
            if flag is None:
                raise BadInput(f'"{field.text}" is true or false, not "{text_of(value)}".')
            return flag
        case FieldKind.TEXT | FieldKind.LIST:
            return text_of(value)
        case FieldKind.ATTRIBUTE:
            return value


def text_of(value: Value) -> str:
    """A value as text, as a person writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
# Whole numbers beyond it are kept as floating point, which every comparison can take.
_WIDEST = 10**18


def number_of(value: Value) -> int | float | None:
    """The number that a value is, or that a text says; None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    # As a float a number just below the widest one would round up to it.
    whole = int(text) if _INTEGER.fullmatch(text) else None
    return number if whole is None or abs(whole) >= _WIDEST else whole


_WITH_OFFSET = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?[+-]\d\d:?\d\d", re.ASCII
)


def in_utc(text: str) -> str:
    """A time with an offset as OMS writes times, in UTC; any other text as it is.

    Times are compared as texts: with an offset they would be those of another place.
    """
    if _WITH_OFFSET.fullmatch(text) is None:
        return text
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return f"{at.replace(tzinfo=None).isoformat()}Z"


def _finite(number: int | float) -> int | float:
    if isinstance(number, int) and abs(number) < _WIDEST:
        return number
    try:
        as_float = float(number)
    except OverflowError:
        as_float = math.inf
    if not math.isfinite(as_float):
        raise BadInput("A number must be finite and smaller than 1e308.")
    return as_float


def _status(field: Field, value: Value) -> str:
    text = text_of(value).replace("_", " ").upper()
    if text and text not in STATUSES:
        known = " ".join(each.replace(" ", "_") for each in STATUSES)
        raise BadInput(f'"{field.text}" has no status "{text_of(value)}"; expected {known}.')
    return text
