"""The lumisection grid by keyboard: moving the focus, selecting, zooming."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from app.views.grid.grid_layout import Cell, GridLayout
from app.views.grid.selection_model import Span

if TYPE_CHECKING:
    from app.views.grid.grid_view import GridView

ZOOM = 1.5
_FAR = 10


class GridKeys:
    """Does what the keys of a grid mean."""

    def __init__(self, grid: "GridView", layout: GridLayout) -> None:
        self._grid = grid
        self._layout = layout

    def handle(self, event: QKeyEvent) -> bool:
        """Does what a key means; returns whether it means anything."""
        if self._move_focus(event) or self._choose(event):
            return True
        grid, text = self._grid, event.text()
        if text in ("+", "="):
            grid.zoom(ZOOM)
        elif text == "-":
            grid.zoom(1 / ZOOM)
        elif text == "0":
            grid.fit()
        elif text in ("]", "}"):
            self._to_change(1, extend=text == "}")
        elif text in ("[", "{"):
            self._to_change(-1, extend=text == "{")
        elif text in ("i", "I"):
            grid.fold_luminosity()
        else:
            return False
        return True

    def _move_focus(self, event: QKeyEvent) -> bool:
        focus, snapshot = self._grid.focus_cell, self._grid.snapshot
        if focus is None or snapshot is None:
            return False
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = _FAR if event.modifiers() & Qt.KeyboardModifier.AltModifier else 1
        last_row = len(snapshot.rows) - 1
        page = max(1, int(self._layout.area_width / self._layout.scale))
        key = Qt.Key
        targets = {
            key.Key_Left: Cell(focus.row, focus.lumisection - step),
            key.Key_Right: Cell(focus.row, focus.lumisection + step),
            key.Key_Up: Cell(focus.row - 1, focus.lumisection),
            key.Key_Down: Cell(focus.row + 1, focus.lumisection),
            key.Key_Home: Cell(0 if ctrl else focus.row, 1),
            key.Key_End: Cell(last_row if ctrl else focus.row, snapshot.length),
            key.Key_PageUp: Cell(focus.row, focus.lumisection - page),
            key.Key_PageDown: Cell(focus.row, focus.lumisection + page),
        }
        target = targets.get(Qt.Key(event.key()))
        if target is None:
            return False
        # With Ctrl the arrows leave what is selected; Home and End mean the first row and the last.
        keeps = ctrl and event.key() not in {key.Key_Home, key.Key_End}
        self._grid.focus(target, extend=shift, keep=keeps)
        return True

    def _choose(self, event: QKeyEvent) -> bool:
        grid, focus = self._grid, self._grid.focus_cell
        if focus is None:
            return False
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() == Qt.Key.Key_Space:
            grid.toggle(focus, Span.ROWS if shift else Span.LUMISECTIONS if ctrl else Span.CELLS)
        elif event.key() == Qt.Key.Key_A and ctrl:
            grid.choose_all(everything=shift)
        elif event.key() == Qt.Key.Key_A:
            grid.choose_alike(everywhere=shift)
        else:
            return False
        return True

    def _to_change(self, direction: int, *, extend: bool = False) -> None:
        """Moves to the first lumisection of the next stretch of the row, or of the one before."""
        focus, snapshot = self._grid.focus_cell, self._grid.snapshot
        if focus is None or snapshot is None:
            return
        around, place = snapshot.run_at(focus.row, focus.lumisection)
        starts = snapshot.rows[focus.row].starts
        if direction > 0 and place + 1 < starts.size:
            self._grid.focus(Cell(focus.row, around.last + 1), extend=extend)
        elif direction < 0:
            inside = focus.lumisection > around.first
            target = around.first if inside else int(starts[max(place - 1, 0)]) + 1
            self._grid.focus(Cell(focus.row, target), extend=extend)
