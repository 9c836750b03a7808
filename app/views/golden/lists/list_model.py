"""Qt model of the golden JSONs, newest first, and those that a search finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from app.domain.clock import server_now
from app.services.golden.generation import JsonEntry
from app.views.looks import words
from app.views.widgets.plain import cell, shown

ENTRY_ROLE = Qt.ItemDataRole.UserRole
ITEM_ROLE = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class ItemText:
    """The texts of an item of the list."""

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
        self._entries: list[JsonEntry] = []
        self._items: list[ItemText] = []
        self._now = server_now()

    @property
    def entries(self) -> tuple[JsonEntry, ...]:
        return tuple(self._entries)

    def show_entries(self, entries: Sequence[JsonEntry]) -> None:
        """Shows another list, which has ids descending as well."""
        ids = {entry.id for entry in entries}
        for row in range(len(self._entries) - 1, -1, -1):
            if self._entries[row].id not in ids:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._entries[row], self._items[row]
                self.endRemoveRows()
        new, row = list(entries), 0
        while row < len(new):
            known = self._entries[row] if row < len(self._entries) else None
            if known is not None and known.id == new[row].id:
                self._renew(row, new[row])
                row += 1
                continue
            end = row
            while end < len(new) and (known is None or new[end].id != known.id):
                end += 1
            self.beginInsertRows(QModelIndex(), row, end - 1)
            self._entries[row:row] = new[row:end]
            self._items[row:row] = [_item(entry, self._now) for entry in new[row:end]]
            self.endInsertRows()
            row = end

    def set_now(self, now: datetime) -> None:
        """Shows how long ago each list was made."""
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

    def _renew(self, row: int, entry: JsonEntry) -> None:
        item = _item(entry, self._now)
        if (entry, item) != (self._entries[row], self._items[row]):
            self._entries[row], self._items[row] = entry, item
            self.dataChanged.emit(self.index(row), self.index(row))


class FoundGolden(QSortFilterProxyModel):
    """The entries that contain every word of a search."""

    def __init__(self, model: GoldenModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self.setSourceModel(model)

    def search(self, text: str) -> None:
        """Keeps the entries with all words in their name, id, author or tags."""
        self._words = tuple(text.casefold().split())
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        item: ItemText = self.sourceModel().index(source_row, 0).data(ITEM_ROLE)
        return all(word in item.searched for word in self._words)


def _item(entry: JsonEntry, now: datetime) -> ItemText:
    at, known = words.time(entry.created_at), entry.recorded_in_json >= 0
    figures = [words.counted(entry.runs, "run"), f"{words.number(entry.lumisections)} LS"]
    if known:
        figures.append(f"{words.luminosity(entry.recorded_in_json)} pb⁻¹")
    luminosity = f"{entry.recorded_in_json!r} pb⁻¹ recorded" if known else "luminosity unknown"
    tip = (
        f"Golden JSON {entry.id}{', official' if entry.official else ''}\n"
        f"{entry.dataset_name_filter}\n"
        f"by {entry.created_by}, {at}\n{figures[0]}, {figures[1]}, {luminosity}"
    )
    if entry.tags:
        tip += f"\ntags: {entry.tags}"
    official = "official" if entry.official else ""
    searched = f"{entry.dataset_name_filter} #{entry.id} {entry.created_by} {entry.tags} {official}"
    return ItemText(
        str(entry.id),
        cell(entry.dataset_name_filter),
        entry.official,
        cell(entry.created_by),
        f"{words.ago(entry.created_at, now)}, {at}",
        words.ago(entry.created_at, now),
        "   ".join(figures),
        cell(entry.tags),
        tip,
        searched.casefold(),
    )
