"""Paints what lies over a grid and changes often: chosen cells, changed cells, focus, mouse."""

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPixmap

from app.domain.editing.selection import Selection
from app.views.grid.grid_layout import AXIS_HEIGHT, Cell, GridLayout
from app.views.grid.snapshot import LumisectionsSnapshot
from app.views.looks.theme import STEP, Theme

_CHOSEN_ALPHA = 56
_LEAST_FOCUS = 6
_MOST_FRAMES = 400
"""More frames than this are no longer seen one by one, and take their time."""


class SelectionPainter:
    """Paints into the places that a layout gives."""

    def __init__(self, layout: GridLayout, theme: Theme, metrics: QFontMetrics) -> None:
        self._layout = layout
        self._theme = theme
        self._metrics = metrics

    def paint_chosen(
        self, painter: QPainter, snapshot: LumisectionsSnapshot, chosen: Selection
    ) -> None:
        """Tints chosen cells; neighbouring rows with the same lumisections are one block."""
        if not chosen:
            return
        tint = QColor(self._theme.colour("accent"))
        tint.setAlpha(_CHOSEN_ALPHA)
        blocks = list(self.blocks(snapshot, chosen))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRects(blocks)
        if len(blocks) > _MOST_FRAMES:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        frames = [block.adjusted(0, 0, -1, -1) for block in blocks]
        # Seen on every status: a light line under the coloured one.
        for token, width in (("surface", 3), ("accent", 1)):
            painter.setPen(QPen(self._theme.colour(token), width))
            painter.drawRects(frames)

    def paint_changed(
        self,
        painter: QPainter,
        snapshot: LumisectionsSnapshot,
        changed: Selection,
        strength: float,
    ) -> None:
        """Lights cells up that somebody changed, 1 strongly to 0 not at all."""
        if not changed:
            return
        tint = QColor(self._theme.colour("warning"))
        tint.setAlpha(round(190 * strength))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRects(list(self.blocks(snapshot, changed, wide=True)))

    def paint_letters(self, painter: QPainter, picture: QPixmap, plates: Iterable[QRectF]) -> None:
        """Shows letters again as they are below what tints their cells: a tint takes from the
        contrast that their status gives them."""
        ratio = picture.devicePixelRatio()
        for plate in plates:
            place = plate.toAlignedRect()
            painter.drawPixmap(
                QRectF(place),
                picture,
                QRectF(
                    place.x() * ratio,
                    place.y() * ratio,
                    place.width() * ratio,
                    place.height() * ratio,
                ),
            )

    def paint_focus(self, painter: QPainter, cell: Cell, *, strong: bool) -> None:
        """A frame around the focused cell that is seen on every colour."""
        rect = self._layout.cell_rect(cell)
        if rect.width() < _LEAST_FOCUS:
            middle = rect.center().x()
            rect.setLeft(middle - _LEAST_FOCUS / 2)
            rect.setWidth(_LEAST_FOCUS)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.colour("surface"), 3))
        painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.setPen(QPen(self._theme.colour("text" if strong else "muted"), 1))
        painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def paint_hovered(self, painter: QPainter, cell: Cell) -> None:
        """A cross through the cell below the mouse, and its number on the axis."""
        width, height = self._layout.width, self._layout.height
        cross = QColor(self._theme.colour("text"))
        cross.setAlpha(90)
        x = self._layout.x(cell.lumisection - 0.5)
        painter.setPen(QPen(cross, 1))
        painter.drawLine(QPointF(x, 0), QPointF(x, height))
        rect = self._layout.cell_rect(cell)
        tint = QColor(self._theme.colour("text"))
        tint.setAlpha(18)
        painter.fillRect(QRectF(0, rect.top(), width, rect.height()), tint)
        text = f"LS {cell.lumisection}"
        wide = self._metrics.horizontalAdvance(text) + 2 * STEP
        left = min(max(x - wide / 2, self._layout.header_width), width - wide)
        box = QRectF(left, 1, wide, AXIS_HEIGHT - 4)
        painter.fillRect(box, self._theme.colour("text"))
        painter.setPen(self._theme.colour("surface"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)

    def blocks(
        self, snapshot: LumisectionsSnapshot, chosen: Selection, *, wide: bool = False
    ) -> Iterator[QRectF]:
        """Rectangles of the chosen cells in sight; `wide` ones can't be overlooked."""
        layout = self._layout
        masks = [(row, chosen.rows.get(snapshot.rows[row].key)) for row in layout.rows_in_sight()]
        top: int | None = None
        for (row, mask), (_, following) in itertools.pairwise([*masks, (-1, None)]):
            if mask is None:
                continue
            if top is None:
                top = row
            joins = (
                following is not None
                and layout.tops[row] + layout.height_of(row) == layout.tops[row + 1]
                and (following is mask or np.array_equal(following, mask))
            )
            if joins:
                continue
            y = layout.tops[top] + AXIS_HEIGHT - layout.top
            height = layout.tops[row] + layout.height_of(row) - layout.tops[top]
            for left, right in layout.spans(mask):
                spread = max(0.0, 4.0 - (right - left)) / 2 if wide else 0.0
                yield QRectF(left - spread, y, right - left + 2 * spread, height)
            top = None
