"""What a rule reads of its data, found without computing it."""

from app.domain.json_logic.access import is_whole
from app.domain.json_logic.coercion import to_text
from app.domain.json_logic.compiler import arguments_of
from app.domain.json_logic.errors import JavaScriptError
from app.domain.json_value import JsonValue

_SCOPED = frozenset({"map", "filter", "reduce", "all", "none", "some"})


class _Unknowable(Exception):
    """A path is computed, or the whole data is read."""


def variables_of(logic: JsonValue) -> frozenset[str] | None:
    """Dotted paths that a checked rule reads; None when they can't be known beforehand."""
    paths: set[str] = set()
    try:
        _collect(logic, paths)
    except _Unknowable:
        return None
    return frozenset(paths)


def _collect(logic: object, paths: set[str]) -> None:
    if isinstance(logic, list):
        for item in logic:
            _collect(item, paths)
        return
    if not (isinstance(logic, dict) and len(logic) == 1):
        return
    ((operator, values),) = logic.items()
    arguments = [argument for argument, _ in arguments_of(operator, values, ())]
    if operator == "var":
        _collect_path(arguments[0] if arguments else None, paths)
        _collect(arguments[1:], paths)
    elif operator == "missing":
        _collect_keys(arguments, paths)
    elif operator == "missing_some":
        needed, keys = arguments
        _collect(needed, paths)
        _collect_keys(keys if isinstance(keys, list) else [keys], paths)
    elif operator in _SCOPED:
        # The body reads the elements; the elements and what a reduction starts with are ours.
        _collect(arguments[:1] + arguments[2:], paths)
    else:
        _collect(arguments, paths)


def _collect_path(path: object, paths: set[str]) -> None:
    if is_whole(path) or _is_computed(path):
        raise _Unknowable
    try:
        paths.add(to_text(path))
    except JavaScriptError as error:
        raise _Unknowable from error


def _collect_keys(arguments: list[object], paths: set[str]) -> None:
    """Keys of `missing`: the arguments, or the items of the first one when that is an array."""
    if _is_computed(arguments):
        raise _Unknowable
    keys = arguments[0] if arguments and isinstance(arguments[0], list) else arguments
    for key in keys:
        # Each key is used as the arguments of a `var`, so an array is a path with a default.
        _collect({"var": key}, paths)


def _is_computed(logic: object) -> bool:
    if isinstance(logic, list):
        return any(map(_is_computed, logic))
    return isinstance(logic, dict) and len(logic) == 1
