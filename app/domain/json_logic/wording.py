"""Conditions of rules as a person writes them down: `dt-dt == "GOOD"`."""

from collections.abc import Mapping
from types import MappingProxyType

from app.domain.json_value import JsonValue, js_stringify

_INFIX: Mapping[str, str] = MappingProxyType(
    {
        "==": "=",
        "===": "=",
        "!=": "≠",
        "!==": "≠",
        "<": "<",
        "<=": "≤",
        ">": ">",
        ">=": "≥",
        "in": "in",
        "+": "+",
        "-": "-",
        "*": "*",
        "/": "/",
        "%": "%",
    }
)
_NEGATIONS = {"==": "≠", "===": "≠", "!=": "=", "!==": "=", "in": "not in"}
_PLAIN = "run.oms.", "run.rr.", "lumisection.oms.", "lumisection.rr."


def condition_words(logic: JsonValue) -> str:
    """A condition as a formula; what has no shorter way stays JSON.

    Variables are named as short as everybody names them: `bpix_ready`, `dt-dt`.
    """
    return _words(logic, whole=True)


def _words(logic: JsonValue, *, whole: bool = False) -> str:
    if isinstance(logic, list):
        return f"[{', '.join(map(_words, logic))}]"
    if not (isinstance(logic, dict) and len(logic) == 1):
        return js_stringify(logic)
    ((operator, given),) = logic.items()
    arguments = given if isinstance(given, list) else [given]
    if operator == "var" and len(arguments) == 1 and isinstance(arguments[0], str):
        return short_name(arguments[0]) or js_stringify(logic)
    if operator == "!" and len(arguments) == 1:
        return _negated(arguments[0])
    if operator == "!!" and len(arguments) == 1:
        return f"{_words(arguments[0])} counts as true"
    if operator in ("<", "<=") and len(arguments) == 3:
        sign = _INFIX[operator]
        return f" {sign} ".join(map(_words, arguments))
    if operator in ("==", "===") and arguments[1:] == [False] and _is_membership(arguments[0]):
        return _negated(arguments[0])
    if operator in _INFIX and len(arguments) == 2:
        text = f"{_words(arguments[0])} {_INFIX[operator]} {_words(arguments[1])}"
        return text if whole else f"({text})"
    if operator in ("and", "or") and arguments:
        text = f" {operator} ".join(map(_words, arguments))
        return text if whole else f"({text})"
    return js_stringify(logic)


def _is_membership(logic: JsonValue) -> bool:
    return isinstance(logic, dict) and list(logic) == ["in"]


def _negated(logic: JsonValue) -> str:
    if isinstance(logic, dict) and len(logic) == 1:
        ((operator, given),) = logic.items()
        if operator in _NEGATIONS and isinstance(given, list) and len(given) == 2:
            return f"{_words(given[0])} {_NEGATIONS[operator]} {_words(given[1])}"
    return f"not {_words(logic)}"


def short_name(variable: str) -> str:
    """The name of a variable without the part of a lumisection's data that it is read from."""
    for prefix in _PLAIN:
        if variable.startswith(prefix):
            return variable.removeprefix(prefix)
    return variable
