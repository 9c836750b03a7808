"""Actions against e-groups, on a guarded database: window, command line and SQL say the same."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from app.cli import commands
from app.domain.configuration.permissions import Permissions
from app.domain.configuration.rights import rights
from app.services.acting import Acting, OfLogin
from app.services.configuration import in_force
from tests.cli.conftest import RunRegistry
from tests.cli.test_actions import OPEN_RUN as OPEN_OF_HELP
from tests.cli.test_actions import SIGNED_OFF, Declared, declared, pattern_of
from tests.cli.test_usage import words_of
from tests.models.guard.conftest import Login, come_in, guarded_dsn, guarded_template
from tests.models.guard.guarded import FIRST, LOGINS, OPEN_RUN, address

__all__ = ["come_in", "declared", "guarded_dsn", "guarded_template"]

PEOPLE = [login for login in LOGINS if login != "g_gone"]
_REFUSED = re.compile(r" may not do this \((.*?)\)\.")


@dataclass(frozen=True)
class Asked:
    """An action of the window with paths of which one must be allowed, all names filled in."""

    id: str
    commands: tuple[str, ...]
    paths: tuple[str, ...]


def matrix(declared: Declared, acting: Acting) -> Iterator[Asked]:
    """Each action that needs a right, once for each way to fill the names in its paths."""
    known = [path for right in rights(in_force.current(acting)) for path in right.paths]
    for row in declared.rows:
        if row.right is not None:
            for path in row.right():
                for filled in dict.fromkeys(each for each in known if pattern_of(path).match(each)):
                    yield Asked(row.id, row.commands, (filled,))


def test_that_window_and_database_allow_each_action_to_the_same_e_groups(
    declared: Declared,
    come_in: Login,
    guarded_dsn: str,
) -> None:
    allowed: dict[str, set[str]] = {}
    differ: list[str] = []
    for login in PEOPLE:
        database = come_in(login)
        acting = Acting(database, OfLogin(database))
        permissions: Permissions = in_force.current(acting).permissions
        asked = [*matrix(declared, acting)]
        with psycopg.connect(address(guarded_dsn, login)) as sql:
            for each in asked:
                # What greys the action is the sentence of the same permissions.
                window = permissions.why_not(acting.actor, each.paths) == ""
                may = sql.execute(
                    "SELECT bool_or(guard.may(path)) FROM unnest(%s::text[]) AS path",
                    (list(each.paths),),
                ).fetchone()
                if window:
                    allowed.setdefault(login, set()).add(each.id)
                if may != (window,):
                    differ.append(f"{login}: {each.id} {each.paths}")
    assert differ == []
    ids = {row.id for row in declared.rows if row.right is not None}
    assert allowed["g_expert"] == ids
    assert "g_nobody" not in allowed
    # A matrix of all or nothing would prove little.
    assert all(0 < len(allowed[login]) < len(ids) for login in ("g_shifter", "g_cycler", "g_tools"))


def test_that_the_command_line_refuses_whom_the_window_greys_an_action_for(
    declared: Declared,
    come_in: Login,
    guarded_dsn: str,
    run_registry: RunRegistry,
) -> None:
    parsers = dict(words_of(commands.parser("1")))
    of_command: dict[str, set[str]] = {}
    for row in declared.rows:
        for command in row.commands if row.right is not None else ():
            of_command.setdefault(command, set()).update(row.right())
    wrong: list[str] = []
    refused: set[str] = set()
    for login in ("g_nobody", "g_shifter", "g_tools"):
        database = come_in(login)
        acting = Acting(database, OfLogin(database))
        permissions: Permissions = in_force.current(acting).permissions
        known = [path for right in rights(in_force.current(acting)) for path in right.paths]
        for command, paths in of_command.items():
            filled = [each for path in paths for each in known if pattern_of(path).match(each)]
            if any(permissions.allows(acting.actor, path) for path in filled):
                continue  # What it allows in part depends on what is chosen; SQL and window agree.
            words = shlex.split(str(parsers[command].get_default("example")))
            words = [
                word.replace(str(SIGNED_OFF), str(FIRST)).replace(str(OPEN_OF_HELP), str(OPEN_RUN))
                for word in words
            ]
            done = run_registry("--dsn", address(guarded_dsn, login), *command.split(), *words)
            said = _REFUSED.search(done.err)
            if done.code == 0:
                wrong.append(f"{login} was let through: {command}")
            elif said is not None:
                refused.add(command)
    assert wrong == []
    # Their examples name datasets that aren't here, which is said before who may.
    assert set(of_command) - refused == {"cycles create", "datasets copy-column", "datasets move"}
