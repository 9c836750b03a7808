"""Qt model of a table that is longer than what is loaded: rows come in blocks, when looked at."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from app.domain.clock import server_now
from app.services.certification.tables import Row
from app.views.tables.columns import Cell, CellKind, Column, PreparedRow, copied, prepare_row
from app.views.widgets.plain import cell, shown, tip
from app.views.widgets.tables.copying import COPY_ROLE

CELL_ROLE = Qt.ItemDataRole.UserRole
BLOCK = 100

Index = QModelIndex | QPersistentModelIndex
_ALIGNMENTS = {
    CellKind.NUMBER: Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
    CellKind.FLAG: Qt.AlignmentFlag.AlignCenter,
}
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class TableModel(QAbstractTableModel):
    """Shows the rows that are loaded; others are blank until they are loaded.

    Signals: `rows_wanted(offset)` for the block of rows that begins there and came into sight.
    """

    rows_wanted = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns: tuple[Column, ...] = ()
        self._rows: dict[int, PreparedRow] = {}
        self._count = 0
        self._missing: set[int] = set()
        self._asking = QTimer(self, singleShot=True, interval=0)
        self._asking.timeout.connect(self._ask)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    def row_at(self, number: int) -> Row | None:
        """The row at a place, None while it isn't loaded."""
        prepared = self._rows.get(number)
        return prepared.row if prepared else None

    def prepared(self, number: int) -> PreparedRow | None:
        """The row at a place with its cells, None while it isn't loaded."""
        return self._rows.get(number)

    def key_at(self, number: int) -> tuple[int, str] | None:
        """Run number and dataset name at a place, None while it isn't loaded."""
        prepared = self._rows.get(number)
        return prepared.key if prepared else None

    def place_of(self, key: tuple[int, str]) -> int | None:
        """Place of a row among those that are loaded."""
        return next((place for place, row in self._rows.items() if row.key == key), None)

    def start(self, columns: Sequence[Column], rows: Sequence[PreparedRow], count: int) -> None:
        """Shows another table from its first row on."""
        self.beginResetModel()
        self._columns = tuple(columns)
        self._rows = dict(enumerate(rows))
        self._count = max(count, len(rows))
        self._missing.clear()
        self.endResetModel()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Shows other columns of the same rows."""
        self.beginResetModel()
        self._columns = tuple(columns)
        self._rows = {
            place: prepare_row(prepared.row, columns) for place, prepared in self._rows.items()
        }
        self.endResetModel()

    def fill(self, offset: int, rows: Sequence[PreparedRow], count: int) -> None:
        """Adds a block; the rows that are loaded stay."""
        self.set_count(max(count, offset + len(rows)))
        for place, row in enumerate(rows, start=offset):
            self._rows[place] = row
        self._tell_changed(range(offset, offset + len(rows)))

    def renew(self, offset: int, rows: Sequence[PreparedRow], count: int) -> int:
        """Replaces what is loaded by the present state of a part of the table.

        Selected rows keep their selection wherever they are now. Returns by how many places what
        was seen has moved down.
        """
        before = self._rows
        after = dict(enumerate(rows, start=offset))
        old_places = {row.key: place for place, row in before.items()}
        new_places = {row.key: place for place, row in after.items()}
        moved = next(
            (place - old_places[key] for key, place in new_places.items() if key in old_places), 0
        )
        same_places = all(
            place not in before or before[place].key == row.key for place, row in after.items()
        )
        if same_places:
            self.set_count(max(count, offset + len(rows)))
            # Other rows may be out of date: they are read again when they come into sight.
            self._rows = after
            changed = [
                place
                for place, row in after.items()
                if place not in before or before[place].mark != row.mark
            ]
            self._tell_changed(changed)
            return 0
        self.set_count(max(self._count, count, offset + len(rows)))
        self.layoutAboutToBeChanged.emit()
        self._rows = after
        for index in self.persistentIndexList():
            old = before.get(index.row())
            target = new_places.get(old.key) if old else None
            if target is None and (old is None or not offset <= index.row() < offset + len(rows)):
                target = index.row() + moved
            valid = target is not None and 0 <= target < self._count
            self.changePersistentIndex(
                index, self.index(target or 0, index.column()) if valid else QModelIndex()
            )
        self.layoutChanged.emit()
        self.set_count(max(count, offset + len(rows)))
        return moved

    def set_count(self, count: int) -> None:
        """Shows so many places; their rows come when they are looked at."""
        if count > self._count:
            self.beginInsertRows(QModelIndex(), self._count, count - 1)
            self._count = count
            self.endInsertRows()
        elif count < self._count:
            self.beginRemoveRows(QModelIndex(), count, self._count - 1)
            self._count = count
            self._rows = {place: row for place, row in self._rows.items() if place < count}
            self.endRemoveRows()

    def _tell_changed(self, places: Sequence[int]) -> None:
        """One signal per stretch of neighbouring rows."""
        if not self._columns:
            return
        last_column = len(self._columns) - 1
        stretch: list[int] = []
        for place in [*sorted(places), -1]:
            if stretch and place != stretch[-1] + 1:
                self.dataChanged.emit(
                    self.index(stretch[0], 0), self.index(stretch[-1], last_column)
                )
                stretch = []
            stretch.append(place)

    def _ask(self) -> None:
        blocks, self._missing = self._missing, set()
        for block in sorted(blocks):
            self.rows_wanted.emit(block * BLOCK)

    # Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else self._count

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._columns)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        prepared = self._rows.get(index.row())
        if prepared is None:
            if role == CELL_ROLE:
                self._missing.add(index.row() // BLOCK)
                self._asking.start()
            return None
        cell = prepared.cells[index.column()]
        if role == CELL_ROLE:
            return cell
        reader = _READERS.get(role)
        return reader(cell, self._columns[index.column()]) if reader else None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Vertical or not 0 <= section < len(self._columns):
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(column.title)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(column.tip)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNMENTS.get(column.kind, _LEFT)
        return None


_READERS: dict[int, Callable[[Cell, Column], Any]] = {
    Qt.ItemDataRole.DisplayRole: lambda cell, _: cell.text,
    COPY_ROLE: lambda cell, _: copied(cell),
    Qt.ItemDataRole.ToolTipRole: lambda cell, _: cell.whole(server_now()),
    Qt.ItemDataRole.TextAlignmentRole: lambda _, column: _ALIGNMENTS.get(column.kind, _LEFT),
    Qt.ItemDataRole.AccessibleTextRole: lambda cell, column: (
        f"{column.title}: {cell.text or cell.tip}"
    ),
}
