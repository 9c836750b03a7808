"""Qt model of the lines of an edit, each with what it would do or why it can't."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush

from app.domain.lumisections import format_ranges
from app.views import words
from app.views.backend.bulk import LINE_REFUSED, NO_CHANGE, ReportLine
from app.views.grid.history_axis import value_words
from app.views.theme import Theme
from app.views.widgets.plain import shown
from app.views.widgets.titled_model import TitledModel

LINE, OUTCOME, RUN, DATASET, WHAT, RANGES, TO, CELLS, WHY = range(9)
TITLES = ("Line", "Outcome", "Run", "Dataset", "What", "LS", "Becomes", "Cells", "Why not")

Index = QModelIndex | QPersistentModelIndex


class LinesModel(TitledModel):
    """Shows lines as they are, all or those of one outcome."""

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
            each for each in self._all if outcome is None or each.outcome == outcome
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
            token = {LINE_REFUSED: "danger", NO_CHANGE: "muted"}.get(line.outcome, "text")
            if column in (OUTCOME, WHY):
                return QBrush(self._theme.colour(token))
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (LINE, RUN, CELLS):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


def text_of(line: ReportLine, column: int) -> str:
    """What a line says in a column."""
    if column == LINE:
        return str(line.number)
    if column == OUTCOME:
        return line.outcome
    if column == WHY:
        return line.reason
    if line.run_number is None:
        unread = dict(zip((RUN, DATASET, WHAT, RANGES, TO), line.unread, strict=True))
        return unread.get(column, "")
    if column == RUN:
        return str(line.run_number)
    if column == CELLS:
        return words.number(line.cells) if line.cells else ""
    return {
        DATASET: line.dataset,
        WHAT: line.name,
        RANGES: format_ranges(line.ranges),
        TO: value_words(line.to),
    }[column]
