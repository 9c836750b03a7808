"""Items of the configuration as they are written: what each kind has, checked before it is kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from app.domain.configuration.in_force import (
    GLOBAL,
    ClassClassifier,
    ComponentClassifier,
    Configuration,
    DatasetAccepted,
    DatasetClassifier,
    JsonRule,
    Kind,
    OfflineDatasetClassifier,
    decides,
    parse_condition,
)
from app.domain.configuration.permissions import new_route_pattern
from app.domain.errors import BadInput, Refused
from app.domain.json_logic import Rule, RuleError
from app.domain.json_value import JsonObject, JsonValue
from app.domain.text.patterns import Pattern, PatternError, pattern
from app.domain.triplets import SETTABLE_STATUSES

RULE = "classifier"
"""Field of an item that holds its rule."""

AUTOMATIC = frozenset({Kind.CLASS, Kind.COMPONENT, Kind.DATASET, Kind.OFFLINE_DATASET})
"""Kinds that decide by themselves; their rules are stored as `{"if": [condition, true, false]}`."""

WITH_RULE = AUTOMATIC | {Kind.JSON_RULE}

TRIED = 2**31 - 1
"""Id of an item that is only tried: new items come after all others, too."""

_SHOWN = 120


class UnknownVariables(Refused):
    """A rule reads unknown variables; the person may insist on `purpose`. `nearest` has
    similar known names."""

    def __init__(self, nearest: Mapping[str, Sequence[str]], purpose: str = "save it") -> None:
        self.nearest = nearest
        unknown = "; ".join(
            f'"{name}"{f" (did you mean {_or(near)}?)" if near else ""}'
            for name, near in nearest.items()
        )
        super().__init__(
            f"The rule reads unknown variables: {unknown}. Insist to {purpose} anyway."
        )


class _Identified(Protocol):
    @property
    def id(self) -> int: ...


class _WithRule(Protocol):
    @property
    def rule(self) -> Rule: ...


_Item = TypeVar("_Item", bound=_Identified)


def condition_of(stored: JsonValue) -> JsonValue:
    """The bare condition of a rule as the tables keep it."""
    if isinstance(stored, dict) and stored.keys() == {"if"}:
        arguments = stored["if"]
        if isinstance(arguments, list) and len(arguments) == 3 and arguments[1:] == [True, False]:
            return arguments[0]
    return stored


def parse_stored(stored: JsonValue) -> Rule:
    """The rule of an item; RuleError when it can't decide anything.

    The web service has stored the complaint of its parser as a condition, which is always true.
    """
    rule = parse_condition(stored)
    if not decides(condition_of(stored)):
        raise RuleError("it is a plain value, not a condition.", ("if", 0))
    return rule


def as_stored(condition: JsonValue) -> JsonObject:
    """A condition as the tables keep those of classifiers: if it holds true, else false."""
    return {"if": [condition_of(condition), True, False]}


def fields_of(kind: Kind) -> tuple[str, ...]:
    """Names of the values that an item of a kind has, in the order they are shown."""
    return tuple(_FIELDS[kind])


def title_of(kind: Kind, values: JsonObject) -> str:
    """What people call an item of these values."""
    if kind is Kind.COMPONENT:
        where = "online" if values["online"] else "offline"
        return f"{values['column']} {values['status']} ({where})"
    if kind is Kind.DATASETS_ACCEPTED:
        return f"{values['name']} for {values['class']}"
    return str(values[_NAMED_BY[kind]])


def key_of(kind: Kind, values: JsonObject) -> tuple[JsonValue, ...]:
    """What stays the same of an item when it is edited, as a rule."""
    if kind is Kind.COMPONENT:
        return (values["column"], values["online"], values["status"])
    if kind is Kind.DATASETS_ACCEPTED:
        return (values["name"], values["class"])
    return (values[_NAMED_BY[kind]],)


def with_item(
    configuration: Configuration, kind: Kind, item_id: int | None, values: JsonObject | None
) -> Configuration:
    """The configuration as if an item had these values, already checked; its id is then `TRIED`.

    `item_id` None adds one, `values` None takes the item out.
    """

    def changed(items: Iterable[_Item], made: Callable[[JsonObject], _Item]) -> tuple[_Item, ...]:
        kept = tuple(each for each in items if each.id != item_id)
        return kept if values is None else (*kept, made(values))

    match kind:
        case Kind.CLASS:
            classes = changed(configuration.class_classifiers, _class)
            return replace(configuration, class_classifiers=classes)
        case Kind.DATASET:
            datasets = changed(configuration.dataset_classifiers, _dataset)
            return replace(configuration, dataset_classifiers=datasets)
        case Kind.OFFLINE_DATASET:
            matters = changed(configuration.offline_dataset_classifiers, _offline_dataset)
            return replace(configuration, offline_dataset_classifiers=matters)
        case Kind.JSON_RULE:
            return replace(configuration, json_rules=changed(configuration.json_rules, _json_rule))
        case Kind.DATASETS_ACCEPTED:
            accepted = changed(configuration.datasets_accepted, _accepted)
            return replace(configuration, datasets_accepted=accepted)
        case Kind.COMPONENT:
            online = tuple(each for each in configuration.online_components if each.id != item_id)
            offline = tuple(each for each in configuration.offline_components if each.id != item_id)
            if values is not None:
                if values["online"] is True:
                    online = (*online, _component(values))
                else:
                    offline = (*offline, _component(values))
            return replace(configuration, online_components=online, offline_components=offline)
        case _:
            raise ValueError(f"{kind} are not items that decide")


def check_item(configuration: Configuration, kind: Kind, values: JsonObject) -> JsonObject:
    """The values of an item to be written, in the form the tables keep.

    Columns are those of the item's table; a component classifier names its `column` and whether
    it is `online`. Raises BadInput, RuleError or NotFound, naming what is wrong.
    """
    expected = _FIELDS[kind]
    for name in values:
        if name not in expected:
            raise BadInput(f'"{name}" is unknown here; there are {", ".join(expected)}.')
    checked: JsonObject = {}
    for name, check in expected.items():
        if name not in values:
            raise BadInput(f'"{name}" is missing.')
        checked[name] = check(name, values[name])
    if kind in AUTOMATIC:
        checked[RULE] = as_stored(checked[RULE])
    if kind is Kind.COMPONENT:
        configuration.workspace_of(str(checked["column"]), online=checked["online"] is True)
    if kind is Kind.OFFLINE_DATASET and checked["workspace"] != GLOBAL:
        configuration.columns_of(str(checked["workspace"]), online=False)
    if kind is Kind.DATASETS_ACCEPTED:
        first, last = checked["run_from"], checked["run_to"]
        if isinstance(first, int) and isinstance(last, int) and first > last:
            raise BadInput(f"The first run {first} is greater than the last run {last}.")
        for line in str(checked["regexp"]).splitlines():
            _readable("regexp", line.strip(), pattern)
    return checked


def rules_of(configuration: Configuration, kind: Kind, *, online: bool) -> tuple[Rule, ...]:
    """The rules in force of a kind; `online` says which columns of component classifiers."""
    items: Iterable[_WithRule]
    match kind:
        case Kind.CLASS:
            items = configuration.class_classifiers
        case Kind.DATASET:
            items = configuration.dataset_classifiers
        case Kind.OFFLINE_DATASET:
            items = configuration.offline_dataset_classifiers
        case Kind.JSON_RULE:
            items = configuration.json_rules
        case Kind.COMPONENT:
            items = configuration.online_components if online else configuration.offline_components
        case _:
            items = ()
    return tuple(each.rule for each in items)


def variables_of(rule: Rule) -> set[str]:
    """What the conditions of an item's rule read, as far as that can be told."""
    condition = parse_condition(condition_of(rule.source))
    return {name for leaf in condition.leaves for name in leaf.variables or ()}


