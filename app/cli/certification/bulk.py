"""Edits of many datasets: `lumisections edit --file` and `lumisections edit-many`."""

import sys
from pathlib import Path

from app.cli.arguments import add_command, add_reason, lumisections, truth
from app.cli.certification.dataset_tools import add_selection, names, selection
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, luminosity, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.domain.counting import counted
from app.domain.editing.edits import BitEdit, Edit, check_bit_comment, check_triplet
from app.domain.errors import BadInput, Refused
from app.domain.json_value import JsonValue
from app.domain.lumisections import format_ranges
from app.domain.triplets import SETTABLE_STATUSES, Triplet
from app.services.editing import bulk, change_files
from app.services.editing.bulk import Written
from app.services.editing.report import Report, ReportLine, report_of

_MOST_BYTES = 64 * 1024 * 1024


def add_file_options(parser: Parser) -> None:
    """Options of an edit that comes from a file."""
    options = parser.add_argument_group("from a file")
    options.add_argument(
        "--file",
        type=Path,
        metavar="CSV",
        help="columns: run, dataset, column, first LS, last LS, status, comment, cause; - reads"
        " standard input",
    )
    options.add_argument(
        "--dry-run", action="store_true", help="report every line and write nothing"
    )
    options.add_argument(
        "--leave-out-refused", action="store_true", help="write the lines that are not refused"
    )


def edit_from_file(program: Program, arguments: Arguments) -> Answer:
    """Writes a file of changes, or reports what it would do."""
    content = read_file(arguments.file)
    line = ProgressLine()
    try:
        if arguments.dry_run:
            return _report(
                change_files.preview(
                    program.acting,
                    content,
                    comment=arguments.comment,
                    progress=line.shares("checking"),
                ),
                leave_out=arguments.leave_out_refused,
            )
        written = change_files.write(
            program.acting.because(arguments.reason),
            content,
            comment=arguments.comment,
            leave_out_refused=arguments.leave_out_refused,
            progress=line.shares("writing"),
        )
    finally:
        line.clear()
    return _written(written)


def add_edit_many(group: Commands, common: Parser) -> None:
    """Adds `edit-many` to `lumisections`."""
    parser = add_command(
        group,
        common,
        "edit-many",
        "set columns, or DCS bits, alike in many datasets, as one version",
        _edit_many,
        writes=True,
        example="--filter 'run > 396370' --online --columns dt-dt --status STANDBY",
    )
    add_selection(parser)
    parser.add_argument("--online", action="store_true", help="edit online of the runs instead")
    parser.add_argument("--columns", type=names, metavar="C,C", help="with --status")
    parser.add_argument("--status", type=str.upper, choices=SETTABLE_STATUSES, metavar="STATUS")
    parser.add_argument("--bits", type=names, metavar="B,B", help="with --value")
    parser.add_argument("--value", type=truth, metavar="true|false")
    parser.add_argument(
        "--ls", type=lumisections, default=(), metavar="RANGES", dest="ranges", help="(all)"
    )
    parser.add_argument("--comment", default="", metavar="TEXT", help="required for BAD and bits")
    parser.add_argument("--cause", default="", metavar="TEXT", help="of a status")
    add_reason(parser)
    parser.add_argument("--dry-run", action="store_true", help="report and write nothing")
    parser.add_argument(
        "--leave-out-refused", action="store_true", help="write what is not refused"
    )
    parser.set_defaults(usage=parser.format_usage)


def _edit_many(program: Program, arguments: Arguments) -> Answer:
    changed, value = _value(arguments)
    acting, leave_out = program.acting.because(arguments.reason), arguments.leave_out_refused
    keys = selection(program, arguments, kind="runs" if arguments.online else "datasets")
    edits = bulk.same_edits(acting, keys, changed, value, arguments.ranges)
    comment = arguments.comment if isinstance(value, bool) else ""
    line = ProgressLine()
    try:
        if arguments.dry_run:
            shares = line.shares("checking")
            preview = bulk.preview(acting, edits, comment=comment, progress=shares)
            return _report(report_of(preview), leave_out=leave_out)
        return _written(
            bulk.write(
                acting,
                edits,
                comment=comment,
                leave_out_refused=leave_out,
                progress=line.shares("writing"),
            )
        )
    finally:
        line.clear()


def _value(arguments: Arguments) -> tuple[tuple[str, ...], Triplet | bool]:
    """The columns or bits, and what they become. Raises UsageError unless it is one of both."""
    of_columns = (arguments.columns, arguments.status)
    of_bits = (arguments.bits, arguments.value)
    if None not in of_columns and of_bits == (None, None):
        triplet = Triplet(arguments.status, arguments.comment, arguments.cause)
        check_triplet(triplet)
        return arguments.columns, triplet
    if None not in of_bits and of_columns == (None, None) and not arguments.cause:
        check_bit_comment(arguments.comment)
        return arguments.bits, arguments.value
    raise UsageError(
        "Give --columns with --status, or --bits with --value (which have no --cause).",
        arguments.usage(),
    )


def _written(written: Written) -> Answer:
    document: JsonValue = {
        "atomic_version": written.version,
        "cells": written.cells,
        "datasets": written.datasets,
        "text": written.text,
    }
    text = written.text
    if written.version is not None:
        text = f"{text} Version {written.version}."
    return Answer(document, text)


def read_file(file: Path) -> str:
    """A file of changes, or the standard input for -."""
    try:
        content = sys.stdin.buffer.read(_MOST_BYTES + 1) if str(file) == "-" else _bytes(file)
        if len(content) > _MOST_BYTES:
            raise Refused(f"The file {file} is larger than {_MOST_BYTES // 2**20} MiB. Split it.")
        return content.decode("utf-8")
    except OSError as error:
        raise BadInput(f"The file {file} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"The file {file} is not UTF-8 text. Save it as CSV UTF-8.") from error


def _bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_MOST_BYTES + 1)


def _report(report: Report, *, leave_out: bool) -> Answer:
    rows = [
        (line.number, *_what(line.edit), line.outcome, line.cells or "", line.refused or "")
        for line in report.lines
    ]
    heads = ("line", "run", "dataset", "column", "LS", "", "cells", "why")
    lines = [table(heads, rows, right=("line", "cells")), report.text]
    if report.preview is not None:
        recorded = sum(dataset.recorded for dataset in report.preview.datasets)
        lines.append(
            f"{counted(report.preview.cells, 'cell')} would change in"
            f" {counted(len(report.preview.datasets), 'dataset')}:"
            f" {counted(report.preview.lumisections, 'lumisection')},"
            f" {luminosity(recorded)} /pb. Nothing was written."
        )
    document: JsonValue = {
        "lines": [_line_document(line) for line in report.lines],
        "cells": report.cells,
        "lumisections": report.preview.lumisections if report.preview is not None else 0,
        "text": report.text,
    }
    refused = bool(report.refused) and not leave_out
    return Answer(document, together(lines), REFUSED if refused else DONE)


def _line_document(line: ReportLine) -> JsonValue:
    return {
        "line": line.number,
        "outcome": line.outcome,
        "cells": line.cells,
        "refused": None if line.refused is None else str(line.refused),
    }


def _what(edit: Edit | None) -> tuple[object, ...]:
    if edit is None:
        return "", "", "", ""
    column = edit.bit if isinstance(edit, BitEdit) else edit.column
    return edit.run_number, edit.dataset, column, format_ranges(edit.ranges)
