"""Filters as the web service's clients send them: nested JSON of attribute and operator."""

from collections.abc import Mapping

from app.domain.errors import BadInput
from app.domain.filters.fields import IN_GUI, NAME, RUN, Field, Source
from app.domain.filters.nodes import Comparison, Node, Operator, Value, all_of, any_of
from app.domain.filters.text import DEEPEST
from app.domain.json_value import JsonValue

_OPERATORS = {
    "=": Operator.EQUAL,
    "<>": Operator.NOT_EQUAL,
    "!=": Operator.NOT_EQUAL,
    "<": Operator.LESS,
    "<=": Operator.LESS_OR_EQUAL,
    ">": Operator.GREATER,
    ">=": Operator.GREATER_OR_EQUAL,
    "like": Operator.LIKE,
    "notlike": Operator.NOT_LIKE,
    "contains": Operator.CONTAINS,
}
_PREFIXES = {
    "rr_attributes": Source.RR,
    "oms_attributes": Source.OMS,
    "dataset_attributes": Source.DATASET,
}
_COUNTS = {"triplet_summary": Source.COLUMN, "dcs_summary": Source.BIT}


class UnknownAttribute(BadInput):
    """A filter or a sorting names something that runs and datasets don't have."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f'"{name}" is not an attribute of a filter; expected run_number, name,'
            " datasets_in_gui, "
            f"{', '.join((*_PREFIXES, *_COUNTS))} with a name behind a dot."
        )


def from_web_service(document: JsonValue) -> Node | None:
    """The tree of a filter such as `{"and": [{"rr_attributes.class": {"=": "Cosmics22"}}]}`.

    `or` means or, also between a run, a dataset and a status column. An empty one is None.
    """
    return _group(document, 0)


def _group(document: JsonValue, depth: int) -> Node | None:
    if not isinstance(document, Mapping):
        raise BadInput(f"A filter is an object of conditions, not {document!r}.")
    _check_depth(depth)
    return all_of(
        _joined(key, value, depth)
        if key.lower() in ("and", "or")
        else _condition(web_service_field(key), value, depth + 1)
        for key, value in document.items()
    )


def _joined(key: str, parts: JsonValue, depth: int) -> Node | None:
    join = all_of if key.lower() == "and" else any_of
    return join(_group(part, depth + 1) for part in _list(key, parts))


def _condition(field: Field, condition: JsonValue, depth: int) -> Node | None:
    _check_depth(depth)
    if not isinstance(condition, Mapping):
        return _comparison(field, Operator.EQUAL, condition)
    parts: list[Node | None] = []
    for key, value in condition.items():
        if key.lower() in ("and", "or"):
            join = all_of if key.lower() == "and" else any_of
            nested = _list(key, value)
            parts.append(join(_condition(field, each, depth + 1) for each in nested))
        elif key.lower() in _OPERATORS:
            parts.append(_comparison(field, _OPERATORS[key.lower()], value))
        else:
            raise BadInput(f'"{key}" is not an operator; expected {" ".join(_OPERATORS)} and or.')
    return all_of(parts)


def _comparison(field: Field, operator: Operator, value: JsonValue) -> Node:
    if value is None:
        if operator is Operator.EQUAL:
            return Comparison(field, Operator.IS_NULL)
        if operator is Operator.NOT_EQUAL:
            return Comparison(field, Operator.IS_NOT_NULL)
    if isinstance(value, list) and field == IN_GUI:
        return Comparison(field, Operator.IN, tuple(_scalar(field, each) for each in value))
    if field == IN_GUI:
        # The service asks whether the list holds the value, whichever operator is sent.
        operator = Operator.EQUAL
    return Comparison(field, operator, _scalar(field, value))


def _scalar(field: Field, value: JsonValue) -> Value:
    if isinstance(value, str | int | float):
        return value
    raise BadInput(f'"{field.text}" is compared with one value, not {value!r}.')


def web_service_field(key: str) -> Field:
    """The field that a name such as `rr_attributes.class` means. Raises UnknownAttribute."""
    if key == "run_number":
        return RUN
    if key == "name":
        return NAME
    if key == "datasets_in_gui":
        return IN_GUI
    prefix, _, name = key.removeprefix("Run.").removeprefix("DatasetTripletCache.").partition(".")
    if name and prefix in _PREFIXES:
        return Field(_PREFIXES[prefix], name)
    if name and prefix in _COUNTS:
        column, _, part = name.rpartition(".")
        return Field(_COUNTS[prefix], column or name, part if column else "")
    raise UnknownAttribute(key)


def _list(key: str, parts: JsonValue) -> list[JsonValue]:
    if not isinstance(parts, list):
        raise BadInput(f'"{key}" joins a list of conditions.')
    return parts


def _check_depth(depth: int) -> None:
    if depth > DEEPEST:
        raise BadInput(f"A filter may be nested {DEEPEST} deep, not more.")
