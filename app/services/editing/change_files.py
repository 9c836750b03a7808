"""Files of changes: what each line would do, then all of them as one version."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.domain.counting import counted
from app.domain.editing.change_file import ChangeLine, parse_changes
from app.domain.editing.edits import BitEdit
from app.domain.errors import BadInput
from app.domain.json_value import JsonValue
from app.domain.keys import DatasetKey
from app.domain.progress import SILENT, Progress
from app.services.acting import Acting
from app.services.editing import bulk
from app.services.editing.bulk import Written
from app.services.editing.report import Report, ReportLine


def preview(
    acting: Acting,
    content: str,
    *,
    comment: str = "",
    rule: JsonValue = None,
    progress: Progress = SILENT,
) -> Report:
    """What a file of changes would do, line by line; nothing is written."""
    lines = parse_changes(content)
    edits = [line.edit for line in lines if line.edit is not None]
    if not edits:
        return Report(tuple(map(_unreadable, lines)), None)
    of_edits = bulk.preview(
        acting, edits, comment=_comment(lines, comment), rule=rule, progress=progress
    )
    checked = iter(of_edits.lines)
    report: list[ReportLine] = []
    for line in lines:
        if line.edit is None:
            report.append(_unreadable(line))
        else:
            outcome = next(checked)
            report.append(
                ReportLine(line.number, line.edit, outcome.cells, outcome.refused, line.values)
            )
    return Report(tuple(report), of_edits)


def write(
    acting: Acting,
    content: str,
    *,
    comment: str = "",
    seen: Mapping[DatasetKey, int] | None = None,
    leave_out_refused: bool = False,
    progress: Progress = SILENT,
) -> Written:
    """Writes a file of changes as one version, all or none; refused lines are left out only when
    asked. A refusal names its line; `seen` as for `bulk.write`."""
    lines = parse_changes(content)
    unreadable = [line for line in lines if line.problem is not None]
    if unreadable and not leave_out_refused:
        first = unreadable[0]
        raise BadInput(f"Line {first.number}: {first.problem}")
    readable = [line for line in lines if line.edit is not None]
    if not readable:
        raise BadInput("No line of the file of changes can be read.")
    numbers = [line.number for line in readable]
    written = bulk.write(
        acting,
        [line.edit for line in readable if line.edit is not None],
        comment=_comment(readable, comment),
        seen=seen,
        leave_out_refused=leave_out_refused,
        progress=progress,
        name=lambda place: f"Line {numbers[place]}: ",
    )
    if not unreadable:
        return written
    unread = counted(len(unreadable), "line")
    return replace(written, text=f"{written.text} {unread} can't be read.")


def _unreadable(line: ChangeLine) -> ReportLine:
    return ReportLine(line.number, None, 0, line.problem, line.values)


def _comment(lines: Sequence[ChangeLine], comment: str) -> str:
    """The version's comment: the one given, or those of the lines that edit DCS bits."""
    if comment:
        return comment
    comments = dict.fromkeys(line.comment for line in lines if isinstance(line.edit, BitEdit))
    return "; ".join(comments)
