"""Lists what can be done in the window, from the declarations of its actions.

python packaging/list_actions.py           writes docs/actions.md
python packaging/list_actions.py --check   exits with 1 when the page is not what is declared
"""

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from app import assets
from app.domain.configuration.in_force import Configuration, Workspace
from app.domain.configuration.permissions import Permissions
from app.domain.configuration.rights import rights
from app.domain.identity import NOBODY
from app.domain.rights.actions import ACTIONS
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.configuration import in_force
from app.services.news import News
from app.services.pulling.pullers import Pullers
from app.views.actions import ActionRow, Actions
from app.views.background import Background
from app.views.frame.main_window import MainWindow
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.session import DatabaseKind, Session, WebAddresses, Workplace

PAGE = Path(__file__).resolve().parent.parent / "docs" / "actions.md"

_BUTTON = "A button of the place"
_ADMINISTRATOR = "The administrator of a database does it on the command line."
ELSEWHERE = {
    "db init": "The window opens no empty database; it names this command.",
    "db index": "The window makes them by itself on a small database.",
    "db take-in": "An elected client does it by itself, little by little.",
    "db upgrade": _ADMINISTRATOR,
    "db upgrade-server": "It takes the database away from an open window.",
    "restore": "It takes the database away from an open window.",
    "db guard install": _ADMINISTRATOR,
    "db guard remove": _ADMINISTRATOR,
    "people add": _ADMINISTRATOR,
    "people disable": _ADMINISTRATOR,
    "logins add": _ADMINISTRATOR,
    "egroups sync": _ADMINISTRATOR,
    "serve": "The window answers a person, the door answers scripts.",
    "seal now": "Each window seals by itself; this is for a machine without one.",
    "config import": "A whole configuration comes from files; lists are edited in Configuration.",
    "config restore": f"{_BUTTON} Configuration, under *Versions*.",
    "config add-workspace": f"{_BUTTON} Configuration, *Workspaces*.",
    "config add-column": f"{_BUTTON} Configuration, *Workspaces*.",
    "config retire-workspace": f"{_BUTTON} Configuration, *Workspaces*.",
    "config retire-column": f"{_BUTTON} Configuration, *Workspaces*.",
    "notes reply": "*Answer* in *Notes*.",
    "notes correct": "*Correct* in *Notes*.",
    "notes take-back": "*Take back* in *Notes*.",
    "agent retire": f"{_BUTTON} Agents.",
    "agent propose": "An agent submits its values; people decide about them in the window.",
    "agent run": "An agent works by itself; people decide in the window on what it proposes.",
    "agent accept": "*Accept* (A) in the proposals above the grid.",
    "agent reject": "*Reject* (R) in the proposals above the grid.",
}
"""Commands that write and that no menu has, with the reason or where they are in the window."""

_HEAD = """\
# Actions

What can be done from the menus and the command palette (`Ctrl+K`), with its key, the command that
does the same, and the right that it needs. `{name}` in a right stands for what is chosen. Keys of
the grid are in the window under `Shift+F1`; the commands are explained in
[command-line.md](command-line.md). This page is made from the program
(`python packaging/list_actions.py`); a test compares it.

| action | key | command | who may |
| --- | --- | --- | --- |
"""

_REST = """
## Commands without an action

These commands write, too, and no menu has them.

| command | in the window |
| --- | --- |
"""

_RIGHTS = """
## What each right is for

Services go by this table, and so does the guard of a database, whoever writes: what is written is
allowed when one of the actions that write it is. The e-groups are those of the configuration that
an empty database gets; *in part* are those that have it for some states, workspaces or columns.

| action | writes | right | what must be true | e-groups | in part |
| --- | --- | --- | --- | --- | --- |
"""


