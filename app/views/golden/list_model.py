"""Qt model of the generated JSONs, newest first."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.views import words
from app.views.backend import GoldenEntry

TITLES = ("Id", "Datasets", "Official", "Runs", "LS", "pb⁻¹", "By", "Created (UTC)", "Tags")
_NUMBERS = frozenset({0, 3, 4, 5})
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

Index = QModelIndex | QPersistentModelIndex


class GoldenModel(QAbstractTableModel):
    """Shows entries; a list that only grew at its ends keeps the selection."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[GoldenEntry, ...] = ()

    @property
    def entries(self) -> tuple[GoldenEntry, ...]:
        return self._entries

    def show_entries(self, entries: Sequence[GoldenEntry]) -> None:
        """Shows another list."""
        new = tuple(entries)
        if new == self._entries:
            return
        added = len(new) - len(self._entries)
        if self._entries and added > 0 and new[added:] == self._entries:
            self.beginInsertRows(QModelIndex(), 0, added - 1)
            self._entries = new
            self.endInsertRows()
        elif self._entries and added > 0 and new[:-added] == self._entries:
            self.beginInsertRows(QModelIndex(), len(self._entries), len(new) - 1)
            self._entries = new
            self.endInsertRows()
        else:
            self.beginResetModel()
            self._entries = new
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(TITLES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in _NUMBERS:
            return _RIGHT
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        entry = self._entries[index.row()]
        luminosity = entry.recorded_luminosity
        return (
            str(entry.id),
            entry.pattern,
            "official" if entry.official else "",
            words.number(entry.runs),
            words.number(entry.lumisections),
            words.luminosity(luminosity) if luminosity >= 0 else "",
            entry.created_by,
            f"{entry.created_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            entry.tags,
        )[index.column()]

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section in _NUMBERS:
            return _RIGHT
        return TITLES[section] if role == Qt.ItemDataRole.DisplayRole else None
