"""Whole tables of the configuration, imported and exported as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table, text
from sqlalchemy import exc as sa_exc
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.clock import server_now
from app.domain.errors import BadInput, Conflict
from app.domain.json_value import JsonObject, JsonValue, json_text
from app.models.configuration.lists import (
    CONFIGURATION_TABLES,
    VERSIONED,
    Versioned,
    as_json,
    lock,
)
from app.models.configuration.reading import settings_in_force
from app.models.schemas import tables

Rows = Sequence[JsonObject]


@dataclass(frozen=True)
class ImportReport:
    """What an import did: rows written by table, lists made because settings name them;
    `went_back_to` is the version that was there already and is in force again."""

    settings_id: int
    written: Mapping[str, int] = field(default_factory=dict)
    made_lists: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    went_back_to: int | None = None


def export_tables(connection: Connection) -> dict[str, list[JsonObject]]:
    """All rows of the configuration, by table and primary key; times in UTC."""
    return {
        table.name: [
            as_json(dict(row))
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
        timeless(table, present[table.name])
        == timeless(table, checked_rows(table, given.get(table.name, ())))
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
    rows = {table.name: checked_rows(table, given[table.name]) for table in ours}
    lock(connection)
    if rows.get("Settings"):
        _drop_first_settings(connection)
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
    for kind in VERSIONED.values():
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
    )


_REFERRED = frozenset(
    key.column.table.name for table in CONFIGURATION_TABLES for key in table.foreign_keys
)


def _drop_first_settings(connection: Connection) -> None:
    """Takes away the settings row that a new database has, when nothing else refers to it."""
    if not is_untouched(connection):
        return
    connection.execute(tables.settings.delete())
    for lists in tables.SETTINGS_LISTS.values():
        connection.execute(lists.delete())


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
    kind: Versioned,
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
    return json_text(rows, compact=True)


def checked_rows(table: Table, rows: Rows) -> Rows:
    """The rows with every column there; BadInput for the first that doesn't fit the table."""
    if not isinstance(rows, list | tuple):
        raise BadInput(f"{table.name} must be a list of rows.")
    now = server_now().isoformat()
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
            raise BadInput(f"{table.name}, row {position}: it is not an object.")
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
        # Without a zone it would be one of the server; written as the server reads every time.
        zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
        try:
            return zoned.astimezone(UTC).isoformat()
        except OverflowError:
            raise BadInput(f'{where}: "{name}" is {value!r}, before or after all time.') from None
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


def timeless(table: Table, rows: Rows) -> list[str]:
    """The rows as sorted texts, without when they were written."""
    names = [column.name for column in table.columns if not isinstance(column.type, sa.DateTime)]
    return sorted(json_text([row[name] for name in names], ordered=True) for row in rows)
