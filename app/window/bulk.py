"""The same edit on many datasets, and files of changes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.domain.editing.edits import BitEdit, ColumnEdit, Edit
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.services.editing import bulk as bulk_edit
from app.services.editing.bulk import FileLine, Preview, Written
from app.services.editing.plan import CellsChanged
from app.services.golden import generation as golden
from app.views.backend.bulk import (
    LINE_REFUSED,
    NO_CHANGE,
    OK,
    Asked,
    BulkReport,
    BulkWish,
    GoldenChange,
    Report,
    ReportLine,
)
from app.views.backend.done import Done
from app.views.backend.history import CellValue, ChangeLine, Piece
from app.window.change_lines import place
from app.window.parts import Parts

_RULE = "golden"
_TO_THE_END = (LumiRange(1, 2**31 - 1),)


class BulkBackend(Parts):
    """Editing many datasets."""

    def preview_bulk(
        self, keys: tuple[DatasetKey, ...], wish: BulkWish, progress: Report, cancelled: Asked
    ) -> BulkReport | None:
        try:
            edits = self._edits(keys, wish)
            return _report(
                bulk_edit.preview(
                    self._acting,
                    edits,
                    comment=wish.comment,
                    rule=golden.rule_named(self._acting, _RULE),
                    progress=Progress(progress, cancelled),
                )
            )
        except Cancelled:
            return None

    def write_bulk(
        self,
        keys: tuple[DatasetKey, ...],
        wish: BulkWish,
        seen: Mapping[DatasetKey, int],
        progress: Report,
        cancelled: Asked,
        *,
        leave_out_refused: bool,
    ) -> Done | None:
        try:
            return _done(
                bulk_edit.write(
                    self._acting,
                    self._edits(keys, wish),
                    comment=wish.comment,
                    seen=seen,
                    leave_out_refused=leave_out_refused,
                    progress=Progress(progress, cancelled),
                )
            )
        except Cancelled:
            return None

    def preview_changes(
        self, content: str, comment: str, progress: Report, cancelled: Asked
    ) -> BulkReport | None:
        try:
            found = bulk_edit.preview_file(
                self._acting,
                content,
                comment=comment,
                rule=golden.rule_named(self._acting, _RULE),
                progress=Progress(progress, cancelled),
            )
        except Cancelled:
            return None
        lines = tuple(map(_file_line, found.lines))
        if found.preview is None:
            return BulkReport(lines)
        return _report(found.preview, lines)

    def write_changes(
        self,
        content: str,
        comment: str,
        seen: Mapping[DatasetKey, int],
        progress: Report,
        cancelled: Asked,
        *,
        leave_out_refused: bool,
    ) -> Done | None:
        try:
            return _done(
                bulk_edit.write_file(
                    self._acting,
                    content,
                    comment=comment,
                    seen=seen,
                    leave_out_refused=leave_out_refused,
                    progress=Progress(progress, cancelled),
                )
            )
        except Cancelled:
            return None

    def _edits(self, keys: Sequence[DatasetKey], wish: BulkWish) -> list[Edit]:
        lengths = None if wish.ranges else bulk_edit.lengths(self._acting, keys)
        ranges = wish.ranges or _TO_THE_END
        edits: list[Edit] = [
            BitEdit(0, "", name, ranges, wish.to)
            if isinstance(wish.to, bool)
            else ColumnEdit(0, "", name, ranges, wish.to)
            for name in wish.names
        ]
        return bulk_edit.of_datasets(keys, edits, lengths=lengths)


def _done(written: Written) -> Done:
    return Done(written.text, written.version)


def _report(found: Preview, lines: tuple[ReportLine, ...] | None = None) -> BulkReport:
    if lines is None:
        lines = tuple(
            _line(number, line.edit, line.cells, line.refused)
            for number, line in enumerate(found.lines, 1)
        )
    effect = found.golden
    return BulkReport(
        lines,
        tuple(_change(each) for each in found.changes),
        found.cells,
        len(found.datasets),
        found.lumisections,
        found.recorded,
        found.delivered,
        None
        if effect is None
        else GoldenChange(
            _RULE,
            effect.lumisections_leaving,
            effect.lumisections_entering,
            effect.recorded_leaving,
            effect.recorded_entering,
        ),
        found.seen,
    )


def _line(number: int, edit: Edit | None, cells: int, refused: Exception | None) -> ReportLine:
    outcome = LINE_REFUSED if refused is not None else OK if cells else NO_CHANGE
    reason = str(refused) if refused is not None else ""
    if edit is None:
        return ReportLine(number, None, "", "", (), None, outcome, 0, reason)
    name, to = _content(edit)
    return ReportLine(
        number, edit.run_number, edit.dataset, name, edit.ranges, to, outcome, cells, reason
    )


def _file_line(line: FileLine) -> ReportLine:
    shown = _line(line.number, line.edit, line.cells, line.refused)
    if line.edit is not None:
        return shown
    said = line.values
    first, last = said.get("first LS", ""), said.get("last LS", "")
    becomes = " ".join(filter(None, (said.get("status"), said.get("comment"))))
    return replace(
        shown,
        unread=(
            said.get("run", ""),
            said.get("dataset", ""),
            said.get("column", ""),
            f"{first}-{last}" if last and last != first else first,
            becomes,
        ),
    )


def _content(edit: Edit) -> tuple[str, CellValue]:
    if isinstance(edit, BitEdit):
        return edit.bit, edit.value
    return edit.column, edit.triplet


def _change(change: CellsChanged) -> ChangeLine:
    piece = Piece(change.key, change.ranges, change.before, change.after, oms=change.oms)
    return ChangeLine(place(change.run_number, change.dataset), piece)
