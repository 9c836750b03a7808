"""The command line as a whole: its tree of words, and the running of one command."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from app.cli import door, licences, links, notifications, reports, settings
from app.cli.agents import commands as agents
from app.cli.arguments import Arguments, Commands, Parser, common_options
from app.cli.certification import (
    cycles,
    datasets,
    lumisections,
    notes,
    runs,
    second_eyes,
    todo,
    wishes,
)
from app.cli.configuration import commands as configuration
from app.cli.databases import connections, database, own_database, seal
from app.cli.golden import lists as golden
from app.cli.golden import luminosity
from app.cli.history import changes as history
from app.cli.history import log, undo
from app.cli.output import Answer, UsageError, complain
from app.cli.program import Program
from app.cli.pulling import dqm_gui, evidence, oms, puller
from app.cli.rights import guard, people
from app.domain.errors import again_when_cancelled
from app.models.database import outcome

_ABOUT = """\
Data certification of CMS: runs, lumisections, flags and golden JSON.

Without a command the window opens: on the database that was used last, at first the program's own
with a simulated OMS, or on that of --connection or --dsn."""

_EXIT_CODES = (
    "Exit codes: 0 done, 1 refused or unavailable, 2 wrong usage, 70 an error in the program."
)

_DEFAULTS: dict[str, object] = {
    "as_json": False,
    "is_service": False,
    "settings": None,
    "verbose": 0,
    "command": None,
    "dsn": None,
    "connection": None,
    "user": None,
    "oms_url": None,
    "data_folder": None,
}


@cache
def parser(version: str) -> Parser:
    """The parser of all commands, made once: that takes longer than most commands do."""
    common = common_options()
    root = Parser(prog="run-registry", description=_ABOUT, epilog=_EXIT_CODES, parents=[common])
    root.add_argument("--version", action="version", version=f"run-registry {version}")
    root.add_argument(
        "--headless",
        action="store_true",
        help="no window: pull, classify, sign off, generate, write golden JSON and a summary",
    )
    root.add_argument(
        "--out",
        type=Path,
        dest="folder",
        metavar="DIR",
        default=Path("run-registry-demo"),
        help="where --headless writes to (run-registry-demo)",
    )
    root.add_argument(
        "--screenshot",
        type=Path,
        metavar="FILE",
        help="open the window, save a picture of it, and end; `open LINK` says what of",
    )
    words: Commands = root.add_subparsers(title="commands", metavar="COMMAND")
    for part in (
        connections,
        settings,
        database,
        own_database,
        configuration,
        oms,
        puller,
        wishes,
        runs,
        datasets,
        cycles,
        second_eyes,
        todo,
        notes,
        dqm_gui,
        evidence,
        lumisections,
        history,
        log,
        undo,
        golden,
        luminosity,
        reports,
        agents,
        guard,
        people,
        seal,
        door,
        links,
        notifications,
        licences,
    ):
        part.add(words, common)
    return root


def parse(words: Sequence[str], version: str) -> Arguments:
    """The arguments of a command line. Raises UsageError."""
    found = parser(version).parse_args(_joined(words))
    for name, default in _DEFAULTS.items():
        if not hasattr(found, name):
            setattr(found, name, default)
    if found.screenshot is not None and found.command not in (None, links.show):
        raise UsageError("--screenshot takes no command but open LINK.")
    return found


def _joined(words: Sequence[str]) -> list[str]:
    """`--sort -recorded` as `--sort=-recorded`, which argparse doesn't take for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--sort":
            joined[-1] = f"--sort={word}"
        else:
            joined.append(word)
    return joined


def given_settings(arguments: Arguments) -> dict[str, object]:
    """The settings that the command line names."""
    names = ("dsn", "connection", "user", "oms_url", "data_folder")
    return {name: getattr(arguments, name) for name in names}


def writes(arguments: Arguments) -> bool:
    """Whether the command that was asked for changes the database."""
    writing: bool | str = arguments.writes_database
    if getattr(arguments, "dry_run", False):
        return False
    return bool(getattr(arguments, writing)) if isinstance(writing, str) else writing


def run(program: Program, arguments: Arguments) -> Answer:
    """Does what the arguments say."""

    def act() -> object:
        return arguments.command(program, arguments)

    if writes(arguments):
        with _found_is_told(aloud=not arguments.verbose):
            answer = act()
    else:
        answer = again_when_cancelled(act)
    assert isinstance(answer, Answer)
    return answer


class _Complaining(logging.Handler):
    """Says on the terminal what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


@contextmanager
def _found_is_told(*, aloud: bool) -> Iterator[None]:
    """Meanwhile it is said when a change is there although its answer was lost; not `aloud` where
    the log is on the terminal anyway."""
    handler = _Complaining(logging.WARNING if aloud else logging.CRITICAL)
    outcome.logger.addHandler(handler)
    try:
        yield
    finally:
        outcome.logger.removeHandler(handler)
