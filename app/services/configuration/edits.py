"""Editing the configuration: adding, changing and removing items, each as a new version."""

from collections.abc import Iterable, Mapping, Sequence

from app.domain.configuration.in_force import Configuration, Kind
from app.domain.configuration.items import (
    RULE,
    UnknownVariables,
    check_item,
    parse_stored,
    routes_of,
    rules_of,
    variables_of,
)
from app.domain.configuration.permissions import (
    Permissions,
    check_creator_or_expert,
    classifiers_path,
    datasets_accepted_path,
    permissions_path,
)
from app.domain.errors import Conflict, Refused
from app.domain.identity import Actor
from app.domain.json_value import JsonObject, JsonValue
from app.domain.rules.vocabulary import RuleSubject
from app.models import configuration as model
from app.models.configuration import history
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.configuration.rule_vocabulary import vocabulary

GOLDEN_RULE = "golden"
"""Name of the JSON configuration that everybody starts from; it can't be removed."""


def add_item(acting: Acting, kind: Kind, values: JsonObject, *, insist: bool = False) -> int:
    """Adds a classifier, JSON configuration, accepted dataset or permission; returns its id.

    `values` are as in `check_item`: a classifier's rule may be the bare condition. Raises
    UnknownVariables, unless the person insists, when the rule reads unknown variables.
    """
    _check_variables(acting, kind, values, None, insist=insist)
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(acting.actor, path_of(kind))
        checked = check_item(configuration, kind, values)
        if kind is Kind.JSON_RULE:
            _refuse_taken_name(configuration, checked)
        return model.add_item(connection, kind, checked, acting.actor.email)


def edit_item(
    acting: Acting,
    kind: Kind,
    item_id: int,
    changes: JsonObject,
    *,
    insist: bool = False,
) -> int:
    """Changes some values of an item; returns the id of the item that replaces it.

    Raises ItemChanged, with both sides, when somebody else changed it meanwhile, and
    UnknownVariables as `add_item` does, for variables that the old rule didn't read.
    """
    if RULE in changes and not insist:
        with acting.db.read() as connection:
            before = history.items(connection, kind).get(item_id)
        _check_variables(
            acting, kind, changes, None if before is None else before.values, insist=insist
        )
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        old = model.item_in_force(connection, kind, item_id, changes)
        _check_may_change(configuration, acting.actor, kind, old)
        values = {name: old[name] for name in old if name not in {"created_by", "updated_by"}}
        checked = check_item(configuration, kind, {**values, **changes})
        if kind is Kind.JSON_RULE and checked["name"] != old["name"]:
            _refuse_golden(old, "renamed")
            _refuse_taken_name(configuration, checked)
        if kind is Kind.PERMISSION:
            left = _without(model.items_in_force(connection, kind), item_id)
            refuse_locking_out([*left, (str(checked["egroup"]), routes_of(checked))])
        return model.edit_item(connection, kind, item_id, checked, acting.actor.email)


def save_item(
    acting: Acting, kind: Kind, item_id: int | None, values: JsonObject, *, insist: bool = False
) -> int:
    """Adds an item, or changes the one with the id; returns the new id."""
    if item_id is None:
        return add_item(acting, kind, values, insist=insist)
    return edit_item(acting, kind, item_id, values, insist=insist)


def delete_item(acting: Acting, kind: Kind, item_id: int) -> None:
    """Removes an item; earlier versions keep it. Raises ItemChanged."""
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        old = model.item_in_force(connection, kind, item_id)
        _check_may_change(configuration, acting.actor, kind, old)
        if kind is Kind.JSON_RULE:
            _refuse_golden(old, "deleted")
        if kind is Kind.PERMISSION:
            refuse_locking_out(_without(model.items_in_force(connection, kind), item_id))
        model.delete_item(connection, kind, item_id, acting.actor.email)


