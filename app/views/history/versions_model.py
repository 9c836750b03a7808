"""Qt model of versions, newest first: who, when, why, what, and the lumisections drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon

from app.domain.clock import server_now
from app.domain.history.cells import Action
from app.domain.lumisections import count, format_ranges
from app.services.history.look import Entry
from app.views.changes.history_axis import LANE_ROLE, piece_words
from app.views.changes.lines import ChangeLine, Piece
from app.views.history.lines import entry_lines
from app.views.looks import words
from app.views.widgets.plain import shown
from app.views.widgets.tables.titled_model import TitledModel

WHEN, BY, WHAT, LANE, COMMENT, VERSION = range(6)
TITLES = ("When (UTC)", "By", "What", "", "Comment", "Version")

Index = QModelIndex | QPersistentModelIndex

_LISTED = 2
_LISTED_IN_TIP = 20


@dataclass(frozen=True, slots=True)
class PreparedEntry:
    """A version with its texts; made outside the GUI thread."""

    action: Action
    lines: tuple[ChangeLine, ...]
    when: str
    by: str
    what: str
    tip: str
    lane: tuple[Piece, ...]

    @property
    def version(self) -> int:
        return self.action.version


def prepare_entry(run_number: int, entry: Entry) -> PreparedEntry:
    """Lines, texts and lane of an entry."""
    action, lines = entry.action, entry_lines(run_number, entry)
    joined = _joined(lines)
    texts = [line_words(line) for line in joined]
    what = "; ".join(f"{line.piece.key}: {piece_words(line.piece)}" for line in joined[:_LISTED])
    if len(texts) > _LISTED:
        what += f"; and {words.number(len(texts) - _LISTED)} more"
    return PreparedEntry(
        action,
        lines,
        f"{action.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
        action.by,
        what or "no difference",
        "\n".join([*texts[:_LISTED_IN_TIP], *(["..."] if len(texts) > _LISTED_IN_TIP else [])]),
        tuple(line.piece for line in lines if line.piece.ranges),
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


def _joined(lines: Sequence[ChangeLine]) -> Sequence[ChangeLine]:
    """Joins columns or bits that change in the same way."""
    alike: dict[tuple[object, ...], list[ChangeLine]] = {}
    for line in lines:
        piece = line.piece
        if piece.ranges:
            same = (line.where, piece.ranges, piece_words(piece), piece.oms)
            alike.setdefault(same, []).append(line)
        else:
            alike[line.where, piece.key] = [line]
    joined: list[ChangeLine] = []
    for group in alike.values():
        first = group[0]
        if len(group) == 1:
            joined.append(first)
            continue
        keys = [line.piece.key for line in group]
        name = ", ".join(keys) if len(keys) <= 3 else f"{keys[0]} and {len(keys) - 1} others"
        joined.append(replace(first, piece=replace(first.piece, key=name)))
    return joined


class VersionsModel(TitledModel):
    """Shows entries; asks for more as the person scrolls.

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

    def set_icons(self, by_hand: QIcon, automatic: QIcon) -> None:
        """Icons that tell people from the puller."""
        self._icons = (by_hand, automatic)

    @property
    def entries(self) -> tuple[PreparedEntry, ...]:
        return tuple(self._entries)

    def start(self, entries: Sequence[PreparedEntry], before: int | None) -> None:
        """Shows another history from its newest entry on."""
        self.beginResetModel()
        self._entries = list(entries)
        self._before, self._asked = before, None
        self.endResetModel()

    def renew(self, entries: Sequence[PreparedEntry], before: int | None) -> bool:
        """Puts new entries on top; those that are shown never change. False when the new ones don't
        join them: then they are replaced."""
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
        """The older entries didn't come: scrolling to the end asks again."""
        self._asked = None

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._entries)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        prepared = self._entries[index.row()]
        action = prepared.action
        column = index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                prepared.when,
                prepared.by,
                prepared.what,
                "",
                action.comment,
                str(prepared.version),
            )[column]
        if role == LANE_ROLE and column == LANE:
            return prepared.lane
        if role == Qt.ItemDataRole.DecorationRole and column == BY:
            return self._icons[0 if action.manual else 1]
        if role == Qt.ItemDataRole.ToolTipRole and column != LANE:
            how = "by hand" if action.manual else "automatic"
            return (
                words.ago(action.at, server_now()),
                f"{action.by}, {how}",
                prepared.tip,
                "",
                action.comment,
                "Number of the version, for Undo and As of",
            )[column]
        return None
