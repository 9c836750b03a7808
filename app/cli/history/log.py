"""`log`: lists, searches, opens and exports everything that was done, the newest first."""

from datetime import UTC
from pathlib import Path

from app.cli import out_files
from app.cli.arguments import add_command, add_force, positive, run_number
from app.cli.history.changes import attribute_line, cell_line, changes_document
from app.cli.output import Answer, ProgressLine, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.clock import server_now
from app.domain.counting import counted, number
from app.domain.errors import BadInput
from app.domain.history.authorship import writer_fields
from app.domain.history.log import (
    Kind,
    LogEntry,
    LogQuery,
    Position,
    Who,
    parse_position,
    parse_time,
)
from app.domain.json_value import JsonValue
from app.services.history import log, log_details, log_export

_SHOWN = 200
_MOST = 500


def add(commands: Commands, common: Parser) -> None:
    """Adds `log`."""
    parser = add_command(commands, common, "log", HELP["log"], _log, writes=False)
    parser.add_argument("--run", type=run_number, metavar="N", help="only about this run")
    parser.add_argument(
        "--dataset", metavar="NAME", default="", help="only about datasets of this name"
    )
    parser.add_argument(
        "--author",
        metavar="A",
        default="",
        help="only by this person or agent, or by a group: people, automatic, agents",
    )
    parser.add_argument(
        "--kind",
        action="append",
        default=[],
        choices=[kind.value for kind in Kind],
        dest="kinds",
        help="only entries of this kind; can be repeated",
    )
    parser.add_argument("--since", metavar="T", help="2025-06-01, 2025-06-01T12:00, 6h, 3d")
    parser.add_argument("--until", metavar="T", help="same formats; a day counts to its end")
    parser.add_argument(
        "--words",
        metavar="W",
        default="",
        help="words in the comment, or in the comments of the cells that it set",
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="entries (50, --export all)")
    parser.add_argument("--before", metavar="V", help="only entries older than this: the next page")
    parser.add_argument(
        "--show", type=positive, metavar="V", help="what this version changed, from what to what"
    )
    parser.add_argument(
        "--export", type=Path, metavar="FILE", help="write the entries as .csv or .json"
    )
    add_force(parser)


def _log(program: Program, arguments: Arguments) -> Answer:
    if arguments.show is not None:
        return _show(program, arguments.show)
    try:
        query = _query(arguments)
        position = None if arguments.before is None else parse_position(arguments.before)
        _check(arguments, query)
    except BadInput as error:
        raise UsageError(str(error)) from error
    line = ProgressLine()

    def show_progress(reached: log.Reached) -> None:
        line.say(reached.text)

    try:
        if arguments.export is not None:
            out_files.check_log(arguments.export, force=arguments.force)
            log.check_searched(program.acting, query)
            exported = log_export.export(
                program.acting,
                query,
                arguments.export,
                position,
                limit=arguments.limit,
                on_page=show_progress,
            )
            document: JsonValue = {"file": str(exported.file), "entries": exported.entries}
            return Answer(document, exported.text)
        entries, after = _pages(program, query, position, arguments.limit or 50, show_progress)
        if not entries:
            log.check_searched(program.acting, query)
    finally:
        line.clear()
    return Answer(
        {
            "entries": [log_export.document(entry) for entry in entries],
            "before": None if after is None else str(after),
        },
        _text(entries, after),
    )


def _check(arguments: Arguments, query: LogQuery) -> None:
    """BadInput for options that mean nothing, alone or together."""
    if arguments.export is not None:
        log_export.check_name(arguments.export)
    elif (arguments.limit or 0) > _MOST:
        raise BadInput(f"At most {_MOST} entries are shown at a time; --export FILE takes any.")
    log.check_times(query)


def _query(arguments: Arguments) -> LogQuery:
    now = server_now()
    groups = {who.value: who for who in Who}
    group = groups.get(arguments.author)
    return LogQuery(
        arguments.run,
        arguments.dataset,
        "" if group else arguments.author,
        group,
        frozenset(Kind(kind) for kind in arguments.kinds),
        parse_time(arguments.since, now) if arguments.since else None,
        parse_time(arguments.until, now, end=True) if arguments.until else None,
        arguments.words,
    )


def _pages(
    program: Program,
    query: LogQuery,
    position: Position | None,
    limit: int,
    on_page: log.OnPage,
) -> tuple[list[LogEntry], Position | None]:
    """Up to `limit` entries, and where the next ones are."""
    entries: list[LogEntry] = []
    while True:
        page = log.page(program.acting, query, position, limit=limit - len(entries))
        entries += page.entries
        if page.after is None or len(entries) == limit:
            return entries, page.after
        position = page.after
        on_page(log.Reached(len(entries), page.back_to))


def _text(entries: list[LogEntry], after: Position | None) -> str:
    rows = [
        (
            f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            log_export.name_of(entry),
            entry.by,
            log_export.about(entry),
            entry.text,
        )
        for entry in entries
    ]
    if not rows:
        return "No log entry matches."
    lines: list[str] = [table(("time (UTC)", "entry", "author", "about", ""), rows)]
    if after is not None:
        lines.append(f"--before {after} shows older ones.")
    return together(lines)


def _show(program: Program, version: int) -> Answer:
    opened = log_details.open_version(program.acting, version)
    action = opened.action
    lines = [
        f"{version}  {action.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC  {action.by}:"
        f" {action.comment}"
    ]
    for part in opened.parts:
        lines += [f"    {part.run_number} {attribute_line(each)}" for each in part.attributes]
        lines += [
            f"    {part.run_number} {dataset.dataset} {cell_line(each)}"
            for dataset in part.datasets
            for each in dataset.cells
        ]
    left = len(opened.subjects) - len(opened.shown)
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"    and {number(len(lines) - _SHOWN)} more (--json lists all)"]
    if left:
        lines.append(f"    and changes in {counted(left, 'more dataset')}")
    parts: list[JsonValue] = [
        {"run_number": part.run_number, **changes_document(part.attributes, part.datasets)}
        for part in opened.parts
    ]
    return Answer(
        {
            "version": version,
            "author": action.author,
            **writer_fields(action.writer),
            "comment": action.comment,
            "at": action.at.isoformat(),
            "subjects": [[run, name] for run, name in opened.subjects],
            "changes": parts,
        },
        together(lines),
    )