def save_json_rule(
    acting: Acting,
    name: str,
    rule: JsonValue,
    *,
    item_id: int | None = None,
    insist: bool = False,
) -> int:
    """Saves a JSON configuration, in place of `item_id` if given; returns its new id.

    Only its creator or an expert may change one. Raises Conflict when another has the name, and
    UnknownVariables as `add_item` does.
    """
    values: JsonObject = {"name": name.strip(), RULE: rule}
    return save_item(acting, Kind.JSON_RULE, item_id, values, insist=insist)


def path_of(kind: Kind) -> str:
    """Path of the action that changes items of a kind."""
    if kind is Kind.DATASETS_ACCEPTED:
        return datasets_accepted_path()
    if kind is Kind.PERMISSION:
        return permissions_path()
    return classifiers_path(kind.value)


def subject_of(kind: Kind, values: Mapping[str, JsonValue]) -> RuleSubject:
    """What the rule of an item decides about."""
    match kind:
        case Kind.CLASS:
            return RuleSubject.CLASS
        case Kind.DATASET:
            return RuleSubject.SIGNIFICANCE
        case Kind.OFFLINE_DATASET:
            return RuleSubject.OFFLINE_DATASET
        case Kind.COMPONENT if values.get("online") is True:
            return RuleSubject.ONLINE_COLUMN
        case Kind.COMPONENT:
            return RuleSubject.OFFLINE_COLUMN
        case _:
            return RuleSubject.GOLDEN


def unknown_variables(
    acting: Acting, kind: Kind, values: JsonObject, before: JsonObject | None = None
) -> dict[str, tuple[str, ...]]:
    """Unknown variables of the rule that no rule in force reads, with similar known names.

    Variables of the rule of `before` are left out. Refused when the rule can't be read.
    """
    read = variables_of(parse_stored(values[RULE]))
    if before is not None:
        read -= _variables_of_faulty(before[RULE])
    if not read:
        return {}
    words = vocabulary(acting, subject_of(kind, values))
    unknown = {name for name in read if not words.knows(name)}
    if unknown:
        in_force = rules_of(
            configurations.current(acting), kind, online=values.get("online") is True
        )
        unknown -= {name for rule in in_force for name in variables_of(rule)}
    return {name: words.nearest(name) for name in sorted(unknown)}


def _check_variables(
    acting: Acting, kind: Kind, changes: JsonObject, before: JsonObject | None, *, insist: bool
) -> None:
    if insist or RULE not in changes:
        return
    values = {**(before or {}), **changes}
    unknown = unknown_variables(acting, kind, values, before)
    if unknown:
        raise UnknownVariables(unknown)


def _variables_of_faulty(stored: JsonValue) -> set[str]:
    try:
        return variables_of(parse_stored(stored))
    except Refused:
        return set()


def _check_may_change(
    configuration: Configuration, actor: Actor, kind: Kind, old: JsonObject
) -> None:
    if kind is Kind.JSON_RULE:
        creator = old["created_by"]
        check_creator_or_expert(
            actor,
            creator if isinstance(creator, str) else None,
            f'the JSON configuration "{old["name"]}"',
        )
    else:
        configuration.permissions.check(actor, path_of(kind))


def _refuse_golden(old: JsonObject, what: str) -> None:
    if old["name"] == GOLDEN_RULE:
        raise Refused(f'The JSON configuration "{GOLDEN_RULE}" can be changed, but not {what}.')


def _refuse_taken_name(configuration: Configuration, values: JsonObject) -> None:
    if any(rule.name == values["name"] for rule in configuration.json_rules):
        raise Conflict(
            f'There is already a JSON configuration "{values["name"]}". Choose another name, or'
            " change that one."
        )


def refuse_locking_out(rows: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Refuses permissions under which nobody could change permissions any more."""
    if not Permissions(rows).egroups_for(permissions_path()):
        raise Refused(
            "Nobody could change permissions any more: no e-group would have a route for"
            f" {permissions_path()}. Give that right to another e-group first."
        )


def _without(items: Iterable[JsonObject], item_id: int) -> list[tuple[str, Sequence[str]]]:
    """The permissions without one."""
    return [(str(item["egroup"]), routes_of(item)) for item in items if item["id"] != item_id]
