"""The versioned configuration: read as rules, changed by new versions, imported and exported whole.

Items are never changed: an edit is a new item, a new list with the entries as they now are, and a
new settings row that names it. The greatest settings id is in force.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table, text
from sqlalchemy import exc as sa_exc
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.configuration import (
    ClassClassifier,
    ComponentClassifier,
    Configuration,
    DatasetAccepted,
    DatasetClassifier,
    JsonRule,
    Kind,
    OfflineDatasetClassifier,
    Workspace,
    parse_condition,
)
from app.domain.errors import BadInput, Conflict, NotFound
from app.domain.json_logic import Rule, RuleError
from app.domain.json_value import JsonObject, JsonValue
from app.domain.permissions import Permissions
from app.models import tables

CONFIGURATION_LOCK = 0x52524443
"""Key of the advisory lock that lets one client at a time change the configuration."""

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Versioned:
    """The three tables of one kind of item."""

    items: Table
    lists: Table
    entries: Table
    list_id: str


_VERSIONED: Mapping[Kind, _Versioned] = {
    Kind.CLASS: _Versioned(
        tables.class_classifier,
        tables.class_classifier_list,
        tables.class_classifier_entries,
        "CCL_id",
    ),
    Kind.COMPONENT: _Versioned(
        tables.component_classifier,
        tables.component_classifier_list,
        tables.component_classifier_entries,
        "CPCL_id",
    ),
    Kind.DATASET: _Versioned(
        tables.dataset_classifier,
        tables.dataset_classifier_list,
        tables.dataset_classifier_entries,
        "DCL_id",
    ),
    Kind.OFFLINE_DATASET: _Versioned(
        tables.offline_dataset_classifier,
        tables.offline_dataset_classifier_list,
        tables.offline_dataset_classifier_entries,
        "ODCL_id",
    ),
    Kind.JSON_RULE: _Versioned(
        tables.json_classifier,
        tables.json_classifier_list,
        tables.json_classifier_entries,
        "JCL_id",
    ),
    Kind.DATASETS_ACCEPTED: _Versioned(
        tables.datasets_accepted,
        tables.datasets_accepted_list,
        tables.datasets_accepted_entries,
        "DAL_id",
    ),
    Kind.PERMISSION: _Versioned(
        tables.permission,
        tables.permission_list,
        tables.permission_entries,
        "PL_id",
    ),
}

CONFIGURATION_TABLES: tuple[Table, ...] = (
    tables.workspace,
    tables.workspace_column,
    *(table for kind in _VERSIONED.values() for table in (kind.items, kind.lists, kind.entries)),
    tables.settings,
)
"""The tables of the configuration, each after those it refers to."""


# --- reading --------------------------------------------------------------------------------------


def settings_in_force(connection: Connection) -> int:
    """Id of the version in force; 0 when there is none."""
    return int(connection.execute(text('SELECT coalesce(max(id), 0) FROM "Settings"')).scalar_one())


def load(connection: Connection, settings_id: int | None = None) -> Configuration:
    """One version of the configuration, the one in force unless told; NotFound when it isn't there.

    Rules are parsed once for each text, whatever version they are read from.
    """
    lists = _lists(connection, settings_id)
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
    columns, workspaces = _workspaces(connection)
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
        column, is_online = columns[component]
        rule = rules.parsed("ComponentClassifier", id_, f"{column} {status}", source)
        if rule is not None:
            (online if is_online else offline).append(
                ComponentClassifier(id_, column, status, rule, priority, enabled)
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
        workspaces=workspaces,
        problems=(*problems, *permissions.problems),
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


def _lists(connection: Connection, settings_id: int | None) -> dict[str, int]:
    """The settings row: its id and the id of each list; empty when there is no row at all."""
    chosen = "WHERE id = :id" if settings_id is not None else ""
    row = (
        connection.execute(
            text(
                'SELECT id, "CCL_id", "CPCL_id", "DCL_id", "DAL_id", "JCL_id", "ODCL_id", "PL_id"'
                f' FROM "Settings" {chosen} ORDER BY id DESC LIMIT 1'
            ),
            {} if settings_id is None else {"id": settings_id},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        if settings_id is not None:
            raise NotFound(f"The configuration has no version {settings_id}.")
        return {}
    return dict(row)


def _entries(
    connection: Connection, kind: Kind, lists: Mapping[str, int], *columns: str
) -> list[Any]:
    """Id and columns of the items in a list, by id; rules as text, so that known ones are cheap."""
    names = _VERSIONED[kind]
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


def _workspaces(
    connection: Connection,
) -> tuple[dict[int, tuple[str, bool]], tuple[Workspace, ...]]:
    """Columns by the id that classifiers give, with whether they are online; the workspaces."""
    by_id: dict[int, tuple[str, bool]] = {}
    columns: dict[tuple[str, bool], list[str]] = {}
    for name, where, column_id, column in connection.execute(
        text(
            "SELECT place.workspace, place.online_or_offline, field.id, field.name"
            ' FROM "Workspace" AS place'
            ' LEFT JOIN "WorkspaceColumn" AS field ON field.id_workspace = place.id'
        )
    ):
        of_workspace = columns.setdefault((name, where == "online"), [])
        if column_id is not None:
            by_id[column_id] = (f"{name}-{column}", where == "online")
            of_workspace.append(f"{name}-{column}")
    return by_id, tuple(
        Workspace(name, online, tuple(sorted(columns[name, online])))
        for name, online in sorted(columns)
    )


@lru_cache(maxsize=8192)
def _rule(source: str) -> Rule | str:
    """The parsed rule, or what is wrong with it."""
    try:
        return parse_condition(json.loads(source))
    except RuleError as error:
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


# --- new versions ---------------------------------------------------------------------------------


def add_item(connection: Connection, kind: Kind, values: JsonObject, by: str) -> int:
    """Adds an item in a new version; returns its id.

    `values` are columns of its table; a component classifier names `column` and `online`.
    """
    settings = _lock_settings(connection)
    item = _insert_item(connection, kind, {**values, **_authors(kind, created_by=by)})
    _new_version(connection, kind, settings, by, added=item)
    return item


def edit_item(
    connection: Connection, kind: Kind, item_id: int, changes: JsonObject, by: str
) -> int:
    """Puts a changed copy in the place of an item, in a new version. Returns the copy's id.

    Raises Conflict when the item isn't in force any more.
    """
    settings = _lock_settings(connection)
    old = _item_in_force(connection, kind, item_id, settings)
    # Who made it stays: a JSON configuration belongs to them.
    changed = {**old, **changes, **_authors(kind, updated_by=by)}
    item = _insert_item(connection, kind, changed)
    _new_version(connection, kind, settings, by, added=item, removed=item_id)
    return item


def delete_item(connection: Connection, kind: Kind, item_id: int, by: str) -> None:
    """Takes an item out, in a new version. Raises Conflict when it isn't in force any more."""
    settings = _lock_settings(connection)
    _item_in_force(connection, kind, item_id, settings)
    _new_version(connection, kind, settings, by, removed=item_id)


