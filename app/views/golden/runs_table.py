"""A table of runs with figures, sorted by any column; a run is opened from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from app.domain.keys import ONLINE
from app.golden.list_luminosity import ListLuminosity
from app.views.looks import words
from app.views.widgets.plain import TreeItem

_SORTED_BY = Qt.ItemDataRole.UserRole
_KEY = Qt.ItemDataRole.UserRole + 1
_WIDTH = 96
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

Cell = str | int | float | None
"""A text, a count, pb^-1, or None for unknown."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A line about a run or one of its datasets."""

    run_number: int
    dataset: str
    cells: tuple[Cell, ...]


class _Line(TreeItem):
    """Sorts numbers as numbers; unknown ones come last."""

    def __lt__(self, other: QTreeWidgetItem) -> bool:
        view = self.treeWidget()
        column = view.sortColumn() if view is not None else 0
        mine, its = self.data(column, _SORTED_BY), other.data(column, _SORTED_BY)
        if isinstance(mine, str) and isinstance(its, str):
            return mine < its
        return bool((mine is not None, mine or 0) < (its is not None, its or 0))


class RunsTable(QTreeWidget):
    """Shows lines about runs.

    Signals: `run_wanted(run_number, dataset)` by double click or Enter.
    """

    run_wanted = Signal(int, str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setToolTip("Double click or Enter opens the run")
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setFrameShape(self.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHeaderHidden(True)  # until there are titles
        self.setSortingEnabled(True)
        self.itemActivated.connect(self._open)

    def show_rows(
        self,
        titles: Sequence[str],
        rows: Sequence[RunRow],
        *,
        wide: Sequence[str] = (),
        widths: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Shows other lines; the columns named in `wide` share the room that is left."""
        self.setSortingEnabled(False)
        self.setHeaderHidden(False)
        self.clear()
        if [self.headerItem().text(n) for n in range(self.columnCount())] != list(titles):
            self.setColumnCount(len(titles))
            self.setHeaderLabels(list(titles))
            header = self.header()
            header.setStretchLastSection(False)
            for column, title in enumerate(titles):
                header.setSectionResizeMode(
                    column,
                    QHeaderView.ResizeMode.Stretch
                    if title in wide
                    else QHeaderView.ResizeMode.Interactive,
                )
                self.setColumnWidth(column, widths.get(title, _WIDTH))
            self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        head = self.headerItem()
        for column, cell in enumerate(rows[0].cells if rows else ()):
            head.setTextAlignment(column, _LEFT if column == 0 or isinstance(cell, str) else _RIGHT)
        self.addTopLevelItems([_line(row) for row in rows])
        self.setSortingEnabled(True)

    def _open(self, item: QTreeWidgetItem) -> None:
        run_number, dataset = item.data(0, _KEY)
        self.run_wanted.emit(int(run_number), str(dataset))


def luminosity_text(of: ListLuminosity | None) -> str:
    """Recorded luminosity as a text, and how many lumisections have none."""
    if of is None or not of.lumisections:
        return "0 pb⁻¹" if of is not None else "luminosity unknown"
    if not of.known:
        return "luminosity not stored"
    text = f"{words.luminosity(of.recorded)} pb⁻¹"
    return f"{text}, {words.number(of.missing)} LS without luminosity" if of.missing else text


def _line(row: RunRow) -> QTreeWidgetItem:
    item = _Line()
    item.setData(0, _KEY, (row.run_number, row.dataset or ONLINE))
    for column, cell in enumerate(row.cells):
        item.setData(column, _SORTED_BY, cell)
        item.setText(column, _text(cell, is_run=column == 0))
        if column > 0 and not isinstance(cell, str):
            item.setTextAlignment(column, _RIGHT)
        if isinstance(cell, float):
            item.setToolTip(column, f"{cell!r} pb⁻¹")
        elif isinstance(cell, str):
            item.setToolTip(column, cell)
    return item


def _text(cell: Cell, *, is_run: bool) -> str:
    if cell is None:
        return "unknown"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return words.luminosity(cell)
    return str(cell) if is_run else words.number(cell)
