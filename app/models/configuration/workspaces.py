"""Workspaces and their columns, which no version of the configuration has.

A column that is retired keeps its row and its id, under a workspace of the same name that is
neither online nor offline: the web service shows only those two, classifiers go on referring to
it, and it can be brought back.
"""

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.configuration.in_force import Workspace
from app.models.schemas.tables import workspace, workspace_column

_RETIRED = " (retired)"


class Column(NamedTuple):
    """A column `{workspace}-{name}` by its row, retired or not."""

    name: str
    online: bool
    retired: bool


def columns_by_id(connection: Connection) -> dict[int, Column]:
    """Columns by the id that component classifiers give, retired ones too."""
    return {
        id_: Column(f"{owner}-{name}", _is_online(where), _is_retired(where))
        for id_, name, owner, where in connection.execute(
            sa.select(
                workspace_column.c.id,
                workspace_column.c.name,
                workspace.c.workspace,
                workspace.c.online_or_offline,
            ).join_from(workspace_column, workspace)
        )
    }


def read_workspaces(connection: Connection, *, retired: bool = False) -> tuple[Workspace, ...]:
    """The workspaces in use with their columns in use; or those that are retired, wholly or in
    part, with their retired columns."""
    rows = connection.execute(
        sa.select(
            workspace.c.workspace, workspace.c.online_or_offline, workspace_column.c.name
        ).outerjoin_from(workspace, workspace_column)
    ).all()
    columns: dict[tuple[str, bool], list[str]] = {}
    in_use = {(row[0], _is_online(row[1])) for row in rows if not _is_retired(row[1])}
    for name, where, column in rows:
        if _is_retired(where) is not retired:
            continue
        if retired and column is None and (name, _is_online(where)) in in_use:
            # All its columns were brought back.
            continue
        of_workspace = columns.setdefault((name, _is_online(where)), [])
        if column is not None:
            of_workspace.append(f"{name}-{column}")
    return tuple(
        Workspace(name, online, tuple(sorted(columns[name, online])))
        for name, online in sorted(columns)
    )


def put_column(connection: Connection, column: str, *, online: bool) -> None:
    """Makes a column `{workspace}-{name}` of a workspace in use; one that was retired is the same
    again, with its id."""
    owner, _, name = column.partition("-")
    place = _place(connection, owner, online=online, retired=False)
    former = _find(connection, owner, online=online, retired=True)
    if former is not None and _move(connection, name, former, place):
        return
    now = sa.func.now()
    connection.execute(
        workspace_column.insert().values(
            id_workspace=place, name=name, createdAt=now, updatedAt=now
        )
    )


def retire_column(connection: Connection, column: str, *, online: bool) -> None:
    """Takes a column that is in use out of use."""
    owner, _, name = column.partition("-")
    place = _place(connection, owner, online=online, retired=False)
    former = _place(connection, owner, online=online, retired=True)
    _move(connection, name, place, former)


def put_workspace(connection: Connection, name: str, *, online: bool) -> None:
    """Makes a workspace that isn't there, without columns; a retired one comes back whole."""
    former = _find(connection, name, online=online, retired=True)
    if former is None:
        _place(connection, name, online=online, retired=False)
    else:
        _rename(connection, former, _where(online=online, retired=False))


def retire_workspace(connection: Connection, name: str, *, online: bool) -> None:
    """Takes a workspace with all its columns out of use."""
    place = _place(connection, name, online=online, retired=False)
    former = _find(connection, name, online=online, retired=True)
    if former is None:
        _rename(connection, place, _where(online=online, retired=True))
        return
    connection.execute(
        workspace_column.update()
        .where(workspace_column.c.id_workspace == place)
        .values(id_workspace=former, updatedAt=sa.func.now())
    )
    connection.execute(workspace.delete().where(workspace.c.id == place))


def _find(connection: Connection, name: str, *, online: bool, retired: bool) -> int | None:
    found: int | None = connection.execute(
        sa.select(workspace.c.id).where(
            workspace.c.workspace == name,
            workspace.c.online_or_offline == _where(online=online, retired=retired),
        )
    ).scalar_one_or_none()
    return found


def _place(connection: Connection, name: str, *, online: bool, retired: bool) -> int:
    """Id of a workspace, made when it isn't there."""
    found = _find(connection, name, online=online, retired=retired)
    if found is not None:
        return found
    now = sa.func.now()
    return int(
        connection.execute(
            workspace.insert()
            .values(
                workspace=name,
                online_or_offline=_where(online=online, retired=retired),
                createdAt=now,
                updatedAt=now,
            )
            .returning(workspace.c.id)
        ).scalar_one()
    )


def _move(connection: Connection, name: str, from_: int, to: int) -> bool:
    return (
        connection.execute(
            workspace_column.update()
            .where(workspace_column.c.id_workspace == from_, workspace_column.c.name == name)
            .values(id_workspace=to, updatedAt=sa.func.now())
        ).rowcount
        > 0
    )


def _rename(connection: Connection, id_: int, where: str) -> None:
    connection.execute(
        workspace.update()
        .where(workspace.c.id == id_)
        .values(online_or_offline=where, updatedAt=sa.func.now())
    )


def _where(*, online: bool, retired: bool) -> str:
    return f"{'online' if online else 'offline'}{_RETIRED if retired else ''}"


def _is_online(where: str) -> bool:
    return where.removesuffix(_RETIRED) == "online"


def _is_retired(where: str) -> bool:
    return where.endswith(_RETIRED)


def ids_in_use(columns: Mapping[int, Column]) -> dict[tuple[str, bool], int]:
    """Ids of the columns in use, by name and whether they are online."""
    return {
        (column.name, column.online): id_ for id_, column in columns.items() if not column.retired
    }
