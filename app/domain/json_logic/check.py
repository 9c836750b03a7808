"""Finds what is wrong with a rule before anything is computed."""

from difflib import get_close_matches

from app.domain.json_logic.compiler import arguments_of, is_logic
from app.domain.json_logic.errors import Place, RuleError
from app.domain.json_logic.operators import OPERATORS
from app.domain.json_value import JsonValue

DEEPEST = 200
"""Objects and arrays inside each other that a rule may have; real ones stay below 15."""

_OTHER_NAMES = {
    "=": "==",
    "eq": "==",
    "equals": "==",
    "<>": "!=",
    "ne": "!=",
    "=>": ">=",
    "=<": "<=",
    "between": "<=",
    "&&": "and",
    "||": "or",
    "not": "!",
    "like": "in",
    "contains": "in",
    "includes": "in",
    "concat": "cat",
    "any": "some",
    "every": "all",
}


def checked(rule: object) -> JsonValue:
    """A copy of the rule of our own; RuleError when it isn't JSON or json-logic-js would fail.

    Refused are unknown operators, and argument counts with which json-logic-js throws, compares
    with nothing, or silently drops an argument. What it computes otherwise is accepted, also an
    object with several keys, which is a plain value to it and counts as true.
    """
    copied = _copied(rule, (), 0)
    _check(copied, ())
    return copied


def _copied(value: object, place: Place, depth: int) -> JsonValue:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if depth >= DEEPEST:
        raise RuleError(f"the rule is nested deeper than {DEEPEST} levels.", place)
    if isinstance(value, list):
        return [_copied(item, (*place, index), depth + 1) for index, item in enumerate(value)]
    if isinstance(value, dict):
        copied: dict[str, JsonValue] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise RuleError(f"the key {key!r} is not a text, as JSON wants it.", place)
            copied[key] = _copied(item, (*place, key), depth + 1)
        return copied
    raise RuleError(f"a {type(value).__name__} is not a JSON value.", place)


def _check(logic: JsonValue, place: Place) -> None:
    if isinstance(logic, list):
        for index, item in enumerate(logic):
            _check(item, (*place, index))
        return
    if not (isinstance(logic, dict) and is_logic(logic)):
        return
    ((operator, values),) = logic.items()
    at = (*place, operator)
    known = OPERATORS.get(operator)
    if known is None:
        raise RuleError(f'"{operator}" is not an operator{_advice(operator)}', at)
    arguments = arguments_of(operator, values, place)
    count = len(arguments)
    if count < known.least or (known.most is not None and count > known.most):
        wanted = _wanted(known.least, known.most)
        raise RuleError(f'"{operator}" takes {wanted}, here it has {count or "none"}.', at)
    if operator == "missing_some" and arguments[1][0] is None:
        raise RuleError('the keys of "missing_some" are null; give an array.', arguments[1][1])
    for argument, argument_place in arguments:
        _check(argument, argument_place)  # type: ignore[arg-type]


def _wanted(least: int, most: int | None) -> str:
    if most is None:
        count = f"at least {least}"
    elif most == least:
        count = str(least)
    else:
        count = f"{least} to {most}"
    return f"{count} argument{'' if count.endswith(' 1') or count == '1' else 's'}"


def _advice(operator: str) -> str:
    """What may have been meant; all that there is when nothing comes near."""
    name = operator.strip().lower()
    known = [*OPERATORS, *_OTHER_NAMES]
    near = [name] if name in known else get_close_matches(name, known, n=1)
    if near:
        return f'; did you mean "{_OTHER_NAMES.get(near[0], near[0])}"?'
    return f". Operators are {' '.join(OPERATORS)}; an object with one key is always a rule."
