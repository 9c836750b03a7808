"""Qt model of the log: older entries are added at its end, new ones at its top."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app.domain.clock import server_now
from app.domain.history.log import Kind, LogEntry, Source, Subject, Who
from app.views import words
from app.views.theme import Theme
from app.views.widgets.plain import shown
from app.views.widgets.titled_model import TitledModel

TIME, AUTHOR, KIND, ABOUT, WHAT, NUMBER = range(6)
TITLES = ("When (UTC)", "By", "Kind", "About", "What", "Entry")

KIND_WORDS = {
    Kind.RUN: "run",
    Kind.DATASET: "dataset",
    Kind.LUMISECTIONS: "columns",
    Kind.BITS: "DCS bits",
    Kind.CONFIGURATION: "configuration",
    Kind.GOLDEN: "golden JSON",
    Kind.CYCLE: "cycle",
}
_WHO_TOKEN = {Who.PEOPLE: "text", Who.AUTOMATIC: "muted", Who.AGENTS: "accent"}

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An entry with the texts of its cells."""

    entry: LogEntry
    cells: tuple[str, ...]


class LogModel(TitledModel):
    """Shows entries, the newest first."""

    titles = TITLES

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[_Prepared] = []
        self._known: set[tuple[Source, int]] = set()

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """All entries that are shown."""
        return tuple(row.entry for row in self._rows)

    def entry(self, row: int) -> LogEntry:
        """The entry of a row."""
        return self._rows[row].entry

    def row_of(self, key: tuple[Source, int]) -> int | None:
        """The row of an entry, None when it isn't shown."""
        if key not in self._known:
            return None
        return next(row for row, each in enumerate(self._rows) if each.entry.key == key)

    def knows(self, key: tuple[Source, int]) -> bool:
        """Whether an entry is shown."""
        return key in self._known

    def start(self) -> None:
        """Removes all entries."""
        self.beginResetModel()
        self._rows.clear()
        self._known.clear()
        self.endResetModel()

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Adds older entries at the end."""
        self._insert(len(self._rows), entries)

    def prepend(self, entries: Sequence[LogEntry]) -> int:
        """Adds newer entries at the top; returns how many weren't shown yet."""
        return self._insert(0, entries)

    def set_theme(self, theme: Theme) -> None:
        """Shows other colours."""
        self._theme = theme
        if self._rows:
            last = self.index(len(self._rows) - 1, len(TITLES) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _insert(self, row: int, entries: Sequence[LogEntry]) -> int:
        fresh = [each for each in entries if each.key not in self._known]
        if fresh:
            self.beginInsertRows(QModelIndex(), row, row + len(fresh) - 1)
            self._rows[row:row] = [_Prepared(each, _cells(each)) for each in fresh]
            self._known.update(each.key for each in fresh)
            self.endInsertRows()
        return len(fresh)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return row.cells[column]
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(row.entry, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row.entry, column, server_now())
        if role == Qt.ItemDataRole.TextAlignmentRole and column == NUMBER:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _colour(self, entry: LogEntry, column: int) -> QColor:
        if column == AUTHOR:
            return self._theme.colour(_WHO_TOKEN[entry.who])
        return self._theme.colour("muted" if column in (KIND, NUMBER) else "text")


def subject_words(subject: Subject) -> str:
    """`362760`, or `362760 /PromptReco/...`."""
    return " ".join(filter(None, (str(subject.run_number), subject.dataset)))


def name_of(entry: LogEntry) -> str:
    """`Version 1234`, `Golden JSON 7`."""
    named = {
        Source.VERSION: "Version",
        Source.SETTINGS: "Configuration",
        Source.GOLDEN: "Golden JSON",
        Source.CYCLE: "Cycle action",
    }
    return f"{named[entry.source]} {entry.number}"


def _cells(entry: LogEntry) -> tuple[str, ...]:
    subjects = ", ".join(map(subject_words, entry.subjects))
    return (
        f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        entry.author or "unknown",
        ", ".join(KIND_WORDS[kind] for kind in Kind if kind in entry.kinds),
        f"{subjects}, ..." if entry.more else subjects,
        " ".join(entry.text.split()),
        str(entry.number) if entry.source is Source.VERSION else "",
    )


def _tip(entry: LogEntry, column: int, now: datetime) -> str:
    if column == TIME:
        return words.ago(entry.at, now)
    if column == AUTHOR:
        kinds = {
            Who.PEOPLE: "by hand",
            Who.AUTOMATIC: "automatic",
            Who.AGENTS: "an agent, automatic",
        }
        return f"{entry.author}, {kinds[entry.who]}"
    if column == ABOUT:
        more = "\nand others" if entry.more else ""
        return "\n".join(map(subject_words, entry.subjects)) + more
    return entry.text if column == WHAT else name_of(entry) if column == NUMBER else ""