@contextmanager
def unconnected_window() -> Iterator[MainWindow]:
    """The window with every action, which reads no database."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    known = QApplication.instance()
    application = known if isinstance(known, QApplication) else QApplication([])
    look, colours = application.styleSheet(), application.palette()
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(1) as pool, tempfile.TemporaryDirectory() as folder:
        background = Background(loop, pool)
        background.stop()
        acting = Acting(Database("postgresql://nobody@localhost/nowhere"), NOBODY)
        session = Session("nowhere", DatabaseKind.TEST, "nobody")
        workplace = Workplace(acting, session, News(acting), Pullers(), WebAddresses())
        remembered = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        themes = Themes(application, "light")
        window = MainWindow(PlaceContext(workplace, background, Notices(), themes, remembered))
        window.stop_wanted.connect(window.stopped)
        yield window
        window.close()
        window.deleteLater()
        application.processEvents()
        themes.close()
        application.setStyleSheet(look)
        application.setPalette(colours)
        acting.db.close()
    loop.close()


def page(actions: Actions) -> str:
    """The page as it has to be."""
    lines = [
        f"| {_name(actions, row)} | {_code(row.shortcut)} | {_command(row)} | {_who(row)} |"
        for row in actions.rows
    ]
    rest = [f"| `{command}` | {where} |" for command, where in ELSEWHERE.items()]
    return "\n".join((_HEAD + lines[0], *lines[1:], _RIGHTS + "\n".join(_rights()))) + (
        "\n" + _REST + "\n".join(rest) + "\n"
    )


def _rights() -> Iterator[str]:
    """A line for each action of the table that services and guard go by."""
    workspaces = _shipped_workspaces()
    names = {each.name for each in workspaces}
    permissions = Permissions((row["egroup"], row["routes"]) for row in _shipped("Permission"))
    paths = {
        path for right in rights(Configuration(1, workspaces=workspaces)) for path in right.paths
    }
    for action in ACTIONS:
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", action.path.template))
        allowed = [set(permissions.egroups_for(path)) for path in paths if pattern.fullmatch(path)]
        always = set.intersection(*allowed)
        in_part = {_of_any(egroup, names) for egroup in set.union(*allowed) - always}
        always = {_of_any(egroup, names) for egroup in always}
        needs = "; ".join(need.value for need in action.needs)
        yield (
            f"| {action.words} | {action.content.value} | {_code(action.path.template)} | {needs} |"
            f" {', '.join(sorted(always))} | {', '.join(sorted(in_part))} |"
        )


def _of_any(egroup: str, workspaces: Collection[str]) -> str:
    """The name of an e-group that each workspace has one of, with a place for the workspace."""
    # The first part is that of all CMS, which is a workspace, too.
    first, *parts = egroup.split("-")
    return "-".join((first, *("{workspace}" if each in workspaces else each for each in parts)))


def _shipped(table: str) -> list[dict[str, Any]]:
    path = assets.path(in_force.SHIPPED) / f"{table}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return rows


def _shipped_workspaces() -> tuple[Workspace, ...]:
    columns = _shipped("WorkspaceColumn")
    return tuple(
        Workspace(
            row["workspace"],
            row["online_or_offline"] == "online",
            tuple(
                f"{row['workspace']}-{column['name']}"
                for column in columns
                if column["id_workspace"] == row["id"]
            ),
        )
        for row in _shipped("Workspace")
    )


def _name(actions: Actions, row: ActionRow) -> str:
    return f"{actions.menu_of(row.id)}: {row.text.removesuffix('...')}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _command(row: ActionRow) -> str:
    return ", ".join(map(_code, row.commands)) or row.no_command


def _who(row: ActionRow) -> str:
    return row.who if row.right is None else " or ".join(map(_code, dict.fromkeys(row.right())))


def main(arguments: list[str]) -> int:
    with unconnected_window() as window:
        text = page(window.actions_)
    if arguments == ["--check"]:
        return 0 if PAGE.is_file() and PAGE.read_text("utf-8") == text else 1
    PAGE.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
