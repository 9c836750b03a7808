"""The lumisection grid: columns and DCS bits over lumisections, painted as runs of equal cells."""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QBrush,
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QStaticText,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from app.domain.lumisections import LumiRange, format_ranges
from app.views.lumisections.snapshot import (
    FALSE,
    NULL,
    RANKED_STATUSES,
    TRUE,
    GridRow,
    LumisectionsSnapshot,
    Numbers,
    RowKind,
)
from app.views.theme import ROW_HEIGHT, STEP, Theme, tabular

_BIT_HEIGHT = 16
_BETWEEN_COLUMNS_AND_BITS = 8
_AXIS_HEIGHT = 24
_LUMINOSITY_HEIGHT = 72
_TALLEST_LUMINOSITY = 160
_LEAST_HEADER = 96
_WIDEST_CELL = 64.0
_ZOOM = 1.5
_LETTER_FROM = 20
_CELL_LINES_FROM = 10.0
_MARK_FROM = 6
_TICKS_APART = 64
_GOOD_RANK = 0
_SCROLL_STEP = 3


class Cell(NamedTuple):
    """A place in the grid; rows from 0, lumisections from 1."""

    row: int
    lumisection: int


class _Stretch(NamedTuple):
    """Neighbouring pixels of a row with one rank."""

    left: float
    right: float
    rank: int


