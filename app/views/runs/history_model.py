"""Qt model of what happened to a run, newest first."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.views import words
from app.views.backend.runs import HistoryEntry

TITLES = ("When (UTC)", "By", "What", "Comment", "Version")

Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractTableModel):
    """Shows entries as they are."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[HistoryEntry, ...] = ()
        self._now = datetime.now(UTC)

    def show_entries(self, entries: Sequence[HistoryEntry]) -> None:
        """Shows another history."""
        if tuple(entries) == self._entries:
            return
        self.beginResetModel()
        self._entries = tuple(entries)
        self._now = datetime.now(UTC)
        self.endResetModel()

    def entry(self, row: int) -> HistoryEntry:
        """The entry of a row."""
        return self._entries[row]

    def place_of(self, atomic_version: int) -> int | None:
        """The row of a version, None when it isn't shown."""
        versions = [entry.atomic_version for entry in self._entries]
        return versions.index(atomic_version) if atomic_version in versions else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(TITLES)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
                entry.by,
                entry.what,
                entry.comment,
                str(entry.atomic_version),
            )[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                words.ago(entry.at, self._now),
                f"{entry.by}, {'by hand' if entry.by_hand else 'automatic'}",
                entry.details or entry.what,
                entry.comment,
                "",
            )[index.column()]
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        return None
