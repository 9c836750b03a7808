"""Notes on the axis of the lumisections and at the names of columns: where there are some, and what
they say."""

import math
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from app.domain.counting import counted
from app.domain.lumisections import LumiRange, join
from app.views.grid.grid_layout import AXIS_HEIGHT, GridLayout
from app.views.looks.theme import STEP, Theme

_TOP, _TALL = 3, 3
_WIDE = 3
_TINT = 56
_LEAST_WIDTH = 6.0


class AxisNote(Struct, frozen=True):
    """What is noted on lumisections, without any on all of them, and the columns that it names."""

    ranges: tuple[LumiRange, ...]
    text: str
    columns: tuple[str, ...] = ()


class AxisNotes:
    """Paints a band over the lumisections of each note, and beside the axis how many there are."""

    def __init__(self, layout: GridLayout) -> None:
        self._layout = layout
        self.notes: tuple[AxisNote, ...] = ()
        self._noted: Sequence[LumiRange] = ()

    def show(self, notes: Sequence[AxisNote]) -> bool:
        """Goes over to other notes; returns whether any differ from those before."""
        before, self.notes = self.notes, tuple(notes)
        if self.notes == before:
            return False
        self._noted = join(each for note in notes for each in note.ranges)
        return True

    def header_width(self, text_width: Callable[[str], int], length: int) -> int:
        """What the number of notes needs beside the lumisections; nothing without notes."""
        if not self.notes:
            return 0
        return text_width(f"LS 1-{length}  {counted(len(self.notes), 'note')}")

    def paint(self, painter: QPainter, theme: Theme, keys: Sequence[str]) -> None:
        """Paints over the axis and the names of the rows, whose `keys` are given."""
        if not self.notes:
            return
        layout = self._layout
        self._mark_columns(painter, theme, keys)
        painter.setClipRect(layout.whole())
        painter.setPen(theme.colour("warning"))
        painter.drawText(
            QRect(0, 0, layout.header_width - STEP, AXIS_HEIGHT - 2),
            int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight),
            counted(len(self.notes), "note"),
        )
        painter.setClipRect(QRect(layout.header_width, 0, layout.area_width, AXIS_HEIGHT))
        # The numbers of the axis are read through it; above it is the line of the pane.
        tint = QColor(theme.colour("warning"))
        tint.setAlpha(_TINT)
        for left, right in self._bands():
            painter.fillRect(QRectF(left, _TOP, right - left, AXIS_HEIGHT - _TOP - 3), tint)
            painter.fillRect(QRectF(left, _TOP, right - left, _TALL), theme.colour("warning"))
        painter.setClipRect(layout.whole())

    def _bands(self) -> Iterator[tuple[float, float]]:
        """Pixels with notes from left to right, each once however many there are."""
        layout = self._layout
        begin = end = -math.inf
        for first, last in self._noted:
            left = layout.x(first - 1)
            right = max(layout.x(last), left + _LEAST_WIDTH)
            if left > end:
                if end > begin:
                    yield begin, end
                begin = left
            end = max(end, right)
        if end > begin:
            yield begin, end

    def _mark_columns(self, painter: QPainter, theme: Theme, keys: Sequence[str]) -> None:
        layout = self._layout
        named = {column for note in self.notes for column in note.columns}
        painter.setClipRect(QRect(0, AXIS_HEIGHT, layout.header_width, layout.area_height))
        for row in layout.rows_in_sight():
            if row < len(keys) and keys[row] in named:
                top = layout.tops[row] + AXIS_HEIGHT - layout.top
                high = layout.height_of(row)
                place = QRect(layout.header_width - STEP - 1, top + 4, _WIDE, high - 8)
                painter.fillRect(place, theme.colour("warning"))

    def text_at(self, point: QPoint, keys: Sequence[str] = ()) -> str:
        """What is noted where the mouse is on the axis, all notes beside it, and at the name of a
        column those that name it."""
        if point.y() >= AXIS_HEIGHT:
            row = self._layout.row_at(point.y())
            if row is None or row >= len(keys) or point.x() >= self._layout.header_width:
                return ""
            return "\n".join(note.text for note in self.notes if keys[row] in note.columns)
        if point.x() < self._layout.header_width:
            return "\n".join(note.text for note in self.notes)
        # A band may be wider than its lumisections, so that it can be seen and hit.
        x = float(point.x())
        return "\n".join(note.text for note in self.notes if self._hit(note, x))

    def _hit(self, note: AxisNote, x: float) -> bool:
        layout = self._layout
        return any(
            layout.x(first - 1) <= x < max(layout.x(last), layout.x(first - 1) + _LEAST_WIDTH)
            for first, last in note.ranges
        )