class GridView(QAbstractScrollArea):
    """Paints a snapshot; zoom, pan, focus and selection by mouse and keyboard.

    Signals: `cell_activated(key, lumisection)` by Enter or double click;
    `selection_changed(keys, ranges)`, both empty tuples when nothing is selected;
    `focus_changed(key, lumisection)`; `origin_wanted(key, lumisection)` asks who set a cell, the
    answer comes through `show_origin`.
    """

    cell_activated = Signal(str, int)
    selection_changed = Signal(object, object)
    focus_changed = Signal(str, int)
    origin_wanted = Signal(str, int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._snapshot: LumisectionsSnapshot | None = None
        self._scale = 1.0
        self._fitted = True
        self._tops: list[int] = []
        self._content_height = 0
        self._header_width = _LEAST_HEADER
        self._picture: QPixmap | None = None
        self._focus: Cell | None = None
        self._anchor: Cell | None = None
        self._hovered: Cell | None = None
        self._panned_from: tuple[QPoint, int, int] | None = None
        self._selecting = False
        self._tip_at: tuple[Cell, QPoint] | None = None
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(tabular(self.font()))
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.horizontalScrollBar().valueChanged.connect(self._forget_picture)
        self.verticalScrollBar().valueChanged.connect(self._forget_picture)
        self.setAccessibleName("Lumisections")
        self.setAccessibleDescription("No lumisections are shown.")
        self._letters = self._make_letters()

    # What is shown

    @property
    def snapshot(self) -> LumisectionsSnapshot | None:
        return self._snapshot

    @property
    def focus_cell(self) -> Cell | None:
        return self._focus

    @property
    def pixels_per_lumisection(self) -> float:
        return self._scale

    def show_snapshot(self, snapshot: LumisectionsSnapshot | None) -> None:
        """Shows another snapshot; zoom, place and focus stay when it is of the same dataset."""
        old = self._snapshot
        same = (
            old is not None
            and snapshot is not None
            and (old.run_number, old.dataset) == (snapshot.run_number, snapshot.dataset)
        )
        self._snapshot = snapshot
        if not same:
            self._fitted = True
            self._hovered = None
            self._focus = Cell(0, 1) if snapshot and snapshot.rows and snapshot.length else None
            self._set_anchor(None)
        elif snapshot is not None:
            self._clamp(snapshot)
        self._lay_out()
        self._describe()

    def set_theme(self, theme: Theme) -> None:
        """Paints in other colours."""
        self._theme = theme
        self._letters = self._make_letters()
        self._forget_picture()

    def selection(self) -> tuple[tuple[str, ...], tuple[LumiRange, ...]]:
        """Selected keys and ranges; both empty when nothing is selected."""
        if self._snapshot is None or self._focus is None or self._anchor is None:
            return (), ()
        rows = sorted((self._anchor.row, self._focus.row))
        numbers = sorted((self._anchor.lumisection, self._focus.lumisection))
        keys = self._snapshot.keys[rows[0] : rows[1] + 1]
        return keys, (LumiRange(numbers[0], numbers[1]),)

    def focus(self, cell: Cell, *, extend: bool = False) -> None:
        """Moves the focus, and the selection's corner with it when `extend`."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.rows or not snapshot.length:
            return
        row = min(max(cell.row, 0), len(snapshot.rows) - 1)
        number = min(max(cell.lumisection, 1), snapshot.length)
        if extend and self._anchor is None:
            self._anchor = self._focus
        elif not extend and self._anchor is not None:
            self._set_anchor(None)
        self._focus = Cell(row, number)
        self.reveal(self._focus)
        self._describe()
        self.focus_changed.emit(snapshot.rows[row].key, number)
        if extend:
            self.selection_changed.emit(*self.selection())
        self.viewport().update()

    def select(self, first: Cell, last: Cell) -> None:
        """Selects the rectangle between two cells."""
        self.focus(first)
        self.focus(last, extend=True)

    def clear_selection(self) -> None:
        """Selects nothing; the focus stays."""
        self._set_anchor(None)
        self.viewport().update()

    def show_origin(self, key: str, lumisection: int, text: str) -> None:
        """Adds who set a cell to its tooltip, if that is still open."""
        if self._tip_at is None or self._snapshot is None:
            return
        cell, place = self._tip_at
        if (self._snapshot.rows[cell.row].key, cell.lumisection) == (key, lumisection):
            QToolTip.showText(place, f"{self.text_of(cell)}\n{text}", self.viewport())

    def text_of(self, cell: Cell) -> str:
        """What a cell says, in lines: where, value, comment, cause."""
        snapshot = self._snapshot
        assert snapshot is not None  # a cell is one of a snapshot
        row = snapshot.rows[cell.row]
        around, place = snapshot.run_at(cell.row, cell.lumisection)
        lines = [
            f"{row.key}, LS {cell.lumisection} (of {format_ranges([around])})",
            snapshot.value_text(cell.row, cell.lumisection),
        ]
        if row.kind is RowKind.COLUMN:
            triplet = snapshot.triplet(cell.row, cell.lumisection)
            if triplet.comment:
                lines.append(triplet.comment)
            if triplet.cause:
                lines.append(f"cause: {triplet.cause}")
            if row.by_hand[place]:
                lines.append("set by hand")
        if not self._takes_part(cell.lumisection):
            lines.append("doesn't count: this LS has no RR and OMS event of this dataset")
        return "\n".join(lines)

    # Zoom and place

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Zooms around a pixel of the viewport, or around the focus."""
        if self._snapshot is None or not self._snapshot.length:
            return
        left = self._header_width
        if at is None:
            at = left + self._area_width() / 2
            if self._focus is not None and self._visible(self._focus):
                at = self._x(self._focus.lumisection - 0.5)
        position = (at - left + self.horizontalScrollBar().value()) / self._scale
        fit = self._fit_scale()
        self._scale = min(max(self._scale * factor, fit), max(_WIDEST_CELL, fit))
        self._fitted = math.isclose(self._scale, fit)
        self._set_ranges()
        self.horizontalScrollBar().setValue(round(position * self._scale - (at - left)))
        self._forget_picture()

    def fit(self) -> None:
        """Shows all lumisections."""
        self._fitted = True
        self._lay_out()

    def reveal(self, cell: Cell) -> None:
        """Scrolls as little as needed to show a cell."""
        if not self._tops:
            return
        bar = self.horizontalScrollBar()
        left, right = (cell.lumisection - 1) * self._scale, cell.lumisection * self._scale
        if left < bar.value():
            bar.setValue(math.floor(left))
        elif right > bar.value() + self._area_width():
            bar.setValue(math.ceil(right - self._area_width()))
        bar = self.verticalScrollBar()
        top = self._tops[cell.row]
        bottom = top + self._height_of(cell.row)
        if top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value() + self._area_height():
            bar.setValue(bottom - self._area_height())

    def cell_at(self, point: QPoint) -> Cell | None:
        """The cell at a pixel of the viewport."""
        snapshot = self._snapshot
        if snapshot is None or not self._area().contains(point):
            return None
        number = self._lumisection_at(point.x())
        y = point.y() - _AXIS_HEIGHT + self.verticalScrollBar().value()
        row = int(np.searchsorted(self._tops, y, side="right")) - 1
        if row < 0 or y >= self._tops[row] + self._height_of(row) or number is None:
            return None
        return Cell(row, number)

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where a cell is painted in the viewport, at least one pixel wide."""
        top = self._tops[cell.row] + _AXIS_HEIGHT - self.verticalScrollBar().value()
        left = self._x(cell.lumisection - 1)
        return QRectF(left, top, max(self._scale, 1.0), self._height_of(cell.row))

    def _lumisection_at(self, x: int) -> int | None:
        assert self._snapshot is not None  # only asked of a grid that shows something
        position = (x - self._header_width + self.horizontalScrollBar().value()) / self._scale
        number = math.floor(position) + 1
        return number if 1 <= number <= self._snapshot.length else None

    def _x(self, position: float) -> float:
        """Pixel of a position in lumisections, 0 at the left edge of LS 1."""
        return self._header_width + position * self._scale - self.horizontalScrollBar().value()

    def _visible(self, cell: Cell) -> bool:
        return self._area().intersects(self.cell_rect(cell).toAlignedRect())

    def _area(self) -> QRect:
        return QRect(self._header_width, _AXIS_HEIGHT, self._area_width(), self._area_height())

    def _area_width(self) -> int:
        return max(self.viewport().width() - self._header_width, 1)

    def _area_height(self) -> int:
        return max(self.viewport().height() - _AXIS_HEIGHT - self._luminosity_height(), 1)

    def _luminosity_height(self) -> int:
        snapshot = self._snapshot
        if snapshot is None:
            return 0
        known = np.isfinite(snapshot.recorded).any() or np.isfinite(snapshot.delivered).any()
        if not known:
            return 0
        spare = self.viewport().height() - _AXIS_HEIGHT - self._content_height - STEP
        return min(max(spare, _LUMINOSITY_HEIGHT), _TALLEST_LUMINOSITY)

    def _height_of(self, row: int) -> int:
        assert self._snapshot is not None  # rows are those of a snapshot
        is_column = self._snapshot.rows[row].kind is RowKind.COLUMN
        return ROW_HEIGHT if is_column else _BIT_HEIGHT

    def _fit_scale(self) -> float:
        length = self._snapshot.length if self._snapshot else 0
        return min(self._area_width() / max(length, 1), _WIDEST_CELL)

    def _takes_part(self, lumisection: int) -> bool:
        assert self._snapshot is not None  # lumisections are those of a snapshot
        mask = self._snapshot.participating
        return lumisection <= mask.size and bool(mask[lumisection - 1])

    def _set_anchor(self, anchor: Cell | None) -> None:
        changed = self._anchor is not None and anchor is None
        self._anchor = anchor
        if changed:
            self.selection_changed.emit((), ())

    def _clamp(self, snapshot: LumisectionsSnapshot) -> None:
        def inside(cell: Cell | None) -> Cell | None:
            if cell is None or not snapshot.rows or not snapshot.length:
                return None
            return Cell(
                min(cell.row, len(snapshot.rows) - 1), min(cell.lumisection, snapshot.length)
            )

        self._focus, self._anchor = inside(self._focus), inside(self._anchor)
        self._hovered = inside(self._hovered)

    def _lay_out(self) -> None:
        snapshot = self._snapshot
        self._tops = []
        top = 0
        previous: RowKind | None = None
        width = _LEAST_HEADER
        metrics = self.fontMetrics()
        for row in snapshot.rows if snapshot else ():
            if previous is RowKind.COLUMN and row.kind is RowKind.BIT:
                top += _BETWEEN_COLUMNS_AND_BITS
            self._tops.append(top)
            top += ROW_HEIGHT if row.kind is RowKind.COLUMN else _BIT_HEIGHT
            previous = row.kind
            width = max(width, metrics.horizontalAdvance(row.label) + 4 * STEP)
        self._content_height = top
        self._header_width = width
        if self._fitted:
            self._scale = self._fit_scale()
        self._scale = max(self._scale, self._fit_scale())
        self._set_ranges()
        self._forget_picture()

    def _set_ranges(self) -> None:
        length = self._snapshot.length if self._snapshot else 0
        bar = self.horizontalScrollBar()
        bar.setRange(0, max(0, math.ceil(length * self._scale - 1e-6) - self._area_width()))
        bar.setPageStep(self._area_width())
        bar.setSingleStep(max(round(self._scale * _SCROLL_STEP), 16))
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._content_height - self._area_height()))
        bar.setPageStep(self._area_height())
        bar.setSingleStep(ROW_HEIGHT)

    def _describe(self) -> None:
        snapshot = self._snapshot
        if snapshot is None or self._focus is None:
            self.setAccessibleDescription("No lumisections are shown.")
            return
        self.setAccessibleName(f"Lumisections of run {snapshot.run_number}, {snapshot.dataset}")
        self.setAccessibleDescription(self.text_of(self._focus).replace("\n", "; "))
        QAccessible.updateAccessibility(
            QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
        )

    # Painting

    def _forget_picture(self) -> None:
        self._picture = None
        self.viewport().update()

    def _make_letters(self) -> dict[int, QStaticText]:
        letters: dict[int, QStaticText] = {}
        for rank, status in enumerate(RANKED_STATUSES):
            letter = self._theme.status(status).letter
            if letter:
                letters[rank] = QStaticText(letter)
        return letters

    def _paint_picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        size = self.viewport().size()
        picture = QPixmap(QSize(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio)))
        picture.setDevicePixelRatio(ratio)
        picture.fill(self._theme.colour("surface"))
        snapshot = self._snapshot
        painter = QPainter(picture)
        painter.setFont(self.font())
        if snapshot is not None and snapshot.rows and snapshot.length:
            painter.setClipRect(self._area())
            self._paint_rows(painter, snapshot)
            painter.setClipRect(self.viewport().rect())
            self._paint_header(painter, snapshot)
            self._paint_axis(painter, snapshot)
            if self._luminosity_height():
                self._paint_luminosity(painter, snapshot)
        painter.end()
        return picture

    def _rows_in_sight(self) -> range:
        offset = self.verticalScrollBar().value()
        first = max(int(np.searchsorted(self._tops, offset, side="right")) - 1, 0)
        end = int(np.searchsorted(self._tops, offset + self._area_height(), side="left"))
        return range(first, end)

    def _stretches(self, snapshot: LumisectionsSnapshot, rows: range) -> Iterator[list[_Stretch]]:
        """Per row what is in sight, worst first where lumisections share a pixel."""
        offset = self.horizontalScrollBar().value()
        width = self._area_width()
        first = min(int(offset / self._scale), snapshot.length - 1)
        end = min(math.ceil((offset + width) / self._scale), snapshot.length)
        ranks = snapshot.ranks[rows.start : rows.stop, first:end]
        if self._scale >= 1.0:
            edges = np.arange(first, end + 1) * self._scale - offset + self._header_width
        else:
            # Several lumisections share a pixel: the worst of them is painted.
            pixels = np.arange(width)
            starts = ((pixels + offset) / self._scale).astype(np.intp) - first
            starts = starts[starts < end - first]
            ranks = np.maximum.reduceat(ranks, starts, axis=1)
            edges = np.arange(starts.size + 1, dtype=np.float64) + self._header_width
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
        rows = self._rows_in_sight()
        boxes: list[list[QRectF]] = [[] for _ in RANKED_STATUSES]
        texts: list[tuple[int, QPointF]] = []
        on: list[QRectF] = []
        unknown: list[QLineF] = []
        offset = self.verticalScrollBar().value() - _AXIS_HEIGHT
        text_top = (ROW_HEIGHT - 2 - self.fontMetrics().height()) / 2
        for row, stretches in zip(rows, self._stretches(snapshot, rows), strict=True):
            top = self._tops[row] - offset
            if snapshot.rows[row].kind is RowKind.BIT:
                middle = top + _BIT_HEIGHT // 2
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
                seen_from = max(left, self._header_width)
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
        if self._scale < _CELL_LINES_FROM or not snapshot.columns:
            return
        line = QColor(self._theme.colour("surface"))
        line.setAlpha(96)
        painter.setPen(QPen(line, 1))
        offset = self.horizontalScrollBar().value()
        first = int(offset / self._scale)
        end = min(math.ceil((offset + self._area_width()) / self._scale), snapshot.length)
        last = snapshot.columns - 1
        bottom = self._tops[last] + ROW_HEIGHT + _AXIS_HEIGHT - self.verticalScrollBar().value()
        painter.drawLines(
            [
                QLineF(self._x(number), _AXIS_HEIGHT, self._x(number), bottom)
                for number in range(first + 1, end)
            ]
        )

    def _paint_marks(self, painter: QPainter, snapshot: LumisectionsSnapshot, rows: range) -> None:
        """A corner at the top right of what a person set, at the top left of what has a remark."""
        offset = self.verticalScrollBar().value() - _AXIS_HEIGHT
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("surface"), 0.5))
        for row in rows:
            each = snapshot.rows[row]
            top = self._tops[row] - offset + 1.0
            for left, right, place in self._marked(each, snapshot.length):
                if right - left < _MARK_FROM:
                    continue
                if each.by_hand[place]:
                    painter.setBrush(self._theme.colour("accent"))
                    painter.drawPolygon(_corner(right, top, -7.0))
                if each.remarked[place]:
                    painter.setBrush(self._theme.colour("text"))
                    painter.drawPolygon(_corner(max(left, self._header_width), top, 7.0))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _marked(self, row: GridRow, length: int) -> Iterator[tuple[float, float, int]]:
        offset = self.horizontalScrollBar().value()
        first = offset / self._scale
        end = (offset + self._area_width()) / self._scale
        begin = max(int(np.searchsorted(row.starts, first, side="right")) - 1, 0)
        stop = int(np.searchsorted(row.starts, end, side="left"))
        marked = np.flatnonzero((row.by_hand | row.remarked)[begin:stop]) + begin
        for place in marked.tolist():
            after = int(row.starts[place + 1]) if place + 1 < row.starts.size else length
            yield self._x(int(row.starts[place])), self._x(after), place

    def _paint_header(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        area = QRect(0, _AXIS_HEIGHT, self._header_width, self._area_height())
        painter.fillRect(area, self._theme.colour("background"))
        painter.setClipRect(area)
        offset = self.verticalScrollBar().value() - _AXIS_HEIGHT
        for row in self._rows_in_sight():
            each = snapshot.rows[row]
            token = "text" if each.kind is RowKind.COLUMN else "muted"
            painter.setPen(self._theme.colour(token))
            place = QRect(
                2 * STEP,
                self._tops[row] - offset,
                self._header_width - 3 * STEP,
                self._height_of(row),
            )
            painter.drawText(
                place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), each.label
            )
        painter.setClipRect(self.viewport().rect())
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(
            self._header_width - 1, 0, self._header_width - 1, self.viewport().height()
        )

    def _paint_axis(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        width = self.viewport().width()
        painter.fillRect(QRect(0, 0, width, _AXIS_HEIGHT), self._theme.colour("background"))
        painter.setPen(self._theme.colour("muted"))
        painter.drawText(
            QRect(2 * STEP, 0, self._header_width, _AXIS_HEIGHT - 2),
            int(Qt.AlignmentFlag.AlignVCenter),
            f"LS 1-{snapshot.length}",
        )
        painter.setClipRect(QRect(self._header_width, 0, self._area_width(), _AXIS_HEIGHT))
        step = _tick_step(_TICKS_APART / self._scale)
        offset = self.horizontalScrollBar().value()
        first = max(int(offset / self._scale / step) * step, 1 if step == 1 else step)
        end = min(math.ceil((offset + self._area_width()) / self._scale), snapshot.length)
        numbers = [1, *range(first, end + 1, step)] if step > 1 else range(first, end + 1)
        right_edge = self.viewport().width() - 1
        for number in numbers:
            x = self._x(number - 0.5)
            painter.drawLine(QPointF(x, _AXIS_HEIGHT - 6), QPointF(x, _AXIS_HEIGHT - 3))
            width = self.fontMetrics().horizontalAdvance(str(number))
            left = min(x - width / 2, right_edge - width)
            if number == 1:
                left = max(left, self._header_width + 1.0 - offset)
            painter.drawText(
                QRectF(left, 0, width, _AXIS_HEIGHT - 6),
                int(Qt.AlignmentFlag.AlignCenter),
                str(number),
            )
        for left, right, takes_part in self._participation(snapshot):
            if takes_part:
                painter.fillRect(
                    QRectF(left, _AXIS_HEIGHT - 2, right - left, 1), self._theme.colour("muted")
                )
        painter.setClipRect(self.viewport().rect())

    def _participation(self, snapshot: LumisectionsSnapshot) -> Iterator[tuple[float, float, bool]]:
        mask = snapshot.participating
        cuts = [0, *(np.flatnonzero(mask[1:] != mask[:-1]) + 1).tolist(), mask.size]
        for start, end in itertools.pairwise(cuts):
            if end > start:
                yield self._x(start), self._x(end), bool(mask[start])

    def _paint_luminosity(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        tall = self._luminosity_height()
        top = self.viewport().height() - tall
        background = self._theme.colour("background")
        painter.fillRect(QRect(0, top, self.viewport().width(), tall), background)
        painter.fillRect(
            QRect(self._header_width, top, self._area_width(), tall),
            self._theme.colour("surface"),
        )
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(0, top, self.viewport().width(), top)
        painter.drawLine(self._header_width - 1, top, self._header_width - 1, top + tall)
        known = [np.nan_to_num(each) for each in (snapshot.recorded, snapshot.delivered)]
        highest = max(float(each.max()) for each in known)
        metrics_height = self.fontMetrics().height()
        legend = (
            ("text", f"{highest:.3g} pb⁻¹"),
            ("accent", "recorded"),
            ("muted", "delivered"),
        )
        for line, (token, text) in enumerate(legend):
            painter.setPen(self._theme.colour(token))
            painter.drawText(
                QRect(
                    2 * STEP,
                    top + STEP + line * (metrics_height + 2),
                    self._header_width - 3 * STEP,
                    metrics_height,
                ),
                int(Qt.AlignmentFlag.AlignLeft),
                text,
            )
        if highest <= 0:
            return
        painter.setClipRect(QRect(self._header_width, top, self._area_width(), tall))
        bottom = top + tall - 4
        height = tall - 12
        for numbers, token, filled in (
            (snapshot.recorded, "accent", True),
            (snapshot.delivered, "muted", False),
        ):
            for polygon in self._curve(numbers, highest, bottom, height):
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
        painter.setClipRect(self.viewport().rect())

    def _curve(
        self, numbers: Numbers, highest: float, bottom: float, height: float
    ) -> Iterator[list[QPointF]]:
        """Steps of what is in sight, one list for each stretch without gaps."""
        offset = self.horizontalScrollBar().value()
        width = self._area_width()
        first = min(int(offset / self._scale), numbers.size - 1)
        end = min(math.ceil((offset + width) / self._scale), numbers.size)
        seen = numbers[first:end]
        if self._scale >= 1.0:
            edges = np.arange(first, end + 1) * self._scale - offset + self._header_width
        else:
            starts = ((np.arange(width) + offset) / self._scale).astype(np.intp) - first
            starts = starts[starts < seen.size]
            seen = np.fmax.reduceat(seen, starts)
            edges = np.arange(starts.size + 1, dtype=np.float64) + self._header_width
        heights = bottom - seen / highest * height
        known = np.isfinite(seen)
        cuts = np.flatnonzero(np.diff(known, prepend=False, append=False))
        for start, stop in zip(cuts[::2].tolist(), cuts[1::2].tolist(), strict=True):
            if self._scale >= 1.0:
                xs = np.repeat(edges[start : stop + 1], 2)[1:-1].tolist()
                ys = np.repeat(heights[start:stop], 2).tolist()
            else:
                xs, ys = edges[start:stop].tolist(), heights[start:stop].tolist()
            yield list(map(QPointF, xs, ys))

    def _paint_overlay(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        area = self._area()
        if self._hovered is not None:
            cross = QColor(self._theme.colour("text"))
            cross.setAlpha(90)
            x = self._x(self._hovered.lumisection - 0.5)
            painter.setPen(QPen(cross, 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.viewport().height()))
            rect = self.cell_rect(self._hovered)
            tint = QColor(self._theme.colour("text"))
            tint.setAlpha(18)
            painter.fillRect(QRectF(0, rect.top(), self.viewport().width(), rect.height()), tint)
            self._paint_number(painter, x)
        painter.setClipRect(area)
        if self._anchor is not None and self._focus is not None:
            united = self.cell_rect(self._anchor).united(self.cell_rect(self._focus))
            tint = QColor(self._theme.colour("accent"))
            tint.setAlpha(60)
            painter.fillRect(united, tint)
            painter.setPen(QPen(self._theme.colour("accent"), 1))
            painter.drawRect(united.adjusted(0, 0, -1, -1))
        if self._focus is not None and snapshot.rows:
            rect = self.cell_rect(self._focus)
            if rect.width() < 6:
                middle = rect.center().x()
                rect.setLeft(middle - 3)
                rect.setWidth(6)
            strong = "text" if self.hasFocus() else "muted"
            painter.setPen(QPen(self._theme.colour("surface"), 3))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
            painter.setPen(QPen(self._theme.colour(strong), 1))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def _paint_number(self, painter: QPainter, x: float) -> None:
        assert self._hovered is not None  # called where the mouse is
        text = f"LS {self._hovered.lumisection}"
        width = self.fontMetrics().horizontalAdvance(text) + 2 * STEP
        left = min(max(x - width / 2, self._header_width), self.viewport().width() - width)
        box = QRectF(left, 1, width, _AXIS_HEIGHT - 4)
        painter.fillRect(box, self._theme.colour("text"))
        painter.setPen(self._theme.colour("surface"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)

    # Keys

    def _move_focus(self, event: QKeyEvent) -> bool:
        focus = self._focus
        if focus is None or self._snapshot is None:
            return False
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        last_row = len(self._snapshot.rows) - 1
        last = self._snapshot.length
        page = max(1, int(self._area_width() / self._scale))
        key = Qt.Key
        targets = {
            key.Key_Left: Cell(focus.row, focus.lumisection - (10 if ctrl else 1)),
            key.Key_Right: Cell(focus.row, focus.lumisection + (10 if ctrl else 1)),
            key.Key_Up: Cell(focus.row - 1, focus.lumisection),
            key.Key_Down: Cell(focus.row + 1, focus.lumisection),
            key.Key_Home: Cell(0 if ctrl else focus.row, 1),
            key.Key_End: Cell(last_row if ctrl else focus.row, last),
            key.Key_PageUp: Cell(focus.row, focus.lumisection - page),
            key.Key_PageDown: Cell(focus.row, focus.lumisection + page),
        }
        target = targets.get(Qt.Key(event.key()))
        if target is None:
            return False
        self.focus(target, extend=shift)
        return True

    def _to_change(self, direction: int) -> None:
        """To the beginning of the next run of the row, or of the one before."""
        focus = self._focus
        if focus is None or self._snapshot is None:
            return
        around, place = self._snapshot.run_at(focus.row, focus.lumisection)
        starts = self._snapshot.rows[focus.row].starts
        if direction > 0 and place + 1 < starts.size:
            self.focus(Cell(focus.row, around.last + 1))
        elif direction < 0:
            inside = focus.lumisection > around.first
            target = around.first if inside else int(starts[max(place - 1, 0)]) + 1
            self.focus(Cell(focus.row, target))

    def _activate(self, cell: Cell) -> None:
        assert self._snapshot is not None  # a cell is one of a snapshot
        self.cell_activated.emit(self._snapshot.rows[cell.row].key, cell.lumisection)

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._move_focus(event):
            return
        key = Qt.Key(event.key())
        text = event.text()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._focus is not None:
            self._activate(self._focus)
        elif key == Qt.Key.Key_Escape and self._anchor is not None:
            self.clear_selection()
        elif text in ("+", "="):
            self.zoom(_ZOOM)
        elif text == "-":
            self.zoom(1 / _ZOOM)
        elif text == "0":
            self.fit()
        elif text == "]":
            self._to_change(1)
        elif text == "[":
            self._to_change(-1)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        cell = self.cell_at(point)
        middle = event.button() == Qt.MouseButton.MiddleButton
        left = event.button() == Qt.MouseButton.LeftButton
        if middle or (left and cell is None and point.x() >= self._header_width):
            self._panned_from = (
                point,
                self.horizontalScrollBar().value(),
                self.verticalScrollBar().value(),
            )
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        elif left and cell is not None:
            extend = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.focus(cell, extend=extend)
            self._selecting = True
        elif (
            event.button() == Qt.MouseButton.RightButton
            and cell is not None
            and self._anchor is None
        ):
            self.focus(cell)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if self._panned_from is not None:
            start, horizontal, vertical = self._panned_from
            self.horizontalScrollBar().setValue(horizontal - (point.x() - start.x()))
            self.verticalScrollBar().setValue(vertical - (point.y() - start.y()))
            return
        area = self._area()
        if self._selecting:
            inside = QPoint(
                min(max(point.x(), area.left()), area.right()),
                min(max(point.y(), area.top()), area.bottom()),
            )
            cell = self.cell_at(inside)
            if cell is not None and cell != self._focus:
                self.focus(cell, extend=True)
        hovered = self.cell_at(point)
        if hovered != self._hovered:
            self._hovered = hovered
            self.viewport().update()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        if self._panned_from is not None:
            self.viewport().unsetCursor()
        self._panned_from = None
        self._selecting = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position().toPoint())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.focus(cell)
            self._activate(cell)

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom(_ZOOM ** (delta.y() / 120), event.position().x())
            event.accept()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier or (delta.x() and not delta.y()):
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - (delta.x() or delta.y()))
            event.accept()
        else:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() - delta.y() // 2)
            event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self.cell_at(event.pos())
            if cell is None or self._snapshot is None:
                self._tip_at = None
                QToolTip.hideText()
            else:
                self._tip_at = (cell, event.globalPos())
                QToolTip.showText(event.globalPos(), self.text_of(cell), self.viewport())
                self.origin_wanted.emit(self._snapshot.rows[cell.row].key, cell.lumisection)
            return True
        if event.type() == QEvent.Type.Leave:
            self._hovered = None
            self._tip_at = None
            self.viewport().update()
        return super().viewportEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._picture is None:
            self._picture = self._paint_picture()
        painter = QPainter(self.viewport())
        painter.setFont(self.font())
        painter.drawPixmap(0, 0, self._picture)
        if self._snapshot is not None and self._snapshot.rows and self._snapshot.length:
            self._paint_overlay(painter, self._snapshot)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(800, 400)


def _corner(x: float, y: float, size: float) -> QPolygonF:
    """A triangle in a top corner; to the left of `x` when `size` is negative."""
    return QPolygonF([QPointF(x, y), QPointF(x + size, y), QPointF(x, y + abs(size))])


def _tick_step(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, ... that is at least `least`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10
