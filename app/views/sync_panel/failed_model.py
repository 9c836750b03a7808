"""Qt model of the runs that could not be pulled, with what is done about each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt

from app.domain.sources.pull import FailedRun
from app.views.looks import words
from app.views.widgets.plain import shown
from app.views.widgets.tables.copying import COPY_ROLE
from app.views.widgets.tables.titled_model import TitledModel

TITLES = ("Run", "Reason", "Since", "")
RUN, REASON, SINCE, TRY = range(len(TITLES))

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class _Line:
    """What a row says, column by column, and in its tool tips."""

    run_number: int
    texts: tuple[str, ...]
    tips: tuple[str, ...]


class FailedRunsModel(TitledModel):
    """Runs that could not be pulled; as long as they stay the same, so do selection and scroll."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[_Line, ...] = ()

    @property
    def run_numbers(self) -> tuple[int, ...]:
        """Runs, row by row."""
        return tuple(line.run_number for line in self._lines)

    def show_failed(
        self, failed: tuple[FailedRun, ...], trying: Collection[int], now: datetime
    ) -> None:
        """Shows others; `trying` are those for which OMS is being asked again."""
        lines = tuple(_line(each, each.run_number in trying, now) for each in failed)
        if lines == self._lines:
            return
        if self.run_numbers != tuple(line.run_number for line in lines):
            self.beginResetModel()
            self._lines = lines
            self.endResetModel()
            return
        self._lines = lines
        self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(TITLES) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._lines)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return line.texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole or (role == COPY_ROLE and index.column() == SINCE):
            return line.tips[index.column()]
        return None


def _line(failed: FailedRun, is_tried: bool, now: datetime) -> _Line:
    run = str(failed.run_number)
    since = words.ago(failed.at, now) if failed.at else ""
    at = words.time(failed.at) if failed.at else ""
    act = "Trying ..." if is_tried else "Try again"
    return _Line(
        failed.run_number,
        (run, failed.reason, since, act),
        (run, failed.reason, at, f"Ask OMS for run {run} now"),
    )