def item_in_force(connection: Connection, kind: Kind, item_id: int) -> JsonObject:
    """Values of an item as `add_item` takes them, and its authors; Conflict when not in force."""
    return _item_in_force(connection, kind, item_id, _lists(connection, None))


def items_in_force(connection: Connection, kind: Kind) -> list[JsonObject]:
    """The items in force by id: values as `add_item` takes them, id, creation time, authors."""
    names = _VERSIONED[kind]
    item, entry = names.items, names.entries
    rows = connection.execute(
        sa.select(item)
        .join(entry, entry.c.id == item.c.id)
        .where(entry.c[names.list_id] == _lists(connection, None).get(names.list_id))
        .order_by(item.c.id)
    ).mappings()
    items = [_as_json(dict(row)) for row in rows]
    if kind is Kind.COMPONENT:
        columns, _ = _workspaces(connection)
        for each in items:
            each["column"], each["online"] = columns[cast("int", each.pop("component"))]
    return items


def lock(connection: Connection) -> None:
    """Waits until no other client changes the configuration; held until the transaction ends."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CONFIGURATION_LOCK)))


def _lock_settings(connection: Connection) -> dict[str, int]:
    lock(connection)
    settings = _lists(connection, None)
    if not settings:
        raise NotFound("The database has no settings yet. Import a configuration first.")
    return settings


def _item_in_force(
    connection: Connection, kind: Kind, item_id: int, settings: Mapping[str, int]
) -> JsonObject:
    names = _VERSIONED[kind]
    item, entry = names.items, names.entries
    row = (
        connection.execute(
            sa.select(item, entry.c[names.list_id].label("in_force"))
            .outerjoin(
                entry,
                sa.and_(
                    entry.c.id == item.c.id,
                    entry.c[names.list_id] == settings.get(names.list_id),
                ),
            )
            .where(item.c.id == item_id)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound(f"There is no {names.items.name} {item_id}.")
    if row["in_force"] is None:
        raise Conflict(
            f"{names.items.name} {item_id} was changed by somebody else meanwhile."
            " Reload the configuration and do it again."
        )
    values = {
        name: value for name, value in row.items() if name not in {"id", "createdAt", "in_force"}
    }
    if kind is Kind.COMPONENT:
        values["column"], values["online"] = _column_of(connection, values.pop("component"))
    return values


def _authors(
    kind: Kind, *, created_by: str | None = None, updated_by: str | None = None
) -> JsonObject:
    if "created_by" not in _VERSIONED[kind].items.c:
        return {}
    if created_by is not None:
        return {"created_by": created_by, "updated_by": None}
    return {"updated_by": updated_by}


def _insert_item(connection: Connection, kind: Kind, values: JsonObject) -> int:
    items = _VERSIONED[kind].items
    row = dict(values)
    if kind is Kind.COMPONENT:
        online = row.pop("online") is True
        row["component"] = _column_id(connection, str(row.pop("column")), online=online)
    return int(
        connection.execute(
            items.insert().values(**row, createdAt=sa.func.now()).returning(items.c.id)
        ).scalar_one()
    )


def _column_id(connection: Connection, column: str, *, online: bool) -> int:
    """Id of a column `{workspace}-{column}`, which component classifiers refer to."""
    for id_, known in _workspaces(connection)[0].items():
        if known == (column, online):
            return id_
    where = "online" if online else "offline"
    raise NotFound(f'No {where} workspace has a column "{column}".')


def _column_of(connection: Connection, id_: int) -> tuple[str, bool]:
    """The column `{workspace}-{column}` of an id, and whether it is online."""
    return _workspaces(connection)[0][id_]


def _new_version(
    connection: Connection,
    kind: Kind,
    settings: Mapping[str, int],
    by: str,
    *,
    added: int | None = None,
    removed: int | None = None,
) -> None:
    """A list as the one in force with one item more or less, and the settings that name it."""
    names = _VERSIONED[kind]
    new_list = connection.execute(names.lists.insert().returning(names.lists.c.id)).scalar_one()
    connection.execute(
        text(
            f'INSERT INTO "{names.entries.name}" (id, "{names.list_id}")'
            f' SELECT id, :new FROM "{names.entries.name}"'
            f' WHERE "{names.list_id}" = :old AND id IS DISTINCT FROM CAST(:removed AS integer)'
            " UNION SELECT CAST(:added AS integer), :new"
            " WHERE CAST(:added AS integer) IS NOT NULL"
        ),
        {
            "new": new_list,
            "old": settings[names.list_id],
            "removed": removed,
            "added": added,
        },
    )
    lists = {name: settings[name] for name in tables.SETTINGS_LISTS}
    lists[names.list_id] = new_list
    connection.execute(
        tables.settings.insert().values(metadata={"by": by}, createdAt=sa.func.now(), **lists)
    )


# --- whole tables ---------------------------------------------------------------------------------

Rows = Sequence[JsonObject]


@dataclass(frozen=True)
class ImportReport:
    """What an import did: rows written by table, lists made because settings name them."""

    settings_id: int
    written: Mapping[str, int] = field(default_factory=dict)
    made_lists: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    replaced_first_settings: bool = False


def export_tables(connection: Connection) -> dict[str, list[JsonObject]]:
    """All rows of the configuration, by table and primary key; times in UTC."""
    return {
        table.name: [
            _as_json(dict(row))
            for row in connection.execute(
                sa.select(table).order_by(*table.primary_key.columns)
            ).mappings()
        ]
        for table in CONFIGURATION_TABLES
    }


def is_untouched(connection: Connection) -> bool:
    """Whether nobody has configured anything: no items, and no settings but the first row."""
    filled = sa.union_all(
        *(
            sa.select(sa.literal(1)).where(sa.exists(sa.select(table)))
            for table in CONFIGURATION_TABLES
            if table is not tables.settings and table not in tables.SETTINGS_LISTS.values()
        )
    )
    if connection.execute(filled).first() is not None:
        return False
    settings = sa.select(sa.func.count()).select_from(tables.settings)
    return connection.execute(settings).scalar_one() <= 1


def holds_only(connection: Connection, given: Mapping[str, Rows]) -> bool:
    """Whether the configuration is just the given one, whenever its rows were written."""
    present = export_tables(connection)
    return all(
        _timeless(table, present[table.name])
        == _timeless(table, _checked_rows(table, given.get(table.name, ())))
        for table in CONFIGURATION_TABLES
    )


def clear(connection: Connection) -> None:
    """Takes the whole configuration away, for another to take its place."""
    for table in reversed(CONFIGURATION_TABLES):
        connection.execute(table.delete())


def import_tables(connection: Connection, given: Mapping[str, Rows]) -> ImportReport:
    """Writes whole configuration tables, ids kept; tables that aren't configuration are ignored.

    Rows that are there already are left alone; a database that has others than those given is
    refused with Conflict. BadInput names the table and the row that can't be read. The caller's
    transaction must not go on after an error.
    """
    ours = [table for table in CONFIGURATION_TABLES if table.name in given]
    ignored = tuple(sorted(given.keys() - {table.name for table in ours}))
    if not ours:
        raise BadInput(
            "None of the tables is one of the configuration, such as Settings or ClassClassifier."
        )
    rows = {table.name: _checked_rows(table, given[table.name]) for table in ours}
    lock(connection)
    replaced = bool(rows.get("Settings")) and _drop_first_settings(connection)
    made = _missing_lists(connection, rows)
    for name, ids in made.items():
        lists: list[JsonObject] = [{"id": id_} for id_ in ids]
        rows[name] = [*rows.get(name, []), *lists]
    present = {
        table.name: frozenset(
            tuple(row) for row in connection.execute(sa.select(*table.primary_key.columns))
        )
        for table in CONFIGURATION_TABLES
        if table.name in rows or table.name in _REFERRED
    }
    writing = [table for table in CONFIGURATION_TABLES if table.name in rows]
    for table in writing:
        _refuse_differences(connection, table, rows[table.name], present[table.name])
    for kind in _VERSIONED.values():
        _refuse_changed_lists(kind, rows, present)
    for table in writing:
        _check_references(table, rows, present)
    written: dict[str, int] = {}
    for table in writing:
        written[table.name] = _insert(connection, table, rows[table.name], present[table.name])
    return ImportReport(
        settings_in_force(connection),
        {name: count for name, count in written.items() if count},
        {name: tuple(ids) for name, ids in made.items()},
        ignored,
        replaced,
    )


_REFERRED = frozenset(
    key.column.table.name for table in CONFIGURATION_TABLES for key in table.foreign_keys
)


def _drop_first_settings(connection: Connection) -> bool:
    """Takes away the settings row that a new database has, when nothing else refers to it."""
    if not is_untouched(connection):
        return False
    gone = connection.execute(tables.settings.delete()).rowcount
    for lists in tables.SETTINGS_LISTS.values():
        connection.execute(lists.delete())
    return gone > 0


def _missing_lists(connection: Connection, rows: Mapping[str, Rows]) -> dict[str, list[int]]:
    """Lists that the given settings name and nobody has."""
    made: dict[str, list[int]] = {}
    for column, lists in tables.SETTINGS_LISTS.items():
        named = {cast("int", row[column]) for row in rows.get("Settings", ())}
        named -= {cast("int", row["id"]) for row in rows.get(lists.name, ())}
        if not named:
            continue
        found = connection.execute(sa.select(lists.c.id).where(lists.c.id.in_(sorted(named))))
        missing = sorted(named - set(found.scalars()))
        if missing:
            made[lists.name] = missing
    return made


def _refuse_differences(
    connection: Connection, table: Table, rows: Rows, present: frozenset[tuple[object, ...]]
) -> None:
    """Conflict when the table holds a row that isn't among those given, or is another there."""
    if not present:
        return
    keys = [column.name for column in table.primary_key.columns]
    missing = present - {tuple(row[name] for name in keys) for row in rows}
    if missing:
        raise _other_configuration(table, _key(keys, min(missing)), "isn't among")
    # When a row was written doesn't make it another.
    others = [
        column.name
        for column in table.columns
        if column.name not in keys and not isinstance(column.type, sa.DateTime)
    ]
    if not others:
        return
    different = " OR ".join(
        f'present."{name}" IS DISTINCT FROM incoming."{name}"' for name in others
    )
    row = connection.execute(
        text(
            f'SELECT present.id FROM "{table.name}" AS present'
            f" JOIN {_incoming(table)} AS incoming ON incoming.id = present.id"
            f" WHERE {different} ORDER BY present.id LIMIT 1"
        ),
        {"rows": _json(rows)},
    ).scalar()
    if row is not None:
        raise _other_configuration(table, str(row), "has another content in")


