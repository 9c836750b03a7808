"""Which cells are chosen, and the rectangle that is being drawn over what was chosen before."""

from enum import Enum

from msgspec import Struct

from app.domain.editing.selection import Selection
from app.views.grid.grid_layout import Cell
from app.views.grid.snapshot import LumisectionsSnapshot


class Mode(Enum):
    """What a rectangle does to what was chosen before."""

    REPLACE = "replace"
    ADD = "add"
    SUBTRACT = "subtract"


class Span(Enum):
    """What a rectangle reaches over: cells, whole rows, or whole lumisections (of the columns, or
    of the DCS bits when it begins on one)."""

    CELLS = "cells"
    ROWS = "rows"
    LUMISECTIONS = "lumisections"


class _Rectangle(Struct, frozen=True):
    """A rectangle from `anchor` to `corner` over what was chosen `before`."""

    before: Selection
    mode: Mode
    span: Span
    anchor: Cell
    corner: Cell


class SelectionModel:
    """Chosen cells of one snapshot; survives a newer snapshot of the same dataset."""

    def __init__(self) -> None:
        self._keys: tuple[str, ...] = ()
        self._columns = 0
        self._rectangle: _Rectangle | None = None
        self.chosen = Selection.empty(0)

    def show(self, snapshot: LumisectionsSnapshot | None, *, same_dataset: bool) -> None:
        """Goes over to another snapshot; of the same dataset what is chosen stays."""
        keys = snapshot.keys if snapshot is not None else ()
        length = snapshot.length if snapshot is not None else 0
        if not same_dataset or snapshot is None:
            self.chosen, self._rectangle = Selection.empty(length), None
        elif (keys, length) != (self._keys, self.chosen.length):
            kept = self.chosen.resized(length)
            known = set(keys)
            self.chosen = Selection(
                length, {key: mask for key, mask in kept.rows.items() if key in known}
            )
            self._rectangle = None
        self._keys = keys
        self._columns = snapshot.columns if snapshot is not None else 0

    def holds(self, cell: Cell, span: Span = Span.CELLS) -> bool:
        """Whether a cell is chosen, or everything that a span reaches from it."""
        shape = self._shape(cell, cell, span)
        return bool(shape) and not shape - self.chosen

    def begin(self, cell: Cell, mode: Mode = Mode.REPLACE, span: Span = Span.CELLS) -> None:
        """Begins a rectangle at a cell."""
        empty = Selection.empty(self.chosen.length)
        before = empty if mode is Mode.REPLACE else self.chosen
        self._draw(_Rectangle(before, mode, span, cell, cell))

    def toggle(self, cell: Cell, span: Span = Span.CELLS) -> None:
        """Begins a rectangle that takes away what is chosen already, and adds otherwise."""
        self.begin(cell, Mode.SUBTRACT if self.holds(cell, span) else Mode.ADD, span)

    def extend(self, corner: Cell, since: Cell) -> None:
        """Draws the rectangle up to another corner; without one it begins at `since`."""
        if self._rectangle is None:
            self.begin(since)
        known = self._rectangle
        assert known is not None  # it was begun above
        self._draw(_Rectangle(known.before, known.mode, known.span, known.anchor, corner))

    def choose(self, selection: Selection) -> None:
        """Chooses exactly these cells."""
        self.chosen = selection
        self._rectangle = None

    def clear(self) -> None:
        """Chooses nothing."""
        self.choose(Selection.empty(self.chosen.length))

    def all_like(self, cell: Cell) -> Selection:
        """Every cell of the columns, or of the DCS bits when the cell is one."""
        return self._shape(cell, cell, Span.LUMISECTIONS, whole=True)

    def everything(self) -> Selection:
        """Every cell of columns and DCS bits."""
        length = self.chosen.length
        return Selection.of(self._keys, [(1, length)], length)

    def _draw(self, rectangle: _Rectangle) -> None:
        self._rectangle = rectangle
        shape = self._shape(rectangle.anchor, rectangle.corner, rectangle.span)
        before = rectangle.before
        self.chosen = before - shape if rectangle.mode is Mode.SUBTRACT else before | shape

    def _shape(self, one: Cell, other: Cell, span: Span, *, whole: bool = False) -> Selection:
        length = self.chosen.length
        first, last = sorted((one.lumisection, other.lumisection))
        if span is Span.ROWS or whole:
            first, last = 1, length
        if span is Span.LUMISECTIONS:
            columns = one.row < self._columns
            keys = self._keys[: self._columns] if columns else self._keys[self._columns :]
        else:
            top, bottom = sorted((one.row, other.row))
            keys = self._keys[top : bottom + 1]
        return Selection.of(keys, [(first, last)], length)
