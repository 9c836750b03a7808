"""Paints a snapshot of lumisections: cells as boxes, bits as lines, luminosity as curves."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetrics,
    QPainter,
    QPen,
    QPolygonF,
    QStaticText,
)

from app.views.grid.curves import steps
from app.views.grid.grid_layout import AXIS_HEIGHT, BIT_HEIGHT, GridLayout
from app.views.grid.snapshot import (
    FALSE,
    NULL,
    TRUE,
    GridRow,
    LumisectionsSnapshot,
    Ranks,
    RowKind,
)
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme
from app.views.widgets.shares import RANKED_STATUSES

_LETTER_FROM = 20
_CELL_LINES_FROM = 10.0
_MARK_FROM = 6
_TICKS_APART = 64
_GOOD_RANK = 0
_AROUND_LETTER = 2


class _Stretch(NamedTuple):
    """Neighbouring pixels of a row with one rank."""

    left: float
    right: float
    rank: int


class GridPainter:
    """Paints into the places that a layout gives."""

    def __init__(self, layout: GridLayout, theme: Theme, font: QFont) -> None:
        self._layout = layout
        self._theme = theme
        self._font = font
        self._metrics = QFontMetrics(font)
        self._letters = {
            rank: QStaticText(theme.status(status).letter)
            for rank, status in enumerate(RANKED_STATUSES)
            if theme.status(status).letter
        }
        self.plates: list[QRectF] = []
        """Where the letters in sight were painted last, each with a little around it."""

    def paint(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        """Paints everything but focus, selection and what is hovered."""
        painter.setFont(self._font)
        self.plates = []
        if snapshot.rows and snapshot.length:
            painter.setClipRect(self._layout.area())
            self._paint_rows(painter, snapshot)
            painter.setClipRect(self._layout.whole())
            self._paint_header(painter, snapshot)
            self._paint_axis(painter, snapshot)
            if self._layout.bits_height:
                self._paint_all_bits(painter, snapshot)
            if self._layout.luminosity_height:
                self._paint_luminosity(painter, snapshot)

    def _stretches(self, ranks: Ranks) -> Iterator[list[_Stretch]]:
        """Per row what is in sight, worst first where lumisections share a pixel."""
        offset = self._layout.left
        width = self._layout.area_width
        first, end = self._layout.positions_in_sight()
        ranks = ranks[:, first:end]
        if self._layout.scale >= 1.0:
            edges = (
                np.arange(first, end + 1) * self._layout.scale - offset + self._layout.header_width
            )
        else:
            # Several lumisections share a pixel: the worst of them is painted.
            pixels = np.arange(width)
            starts = ((pixels + offset) / self._layout.scale).astype(np.intp) - first
            starts = starts[starts < end - first]
            ranks = np.maximum.reduceat(ranks, starts, axis=1)
            edges = np.arange(starts.size + 1, dtype=np.float64) + self._layout.header_width
        for row in ranks:
            cuts = np.flatnonzero(row[1:] != row[:-1]) + 1
            lefts = np.concatenate(([0], cuts))
            rights = np.concatenate((cuts, [row.size]))
            yield list(
                map(
                    _Stretch,
                    edges[lefts].tolist(),
                    edges[rights].tolist(),
                    row[lefts].tolist(),
                )
            )

    def _paint_rows(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        rows = self._layout.rows_in_sight()
        boxes: list[list[QRectF]] = [[] for _ in RANKED_STATUSES]
        texts: list[tuple[int, QPointF]] = []
        on: list[QRectF] = []
        unknown: list[QLineF] = []
        offset = self._layout.top - AXIS_HEIGHT
        text_top = (ROW_HEIGHT - 2 - self._metrics.height()) / 2
        for row, stretches in zip(
            rows, self._stretches(snapshot.ranks[rows.start : rows.stop]), strict=True
        ):
            top = self._layout.tops[row] - offset
            if snapshot.rows[row].kind is RowKind.BIT:
                middle = top + BIT_HEIGHT // 2
                for left, right, rank in stretches:
                    if rank == TRUE:
                        on.append(QRectF(left, middle - 1, right - left, 2))
                    elif rank == NULL:
                        unknown.append(QLineF(left, middle, right, middle))
                    else:
                        assert rank == FALSE  # seen as the gap it leaves
                continue
            for left, right, rank in stretches:
                width = right - left
                # One bad lumisection among thousands must be seen.
                if rank != _GOOD_RANK and width < 2:
                    width = 2.0
                boxes[rank].append(QRectF(left, top + 1, width, ROW_HEIGHT - 2))
                seen_from = max(left, self._layout.header_width)
                if right - seen_from >= _LETTER_FROM and rank in self._letters:
                    texts.append((rank, QPointF(seen_from + 2 * STEP, top + 1 + text_top)))
        painter.setPen(Qt.PenStyle.NoPen)
        for rank, rects in enumerate(boxes):
            self._paint_boxes(painter, rank, rects)
        painter.setBrush(self._theme.colour("success"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRects(on)
        painter.setPen(QPen(self._theme.colour("muted"), 1, Qt.PenStyle.DotLine))
        painter.drawLines(unknown)
        self._paint_cell_lines(painter, snapshot)
        for rank, place in texts:
            painter.setPen(self._theme.status(RANKED_STATUSES[rank]).ink)
            painter.drawStaticText(place, self._letters[rank])
            self.plates.append(plate_of(self._letters[rank], place))
        self._paint_marks(painter, snapshot, rows)

    def _paint_boxes(self, painter: QPainter, rank: int, rects: list[QRectF]) -> None:
        if not rects:
            return
        look = self._theme.status(RANKED_STATUSES[rank])
        painter.setBrush(look.fill)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRects(rects)
        if look.hatched:
            painter.setBrush(QBrush(self._theme.colour("muted"), Qt.BrushStyle.BDiagPattern))
            painter.drawRects(rects)
        if look.outline:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._theme.colour("muted"), 1))
            painter.drawRects([rect.adjusted(0.5, 0.5, -0.5, -0.5) for rect in rects])

    def _paint_cell_lines(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        if self._layout.scale < _CELL_LINES_FROM or not snapshot.columns:
            return
        line = QColor(self._theme.colour("surface"))
        line.setAlpha(96)
        painter.setPen(QPen(line, 1))
        first, end = self._layout.positions_in_sight()
        last = snapshot.columns - 1
        bottom = self._layout.tops[last] + ROW_HEIGHT + AXIS_HEIGHT - self._layout.top
        painter.drawLines(
            [
                QLineF(self._layout.x(number), AXIS_HEIGHT, self._layout.x(number), bottom)
                for number in range(first + 1, end)
            ]
        )

    def _paint_marks(self, painter: QPainter, snapshot: LumisectionsSnapshot, rows: range) -> None:
        """A corner at the top right of what a person set, at the top left of what has a remark."""
        offset = self._layout.top - AXIS_HEIGHT
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("surface"), 0.5))
        for row in rows:
            grid_row = snapshot.rows[row]
            top = self._layout.tops[row] - offset + 1.0
            for left, right, place in self._marked(grid_row, snapshot.length):
                if right - left < _MARK_FROM:
                    continue
                if grid_row.by_hand[place]:
                    painter.setBrush(self._theme.colour("accent"))
                    painter.drawPolygon(_corner(right, top, -7.0))
                if grid_row.remarked[place]:
                    painter.setBrush(self._theme.colour("text"))
                    painter.drawPolygon(_corner(max(left, self._layout.header_width), top, 7.0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _marked(self, row: GridRow, length: int) -> Iterator[tuple[float, float, int]]:
        offset = self._layout.left
        first = offset / self._layout.scale
        end = (offset + self._layout.area_width) / self._layout.scale
        begin = max(int(np.searchsorted(row.starts, first, side="right")) - 1, 0)
        stop = int(np.searchsorted(row.starts, end, side="left"))
        marked = np.flatnonzero((row.by_hand | row.remarked)[begin:stop]) + begin
        for place in marked.tolist():
            after = int(row.starts[place + 1]) if place + 1 < row.starts.size else length
            yield self._layout.x(int(row.starts[place])), self._layout.x(after), place

    def _paint_header(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        area = QRect(0, AXIS_HEIGHT, self._layout.header_width, self._layout.area_height)
        painter.fillRect(area, self._theme.colour("background"))
        painter.setClipRect(area)
        offset = self._layout.top - AXIS_HEIGHT
        for row in self._layout.rows_in_sight():
            grid_row = snapshot.rows[row]
            token = "text" if grid_row.kind is RowKind.COLUMN else "muted"
            painter.setPen(self._theme.colour(token))
            place = QRect(
                2 * STEP,
                self._layout.tops[row] - offset,
                self._layout.header_width - 3 * STEP,
                self._layout.height_of(row),
            )
            if not area.contains(place.center()):
                continue  # Half a name runs into what stands above or below the rows.
            painter.drawText(
                place,
                int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
                grid_row.label,
            )
        painter.setClipRect(self._layout.whole())
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(
            self._layout.header_width - 1, 0, self._layout.header_width - 1, self._layout.height
        )

    def _paint_axis(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        width = self._layout.width
        painter.fillRect(QRect(0, 0, width, AXIS_HEIGHT), self._theme.colour("background"))
        painter.setPen(self._theme.colour("muted"))
        painter.drawText(
            QRect(2 * STEP, 0, self._layout.header_width, AXIS_HEIGHT - 2),
            int(Qt.AlignmentFlag.AlignVCenter),
            f"LS 1-{snapshot.length}",
        )
        painter.setClipRect(
            QRect(self._layout.header_width, 0, self._layout.area_width, AXIS_HEIGHT)
        )
        step = tick_step(_TICKS_APART / self._layout.scale)
        offset = self._layout.left
        first = max(int(offset / self._layout.scale / step) * step, 1 if step == 1 else step)
        _, end = self._layout.positions_in_sight()
        numbers = [1, *range(first, end + 1, step)] if step > 1 else range(first, end + 1)
        right_edge = self._layout.width - 1
        for number in numbers:
            x = self._layout.x(number - 0.5)
            painter.drawLine(QPointF(x, AXIS_HEIGHT - 6), QPointF(x, AXIS_HEIGHT - 3))
            width = self._metrics.horizontalAdvance(str(number))
            left = min(x - width / 2, right_edge - width)
            if number == 1:
                left = max(left, self._layout.header_width + 1.0 - offset)
            painter.drawText(
                QRectF(left, 0, width, AXIS_HEIGHT - 6),
                int(Qt.AlignmentFlag.AlignCenter),
                str(number),
            )
        for left, right, takes_part in self._participation(snapshot):
            if takes_part:
                painter.fillRect(
                    QRectF(left, AXIS_HEIGHT - 2, right - left, 1), self._theme.colour("muted")
                )
        painter.setClipRect(self._layout.whole())

    def _participation(self, snapshot: LumisectionsSnapshot) -> Iterator[tuple[float, float, bool]]:
        mask = snapshot.participating
        cuts = [0, *(np.flatnonzero(mask[1:] != mask[:-1]) + 1).tolist(), mask.size]
        for start, end in itertools.pairwise(cuts):
            if end > start:
                yield self._layout.x(start), self._layout.x(end), bool(mask[start])

    def _paint_all_bits(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        """One line for the bits, which aren't all in sight: red where any is false that is true
        elsewhere in the run."""
        bits = snapshot.ranks[snapshot.columns :]
        on_somewhere = (bits == TRUE).any(axis=1)
        bits = bits[on_somewhere] if on_somewhere.any() else bits
        layout = self._layout
        top = AXIS_HEIGHT + layout.area_height
        tall = layout.bits_height
        painter.fillRect(QRect(0, top, layout.width, tall), self._theme.colour("background"))
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(0, top, layout.width, top)
        painter.setPen(self._theme.colour("muted"))
        painter.drawText(
            QRect(2 * STEP, top, layout.header_width - 3 * STEP, tall),
            int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft),
            f"DCS, {len(bits)} bits",
        )
        worst = bits.max(axis=0, keepdims=True)
        middle = top + tall // 2
        looks = {TRUE: ("success", 2), NULL: ("line", 2), FALSE: ("danger", 6)}
        for left, right, rank in next(self._stretches(worst)):
            token, thick = looks[rank]
            painter.fillRect(
                QRectF(left, middle - thick / 2, max(right - left, 1.0), thick),
                self._theme.colour(token),
            )

    def _paint_luminosity(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        tall = self._layout.luminosity_height
        top = self._layout.height - tall
        background = self._theme.colour("background")
        painter.fillRect(QRect(0, top, self._layout.width, tall), background)
        painter.fillRect(
            QRect(self._layout.header_width, top, self._layout.area_width, tall),
            self._theme.colour("surface"),
        )
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(0, top, self._layout.width, top)
        painter.drawLine(
            self._layout.header_width - 1, top, self._layout.header_width - 1, top + tall
        )
        known = [np.nan_to_num(curve) for curve in (snapshot.recorded, snapshot.delivered)]
        highest = max(float(curve.max()) for curve in known)
        metrics_height = self._metrics.height()
        legend = (
            ("text", f"{highest:.3g} pb⁻¹"),
            ("accent", "recorded"),
            ("muted", "delivered"),
        )
        in_sight = max((tall - STEP) // (metrics_height + 2), 1)
        for line, (token, text) in enumerate(legend[:in_sight]):
            painter.setPen(self._theme.colour(token))
            painter.drawText(
                QRect(
                    2 * STEP,
                    top + STEP + line * (metrics_height + 2),
                    self._layout.header_width - 3 * STEP,
                    metrics_height,
                ),
                int(Qt.AlignmentFlag.AlignLeft),
                text,
            )
        if highest <= 0:
            return
        painter.setClipRect(QRect(self._layout.header_width, top, self._layout.area_width, tall))
        bottom = top + tall - 4
        height = tall - 12
        for numbers, token, filled in (
            (snapshot.recorded, "accent", True),
            (snapshot.delivered, "muted", False),
        ):
            for polygon in steps(self._layout, numbers, highest, bottom, height):
                if filled:
                    area = QColor(self._theme.colour(token))
                    area.setAlpha(64)
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(area)
                    closed = QPolygonF(polygon)
                    closed.append(QPointF(polygon[-1].x(), bottom))
                    closed.append(QPointF(polygon[0].x(), bottom))
                    painter.drawPolygon(closed)
                painter.setPen(QPen(self._theme.colour(token), 1))
                painter.drawPolyline(polygon)
        painter.setClipRect(self._layout.whole())


def plate_of(letter: QStaticText, place: QPointF) -> QRectF:
    """What has to stay as it is around a letter, so that it can be read."""
    return QRectF(place, letter.size()).adjusted(-_AROUND_LETTER, 0, _AROUND_LETTER, 0)


def _corner(x: float, y: float, size: float) -> QPolygonF:
    """A triangle in a top corner; to the left of `x` when `size` is negative."""
    return QPolygonF([QPointF(x, y), QPointF(x + size, y), QPointF(x, y + abs(size))])


def tick_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, ... that is at least `least`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10
