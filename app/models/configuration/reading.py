"""The configuration as rules: one version of it, the one in force kept until it changes."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakMethod

import sqlalchemy as sa
from sqlalchemy import Connection, text

from app.domain.configuration.in_force import (
    ClassClassifier,
    ColumnsAndRights,
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
from app.models.database.engine import JUDGE

Stamp = tuple[int, int, int]
_Version = TypeVar("_Version", bound=ColumnsAndRights)


def settings_in_force(connection: Connection) -> int:
    """Id of the version in force; 0 when there is none."""
    return int(connection.execute(text('SELECT coalesce(max(id), 0) FROM "Settings"')).scalar_one())


def load(connection: Connection, settings_id: int | None = None) -> Configuration:
    """One version of the configuration, the one in force unless told; NotFound when it isn't there.

    Rules are parsed once for each text, whatever version they are read from.
    """
    lists = lists_of(connection, settings_id)
    reading = _Reading(connection, lists)
    accepted = tuple(
        DatasetAccepted(*row)
        for row in reading.entries(
            Kind.DATASETS_ACCEPTED, "name", "regexp", "class", "run_from", "run_to", "enabled"
        )
    )
    permissions = reading.permissions()
    online, offline = _components(reading)
    return Configuration(
        settings_id=lists.get("id", 0),
        class_classifiers=tuple(
            ClassClassifier(*row)
            for row in reading.with_rules(Kind.CLASS, "class", "priority", "enabled")
        ),
        dataset_classifiers=tuple(
            DatasetClassifier(*row) for row in reading.with_rules(Kind.DATASET, "class", "enabled")
        ),
        online_components=online,
        offline_components=offline,
        offline_dataset_classifiers=tuple(
            OfflineDatasetClassifier(*row)
            for row in reading.with_rules(Kind.OFFLINE_DATASET, "workspace", "enabled")
        ),
        datasets_accepted=accepted,
        json_rules=tuple(
            JsonRule(id_, name or "", rule, created_by)
            for id_, name, rule, created_by in reading.with_rules(
                Kind.JSON_RULE, "name", "created_by"
            )
        ),
        permissions=permissions,
        workspaces=read_workspaces(connection),
        retired=read_workspaces(connection, retired=True),
        problems=(*reading.problems, *Matcher(accepted).problems, *permissions.problems),
    )


def _components(
    reading: "_Reading",
) -> tuple[tuple[ComponentClassifier, ...], tuple[ComponentClassifier, ...]]:
    """Component classifiers of online and of offline columns, without those of retired ones."""
    columns = columns_by_id(reading.connection)
    found: dict[bool, list[ComponentClassifier]] = {True: [], False: []}
    for id_, component, status, source, priority, enabled in reading.entries(
        Kind.COMPONENT, "component", "status", "classifier", "priority", "enabled"
    ):
        column = columns[component]
        rule = reading.rule(Kind.COMPONENT, id_, f"{column.name} {status}", source)
        if rule is not None and not column.retired:
            classifier = ComponentClassifier(id_, column.name, status, rule, priority, enabled)
            found[column.online].append(classifier)
    return tuple(found[True]), tuple(found[False])


def in_force(connection: Connection) -> Configuration:
    """The configuration in force, read again only when it isn't the one read before."""
    stamp = _stamp(connection)
    known = _known(connection, stamp)
    if isinstance(known, Configuration):
        return known
    stamp, loaded = _at_one_stamp(connection, stamp, load)
    # What was read of it before keeps its permissions, with what a database said of them.
    known = _known(connection, stamp)
    permissions = _judged(connection, loaded.permissions) if known is None else known.permissions
    return _keep(connection, stamp, replace(loaded, permissions=permissions))


def columns_and_rights(connection: Connection) -> ColumnsAndRights:
    """What edits are checked against of the configuration in force, kept likewise."""
    stamp = _stamp(connection)
    known = _known(connection, stamp)
    if known is not None:
        return known
    stamp, read = _at_one_stamp(connection, stamp, _columns_and_rights)
    return _known(connection, stamp) or _keep(
        connection, stamp, replace(read, permissions=_judged(connection, read.permissions))
    )