def routes_of(values: JsonObject) -> tuple[str, ...]:
    """The routes of a permission."""
    routes = values["routes"]
    listed = routes if isinstance(routes, list) else [routes]
    return tuple(each for each in listed if isinstance(each, str))


def rule_in(values: JsonObject) -> Rule:
    """The rule of checked values."""
    return parse_condition(values[RULE])


def _class(values: JsonObject) -> ClassClassifier:
    return ClassClassifier(
        TRIED,
        str(values["class"]),
        rule_in(values),
        _whole(values["priority"]),
        values["enabled"] is True,
    )


def _dataset(values: JsonObject) -> DatasetClassifier:
    return DatasetClassifier(
        TRIED, str(values["class"]), rule_in(values), values["enabled"] is True
    )


def _component(values: JsonObject) -> ComponentClassifier:
    return ComponentClassifier(
        TRIED,
        str(values["column"]),
        str(values["status"]),
        rule_in(values),
        _whole(values["priority"]),
        values["enabled"] is True,
    )


def _offline_dataset(values: JsonObject) -> OfflineDatasetClassifier:
    return OfflineDatasetClassifier(
        TRIED, str(values["workspace"]), rule_in(values), values["enabled"] is True
    )


def _accepted(values: JsonObject) -> DatasetAccepted:
    first = values["run_from"]
    return DatasetAccepted(
        TRIED,
        str(values["name"]),
        str(values["regexp"]),
        str(values["class"]),
        None if first is None else _whole(first),
        _whole(values["run_to"]),
        values["enabled"] is True,
    )