def _other_configuration(table: Table, key: str, why: str) -> Conflict:
    return Conflict(
        f"The database has a configuration already, and its row {key} of {table.name} {why} what"
        " is to be imported. Nothing was changed; import into an empty database, or a"
        " configuration that goes on from the one that is there."
    )


def _refuse_changed_lists(
    kind: _Versioned,
    rows: Mapping[str, Rows],
    present: Mapping[str, frozenset[tuple[object, ...]]],
) -> None:
    """Conflict when entries would be added to a list that is there: lists never change."""
    lists = present.get(kind.lists.name, frozenset())
    entries = present.get(kind.entries.name, frozenset())
    for row in rows.get(kind.entries.name, ()) if lists else ():
        if (row[kind.list_id],) in lists and (row["id"], row[kind.list_id]) not in entries:
            raise Conflict(
                f"The database has {kind.lists.name} {row[kind.list_id]} already, with other"
                f" entries than what is to be imported ({kind.items.name} {row['id']})."
                " Nothing was changed."
            )


def _check_references(
    table: Table, rows: Mapping[str, Rows], present: Mapping[str, frozenset[tuple[object, ...]]]
) -> None:
    """BadInput for the first row that refers to a row that is nowhere."""
    keys = [column.name for column in table.primary_key.columns]
    for reference in table.foreign_keys:
        target = reference.column.table.name
        known = {key[0] for key in present[target]}
        known.update(row["id"] for row in rows.get(target, ()))
        name = reference.parent.name
        for row in rows[table.name]:
            if row[name] not in known:
                raise BadInput(
                    f"{table.name}, row {_key(keys, [row[key] for key in keys])}:"
                    f' "{name}" refers to {target} {row[name]}, which doesn\'t exist.'
                )


