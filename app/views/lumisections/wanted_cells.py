"""Cells that somebody wants to see, named by columns and lumisections."""

from collections.abc import Sequence

from app.domain.editing.selection import Selection
from app.domain.lumisections import LumiRange
from app.views.grid.grid_layout import Cell
from app.views.grid.grid_view import GridView


class WantedCells:
    """Selects cells of a grid by their names, at once or when their dataset is there."""

    def __init__(self, grid: GridView) -> None:
        self._grid = grid
        self._wanted: tuple[Sequence[str], tuple[LumiRange, ...]] | None = None

    def go_to(self, columns: Sequence[str], ranges: Sequence[LumiRange]) -> None:
        """Selects cells and goes to the first of them, once the dataset is there. Without a column
        it goes to the lumisection."""
        snapshot = self._grid.snapshot
        if snapshot is None:
            self._wanted = columns, tuple(ranges)
            return
        self._wanted = None
        known = [column for column in columns if column in snapshot.keys]
        if not ranges or not snapshot.keys or ranges[0].first > snapshot.length:
            return
        if known or not columns:
            row = snapshot.keys.index(known[0]) if known else 0
            self._grid.focus(Cell(row, ranges[0].first))
        if known:
            self._grid.choose(Selection.of(known, ranges, snapshot.length))

    def go_on(self) -> None:
        """The dataset is there."""
        if self._wanted is not None:
            self.go_to(*self._wanted)

    def select(self, column: str, ranges: Sequence[LumiRange]) -> None:
        """Selects cells of a column, if it is shown; the focus stays."""
        snapshot = self._grid.snapshot
        if snapshot is not None and column in snapshot.keys:
            self._grid.choose(Selection.of([column], ranges, snapshot.length))
