"""The lumisection grid: columns and DCS bits over lumisections, painted as runs of equal cells."""

import math

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from app.domain.lumisections import LumiRange, format_ranges
from app.views.lumisections.grid_layout import AXIS_HEIGHT, WIDEST_CELL, Cell, GridLayout
from app.views.lumisections.grid_painter import GridPainter
from app.views.lumisections.snapshot import LumisectionsSnapshot, RowKind
from app.views.theme import ROW_HEIGHT, STEP, Theme, tabular

_ZOOM = 1.5
_SCROLL_STEP = 3


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
        self._layout = GridLayout()
        self._fitted = True
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
        self._painter = GridPainter(self._layout, theme, self.font())
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.horizontalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.setAccessibleName("Lumisections")
        self.setAccessibleDescription("No lumisections are shown.")

    # What is shown

    @property
    def snapshot(self) -> LumisectionsSnapshot | None:
        return self._snapshot

    @property
    def focus_cell(self) -> Cell | None:
        return self._focus

    @property
    def pixels_per_lumisection(self) -> float:
        return self._layout.scale

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
        self._painter = GridPainter(self._layout, theme, self.font())
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
        left = self._layout.header_width
        if at is None:
            at = left + self._layout.area_width / 2
            if self._focus is not None and self._layout.area().intersects(
                self.cell_rect(self._focus).toAlignedRect()
            ):
                at = self._layout.x(self._focus.lumisection - 0.5)
        position = self._layout.position(at)
        fit = self._layout.fit_scale
        self._layout.scale = min(max(self._layout.scale * factor, fit), max(WIDEST_CELL, fit))
        self._fitted = math.isclose(self._layout.scale, fit)
        self._set_ranges()
        self.horizontalScrollBar().setValue(round(position * self._layout.scale - (at - left)))
        self._forget_picture()

    def fit(self) -> None:
        """Shows all lumisections."""
        self._fitted = True
        self._lay_out()

    def reveal(self, cell: Cell) -> None:
        """Scrolls as little as needed to show a cell."""
        if not self._layout.tops:
            return
        bar = self.horizontalScrollBar()
        left, right = (
            (cell.lumisection - 1) * self._layout.scale,
            cell.lumisection * self._layout.scale,
        )
        if left < bar.value():
            bar.setValue(math.floor(left))
        elif right > bar.value() + self._layout.area_width:
            bar.setValue(math.ceil(right - self._layout.area_width))
        bar = self.verticalScrollBar()
        top = self._layout.tops[cell.row]
        bottom = top + self._layout.height_of(cell.row)
        if top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value() + self._layout.area_height:
            bar.setValue(bottom - self._layout.area_height)

    def cell_at(self, point: QPoint) -> Cell | None:
        """The cell at a pixel of the viewport."""
        return self._layout.cell_at(point)

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where a cell is painted in the viewport, at least one pixel wide."""
        return self._layout.cell_rect(cell)

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
        layout = self._layout
        layout.resize(self.viewport().width(), self.viewport().height())
        layout.arrange(self._snapshot, self.fontMetrics().horizontalAdvance)
        layout.scale = layout.fit_scale if self._fitted else max(layout.scale, layout.fit_scale)
        self._set_ranges()
        self._forget_picture()

    def _set_ranges(self) -> None:
        layout = self._layout
        bar = self.horizontalScrollBar()
        bar.setRange(0, layout.widest_left)
        bar.setPageStep(layout.area_width)
        bar.setSingleStep(max(round(layout.scale * _SCROLL_STEP), 16))
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, layout.content_height - layout.area_height))
        bar.setPageStep(layout.area_height)
        bar.setSingleStep(ROW_HEIGHT)

    def _scrolled(self) -> None:
        self._layout.left = self.horizontalScrollBar().value()
        self._layout.top = self.verticalScrollBar().value()
        self._forget_picture()

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

    def _make_picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        size = self.viewport().size()
        picture = QPixmap(QSize(math.ceil(size.width() * ratio), math.ceil(size.height() * ratio)))
        picture.setDevicePixelRatio(ratio)
        picture.fill(self._theme.colour("surface"))
        if self._snapshot is not None:
            painter = QPainter(picture)
            self._painter.paint(painter, self._snapshot)
            painter.end()
        return picture

    def _paint_overlay(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        area = self._layout.area()
        if self._hovered is not None:
            cross = QColor(self._theme.colour("text"))
            cross.setAlpha(90)
            x = self._layout.x(self._hovered.lumisection - 0.5)
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
        left = min(max(x - width / 2, self._layout.header_width), self.viewport().width() - width)
        box = QRectF(left, 1, width, AXIS_HEIGHT - 4)
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
        page = max(1, int(self._layout.area_width / self._layout.scale))
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
        if middle or (left and cell is None and point.x() >= self._layout.header_width):
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
        area = self._layout.area()
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
            self._picture = self._make_picture()
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
            self._painter = GridPainter(self._layout, self._theme, self.font())
            self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(800, 400)
