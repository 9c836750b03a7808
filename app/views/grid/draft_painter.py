"""Paints what is drafted over a grid: the new colour, hatched and framed until it is written."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetrics, QPainter, QPen, QStaticText

from app.domain.editing.draft_cells import DraftCells, DraftValue
from app.domain.triplets import SETTABLE_STATUSES, Triplet
from app.views.grid.grid_layout import AXIS_HEIGHT, BIT_HEIGHT, GridLayout
from app.views.grid.grid_painter import plate_of
from app.views.grid.snapshot import LumisectionsSnapshot
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme

_LETTER_FROM = 20
_HATCH_ALPHA = 120


class DraftPainter:
    """Paints into the places that a layout gives."""

    def __init__(self, layout: GridLayout, theme: Theme, metrics: QFontMetrics) -> None:
        self._layout = layout
        self._theme = theme
        self._metrics = metrics
        self._letters = {
            status: QStaticText(theme.status(status).letter) for status in SETTABLE_STATUSES
        }
        self.plates: list[QRectF] = []
        """Where the letters of drafted cells in sight were painted last."""

    def paint(self, painter: QPainter, snapshot: LumisectionsSnapshot, cells: DraftCells) -> None:
        """Paints the drafted cells in sight."""
        self.plates = []
        painter.setClipRect(self._layout.area())
        for row in self._layout.rows_in_sight():
            top = self._layout.tops[row] - self._layout.top + AXIS_HEIGHT
            for value, mask in cells.values_of(snapshot.rows[row].key):
                for left, right in self._layout.spans(mask):
                    width = max(right - left, 2.0)
                    if isinstance(value, Triplet):
                        self._paint_column(
                            painter, value, QRectF(left, top + 1, width, ROW_HEIGHT - 2)
                        )
                    else:
                        self._paint_bit(painter, value, QRectF(left, top, width, BIT_HEIGHT))
        painter.setClipRect(self._layout.whole())

    def _paint_column(self, painter: QPainter, triplet: Triplet, rect: QRectF) -> None:
        look = self._theme.status(triplet.status)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.fill)
        painter.drawRect(rect)
        self._hatch(painter, rect, look.ink)
        seen_from = max(rect.left(), float(self._layout.header_width))
        if rect.right() - seen_from >= _LETTER_FROM:
            top = rect.top() + (rect.height() - self._metrics.height()) / 2
            letter = self._letters.get(triplet.status)
            if letter is not None:
                place = QPointF(seen_from + 2 * STEP, top)
                plate = plate_of(letter, place)
                painter.fillRect(plate, look.fill)
                painter.setPen(look.ink)
                painter.drawStaticText(place, letter)
                self.plates.append(plate)

    def _paint_bit(self, painter: QPainter, value: DraftValue, rect: QRectF) -> None:
        painter.fillRect(rect, self._theme.colour("surface"))
        if value is True:
            middle = rect.center().y()
            painter.fillRect(
                QRectF(rect.left(), middle - 1, rect.width(), 2), self._theme.colour("success")
            )
        self._hatch(painter, rect, self._theme.colour("text"))

    def _hatch(self, painter: QPainter, rect: QRectF, ink: QColor) -> None:
        hatch = QColor(ink)
        hatch.setAlpha(_HATCH_ALPHA)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(hatch, Qt.BrushStyle.FDiagPattern))
        painter.drawRect(rect)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.colour("text"), 1, Qt.PenStyle.DashLine))
        painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