def _json_rule(values: JsonObject) -> JsonRule:
    return JsonRule(TRIED, str(values["name"]), rule_in(values), None)


def _or(names: Sequence[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)


def _whole(value: JsonValue) -> int:
    assert isinstance(value, int)
    return value


_Check = Callable[[str, JsonValue], JsonValue]


def _condition(name: str, value: JsonValue) -> JsonValue:
    return parse_stored(value).source


def _words(name: str, value: JsonValue) -> JsonValue:
    if not isinstance(value, str) or not value.strip():
        raise BadInput(f'"{name}" must be a text that is not empty.')
    if len(value) > 255:
        raise BadInput(f'"{name}" is longer than 255 characters.')
    return value


def _expressions(name: str, value: JsonValue) -> JsonValue:
    if not isinstance(value, str):
        raise BadInput(f'"{name}" must be a text.')
    return value


def _number(name: str, value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
        raise BadInput(f'"{name}" must be a whole number.')
    return value


def _number_or_nothing(name: str, value: JsonValue) -> JsonValue:
    return None if value is None else _number(name, value)


def _switch(name: str, value: JsonValue) -> JsonValue:
    if not isinstance(value, bool):
        raise BadInput(f'"{name}" must be true or false.')
    return value


def _status(name: str, value: JsonValue) -> JsonValue:
    if value not in SETTABLE_STATUSES:
        raise BadInput(f'"{name}" must be one of {", ".join(SETTABLE_STATUSES)}.')
    return value


def _routes(name: str, value: JsonValue) -> JsonValue:
    if not isinstance(value, list) or not value:
        raise BadInput(f'"{name}" must be a list of regular expressions.')
    for route in value:
        if not isinstance(route, str):
            raise BadInput(f'"{name}" must hold texts only.')
        _readable(name, route, new_route_pattern)
    return value


def _readable(name: str, text: str, read: Callable[[str], Pattern]) -> None:
    try:
        read(text)
    except PatternError as error:
        raise BadInput(
            f'"{name}": "{text[:_SHOWN]}" can\'t be read as a regular expression ({error}).'
        ) from error


_FIELDS: Mapping[Kind, Mapping[str, _Check]] = {
    Kind.CLASS: {
        "class": _words,
        "classifier": _condition,
        "priority": _number,
        "enabled": _switch,
    },
    Kind.COMPONENT: {
        "column": _words,
        "online": _switch,
        "status": _status,
        "classifier": _condition,
        "priority": _number,
        "enabled": _switch,
    },
    Kind.DATASET: {"class": _words, "classifier": _condition, "enabled": _switch},
    Kind.OFFLINE_DATASET: {"workspace": _words, "classifier": _condition, "enabled": _switch},
    Kind.JSON_RULE: {"name": _words, "classifier": _condition},
    Kind.DATASETS_ACCEPTED: {
        "name": _words,
        "regexp": _expressions,
        "enabled": _switch,
        "class": _words,
        "run_from": _number_or_nothing,
        "run_to": _number,
    },
    Kind.PERMISSION: {"egroup": _words, "routes": _routes},
}

_NAMED_BY: Mapping[Kind, str] = {
    Kind.CLASS: "class",
    Kind.DATASET: "class",
    Kind.OFFLINE_DATASET: "workspace",
    Kind.JSON_RULE: "name",
    Kind.PERMISSION: "egroup",
}
