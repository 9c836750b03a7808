"""Workspaces and their columns: adding, retiring without losing values, and restoring."""

import re

from msgspec import Struct

from app.domain.configuration.in_force import (
    CERTIFIABLE_OFFLINE_COLUMNS,
    CERTIFIABLE_ONLINE_COLUMNS,
    GLOBAL,
    Configuration,
    Workspace,
)
from app.domain.configuration.permissions import workspaces_path
from app.domain.errors import BadInput, Conflict
from app.domain.text.names import not_found
from app.models import configuration as model
from app.services.acting import Acting

_NAME = re.compile(r"[A-Za-z0-9_]{1,60}")


class WorkspaceColumns(Struct, frozen=True):
    """A workspace and its columns, `{workspace}-{column}`; `global` has the certifiable ones."""

    name: str
    columns: tuple[str, ...]


def with_columns(acting: Acting, *, online: bool) -> tuple[WorkspaceColumns, ...]:
    """The online or offline workspaces with their columns, `global` first, the others by name."""
    certifiable = CERTIFIABLE_ONLINE_COLUMNS if online else CERTIFIABLE_OFFLINE_COLUMNS
    with acting.db.read() as connection:
        known = model.read_workspaces(connection)
    return (
        WorkspaceColumns(GLOBAL, tuple(certifiable)),
        *(
            WorkspaceColumns(workspace.name, workspace.columns)
            for workspace in known
            if workspace.online is online and workspace.name != GLOBAL
        ),
    )


def retired(acting: Acting) -> tuple[Workspace, ...]:
    """Workspaces with the columns of theirs that are retired."""
    with acting.db.read() as connection:
        return model.read_workspaces(connection, retired=True)


def add_workspace(acting: Acting, name: str, *, online: bool) -> None:
    """Adds a workspace without columns; a retired one is restored with its columns."""
    _check_name(name, "workspace")
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(acting.actor, workspaces_path(online=online))
        if _find(configuration, name, online=online) is not None:
            raise Conflict(f'There is already a workspace "{name}" in {_where(online)}.')
        model.put_workspace(connection, name, online=online)
        model.note(connection, acting.actor.email, f"workspace {name} added in {_where(online)}")


def add_column(acting: Acting, column: str, *, online: bool) -> None:
    """Adds a column `{workspace}-{name}` to a workspace; a retired one is restored."""
    owner, dash, name = column.partition("-")
    if not dash:
        raise BadInput(
            f'"{column}" is not a column: columns are named workspace-name, such as dt-dt.'
        )
    _check_name(name, "column")
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(acting.actor, workspaces_path(online=online))
        if column in configuration.columns_of(owner, online=online):
            raise Conflict(f'There is already a column "{column}" in {_where(online)}.')
        model.put_column(connection, column, online=online)
        model.note(connection, acting.actor.email, f"column {column} added in {_where(online)}")


def retire_column(acting: Acting, column: str, *, online: bool) -> None:
    """Retires a column: it is no longer edited or classified; its values are kept."""
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(acting.actor, workspaces_path(online=online))
        configuration.workspace_of(column, online=online)
        model.retire_column(connection, column, online=online)
        model.note(connection, acting.actor.email, f"column {column} retired in {_where(online)}")


def retire_workspace(acting: Acting, name: str, *, online: bool) -> None:
    """Retires a workspace with all its columns."""
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(acting.actor, workspaces_path(online=online))
        if _find(configuration, name, online=online) is None:
            known = (each.name for each in configuration.workspaces if each.online is online)
            raise not_found(f'There is no workspace "{name}" in {_where(online)}', name, known)
        model.retire_workspace(connection, name, online=online)
        model.note(connection, acting.actor.email, f"workspace {name} retired in {_where(online)}")


def _find(configuration: Configuration, name: str, *, online: bool) -> Workspace | None:
    return next(
        (
            workspace
            for workspace in configuration.workspaces
            if workspace.name == name and workspace.online is online
        ),
        None,
    )


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name) or name == GLOBAL:
        raise BadInput(
            f'"{name}" is not a valid name of a {what}: use 1 to 60 letters, digits and _, and not'
            f" {GLOBAL}."
        )


def _where(online: bool) -> str:
    return "online" if online else "offline"
