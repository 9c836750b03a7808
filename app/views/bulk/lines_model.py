"""Qt model of the lines of an edit: what each would change, or why it can't be written."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush

from app.domain.editing.edits import BitEdit
from app.domain.lumisections import format_ranges
from app.services.editing.report import NO_CHANGE, REFUSED, ReportLine
from app.views.changes.history_axis import value_words
from app.views.looks import words
from app.views.looks.theme import Theme
from app.views.widgets.plain import shown
from app.views.widgets.tables.titled_model import TitledModel

LINE, OUTCOME, RUN, DATASET, WHAT, RANGES, TO, CELLS, WHY = range(9)
TITLES = ("Line", "Outcome", "Run", "Dataset", "What", "LS", "Becomes", "Cells", "Why not")

Index = QModelIndex | QPersistentModelIndex


class LinesModel(TitledModel):
    """Lists lines, all or those of one outcome."""

    titles = TITLES

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._all: tuple[ReportLine, ...] = ()
        self._lines: tuple[ReportLine, ...] = ()

    @property
    def lines(self) -> tuple[ReportLine, ...]:
        """What is shown."""
        return self._lines

    def show_lines(self, lines: Sequence[ReportLine], outcome: str | None) -> None:
        """Shows others."""
        self._all = tuple(lines)
        self.show_outcome(outcome)

    def show_outcome(self, outcome: str | None) -> None:
        """Shows the lines with one outcome, all of them for None."""
        self.beginResetModel()
        self._lines = tuple(
            line for line in self._all if outcome is None or line.outcome == outcome
        )
        self.endResetModel()

    def set_theme(self, theme: Theme) -> None:
        """Shows them in other colours."""
        self._theme = theme

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._lines)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        column = index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return text_of(line, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            token = {REFUSED: "danger", NO_CHANGE: "muted"}.get(line.outcome, "text")
            if column in (OUTCOME, WHY):
                return QBrush(self._theme.colour(token))
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (LINE, RUN, CELLS):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


def text_of(line: ReportLine, column: int) -> str:
    """The text of a line in a column."""
    if column == LINE:
        return str(line.number)
    if column == OUTCOME:
        return line.outcome
    if column == WHY:
        return str(line.refused or "")
    if line.edit is None:
        return _unread(line, column)
    if column == CELLS:
        return words.number(line.cells) if line.cells else ""
    edit = line.edit
    name, value = (
        (edit.bit, edit.value) if isinstance(edit, BitEdit) else (edit.column, edit.triplet)
    )
    return {
        RUN: str(edit.run_number),
        DATASET: edit.dataset,
        WHAT: name,
        RANGES: format_ranges(edit.ranges),
        TO: value_words(value),
    }[column]


def _unread(line: ReportLine, column: int) -> str:
    """What stands in a line that can't be read."""
    values = line.values
    first, last = values.get("first LS", ""), values.get("last LS", "")
    return {
        RUN: values.get("run", ""),
        DATASET: values.get("dataset", ""),
        WHAT: values.get("column", ""),
        RANGES: f"{first}-{last}" if last and last != first else first,
        TO: " ".join(filter(None, (values.get("status"), values.get("comment")))),
    }.get(column, "")
