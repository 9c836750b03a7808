"""Files of changes: `lumisections edit --file`, with or without `--dry-run`."""

import sys
from pathlib import Path

from app.cli.arguments import Arguments, Parser
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, luminosity, table, together
from app.cli.program import Program
from app.domain.counting import counted
from app.domain.editing.edits import BitEdit, Edit
from app.domain.errors import BadInput, Refused
from app.domain.json_value import JsonValue
from app.domain.lumisections import format_ranges
from app.services.editing import change_files
from app.services.editing.report import Report, ReportLine

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
            program.acting,
            content,
            comment=arguments.comment,
            leave_out_refused=arguments.leave_out_refused,
            progress=line.shares("writing"),
        )
    finally:
        line.clear()
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
