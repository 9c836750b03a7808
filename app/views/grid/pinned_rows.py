"""Rows pinned under the grid, on its axis: curves of numbers, and stretches of words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen

from app.views.grid.curves import steps
from app.views.grid.grid_layout import AXIS_HEIGHT, GridLayout
from app.views.grid.snapshot import Numbers
from app.views.looks.theme import STEP, Theme

_TINT = 40
_SPACE = 4
_NARROW = 3.0
"""Pixels below which stretches aren't told apart."""
_USUAL_PERCENT, _ABOVE_USUAL = 95, 1.25


class Stretch(NamedTuple):
    """Neighbouring lumisections with one word, from `begin` to before `end`, counted from 0; each
    word has one of two tints."""

    begin: int
    end: int
    word: str
    tint: int


@dataclass(frozen=True, eq=False)
class PinnedRow:
    """A row by lumisection, the first at 0: `numbers`, NaN where unknown, or else `words`, empty
    where unknown. `note` stands in its place where nothing is known."""

    label: str
    unit: str = ""
    tip: str = ""
    numbers: Numbers | None = None
    words: Sequence[str] = ()
    note: str = ""

    def text_at(self, lumisection: int) -> str:
        """The value in a lumisection with its unit; empty where it is unknown."""
        place = lumisection - 1
        if self.numbers is not None and 0 <= place < self.numbers.size:
            number = float(self.numbers[place])
            return f"{number:.3g} {self.unit}".strip() if np.isfinite(number) else ""
        return self.words[place] if 0 <= place < len(self.words) else ""

    @cached_property
    def highest(self) -> float:
        """The greatest number; 0 where there is none."""
        if self.numbers is None or not np.isfinite(self.numbers).any():
            return 0.0
        return float(np.nanmax(self.numbers))

    @cached_property
    def top_of_scale(self) -> float:
        """The number at the upper edge: the greatest, unless a few are far above all others."""
        highest = self.highest
        if highest <= 0 or self.numbers is None:
            return 1.0
        usual = float(np.nanpercentile(self.numbers, _USUAL_PERCENT)) * _ABOVE_USUAL
        return usual if 0 < usual < highest / 2 else highest

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """Where the same word stands, one after the other."""
        found: list[Stretch] = []
        tints: dict[str, int] = {}
        begin = 0
        for word, places in groupby(self.words):
            end = begin + sum(1 for _ in places)
            found.append(Stretch(begin, end, word, tints.setdefault(word, len(tints)) % 2))
            begin = end
        return tuple(found)

    @cached_property
    def ends(self) -> NDArray[np.int64]:
        """Where the stretches end."""
        return np.array([each.end for each in self.stretches], np.int64)


