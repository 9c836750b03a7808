"""What the lumisection grid tells of the place below the mouse."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

from app.views.grid.axis_notes import AxisNotes
from app.views.grid.grid_layout import Cell
from app.views.grid.pinned_rows import PinnedRows
from app.views.widgets.plain import tip

if TYPE_CHECKING:
    from app.views.grid.grid_view import GridView


class GridTips:
    """Shows tooltips of cells, of notes on the axis and of pinned rows. Who set a cell is asked
    for, and added once it is known."""

    def __init__(self, grid: "GridView", notes: AxisNotes, pinned: PinnedRows) -> None:
        self._grid = grid
        self._notes = notes
        self._pinned = pinned
        self._open: tuple[Cell, QPoint] | None = None

    def show(self, event: QHelpEvent) -> None:
        """Shows what is told of a place; where there is nothing, an open one goes."""
        grid, snapshot = self._grid, self._grid.snapshot
        cell = grid.cell_at(event.pos())
        keys = snapshot.keys if snapshot is not None else ()
        noted = self._notes.text_at(event.pos(), keys) or self._pinned.text_at(event.pos())
        if cell is None or snapshot is None or noted:
            self._open = None
            if noted:
                QToolTip.showText(event.globalPos(), tip(noted), grid.viewport())
            else:
                QToolTip.hideText()
        else:
            self._open = (cell, event.globalPos())
            QToolTip.showText(event.globalPos(), tip(grid.text_of(cell)), grid.viewport())
            grid.origin_wanted.emit(snapshot.rows[cell.row].key, cell.lumisection)

    def add_origin(self, key: str, lumisection: int, text: str) -> None:
        """Adds who set a cell, if its tooltip is still open."""
        grid, snapshot = self._grid, self._grid.snapshot
        if self._open is None or snapshot is None:
            return
        cell, place = self._open
        if (snapshot.rows[cell.row].key, cell.lumisection) == (key, lumisection):
            QToolTip.showText(place, tip(f"{grid.text_of(cell)}\n{text}"), grid.viewport())

    def leave(self) -> None:
        """The mouse is elsewhere."""
        self._open = None
