"""The arguments of commands: how each is added, and how its text is checked."""

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from app.cli.output import Answer, number_of, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.domain.errors import BadInput
from app.domain.filters import hints
from app.domain.filters import parse as parse_filter
from app.domain.history.moments import parse_time
from app.domain.lumisections import GREATEST_NUMBER, LumiRange, parse_ranges
from app.models.database.engine import Database
from app.models.lists.tables.query import MOST_ROWS, TableKind, TableQuery
from app.services.acting import Acting
from app.services.certification import tables

Command: TypeAlias = Callable[[Program, Arguments], Answer]


def add_group(commands: Commands, common: Parser, name: str, help_: str) -> Commands:
    """A word that is followed by another one, such as `runs`."""
    parser = commands.add_parser(name, help=help_, description=help_, parents=[common])
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def add_command(
    commands: Commands,
    common: Parser,
    name: str,
    help_: str,
    command: Command,
    *,
    writes: bool | str,
    example: str = "",
) -> Parser:
    """A word that does something; the caller adds its arguments.

    `writes`: whether it changes the database, or the option without which it only looks; a dry
    run never does. `example`: what may stand behind it, for its help; a test runs the examples of
    all that needs a right.
    """
    parser = commands.add_parser(name, help=help_, description=help_, parents=[common])
    words = parser.prog.partition(" ")[2]
    parser.set_defaults(command=command, words=words, writes_database=writes, example=example)
    if example:
        parser.epilog = f"For example: {parser.prog} {example}"
    return parser


def add_run(parser: Parser) -> None:
    parser.add_argument("run", type=run_number, metavar="RUN", help="run number")


def add_page(parser: Parser) -> None:
    """Options of a table: filter, sort and page."""
    parser.add_argument(
        "--filter",
        type=filter_text,
        metavar="TEXT",
        help="e.g. 'class = Collisions22 and dt-dt.BAD > 0'",
    )
    parser.add_argument(
        "--sort", metavar="FIELDS", help="e.g. run, or -recorded,class; - is descending"
    )
    parser.add_argument(
        "--limit", type=page_size, default=50, metavar="N", help="rows at most (50)"
    )
    parser.add_argument(
        "--offset", type=natural, default=0, metavar="N", help="rows to pass over (0)"
    )


def add_reason(parser: Parser) -> None:
    """The option that says why something that is verified is changed."""
    parser.add_argument(
        "--reason", default="", metavar="TEXT", help="why something verified is changed"
    )


def add_force(parser: Parser) -> None:
    """The option that replaces a file of another kind."""
    parser.add_argument(
        "--force", action="store_true", help="replace an existing file, whatever it is"
    )


def table_query(db: Database, arguments: Arguments, kind: TableKind) -> TableQuery:
    """The page that the options ask for. Raises BadInput for names the database doesn't have."""
    known = tables.vocabulary(Acting(db)) if arguments.filter or arguments.sort else None
    return TableQuery(
        kind,
        parse_filter(arguments.filter or "", known),
        tables.sort_of(arguments.sort or "", known),
        arguments.offset,
        arguments.limit,
    )


def uncounted_line(uncounted: int) -> str:
    """That a table may lack rows, because their summaries aren't counted yet."""
    return (
        f"{number_of(uncounted, 'dataset')} or more may pass the filter or not: their summaries"
        " aren't counted yet. Count them with: db check --repair"
    )


def page_line(query: TableQuery, shown: int, count: int, *, exact: bool, thing: str) -> str:
    """Where the page stands in its table, and how to see more; where it is empty what the filter
    may have been meant to say."""
    offset = query.offset
    if not shown:
        said = f"No {thing} from row {offset} on." if offset else f"No {thing}."
        return together((said, *hints(query.filter, of_datasets=query.kind == "datasets")))
    if exact and offset + shown >= count:
        return f"{number_of(count, thing)}."
    at_least = "" if exact else "at least "
    return (
        f"{offset + 1}-{offset + shown} of {at_least}{number_of(count, thing)};"
        f" --offset {offset + shown} shows the next."
    )


def run_number(text: str) -> int:
    return _whole_number(text, 1, "a run number")


def positive(text: str) -> int:
    return _whole_number(text, 1, "a number from 1")


def page_size(text: str) -> int:
    number = positive(text)
    if number > MOST_ROWS:
        raise argparse.ArgumentTypeError(f"a page has at most {MOST_ROWS} rows")
    return number


def natural(text: str) -> int:
    return _whole_number(text, 0, "a number from 0")


def moment(text: str) -> int | datetime:
    """A version, or a day or minute in UTC."""
    try:
        at = parse_time(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
    if at is None and whole_number(text) is None:
        raise argparse.ArgumentTypeError(
            f'"{text}" is neither a version nor a day such as 2025-08-18'
        )
    return natural(text) if at is None else at


def port(text: str) -> int:
    number = _whole_number(text, 0, "a port")
    if number > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is not a port (0 to 65535)')
    return number


def lumisections(text: str) -> tuple[LumiRange, ...]:
    """Lumisections such as `12-40,55`."""
    try:
        found = parse_ranges(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
    if not found:
        raise argparse.ArgumentTypeError("no lumisections are given; they look like 12-40,55")
    return found


def filter_text(text: str) -> str:
    """A filter that can be read; whether its names exist only the database knows."""
    try:
        parse_filter(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
    return text


def truth(text: str) -> bool:
    words = {"true": True, "false": False, "yes": True, "no": False}
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f'"{text}" is neither true nor false')
    return words[text.lower()]


def _whole_number(text: str, least: int, what: str) -> int:
    number = whole_number(text)
    if number is None or number < least:
        raise argparse.ArgumentTypeError(f'"{text}" is not {what}')
    return number


def whole_number(text: str) -> int | None:
    """The number that digits say, None where it is none that the database can hold."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(GREATEST_NUMBER)):
        return None
    number = int(text)
    return number if number <= GREATEST_NUMBER else None
