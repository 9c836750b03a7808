"""Qt model of versions, newest first: who, when, why, what, and the lumisections drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon

from app.domain.lumisections import count, format_ranges
from app.views import words
from app.views.backend.history import ChangeLine, Piece, VersionEntry
from app.views.grid.history_axis import LANE_ROLE, piece_words
from app.views.widgets.plain import shown
from app.views.widgets.titled_model import TitledModel

WHEN, BY, WHAT, LANE, COMMENT, VERSION = range(6)
TITLES = ("When (UTC)", "By", "What", "", "Comment", "Version")

Index = QModelIndex | QPersistentModelIndex

_TOLD = 2
_TOLD_IN_TIP = 20


@dataclass(frozen=True, slots=True)
class PreparedEntry:
    """An entry with its texts; made outside the GUI thread."""

    entry: VersionEntry
    when: str
    by: str
    what: str
    tip: str
    lane: tuple[Piece, ...]

    @property
    def version(self) -> int:
        return self.entry.version.atomic_version


def prepare_entry(entry: VersionEntry) -> PreparedEntry:
    """Texts and lane of an entry."""
    version = entry.version
    lines = _distinct(entry.lines)
    texts = [line_words(line) for line in lines]
    what = "; ".join(f"{line.piece.key}: {piece_words(line.piece)}" for line in lines[:_TOLD])
    if len(texts) > _TOLD:
        what += f"; and {words.number(len(texts) - _TOLD)} more"
    return PreparedEntry(
        entry,
        f"{version.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        version.by,
        what or "nothing that differs",
        "\n".join([*texts[:_TOLD_IN_TIP], *(["..."] if len(texts) > _TOLD_IN_TIP else [])]),
        tuple(line.piece for line in entry.lines if line.piece.ranges),
    )


def line_words(line: ChangeLine) -> str:
    """`dt-dt: GOOD -> BAD HV trip in LS 12-40`."""
    piece = line.piece
    text = f"{piece.key}: {piece_words(piece)}"
    if not piece.ranges:
        return text
    ranges = format_ranges(piece.ranges)
    if len(piece.ranges) > 3:
        ranges = f"{format_ranges(piece.ranges[:3])}, ... ({words.number(count(piece.ranges))} LS)"
    return f"{text} in LS {ranges}"


def _distinct(lines: Sequence[ChangeLine]) -> Sequence[ChangeLine]:
    """Several columns or bits that change alike are told as one."""
    alike: dict[tuple[object, ...], list[ChangeLine]] = {}
    for line in lines:
        piece = line.piece
        if piece.ranges:
            same = (line.where, piece.ranges, piece_words(piece), piece.oms)
            alike.setdefault(same, []).append(line)
        else:
            alike[line.where, piece.key] = [line]
    joined: list[ChangeLine] = []
    for found in alike.values():
        first = found[0]
        if len(found) == 1:
            joined.append(first)
            continue
        keys = [line.piece.key for line in found]
        name = ", ".join(keys) if len(keys) <= 3 else f"{keys[0]} and {len(keys) - 1} others"
        joined.append(replace(first, piece=replace(first.piece, key=name)))
    return joined


class VersionsModel(TitledModel):
    """Shows entries as they are; more are asked for as the person scrolls.

    Signals: `more_wanted(int)`: entries older than that version.
    """

    titles = TITLES

    more_wanted = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[PreparedEntry] = []
        self._before: int | None = None
        self._asked: int | None = None
        self._icons: tuple[QIcon, QIcon] = (QIcon(), QIcon())
        self._now = datetime.now(UTC)

    def set_icons(self, by_hand: QIcon, automatic: QIcon) -> None:
        """What tells persons from the puller."""
        self._icons = (by_hand, automatic)

    @property
    def entries(self) -> tuple[PreparedEntry, ...]:
        return tuple(self._entries)

    def start(self, entries: Sequence[PreparedEntry], before: int | None) -> None:
        """Shows another history from its newest entry on."""
        self.beginResetModel()
        self._entries = list(entries)
        self._before, self._asked = before, None
        self._now = datetime.now(UTC)
        self.endResetModel()

    def renew(self, entries: Sequence[PreparedEntry], before: int | None) -> bool:
        """Puts what was done meanwhile on top; what is recorded never changes. False when it
        doesn't join what is shown, which is then all replaced."""
        self._now = datetime.now(UTC)
        known = {each.version for each in self._entries}
        if entries and not any(each.version in known for each in entries):
            self.start(entries, before)
            return False
        newest = self._entries[0].version if self._entries else 0
        fresh = [each for each in entries if each.version > newest]
        if fresh:
            self.beginInsertRows(QModelIndex(), 0, len(fresh) - 1)
            self._entries[:0] = fresh
            self.endInsertRows()
        return True

    def extend(self, entries: Sequence[PreparedEntry], before: int | None) -> None:
        """Adds older entries."""
        self._before, self._asked = before, None
        if entries:
            first = len(self._entries)
            self.beginInsertRows(QModelIndex(), first, first + len(entries) - 1)
            self._entries.extend(entries)
            self.endInsertRows()

    def entry(self, row: int) -> PreparedEntry:
        """The entry of a row."""
        return self._entries[row]

    def row_of(self, atomic_version: int) -> int | None:
        """Row of a version, None when it isn't shown."""
        versions = [each.version for each in self._entries]
        return versions.index(atomic_version) if atomic_version in versions else None

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._before is not None and self._asked != self._before

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent) and self._before is not None:
            self._asked = self._before
            self.more_wanted.emit(self._before)

    def ask_again(self) -> None:
        """What was asked for won't come: the next look at the end asks again."""
        self._asked = None

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._entries)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        prepared = self._entries[index.row()]
        version = prepared.entry.version
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                prepared.when,
                prepared.by,
                prepared.what,
                "",
                version.comment,
                str(prepared.version),
            )[column]
        if role == LANE_ROLE and column == LANE:
            return prepared.lane
        if role == Qt.ItemDataRole.DecorationRole and column == BY:
            return self._icons[0 if version.by_hand else 1]
        if role == Qt.ItemDataRole.ToolTipRole and column != LANE:
            how = "by hand" if version.by_hand else "automatic"
            return (
                words.ago(version.at, self._now),
                f"{version.by}, {how}",
                prepared.tip,
                "",
                version.comment,
                "What can be undone, and looked at as it was after it",
            )[column]
        return None