class PinnedRows:
    """Paints rows between the cells and the luminosity."""

    def __init__(self, layout: GridLayout) -> None:
        self._layout = layout
        self.rows: tuple[PinnedRow, ...] = ()

    def show(self, rows: Sequence[PinnedRow]) -> None:
        """Goes over to other rows; the layout is to be arranged again."""
        self.rows = tuple(rows)
        self._layout.pinned = len(self.rows)

    def header_width(self, text_width: Callable[[str], int]) -> int:
        """What names and values need."""
        return max(
            (
                text_width(f"{row.label}  {row.highest:.3g} {row.unit}")
                if row.numbers is not None
                else text_width(row.label)
                for row in self.rows
            ),
            default=0,
        )

    def paint(self, painter: QPainter, theme: Theme, metrics: QFontMetrics) -> None:
        """Paints all rows, without the values in the header."""
        layout = self._layout
        for place, row in enumerate(self.rows):
            top = self._top(place)
            left, wide = layout.header_width, layout.area_width
            painter.setClipRect(layout.whole())
            painter.fillRect(QRect(0, top, layout.width, self._tall), theme.colour("background"))
            painter.fillRect(QRect(left, top, wide, self._tall), theme.colour("surface"))
            painter.setPen(theme.colour("line"))
            painter.drawLine(0, top, layout.width, top)
            painter.drawLine(left - 1, top, left - 1, top + self._tall)
            painter.setPen(theme.colour("muted"))
            painter.drawText(self._header(place), int(Qt.AlignmentFlag.AlignVCenter), row.label)
            painter.setClipRect(QRect(left, top + 1, wide, self._tall - 1))
            if row.note:
                painter.drawText(
                    QRect(left + 2 * STEP, top, wide - 3 * STEP, self._tall),
                    int(Qt.AlignmentFlag.AlignVCenter),
                    metrics.elidedText(row.note, Qt.TextElideMode.ElideRight, wide - 3 * STEP),
                )
            elif row.numbers is not None:
                self._paint_curve(painter, theme, row, top)
            else:
                self._paint_words(painter, theme, metrics, row, top)
        painter.setClipRect(layout.whole())

    def paint_values(self, painter: QPainter, theme: Theme, lumisection: int) -> None:
        """Paints the numbers of a lumisection beside the names."""
        painter.setClipRect(self._layout.whole())
        painter.setPen(theme.colour("text"))
        for place, row in enumerate(self.rows):
            if row.numbers is not None:
                painter.drawText(
                    self._header(place),
                    int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight),
                    row.text_at(lumisection),
                )

    def text_at(self, point: QPoint) -> str:
        """What a row says where the mouse is; empty beside the rows."""
        if not self.rows:
            return ""
        place = (point.y() - self._top(0)) // self._tall
        if not 0 <= place < len(self.rows):
            return ""
        row, number = self.rows[place], self._layout.lumisection_at(point.x())
        said = f"{row.label}: {row.tip}" if row.tip else row.label
        if row.note:
            return f"{said}\n{row.note}"
        if number is None:
            return said
        return f"{row.label}, LS {number}: {row.text_at(number) or 'unknown'}\n{row.tip}".strip()

    @property
    def _tall(self) -> int:
        return self._layout.pinned_row_height

    def _top(self, place: int) -> int:
        layout = self._layout
        return AXIS_HEIGHT + layout.area_height + layout.bits_height + place * self._tall

    def _header(self, place: int) -> QRect:
        width = self._layout.header_width - 3 * STEP
        return QRect(2 * STEP, self._top(place), width, self._tall)

    def _paint_curve(self, painter: QPainter, theme: Theme, row: PinnedRow, top: int) -> None:
        assert row.numbers is not None
        highest = row.top_of_scale
        curve = np.minimum(row.numbers, highest)
        bottom = top + self._tall - _SPACE
        painter.setPen(QPen(theme.colour("accent"), 1))
        for polygon in steps(self._layout, curve, highest, bottom, self._tall - 2 * _SPACE):
            if len(polygon) == 1:  # one lumisection in one pixel
                painter.drawPoint(polygon[0])
            painter.drawPolyline(polygon)

    def _paint_words(
        self, painter: QPainter, theme: Theme, metrics: QFontMetrics, row: PinnedRow, top: int
    ) -> None:
        layout = self._layout
        area = QRectF(layout.header_width, top, layout.area_width, self._tall)
        for stretch in self._in_sight(row):
            left, right = layout.x(stretch.begin), layout.x(stretch.end)
            place = QRectF(left, top + 3, max(right - left, 1.0), self._tall - 6)
            tint = QColor(theme.colour("accent" if stretch.tint == 0 else "muted"))
            tint.setAlpha(_TINT)
            painter.fillRect(place, tint)
            painter.setPen(theme.colour("muted"))
            painter.drawLine(QPointF(left, place.top()), QPointF(left, place.bottom()))
            seen = place.intersected(area).adjusted(STEP, 0, -STEP, 0)
            if seen.width() >= metrics.horizontalAdvance(stretch.word[:2]):
                painter.setPen(theme.colour("text"))
                painter.drawText(
                    seen,
                    int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
                    metrics.elidedText(
                        stretch.word, Qt.TextElideMode.ElideRight, int(seen.width())
                    ),
                )

    def _in_sight(self, row: PinnedRow) -> Iterator[Stretch]:
        """Stretches of known words in sight; neighbours too narrow to be told apart are
        one, which says how many they are: there are never more than the pixels have room for."""
        first, end = self._layout.positions_in_sight()
        from_, to = np.searchsorted(row.ends, (first, end - 1), side="right").tolist()
        is_narrow = np.diff(row.ends[from_ : to + 1], prepend=_begin(row, from_)) < (
            _NARROW / self._layout.scale
        )
        edges = np.flatnonzero(~is_narrow | np.append(True, ~is_narrow[:-1])) + from_
        for at, until in pairwise([*edges.tolist(), from_ + is_narrow.size]):
            together = row.stretches[at:until]
            if len(together) == 1:
                if together[0].word:
                    yield together[0]
            elif any(each.word for each in together):
                count = f"{len(together)} values"
                yield Stretch(together[0].begin, together[-1].end, count, 1)


def _begin(row: PinnedRow, at: int) -> int:
    return row.stretches[at].begin if at < len(row.stretches) else 0
