"""Whole tables that the configuration once was, brought into force again."""

from collections.abc import Mapping
from typing import cast

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from app.domain.configuration.in_force import Kind
from app.models.configuration.editing import note, replace_list
from app.models.configuration.lists import CONFIGURATION_TABLES, VERSIONED, lists_of
from app.models.configuration.whole_tables import (
    Rows,
    checked_rows,
    export_tables,
    timeless,
)
from app.models.configuration.workspaces import columns_by_id, retire_column
from app.models.schemas import tables

_IN_PLACE = (tables.workspace, tables.workspace_column)
"""What has no versions: its rows change."""


def earlier_version(connection: Connection, given: Mapping[str, Rows]) -> int | None:
    """The version of the configuration that the given tables end with, when what is there goes on
    from them; None when it is the same, or another configuration. BadInput as in an import."""
    present = export_tables(connection)
    same = True
    for table in CONFIGURATION_TABLES:
        if table.name not in given:
            return None
        rows = checked_rows(table, given[table.name])
        then, now = set(timeless(table, rows)), set(timeless(table, present[table.name]))
        same = same and then == now
        if table in _IN_PLACE:
            then, now = ({str(row["id"]) for row in each} for each in (rows, present[table.name]))
        if not then <= now:
            return None
    versions = [cast("int", row["id"]) for row in given["Settings"]]
    return None if same or not versions else max(versions)


def go_back(connection: Connection, given: Mapping[str, Rows], version: int, by: str) -> int:
    """Brings a version that the given tables hold into force again, item for item, as a new one;
    returns its settings id. Workspaces and columns that were added since are retired."""
    _put_back(connection, tables.workspace, given, ("workspace", "online_or_offline"))
    _put_back(connection, tables.workspace_column, given, ("name", "id_workspace"))
    then = {cast("int", row["id"]) for row in given["WorkspaceColumn"]}
    for id_, column in columns_by_id(connection).items():
        if id_ not in then and not column.retired:
            retire_column(connection, column.name, online=column.online)
    (settings,) = (row for row in given["Settings"] if row["id"] == version)
    now = lists_of(connection, None)
    made = note(connection, by, f"as version {version}")
    for kind in Kind:
        names = VERSIONED[kind]
        wanted = {
            cast("int", row["id"])
            for row in given[names.entries.name]
            if row[names.list_id] == settings[names.list_id]
        }
        in_force = connection.execute(
            sa.select(names.entries.c.id).where(
                names.entries.c[names.list_id] == now[names.list_id]
            )
        ).scalars()
        if wanted != set(in_force):
            made = replace_list(connection, kind, wanted, by)
    return made


def _put_back(
    connection: Connection, table: Table, given: Mapping[str, Rows], names: tuple[str, ...]
) -> None:
    for row in given[table.name]:
        values = {name: row[name] for name in names}
        different = sa.or_(*(table.c[name] != value for name, value in values.items()))
        connection.execute(
            table.update()
            .where(table.c.id == row["id"], different)
            .values(**values, updatedAt=sa.func.now())
        )
