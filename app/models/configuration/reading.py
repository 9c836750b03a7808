"""The configuration as rules: one version of it, the one in force kept until it changes."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Connection, text

from app.domain.configuration.in_force import (
    ClassClassifier,
    ComponentClassifier,
    Configuration,
    DatasetAccepted,
    DatasetClassifier,
    JsonRule,
    Kind,
    OfflineDatasetClassifier,
)
from app.domain.configuration.items import parse_stored
from app.domain.configuration.permissions import Permissions
from app.domain.errors import BadInput
from app.domain.foreign_json import NotJson, check_text
from app.domain.json_logic import Rule, RuleError
from app.domain.json_value import js_parse
from app.domain.sources.dqm_gui import Matcher
from app.models.configuration.lists import VERSIONED, lists_of
from app.models.configuration.workspaces import columns_by_id, read_workspaces

Stamp = tuple[int, int, int]


def settings_in_force(connection: Connection) -> int:
    """Id of the version in force; 0 when there is none."""
    return int(connection.execute(text('SELECT coalesce(max(id), 0) FROM "Settings"')).scalar_one())


def load(connection: Connection, settings_id: int | None = None) -> Configuration:
    """One version of the configuration, the one in force unless told; NotFound when it isn't there.

    Rules are parsed once for each text, whatever version they are read from.
    """
    lists = lists_of(connection, settings_id)
    problems: list[str] = []
    rules = _Rules(problems)
    classes = tuple(
        ClassClassifier(id_, class_, rule, priority, enabled)
        for id_, class_, source, priority, enabled in _entries(
            connection, Kind.CLASS, lists, "class", "classifier", "priority", "enabled"
        )
        if (rule := rules.parsed("ClassClassifier", id_, class_, source)) is not None
    )
    datasets = tuple(
        DatasetClassifier(id_, class_, rule, enabled)
        for id_, class_, source, enabled in _entries(
            connection, Kind.DATASET, lists, "class", "classifier", "enabled"
        )
        if (rule := rules.parsed("DatasetClassifier", id_, class_, source)) is not None
    )
    offline_datasets = tuple(
        OfflineDatasetClassifier(id_, workspace, rule, enabled)
        for id_, workspace, source, enabled in _entries(
            connection, Kind.OFFLINE_DATASET, lists, "workspace", "classifier", "enabled"
        )
        if (rule := rules.parsed("OfflineDatasetClassifier", id_, workspace, source)) is not None
    )
    columns = columns_by_id(connection)
    online: list[ComponentClassifier] = []
    offline: list[ComponentClassifier] = []
    for id_, component, status, source, priority, enabled in _entries(
        connection,
        Kind.COMPONENT,
        lists,
        "component",
        "status",
        "classifier",
        "priority",
        "enabled",
    ):
        column = columns[component]
        rule = rules.parsed("ComponentClassifier", id_, f"{column.name} {status}", source)
        if rule is not None and not column.retired:
            (online if column.online else offline).append(
                ComponentClassifier(id_, column.name, status, rule, priority, enabled)
            )
    accepted = tuple(
        DatasetAccepted(*row)
        for row in _entries(
            connection,
            Kind.DATASETS_ACCEPTED,
            lists,
            "name",
            "regexp",
            "class",
            "run_from",
            "run_to",
            "enabled",
        )
    )
    json_rules = tuple(
        JsonRule(id_, name or "", rule, created_by)
        for id_, name, source, created_by in _entries(
            connection, Kind.JSON_RULE, lists, "name", "classifier", "created_by"
        )
        if (rule := rules.parsed("JsonClassifier", id_, name, source)) is not None
    )
    permissions = Permissions(
        (egroup, _texts(routes))
        for _, egroup, routes in _entries(connection, Kind.PERMISSION, lists, "egroup", "routes")
    )
    return Configuration(
        settings_id=lists.get("id", 0),
        class_classifiers=classes,
        dataset_classifiers=datasets,
        online_components=tuple(online),
        offline_components=tuple(offline),
        offline_dataset_classifiers=offline_datasets,
        datasets_accepted=accepted,
        json_rules=json_rules,
        permissions=permissions,
        workspaces=read_workspaces(connection),
        retired=read_workspaces(connection, retired=True),
        problems=(*problems, *Matcher(accepted).problems, *permissions.problems),
    )


def in_force(connection: Connection) -> Configuration:
    """The configuration in force, read again only when it isn't the one read before."""
    # Engines that differ in options only share the pool, and so the database.
    pool = connection.engine.pool
    stamp = _stamp(connection)
    with _cache_lock:
        known = _cache.get(pool)
    if known is not None and known[0] == stamp:
        return known[1]
    loaded = load(connection, stamp[0] or None)
    with _cache_lock:
        _cache[pool] = (stamp, loaded)
    return loaded


_cache: WeakKeyDictionary[sa.Pool, tuple[Stamp, Configuration]] = WeakKeyDictionary()
_cache_lock = threading.Lock()


def _stamp(connection: Connection) -> Stamp:
    """Changes with the configuration: workspaces and their columns aren't versioned."""
    row = connection.execute(
        text(
            'SELECT (SELECT coalesce(max(id), 0) FROM "Settings"),'
            ' (SELECT coalesce(max(id), 0) + count(*) FROM "Workspace"),'
            ' (SELECT coalesce(max(id), 0) + count(*) FROM "WorkspaceColumn")'
        )
    ).one()
    return (row[0], row[1], row[2])


def _entries(
    connection: Connection, kind: Kind, lists: Mapping[str, int], *columns: str
) -> list[Any]:
    """Id and columns of the items in a list, by id; rules as text, so that known ones are cheap."""
    names = VERSIONED[kind]
    wanted = ", ".join(
        f'item."{column}"' + ("::text" if column == "classifier" else "") for column in columns
    )
    # Items are few and entries are many: each item is looked up in the list.
    rows = connection.execute(
        text(
            f'SELECT item.id, {wanted} FROM "{names.items.name}" AS item'
            f' WHERE EXISTS (SELECT FROM "{names.entries.name}" AS entry'
            f' WHERE entry.id = item.id AND entry."{names.list_id}" = :list)'
            " ORDER BY item.id"
        ),
        {"list": lists.get(names.list_id)},
    )
    return [*rows]


@lru_cache(maxsize=8192)
def _rule(source: str) -> Rule | str:
    """The parsed rule, or what is wrong with it."""
    try:
        check_text(source)
        return parse_stored(js_parse(source))
    except NotJson as error:
        return f"It {error}."
    except (RuleError, BadInput) as error:
        return str(error)


@dataclass(frozen=True, slots=True)
class _Rules:
    """Parses the rules of one version; what can't be read is reported and left out."""

    problems: list[str]

    def parsed(self, table: str, id_: int, name: str, source: str) -> Rule | None:
        rule = _rule(source)
        if isinstance(rule, str):
            self.problems.append(f"{table} {id_} ({name}) is left out. {rule}")
            return None
        return rule


def _texts(routes: object) -> tuple[str, ...]:
    items = routes if isinstance(routes, list) else [routes]
    return tuple(item for item in items if isinstance(item, str))
