"""Where everything of the lumisection grid is: rows, lumisections, pixels."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPoint, QRect, QRectF

from app.domain.lumisections import Mask
from app.views.grid.snapshot import LumisectionsSnapshot, RowKind
from app.views.looks.theme import ROW_HEIGHT, STEP

AXIS_HEIGHT = 24
BIT_HEIGHT = 16
WIDEST_CELL = 64.0

_BETWEEN_COLUMNS_AND_BITS = 8
_LUMINOSITY_HEIGHT = 72
_TALLEST_LUMINOSITY = 160
_FOLDED_LUMINOSITY = 24
_LEAST_HEADER = 96
_TALLEST_PINNED = 30
_LOWEST_PINNED = 18
_PINNED_SHARE = 0.4
"""Of the height at most, as long as the rows aren't too low for their names."""


class Cell(NamedTuple):
    """A place in the grid; rows from 0, lumisections from 1."""

    row: int
    lumisection: int


@dataclass
class GridLayout:
    """Pixels of a viewport of `width` x `height`: names at the left, axis on top, luminosity at
    the bottom, and between them the rows, scrolled by `left` and `top`.

    `scale` is in pixels per lumisection; `tops` are those of the rows before scrolling. Where not
    all rows are in sight, the luminosity is folded unless `luminosity_is_open` says otherwise, and
    a line of `bits_height` above it tells where any DCS bit is false. Between that and the
    luminosity are the `pinned` rows.
    """

    width: int = 1
    height: int = 1
    scale: float = 1.0
    left: int = 0
    top: int = 0
    header_width: int = _LEAST_HEADER
    content_height: int = 0
    length: int = 0
    tops: list[int] = field(default_factory=list)
    luminosity_height: int = 0
    luminosity_is_open: bool | None = None
    bits_height: int = 0
    pinned: int = 0
    pinned_row_height: int = 0
    _heights: list[int] = field(default_factory=list)
    _has_luminosity: bool = False
    _has_bits: bool = False

    def arrange(
        self,
        snapshot: LumisectionsSnapshot | None,
        text_width: Callable[[str], int],
        least_header: int = 0,
    ) -> None:
        """Gives every row of a snapshot its place; names have `least_header` pixels at least."""
        self.tops, self._heights = [], []
        self.header_width = max(_LEAST_HEADER, least_header + 4 * STEP)
        self.length = snapshot.length if snapshot else 0
        top = 0
        previous: RowKind | None = None
        for row in snapshot.rows if snapshot else ():
            if previous is RowKind.COLUMN and row.kind is RowKind.BIT:
                top += _BETWEEN_COLUMNS_AND_BITS
            self.tops.append(top)
            self._heights.append(ROW_HEIGHT if row.kind is RowKind.COLUMN else BIT_HEIGHT)
            top += self._heights[-1]
            previous = row.kind
            self.header_width = max(self.header_width, text_width(row.label) + 4 * STEP)
        self.content_height = top
        self._has_bits = previous is RowKind.BIT
        self._has_luminosity = snapshot is not None and bool(
            np.isfinite(snapshot.recorded).any() or np.isfinite(snapshot.delivered).any()
        )
        self.resize(self.width, self.height)

    def resize(self, width: int, height: int) -> None:
        """The viewport has another size."""
        self.width, self.height = width, height
        share = int(height * _PINNED_SHARE / max(self.pinned, 1))
        self.pinned_row_height = min(max(share, _LOWEST_PINNED), _TALLEST_PINNED)
        height -= self.pinned_height
        spare = height - AXIS_HEIGHT - self.content_height - STEP
        is_open = self.luminosity_is_open
        if is_open is None:
            is_open = spare >= _LUMINOSITY_HEIGHT
        tall = min(max(spare, _LUMINOSITY_HEIGHT), _TALLEST_LUMINOSITY)
        tall = tall if is_open else _FOLDED_LUMINOSITY
        self.luminosity_height = tall if self._has_luminosity else 0
        all_in_sight = self.content_height <= height - AXIS_HEIGHT - self.luminosity_height
        self.bits_height = 0 if all_in_sight or not self._has_bits else BIT_HEIGHT

    def fold_luminosity(self) -> None:
        """Folds the luminosity, or opens it again."""
        self.luminosity_is_open = self.luminosity_height <= _FOLDED_LUMINOSITY
        self.resize(self.width, self.height)

    @property
    def area_width(self) -> int:
        """Width of the rows in sight."""
        return max(self.width - self.header_width, 1)

    @property
    def area_height(self) -> int:
        """Height of the rows in sight."""
        below = self.luminosity_height + self.bits_height + self.pinned_height
        return max(self.height - AXIS_HEIGHT - below, 1)

    @property
    def pinned_height(self) -> int:
        """Height of all pinned rows."""
        return self.pinned * self.pinned_row_height

    @property
    def fit_scale(self) -> float:
        """Scale at which all lumisections are in sight."""
        return min(self.area_width / max(self.length, 1), WIDEST_CELL)

    @property
    def widest_left(self) -> int:
        """How far it can be scrolled to the right."""
        return max(0, math.ceil(self.length * self.scale - 1e-6) - self.area_width)

    def whole(self) -> QRect:
        """The viewport."""
        return QRect(0, 0, self.width, self.height)

    def area(self) -> QRect:
        """The part of the viewport with the rows."""
        return QRect(self.header_width, AXIS_HEIGHT, self.area_width, self.area_height)

    def x(self, position: float) -> float:
        """Pixel of a position in lumisections, 0 at the left edge of LS 1."""
        return self.header_width + position * self.scale - self.left

    def position(self, x: float) -> float:
        """Position in lumisections of a pixel, 0 at the left edge of LS 1."""
        return (x - self.header_width + self.left) / self.scale

    def height_of(self, row: int) -> int:
        """Pixels of a row."""
        return self._heights[row]

    def rows_in_sight(self) -> range:
        """Rows of which anything is in sight."""
        first = max(int(np.searchsorted(self.tops, self.top, side="right")) - 1, 0)
        end = int(np.searchsorted(self.tops, self.top + self.area_height, side="left"))
        return range(first, end)

    def positions_in_sight(self) -> tuple[int, int]:
        """First position in lumisections and the end of those in sight."""
        first = min(int(self.left / self.scale), max(self.length - 1, 0))
        end = min(math.ceil((self.left + self.area_width) / self.scale), self.length)
        return first, end

    def cell_at(self, point: QPoint) -> Cell | None:
        """The cell at a pixel."""
        if not self.area().contains(point):
            return None
        row, number = self.row_at(point.y()), self.lumisection_at(point.x())
        return None if row is None or number is None else Cell(row, number)

    def row_at(self, y: int) -> int | None:
        """The row at a pixel, wherever it is from left to right."""
        if not self.tops or not AXIS_HEIGHT <= y < AXIS_HEIGHT + self.area_height:
            return None
        scrolled = y - AXIS_HEIGHT + self.top
        row = int(np.searchsorted(self.tops, scrolled, side="right")) - 1
        if row < 0 or scrolled >= self.tops[row] + self.height_of(row):
            return None
        return row

    def lumisection_at(self, x: int) -> int | None:
        """The lumisection at a pixel, wherever it is from top to bottom."""
        number = math.floor(self.position(x)) + 1
        return number if x >= self.header_width and 1 <= number <= self.length else None

    def nearest_cell(self, point: QPoint) -> Cell | None:
        """The cell in sight that is nearest to a pixel."""
        if not self.tops or not self.length:
            return None
        x = min(max(point.x(), self.header_width), self.header_width + self.area_width - 1)
        y = min(max(point.y(), AXIS_HEIGHT), AXIS_HEIGHT + self.area_height - 1)
        number = min(max(math.floor(self.position(x)) + 1, 1), self.length)
        row = int(np.searchsorted(self.tops, y - AXIS_HEIGHT + self.top, side="right")) - 1
        return Cell(min(max(row, 0), len(self.tops) - 1), number)

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where a cell is painted, at least one pixel wide."""
        top = self.tops[cell.row] + AXIS_HEIGHT - self.top
        return QRectF(
            self.x(cell.lumisection - 1), top, max(self.scale, 1.0), self.height_of(cell.row)
        )

    def scrolled_to(self, cell: Cell) -> tuple[int, int]:
        """`left` and `top` at which a cell is in sight, as near to the present ones as possible."""
        begin, end = (cell.lumisection - 1) * self.scale, cell.lumisection * self.scale
        left = min(max(self.left, math.ceil(end - self.area_width)), math.floor(begin))
        top = self.tops[cell.row]
        lowest = top + self.height_of(cell.row) - self.area_height
        return left, min(max(self.top, lowest), top)

    def spans(self, mask: Mask) -> Iterator[tuple[float, float]]:
        """Pixels from and to of the true lumisections in sight, each at least one pixel wide;
        what shares a pixel is joined."""
        first, end = self.positions_in_sight()
        seen = np.zeros(end - first + 2, np.int8)
        part = mask[first:end]
        seen[1 : part.size + 1] = part
        edges = np.flatnonzero(seen[1:] != seen[:-1]) + first
        begun: tuple[float, float] | None = None
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            left = self.x(start)
            right = max(self.x(stop), left + 1.0)
            if begun is not None and left <= begun[1]:
                begun = (begun[0], right)
                continue
            if begun is not None:
                yield begun
            begun = (left, right)
        if begun is not None:
            yield begun
