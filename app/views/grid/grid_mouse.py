"""The lumisection grid by mouse: selecting, panning, zooming."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from app.views.grid.grid_keys import ZOOM
from app.views.grid.grid_layout import AXIS_HEIGHT, Cell, GridLayout
from app.views.grid.selection_model import Span

if TYPE_CHECKING:
    from app.views.grid.grid_view import GridView


class GridMouse:
    """Does what the mouse does in a grid."""

    def __init__(self, grid: "GridView", layout: GridLayout) -> None:
        self._grid = grid
        self._layout = layout
        self._panned_from: tuple[QPoint, int, int] | None = None
        self._selecting: Span | None = None

    def press(self, event: QMouseEvent) -> None:
        """Begins to pan or to select, or selects everything in the corner."""
        grid, point = self._grid, event.position().toPoint()
        left = event.button() == Qt.MouseButton.LeftButton
        start = self._start_at(point) if grid.snapshot is not None else None
        in_corner = point.x() < self._layout.header_width and point.y() < AXIS_HEIGHT
        beside = point.y() >= AXIS_HEIGHT + self._layout.area_height
        in_area = point.x() >= self._layout.header_width
        if event.button() == Qt.MouseButton.MiddleButton or (left and beside and in_area):
            self._panned_from = (
                point,
                grid.horizontalScrollBar().value(),
                grid.verticalScrollBar().value(),
            )
            grid.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif left and in_corner:
            grid.choose_all()
        elif left and beside and point.x() < self._layout.header_width:
            grid.fold_luminosity()
        elif left and start is not None:
            self._begin_selecting(*start, event.modifiers())
        elif event.button() == Qt.MouseButton.RightButton and start is not None:
            cell = start[0]
            # A menu for what is selected, or for the cell below the mouse.
            grid.focus(cell, keep=grid.is_chosen(cell))

    def move(self, event: QMouseEvent) -> None:
        """Pans, or extends the selection."""
        grid, point = self._grid, event.position().toPoint()
        if self._panned_from is not None:
            start, horizontal, vertical = self._panned_from
            grid.horizontalScrollBar().setValue(horizontal - (point.x() - start.x()))
            grid.verticalScrollBar().setValue(vertical - (point.y() - start.y()))
            return
        if self._selecting is not None:
            cell = self._layout.nearest_cell(point)
            if cell is not None and self._reached(cell) != grid.focus_cell:
                grid.focus(self._reached(cell), extend=True)
        grid.hover(grid.cell_at(point))

    def release(self) -> None:
        """Ends panning and selecting."""
        if self._panned_from is not None:
            self._grid.viewport().unsetCursor()
        self._panned_from = None
        self._selecting = None

    def double_click(self, event: QMouseEvent) -> None:
        """Selects the stretch with the same value."""
        cell = self._grid.cell_at(event.position().toPoint())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self._grid.focus(cell)
            self._grid.choose_alike()

    def turn_wheel(self, event: QWheelEvent) -> None:
        """Zooms or scrolls."""
        grid, delta = self._grid, event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            grid.zoom(ZOOM ** (delta.y() / 120), event.position().x())
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or (delta.x() and not delta.y()):
            bar = grid.horizontalScrollBar()
            bar.setValue(bar.value() - (delta.x() or delta.y()))
        else:
            bar = grid.verticalScrollBar()
            bar.setValue(bar.value() - delta.y() // 2)
        event.accept()

    def _start_at(self, point: QPoint) -> tuple[Cell, Span] | None:
        """Where a press at a pixel begins to select: a cell, a name, a number of the axis."""
        row, number = self._layout.row_at(point.y()), self._layout.lumisection_at(point.x())
        focus = self._grid.focus_cell or Cell(0, 1)
        if row is not None and number is not None:
            return Cell(row, number), Span.CELLS
        if row is not None and point.x() < self._layout.header_width:
            return Cell(row, focus.lumisection), Span.ROWS
        if number is not None and point.y() < AXIS_HEIGHT:
            return Cell(focus.row, number), Span.LUMISECTIONS
        return None

    def _begin_selecting(self, cell: Cell, span: Span, modifiers: Qt.KeyboardModifier) -> None:
        grid = self._grid
        self._selecting = span
        if modifiers & Qt.KeyboardModifier.ShiftModifier and grid.focus_cell is not None:
            grid.focus(self._reached(cell), extend=True)
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            grid.toggle(cell, span)
            grid.focus(cell, keep=True)
        else:
            grid.begin(cell, span)

    def _reached(self, cell: Cell) -> Cell:
        """The corner that the mouse draws to: beside the cells only one direction counts."""
        focus = self._grid.focus_cell or cell
        if self._selecting is Span.ROWS:
            return Cell(cell.row, focus.lumisection)
        return Cell(focus.row, cell.lumisection) if self._selecting is Span.LUMISECTIONS else cell