def _columns_and_rights(connection: Connection, settings_id: int | None) -> ColumnsAndRights:
    lists = lists_of(connection, settings_id)
    return ColumnsAndRights(
        settings_id=lists.get("id", 0),
        permissions=_Reading(connection, lists).permissions(),
        workspaces=read_workspaces(connection),
    )


def _at_one_stamp(
    connection: Connection, stamp: Stamp, read: Callable[[Connection, int | None], _Version]
) -> tuple[Stamp, _Version]:
    """Reads until nothing changes meanwhile: a transaction that writes sees what others store
    between two of its statements."""
    while True:
        found = read(connection, stamp[0] or None)
        before, stamp = stamp, _stamp(connection)
        if before == stamp:
            return stamp, found


def _judged(connection: Connection, permissions: Permissions) -> Permissions:
    """The same, judged by the database where that is guarded."""
    judge = connection.get_execution_options().get(JUDGE)
    return permissions if judge is None else Permissions(permissions.rows, _without_keeping(judge))


def _without_keeping(judge: Callable[[str], tuple[str, ...]]) -> Callable[[str], tuple[str, ...]]:
    """The method of a database, by something that doesn't keep the database alive."""
    weakly = WeakMethod(judge)

    def ask(path: str) -> tuple[str, ...]:
        asked = weakly()
        return () if asked is None else asked(path)

    return ask


# Engines that differ in options only share the pool, and so the database.
_cache: WeakKeyDictionary[sa.Pool, tuple[Stamp, ColumnsAndRights]] = WeakKeyDictionary()
_cache_lock = threading.Lock()


def _known(connection: Connection, stamp: Stamp) -> ColumnsAndRights | None:
    """What was read of the configuration last, if it has that stamp."""
    with _cache_lock:
        known = _cache.get(connection.engine.pool)
    return known[1] if known is not None and known[0] == stamp else None


def _keep(connection: Connection, stamp: Stamp, read: _Version) -> _Version:
    with _cache_lock:
        _cache[connection.engine.pool] = (stamp, read)
    return read


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
class _Reading:
    """Reads the lists of one version; a rule that can't be read is reported and left out."""

    connection: Connection
    lists: Mapping[str, int]
    problems: list[str] = field(default_factory=list)

    def entries(self, kind: Kind, *columns: str) -> list[Any]:
        """Id and columns of the items in a list, by id; rules as text, so that known ones are
        cheap."""
        names = VERSIONED[kind]
        wanted = ", ".join(
            f'item."{column}"' + ("::text" if column == "classifier" else "") for column in columns
        )
        # Items are few and entries are many: each item is looked up in the list.
        rows = self.connection.execute(
            text(
                f'SELECT item.id, {wanted} FROM "{names.items.name}" AS item'
                f' WHERE EXISTS (SELECT FROM "{names.entries.name}" AS entry'
                f' WHERE entry.id = item.id AND entry."{names.list_id}" = :list)'
                " ORDER BY item.id"
            ),
            {"list": self.lists.get(names.list_id)},
        )
        return [*rows]

    def permissions(self) -> Permissions:
        """Who may do what."""
        return Permissions(
            (egroup, _texts(routes))
            for _, egroup, routes in self.entries(Kind.PERMISSION, "egroup", "routes")
        )

    def with_rules(self, kind: Kind, name: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        """Id, name, rule and further columns of the items whose rule can be read."""
        for id_, called, source, *rest in self.entries(kind, name, "classifier", *columns):
            rule = self.rule(kind, id_, called, source)
            if rule is not None:
                yield id_, called, rule, *rest

    def rule(self, kind: Kind, id_: int, name: str, source: str) -> Rule | None:
        rule = _rule(source)
        if isinstance(rule, str):
            table = VERSIONED[kind].items.name
            self.problems.append(f"{table} {id_} ({name}) is left out. {rule}")
            return None
        return rule


def _texts(routes: object) -> tuple[str, ...]:
    items = routes if isinstance(routes, list) else [routes]
    return tuple(item for item in items if isinstance(item, str))
