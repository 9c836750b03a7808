"""The parser of the command line, which refuses in one sentence. It needs nothing of the program,
so that help and version are there at once."""

import argparse
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

Arguments: TypeAlias = argparse.Namespace
# The class of what `add_subparsers` returns is private to argparse.
Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


class UsageError(Exception):
    """The command line can't be understood; `usage` is the line that shows how it is written."""

    def __init__(self, text: str, usage: str = "") -> None:
        super().__init__(text)
        self.usage = usage


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError, where argparse would end the program."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        options.setdefault("allow_abbrev", False)
        super().__init__(*args, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[0].upper()}{message[1:]}.", self.format_usage())


def common_options() -> Parser:
    """Options that stand before or after a command alike."""
    parser = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    options = parser.add_argument_group("everywhere")
    options.add_argument(
        "--dsn", metavar="URL", help="database, postgresql://user@host:port/name; else its own"
    )
    options.add_argument(
        "--connection", metavar="NAME", help="database, by the name of a kept connection"
    )
    options.add_argument("--as-user", metavar="EMAIL", dest="user", help="who acts")
    options.add_argument(
        "--json", action="store_true", dest="as_json", help="one JSON document instead of text"
    )
    options.add_argument(
        "--oms", metavar="URL", dest="oms_url", help="OMS, up to and with /agg/api/v1"
    )
    options.add_argument("--settings", metavar="FILE", type=Path, help="settings file")
    options.add_argument(
        "--data-folder", metavar="DIR", type=Path, help="folder of the program's own database"
    )
    options.add_argument("-v", "--verbose", action="count", help="say what happens; -vv everything")
    return parser
