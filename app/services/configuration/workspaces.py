"""Workspaces and their columns: added, retired without losing anything, brought back."""

import re
from dataclasses import dataclass

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
from app.services.configuration.in_force import current

_NAME = re.compile(r"[A-Za-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class WorkspaceColumns:
    """A workspace and its columns, `{workspace}-{column}`; `global` has the certifiable ones."""

    name: str
    columns: tuple[str, ...]


def with_columns(acting: Acting, *, online: bool) -> tuple[WorkspaceColumns, ...]:
    """The online or offline workspaces with their columns, `global` first, the others by name."""
    certifiable = CERTIFIABLE_ONLINE_COLUMNS if online else CERTIFIABLE_OFFLINE_COLUMNS
    known = sorted(current(acting).workspaces, key=lambda workspace: workspace.name)
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
    """Makes a workspace without columns; one that was retired comes back with all of its own."""
    _check_name(name, "workspace")
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(acting.actor, workspaces_path(online=online))
        if _find(configuration, name, online=online) is not None:
            raise Conflict(f'There is a workspace "{name}" in {_where(online)} already.')
        model.put_workspace(connection, name, online=online)
        model.note(connection, acting.actor.email, f"workspace {name} added in {_where(online)}")


def add_column(acting: Acting, column: str, *, online: bool) -> None:
    """Gives a workspace a column `{workspace}-{name}`; one that was retired is the same again."""
    owner, dash, name = column.partition("-")
    if not dash:
        raise BadInput(f'A column is written workspace-name, such as dt-dt, not "{column}".')
    _check_name(name, "column")
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(acting.actor, workspaces_path(online=online))
        if column in configuration.columns_of(owner, online=online):
            raise Conflict(f'There is a column "{column}" in {_where(online)} already.')
        model.put_column(connection, column, online=online)
        model.note(connection, acting.actor.email, f"column {column} added in {_where(online)}")


def retire_column(acting: Acting, column: str, *, online: bool) -> None:
    """Takes a column out of use: nobody edits or classifies it any more, what was said stays."""
    with acting.db.transaction() as connection:
        model.lock(connection)
        configuration = model.in_force(connection)
        configuration.permissions.check(acting.actor, workspaces_path(online=online))
        configuration.workspace_of(column, online=online)
        model.retire_column(connection, column, online=online)
        model.note(connection, acting.actor.email, f"column {column} retired in {_where(online)}")


def retire_workspace(acting: Acting, name: str, *, online: bool) -> None:
    """Takes a workspace with all its columns out of use."""
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
        (each for each in configuration.workspaces if each.name == name and each.online is online),
        None,
    )


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name) or name == GLOBAL:
        raise BadInput(
            f'"{name}" can\'t be the name of a {what}: letters, digits and _ only, at most 60,'
            f" and not {GLOBAL}."
        )


def _where(online: bool) -> str:
    return "online" if online else "offline"
