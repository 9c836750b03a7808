"""The command line as a whole: its tree of words. A branch is loaded when it is asked for."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

from app import garbage
from app.cli.parser import Arguments, Commands, Parser, UsageError, common_options
from app.cli.words import HELP, MODULES

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


def parser(version: str) -> Parser:
    """The parser of all commands."""
    return _parser(version, frozenset(HELP))


@cache
def _parser(version: str, wanted: frozenset[str]) -> Parser:
    """A parser that knows all first words, and what may stand behind the `wanted` ones: to load and
    make everything takes longer than most commands do."""
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
    with garbage.by_hand():
        for module, those in MODULES.items():
            if wanted.isdisjoint(those):
                for word, text in those.items():
                    words.add_parser(word, help=text)
            else:
                import_module(f"app.cli.{module}").add(words, common)
    return root


def parse(words: Sequence[str], version: str) -> Arguments:
    """The arguments of a command line. Raises UsageError."""
    if any("\0" in word for word in words):
        raise UsageError("The command line holds the character U+0000.")
    # One more than needed may be among them: what an option says can be a word, too.
    found = _parser(version, frozenset(HELP).intersection(words)).parse_args(_joined(words))
    for name, default in _DEFAULTS.items():
        if not hasattr(found, name):
            setattr(found, name, default)
    if found.screenshot is not None and found.command is not None and found.words != "open":
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
