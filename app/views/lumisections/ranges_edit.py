"""A line in which lumisections are typed, to be selected in a grid."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit

from app.domain.editing.selection import Selection
from app.domain.errors import BadInput
from app.domain.lumisections import parse_ranges
from app.views.focus import give_keys
from app.views.grid.grid_view import GridView

_WIDTH = 112


class RangesEdit(QLineEdit):
    """Selects typed lumisections in the rows with anything selected, or in the focused row.

    Signals: `said(text)` why they can't be selected; empty once they are.
    """

    said = Signal(str)

    def __init__(self, grid: GridView) -> None:
        super().__init__(placeholderText="LS 12-40, 55")
        self._grid = grid
        self.setAccessibleName("Lumisections to select")
        self.setToolTip("Select lumisections by number in the selected rows (L)")
        self.setFixedWidth(_WIDTH)
        self.returnPressed.connect(lambda: self.select_ranges(self.text()))

    def select_ranges(self, text: str) -> None:
        """Selects lumisections such as `12-40, 55`; the keyboard goes to the grid."""
        snapshot, focus = self._grid.snapshot, self._grid.focus_cell
        if snapshot is None or focus is None:
            return
        try:
            ranges = parse_ranges(text)
        except BadInput as error:
            self.said.emit(str(error))
            return
        keys = self._grid.selection()[0] or (snapshot.rows[focus.row].key,)
        chosen = Selection.of(keys, ranges, snapshot.length)
        if not chosen:
            self.said.emit(f"Enter lumisections from 1 to {snapshot.length}, such as 12-40, 55.")
            return
        self.said.emit("")
        self._grid.choose(chosen)
        give_keys(self._grid)
