"""Qt model of the log: older entries are added at its end, new ones at its top."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QIcon

from app.domain.clock import server_now
from app.domain.history.log import Kind, LogEntry, Source, Subject, Who
from app.views.log.folds import Folds, LogLine
from app.views.looks import words
from app.views.looks.theme import Theme
from app.views.widgets.plain import shown
from app.views.widgets.tables.titled_model import TitledModel

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
    Kind.NOTE: "note",
    Kind.VERIFIED: "verified",
}
_WHO_TOKEN = {Who.PEOPLE: "text", Who.AUTOMATIC: "muted", Who.AGENTS: "accent"}

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A line with the texts of its cells."""

    line: LogLine
    cells: tuple[str, ...]


class LogModel(TitledModel):
    """Shows entries, the newest first; automatic ones of one run in a row behind one line."""

    titles = TITLES

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._entries: list[LogEntry] = []
        self._known: set[tuple[Source, int]] = set()
        self._folds = Folds()
        self._rows: list[_Prepared] = []

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        """All entries, behind a line that is closed or not."""
        return tuple(self._entries)

    @property
    def count(self) -> int:
        """How many entries there are."""
        return len(self._entries)

    def line(self, row: int) -> LogLine:
        """What a row stands for."""
        return self._rows[row].line

    def entry(self, row: int) -> LogEntry:
        """The entry of a row, of several the newest."""
        return self._rows[row].line.entry

    def row_of(self, key: tuple[Source, int]) -> int | None:
        """The row of an entry, which opens where it is behind a line; None when it isn't there."""
        if key not in self._known:
            return None
        row = self._find(key)
        if row is None:
            self._folds.open_around(key)
            self._show()
            row = self._find(key)
        return row

    def knows(self, key: tuple[Source, int]) -> bool:
        """Whether an entry is there."""
        return key in self._known

    def start(self) -> None:
        """Removes all entries."""
        self.beginResetModel()
        self._rows.clear()
        self._entries.clear()
        self._known.clear()
        self._folds.forget()
        self.endResetModel()

    def append(self, entries: Sequence[LogEntry]) -> None:
        """Adds older entries at the end."""
        self._insert(len(self._entries), entries)

    def prepend(self, entries: Sequence[LogEntry]) -> int:
        """Adds newer entries at the top; returns how many weren't there yet."""
        return self._insert(0, entries)

    def turn(self, row: int) -> bool:
        """Opens a line that stands for several, or closes it; false when it doesn't."""
        line = self.line(row)
        if line.is_fold:
            self._folds.turn(line)
            self._show()
        return line.is_fold

    def set_theme(self, theme: Theme) -> None:
        """Shows other colours."""
        self._theme = theme
        if self._rows:
            last = self.index(len(self._rows) - 1, len(TITLES) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _find(self, key: tuple[Source, int]) -> int | None:
        lines = (row.line for row in self._rows)
        return next((row for row, line in enumerate(lines) if line.id == key), None)

    def _insert(self, place: int, entries: Sequence[LogEntry]) -> int:
        fresh = [each for each in entries if each.key not in self._known]
        if fresh:
            self._entries[place:place] = fresh
            self._known.update(each.key for each in fresh)
            self._show()
        return len(fresh)

    def _show(self) -> None:
        """Goes over to the lines of the present entries; those that stay keep their selection."""
        known = {row.line: row for row in self._rows}
        new = [
            known.get(line) or _Prepared(line, _cells(line))
            for line in self._folds.lines(self._entries)
        ]
        old = self._rows
        shorter = min(len(old), len(new))
        ids = [[row.line.id for row in rows] for rows in (old, new)]
        head = next((n for n in range(shorter) if ids[0][n] != ids[1][n]), shorter)
        most = shorter - head
        tail = next((n for n in range(most) if ids[0][-1 - n] != ids[1][-1 - n]), most)
        if len(old) - tail > head:
            self.beginRemoveRows(QModelIndex(), head, len(old) - tail - 1)
            del old[head : len(old) - tail]
            self.endRemoveRows()
        if len(new) - tail > head:
            self.beginInsertRows(QModelIndex(), head, len(new) - tail - 1)
            old[head:head] = new[head : len(new) - tail]
            self.endInsertRows()
        for row, (before, after) in enumerate(zip(old, new, strict=True)):
            if before is not after:
                old[row] = after
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(TITLES) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        line = row.line
        if role == Qt.ItemDataRole.DisplayRole:
            return row.cells[column]
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(line.entry, column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(line, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(line.entry, column, server_now())
        if role == Qt.ItemDataRole.TextAlignmentRole and column == NUMBER:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _colour(self, entry: LogEntry, column: int) -> QColor:
        """What people did stands out from what happens by itself."""
        if entry.who is Who.AUTOMATIC or column in (KIND, NUMBER):
            return self._theme.colour("muted")
        return self._theme.colour(_WHO_TOKEN[entry.who] if column == AUTHOR else "text")

    def _icon(self, line: LogLine, column: int) -> QIcon | None:
        if column == AUTHOR and line.entry.who is Who.PEOPLE:
            return self._theme.icon("person", "accent")
        if column == WHAT and line.is_fold:
            return self._theme.icon("arrow" if line.is_open else "arrow-right", "muted")
        return None


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
        Source.NOTE: "Note",
        Source.VERIFIED: "Mark",
    }
    return f"{named[entry.source]} {entry.number}"


def _cells(line: LogLine) -> tuple[str, ...]:
    entry = line.entry
    subjects = ", ".join(dict.fromkeys(subject_words(each) for each in _subjects(line)))
    kinds = {kind for each in line.entries for kind in each.kinds}
    return (
        f"{'    ' if line.inside else ''}{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        entry.by or "unknown",
        ", ".join(KIND_WORDS[kind] for kind in Kind if kind in kinds),
        f"{subjects}, ..." if entry.more else subjects,
        _folded_text(line) if line.is_fold else " ".join(entry.text.split()),
        str(entry.number) if entry.source is Source.VERSION else "",
    )


def _subjects(line: LogLine) -> Iterator[Subject]:
    """Of several entries the run that they are all about."""
    if line.is_fold:
        yield Subject(line.entry.subjects[0].run_number, "")
    else:
        yield from line.entry.subjects


def _folded_text(line: LogLine) -> str:
    """`17 automatic versions since 14:02:11`, and what the newest is."""
    first, last = line.entries[-1].at.astimezone(UTC), line.entry.at.astimezone(UTC)
    since = f"{first:%H:%M:%S}" if first.date() == last.date() else f"{first:%Y-%m-%d %H:%M}"
    newest = " ".join(line.entry.text.split())
    return f"{words.counted(len(line.entries), 'automatic version')} since {since}: {newest}"


def _tip(entry: LogEntry, column: int, now: datetime) -> str:
    if column == TIME:
        return words.ago(entry.at, now)
    if column == AUTHOR:
        kinds = {
            Who.PEOPLE: "by hand",
            Who.AUTOMATIC: "automatic",
            Who.AGENTS: "an agent, automatic",
        }
        return f"{entry.by}, {kinds[entry.who]}"
    if column == ABOUT:
        more = "\nand others" if entry.more else ""
        return "\n".join(map(subject_words, entry.subjects)) + more
    return entry.text if column == WHAT else name_of(entry) if column == NUMBER else ""
