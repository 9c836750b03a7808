"""The actions of the window against the commands, and both against what the services refuse."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication

from app.cli import commands
from app.cli.arguments import Parser
from app.demo.simulated_oms import SimulatedOms
from app.domain.configuration.in_force import Configuration, Workspace
from app.domain.configuration.rights import rights
from app.views.actions import ActionRow
from tests.builders import a_run
from tests.cli.conftest import PERSON, RunRegistry
from tests.cli.test_usage import words_of

sys.path.insert(0, str(Path(__file__).parents[2] / "packaging"))

import list_actions

SIGNED_OFF, OPEN_RUN = 396370, 396372
"""The runs of the examples in the help of the commands."""


@dataclass(frozen=True)
class Declared:
    """The actions of the window, the menu of each, the keys of its widgets."""

    rows: tuple[ActionRow, ...]
    menus: dict[str, str]
    keys: tuple[str, ...]
    page: str


@pytest.fixture(scope="module")
def declared(qapp: QApplication) -> Declared:
    """What the window declares."""
    with list_actions.unconnected_window() as window:
        actions = window.actions_
        own = {made.impossible for made in actions._made.values()}
        keys = [each.key() for each in window.findChildren(QShortcut) if each not in own]
        return Declared(
            actions.rows,
            {row.id: actions.menu_of(row.id) for row in actions.rows},
            tuple(each.toString(QKeySequence.SequenceFormat.PortableText) for each in keys),
            list_actions.page(actions),
        )


@pytest.fixture
def parsers() -> dict[str, Parser]:
    """The parser of every command."""
    return dict(words_of(commands.parser("1")))


def arguments_of(parser: Parser) -> tuple[set[str], set[str]]:
    """Names of all arguments of a command, and of those that are required."""
    named = {
        max((*each.option_strings, str(each.metavar or each.dest).lower()), key=is_option): each
        for each in parser._actions
    }
    required = {name for name, each in named.items() if each.required}
    return set(named), required


def is_option(name: str) -> int:
    """Long options before short ones before arguments without a name."""
    return name.startswith("-") + name.startswith("--")


def writing(parser: Parser) -> bool | str:
    return parser.get_default("writes_database")


def test_that_every_action_has_commands_or_says_why_not(declared):
    wrong = [row.id for row in declared.rows if bool(row.commands) == bool(row.no_command)]
    assert wrong == []


def test_that_every_command_of_an_action_exists_and_takes_what_is_chosen_there(declared, parsers):
    wrong = []
    for row in declared.rows:
        missing = [command for command in row.commands if command not in parsers]
        wrong += [f"{row.id}: there is no command {command}" for command in missing]
        known, required = set(), set()
        for command in row.commands:
            if command in parsers:
                of_command = arguments_of(parsers[command])
                known, required = known | of_command[0], required | of_command[1]
        unknown = set(row.parameters) - known
        wrong += [f"{row.id}: {row.commands} don't take {name}" for name in sorted(unknown)]
        missing_here = required - set(row.parameters)
        wrong += [f"{row.id}: {row.commands} require {name}" for name in sorted(missing_here)]
    assert wrong == []


def test_that_every_command_that_writes_is_an_action_or_says_where_it_is(declared, parsers):
    of_actions = {command for row in declared.rows for command in row.commands}
    write = {command for command, parser in parsers.items() if writing(parser)}
    assert sorted(write - of_actions) == sorted(list_actions.ELSEWHERE)


def test_that_who_may_is_said_of_every_action_that_writes_and_of_no_other(declared, parsers):
    for row in declared.rows:
        writes = any(writing(parsers[command]) for command in row.commands)
        said = bool(row.who) + (row.right is not None)
        assert said == (1 if writes else 0), row.id


def test_that_every_action_is_in_a_menu_with_a_name_and_a_tip(declared):
    assert [id_ for id_, menu in declared.menus.items() if not menu] == []
    names = [f"{declared.menus[row.id]}: {row.text}" for row in declared.rows]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert [row.id for row in declared.rows if not row.tip] == []


def test_that_no_key_is_used_twice(declared):
    keys = [QKeySequence(row.shortcut).toString() for row in declared.rows if row.shortcut]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []
    # A widget's own key would be ambiguous with that of the window.
    assert sorted(set(keys) & set(declared.keys)) == []


def test_that_the_page_lists_what_is_declared(declared):
    written = list_actions.PAGE.read_text("utf-8")
    assert declared.page == written, "run python packaging/list_actions.py"


def test_that_who_has_the_right_of_an_action_is_listed_with_the_permissions(declared):
    online = Workspace("dt", online=True, columns=("dt-dt",))
    offline = Workspace("dt", online=False, columns=("dt-dt",))
    listed = rights(Configuration(1, workspaces=(online, offline)))
    paths = [path for right in listed for path in right.paths]
    missing = [
        path
        for row in declared.rows
        for path in (row.right() if row.right is not None else ())
        if not any(pattern_of(path).match(each) for each in paths)
    ]
    assert missing == []


@pytest.fixture
def examples_registry(run_registry, empty_dsn, tmp_path, monkeypatch) -> Iterator[RunRegistry]:
    """A database in which the examples of the help have a meaning."""
    oms_runs = [a_run(SIGNED_OFF), a_run(OPEN_RUN)]

    def run(*words: object):
        return run_registry("--dsn", empty_dsn, *words)

    monkeypatch.chdir(tmp_path)
    (tmp_path / "lumi.csv").write_text("#run:fill,ls,time\n")
    with SimulatedOms(
        [run.attributes for run in oms_runs],
        {run.run_number: run.lumisections for run in oms_runs},
    ) as oms:
        monkeypatch.setenv("RUN_REGISTRY_OMS_URL", oms.url)
        for words in (
            ("db", "init", "--default-configuration"),
            ("pull",),
            ("runs", "move", SIGNED_OFF, "SIGNOFF"),
            ("cycles", "create", "week", "--deadline", "2026-01-01", "--run", SIGNED_OFF),
        ):
            done = run(*words)
            assert done.code == 0, done.err
        yield run


def pattern_of(path: str) -> re.Pattern[str]:
    return re.compile(
        "".join(
            "[^/]+" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{\w+\})", path)
        )
    )


def test_that_services_refuse_exactly_the_rights_that_actions_declare(
    declared, parsers, examples_registry: Callable[..., object], monkeypatch
):
    paths: dict[str, set[str]] = {}
    for row in declared.rows:
        for command in row.commands if row.right is not None else ():
            paths.setdefault(command, set()).update(row.right())
    monkeypatch.setenv("RUN_REGISTRY_EGROUPS", "nobodies")
    wrong = []
    for command, declared_paths in paths.items():
        example = parsers[command].get_default("example")
        if not example:
            wrong.append(f"{command}: its help has no example")
            continue
        told = examples_registry(*command.split(), *shlex.split(example)).err.splitlines()
        # Below it stand the pages of the e-groups.
        said = next((line for line in told if " may not do this (" in line), told[-1])
        refused = re.search(rf"{re.escape(PERSON)} may not do this \((.*?)\)\.", said)
        if refused is None:
            wrong.append(f"{command}: {said}")
            continue
        wrong += [
            f"{command}: its service checks {path}, declared are {sorted(declared_paths)}"
            for path in refused[1].split(" or ")
            if not any(pattern_of(each).fullmatch(path) for each in declared_paths)
        ]
    assert wrong == []