def _insert(
    connection: Connection, table: Table, rows: Rows, present: frozenset[tuple[object, ...]]
) -> int:
    """Writes the rows that aren't there yet, and lets the sequence go on after them."""
    keys = [column.name for column in table.primary_key.columns]
    new = [row for row in rows if tuple(row[key] for key in keys) not in present]
    if not new:
        return 0
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    try:
        connection.execute(
            text(
                f'INSERT INTO "{table.name}" ({columns}) SELECT {columns} FROM {_incoming(table)}'
            ),
            {"rows": _json(new)},
        )
    except sa_exc.DataError as error:
        raise BadInput(f"{table.name}: {str(error.orig).splitlines()[0]}.") from error
    connection.execute(
        text(
            "SELECT setval(sequence, greatest(nextval(sequence),"
            f' (SELECT max(id) + 1 FROM "{table.name}")), false)'
            f" FROM pg_get_serial_sequence('\"{table.name}\"', 'id') AS sequence"
            " WHERE sequence IS NOT NULL"
        )
    )
    return len(new)


def _incoming(table: Table) -> str:
    """The rows given as JSON text in `:rows`, as rows of the table."""
    return f'json_populate_recordset(CAST(NULL AS "{table.name}"), CAST(:rows AS json))'


def _key(names: Sequence[str], values: Sequence[object]) -> str:
    if len(names) == 1:
        return str(values[0])
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))


