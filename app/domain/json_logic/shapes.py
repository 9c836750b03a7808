"""Short ways for the comparisons that rules are made of: something against a constant.

A short way answers where the kinds agree and leaves every other case to the operator itself.
"""

import operator as python
from collections.abc import Callable

from app.domain.json_logic.access import Evaluator
from app.domain.json_logic.coercion import EXACT_INTEGER

_EQUALITIES = {"==": True, "===": True, "!=": False, "!==": False}
_ORDERS: dict[str, Callable[..., bool]] = {
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def compile_shape(
    operator: str,
    logic: list[object],
    arguments: list[Evaluator],
    compute: Callable[..., object],
) -> Evaluator | None:
    """The short way for a call, None when there is none; `compute` is the operator itself."""
    if len(logic) != 2:
        return None
    if operator == "in":
        return _in(logic, arguments, compute)
    if operator in _EQUALITIES:
        for constant, value_of in ((logic[1], arguments[0]), (logic[0], arguments[1])):
            if isinstance(constant, str | bool) or _is_exact(constant):
                return _equality(value_of, constant, _EQUALITIES[operator], compute)
    if operator in _ORDERS:
        for constant, value_of, compare in (
            (logic[1], arguments[0], operator),
            (logic[0], arguments[1], _MIRRORED[operator]),
        ):
            if _is_exact(constant):
                swapped = compare != operator
                return _order(value_of, constant, _ORDERS[compare], compute, swapped=swapped)
    return None


def _is_exact(constant: object) -> bool:
    """Whether Python compares this number with any other as JavaScript does."""
    return (
        isinstance(constant, int | float)
        and not isinstance(constant, bool)
        and -EXACT_INTEGER < constant < EXACT_INTEGER
    )


def _equality(
    value_of: Evaluator, constant: object, equal: bool, compute: Callable[..., object]
) -> Evaluator:
    """Equality (or, `equal` false, its opposite) is symmetric: the sides may change places."""
    if isinstance(constant, bool):

        def equals_truth(data: object) -> object:
            value = value_of(data)
            if value is constant:
                return equal
            if value is True or value is False:
                return not equal
            return compute(value, constant)

        return equals_truth
    kinds = (str,) if isinstance(constant, str) else (int, float)

    def equals(data: object) -> object:
        value = value_of(data)
        if value.__class__ in kinds:
            return (value == constant) is equal
        return compute(value, constant)

    return equals


def _order(
    value_of: Evaluator,
    constant: object,
    compare: Callable[..., bool],
    compute: Callable[..., object],
    *,
    swapped: bool,
) -> Evaluator:
    kinds = (int, float)

    def evaluate(data: object) -> object:
        value = value_of(data)
        if value.__class__ in kinds:
            return compare(value, constant)
        return compute(constant, value) if swapped else compute(value, constant)

    return evaluate


def _in(
    logic: list[object], arguments: list[Evaluator], compute: Callable[..., object]
) -> Evaluator | None:
    needle, hay = logic
    if isinstance(needle, str) and needle.isascii():
        hay_of = arguments[1]

        def in_value(data: object) -> object:
            value = hay_of(data)
            if value.__class__ is str:
                # Not even an empty text is found in an empty one.
                return needle in value and value != ""
            return compute(needle, value)

        return in_value
    if isinstance(hay, list) and all(isinstance(item, str) for item in hay):
        texts, needle_of = frozenset(hay), arguments[0]

        def value_in(data: object) -> object:
            value = needle_of(data)
            return isinstance(value, str) and value in texts

        return value_in
    return None
