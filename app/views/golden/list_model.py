"""Qt model of the generated JSONs, newest first, and what a search leaves of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from app.views import words
from app.views.backend.golden import GoldenEntry
from app.views.widgets.plain import cell, shown

ENTRY_ROLE = Qt.ItemDataRole.UserRole
ITEM_ROLE = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class ItemText:
    """What an item of the list says."""

    id: str
    pattern: str
    official: bool
    by: str
    made: str
    ago: str
    figures: str
    tags: str
    tip: str
    searched: str


class GoldenModel(QAbstractListModel):
    """Shows entries, greatest id first; those that stay keep selection and scroll."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[GoldenEntry] = []
        self._items: list[ItemText] = []
        self._now = datetime.now(UTC)

    @property
    def entries(self) -> tuple[GoldenEntry, ...]:
        return tuple(self._entries)

    def show_entries(self, entries: Sequence[GoldenEntry]) -> None:
        """Shows another list, which has ids descending as well."""
        new = {each.id: each for each in entries}
        for row in range(len(self._entries) - 1, -1, -1):
            if self._entries[row].id not in new:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._entries[row], self._items[row]
                self.endRemoveRows()
        wanted, row = list(entries), 0
        while row < len(wanted):
            known = self._entries[row] if row < len(self._entries) else None
            if known is not None and known.id == wanted[row].id:
                self._renew(row, wanted[row])
                row += 1
                continue
            end = row
            while end < len(wanted) and (known is None or wanted[end].id != known.id):
                end += 1
            self.beginInsertRows(QModelIndex(), row, end - 1)
            self._entries[row:row] = wanted[row:end]
            self._items[row:row] = [_item(each, self._now) for each in wanted[row:end]]
            self.endInsertRows()
            row = end

    def set_now(self, now: datetime) -> None:
        """Says anew how long ago each was made."""
        self._now = now
        for row, entry in enumerate(self._entries):
            self._renew(row, entry)

    def row_of(self, id_: int) -> int | None:
        """Row of an entry."""
        return next((row for row, each in enumerate(self._entries) if each.id == id_), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._entries)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        item = self._items[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return item.pattern
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return item.tip
        if role == ENTRY_ROLE:
            return self._entries[index.row()]
        return item if role == ITEM_ROLE else None

    def _renew(self, row: int, entry: GoldenEntry) -> None:
        item = _item(entry, self._now)
        if (entry, item) != (self._entries[row], self._items[row]):
            self._entries[row], self._items[row] = entry, item
            self.dataChanged.emit(self.index(row), self.index(row))


class FoundGolden(QSortFilterProxyModel):
    """The entries in which every word that is searched for occurs."""

    def __init__(self, model: GoldenModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self.setSourceModel(model)

    def search(self, text: str) -> None:
        """Keeps those with all words: of the name, id, author or tags."""
        self._words = tuple(text.casefold().split())
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        item: ItemText = self.sourceModel().index(source_row, 0).data(ITEM_ROLE)
        return all(word in item.searched for word in self._words)


def _item(entry: GoldenEntry, now: datetime) -> ItemText:
    at, known = words.time(entry.created_at), entry.recorded_luminosity >= 0
    figures = [words.counted(entry.runs, "run"), f"{words.number(entry.lumisections)} LS"]
    if known:
        figures.append(f"{words.luminosity(entry.recorded_luminosity)} pb⁻¹")
    luminosity = f"{entry.recorded_luminosity!r} pb⁻¹ recorded" if known else "luminosity unknown"
    tip = (
        f"Golden JSON {entry.id}{', official' if entry.official else ''}\n{entry.pattern}\n"
        f"by {entry.created_by}, {at}\n{figures[0]}, {figures[1]}, {luminosity}"
    )
    if entry.tags:
        tip += f"\ntags: {entry.tags}"
    official = "official" if entry.official else ""
    searched = f"{entry.pattern} #{entry.id} {entry.created_by} {entry.tags} {official}"
    return ItemText(
        str(entry.id),
        cell(entry.pattern),
        entry.official,
        cell(entry.created_by),
        f"{words.ago(entry.created_at, now)}, {at}",
        words.ago(entry.created_at, now),
        "   ".join(figures),
        cell(entry.tags),
        tip,
        searched.casefold(),
    )