def _json(rows: Rows) -> str:
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _checked_rows(table: Table, rows: Rows) -> Rows:
    """The rows with every column there; BadInput for the first that doesn't fit the table."""
    if not isinstance(rows, list | tuple):
        raise BadInput(f"{table.name} must be a list of rows.")
    now = datetime.now(UTC).isoformat()
    columns = list(table.columns)
    names = {column.name for column in columns}
    unique = [
        [column.name for column in constraint.columns]
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    ]
    seen: list[set[tuple[JsonValue, ...]]] = [set() for _ in unique]
    checked: list[JsonObject] = []
    for position, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise BadInput(f"{table.name}, row {position}: it is no object.")
        where = f"{table.name}, row {row.get('id', position)}"
        if not row.keys() <= names:
            unknown = min(row.keys() - names)
            raise BadInput(f'{where}: the table has no column "{unknown}".')
        full = {column.name: _checked_value(where, column, row, now) for column in columns}
        for fields, values in zip(unique, seen, strict=True):
            value = tuple(full[name] for name in fields)
            if value in values:
                raise BadInput(f"{where}: another row has the same {' and '.join(fields)}.")
            values.add(value)
        checked.append(full)
    return checked


def _checked_value(where: str, column: Column[object], row: JsonObject, now: str) -> JsonValue:
    name, kind = column.name, column.type
    value = row.get(name)
    if isinstance(kind, sa.DateTime):
        if value is None:
            return now
        try:
            when = datetime.fromisoformat(cast("str", value))
        except (TypeError, ValueError):
            raise BadInput(f'{where}: "{name}" is {value!r}, not a date and time.') from None
        # A time without a zone would depend on the zone of the server.
        return value if when.tzinfo else when.replace(tzinfo=UTC).isoformat()
    if value is None and column is tables.json_classifier.c.name:
        # The production database has rules without a name, the shared schema wants one.
        return ""
    if value is None:
        if column.nullable:
            return None
        raise BadInput(f'{where}: "{name}" is missing.')
    if isinstance(kind, JSONB):
        return value
    if isinstance(kind, sa.Boolean):
        fits, wanted = isinstance(value, bool), "true or false"
    elif isinstance(kind, sa.Integer):
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
        wanted = "a whole number"
    else:
        limit = kind.length if isinstance(kind, sa.String) else None
        fits = isinstance(value, str) and (limit is None or len(value) <= limit)
        wanted = "a text" if limit is None else f"a text of at most {limit} characters"
    if not fits:
        raise BadInput(f'{where}: "{name}" is {value!r}, not {wanted}.')
    return value


def _timeless(table: Table, rows: Rows) -> list[str]:
    """The rows as sorted texts, without when they were written."""
    names = [column.name for column in table.columns if not isinstance(column.type, sa.DateTime)]
    return sorted(json.dumps([row[name] for name in names], sort_keys=True) for row in rows)


def _as_json(row: Mapping[str, object]) -> JsonObject:
    return {
        name: value.astimezone(UTC).isoformat()
        if isinstance(value, datetime)
        else cast("JsonValue", value)
        for name, value in row.items()
    }
