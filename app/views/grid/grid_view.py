"""The lumisection grid: columns and DCS bits over lumisections, painted as stretches."""

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from app.domain.editing.draft_cells import DraftCells
from app.domain.editing.selection import Selection, same_as, same_everywhere
from app.domain.lumisections import LumiRange, ranges_of_mask
from app.views.grid.axis_notes import AxisNote, AxisNotes
from app.views.grid.cell_text import cell_text
from app.views.grid.flash import Flash
from app.views.grid.grid_copy import copied_cells
from app.views.grid.grid_description import GridDescription
from app.views.grid.grid_keys import GridKeys
from app.views.grid.grid_layout import WIDEST_CELL, Cell, GridLayout
from app.views.grid.grid_mouse import GridMouse
from app.views.grid.grid_picture import GridPicture
from app.views.grid.grid_tips import GridTips
from app.views.grid.pinned_rows import PinnedRow, PinnedRows
from app.views.grid.selection_model import Mode, SelectionModel, Span
from app.views.grid.selection_painter import SelectionPainter
from app.views.grid.snapshot import LumisectionsSnapshot
from app.views.looks.theme import ROW_HEIGHT, Theme, tabular
from app.views.widgets.tables.copying import copy_rows

_SCROLL_STEP = 3


class GridView(QAbstractScrollArea):
    """Paints a snapshot and what is drafted over it; zoom, pan, focus and selection by mouse and
    keyboard.

    `keys_before` is asked first what a key means; it returns whether it did anything.
    Signals: `selection_changed()`; `focus_changed(key, lumisection)`;
    `origin_wanted(key, lumisection)` asks who set a cell, the answer comes through `show_origin`.
    """

    selection_changed = Signal()
    focus_changed = Signal(str, int)
    origin_wanted = Signal(str, int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._snapshot: LumisectionsSnapshot | None = None
        self._layout = GridLayout()
        self._fitted = True
        self._focus: Cell | None = None
        self._model = SelectionModel()
        self._draft: DraftCells | None = None
        self._flash = Flash(self)
        self._flash.changed.connect(self.viewport().update)
        self._hovered: Cell | None = None
        self._keys = GridKeys(self, self._layout)
        self.keys_before: Callable[[QKeyEvent], bool] | None = None
        self._mouse = GridMouse(self, self._layout)
        self._notes = AxisNotes(self._layout)
        self._pinned = PinnedRows(self._layout)
        self._tips = GridTips(self, self._notes, self._pinned)
        self._description = GridDescription(self, self._pinned)
        self._picture = GridPicture(self._layout, theme, self.font(), self.paint_over, self._pinned)
        self._over = SelectionPainter(self._layout, theme, self.fontMetrics())
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(tabular(self.font()))
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.horizontalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

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
        before = self._model.chosen
        self._model.show(snapshot, same_dataset=same)
        self._snapshot = snapshot
        if not same:
            self._fitted = True
            self._hovered = None
            self._draft = None
            self._flash.end()
            self._focus = Cell(0, 1) if snapshot and snapshot.rows and snapshot.length else None
        elif snapshot is not None:
            self._focus = _inside(snapshot, self._focus or Cell(0, 1))
            self._hovered = self._hovered and _inside(snapshot, self._hovered)
        self._lay_out()
        self._description.renew()
        if before and before != self._model.chosen:
            self.selection_changed.emit()

    def show_draft(self, draft: DraftCells | None) -> None:
        """Paints what is drafted over the cells, None or nothing drafted paints nothing."""
        self._draft = draft or None
        self._description.renew()
        self._picture.forget_draft()
        self.viewport().update()

    def show_notes(self, notes: Sequence[AxisNote]) -> None:
        """Marks on the axis what is noted on the dataset."""
        # Most datasets have none, and all of the grid would be painted once more.
        if self._notes.show(notes):
            self._lay_out()

    @property
    def pinned(self) -> Sequence[PinnedRow]:
        """The rows under the cells."""
        return self._pinned.rows

    def show_pinned(self, rows: Sequence[PinnedRow]) -> None:
        """Pins rows under the cells, on the same axis."""
        self._pinned.show(rows)
        self._lay_out()
        self._description.renew()

    def flash(self, changed: Selection) -> None:
        """Lights cells up that somebody changed, softly and for a moment."""
        self._flash.begin(changed)

    def set_theme(self, theme: Theme) -> None:
        """Paints in other colours."""
        self._theme = theme
        self._make_painters()
        self._forget_picture()

    @property
    def chosen(self) -> Selection:
        """The cells that are selected."""
        return self._model.chosen

    @property
    def flashing(self) -> Selection:
        """The cells that are lit up because somebody changed them."""
        return self._flash.cells

    def selection(self) -> tuple[tuple[str, ...], tuple[LumiRange, ...]]:
        """Keys from top to bottom with any selected cell, and the lumisections of any of them;
        both empty when nothing is selected."""
        chosen = self._model.chosen
        if self._snapshot is None or not chosen:
            return (), ()
        keys = tuple(key for key in self._snapshot.keys if key in chosen.rows)
        return keys, ranges_of_mask(chosen.lumisections)

    def focus(self, cell: Cell, *, extend: bool = False, keep: bool = False) -> None:
        """Moves the focus, and the selection's corner with it when `extend`; without `keep` the
        selection is dropped."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.rows or not snapshot.length:
            return
        row = min(max(cell.row, 0), len(snapshot.rows) - 1)
        number = min(max(cell.lumisection, 1), snapshot.length)
        target = Cell(row, number)
        since, self._focus = self._focus or target, target
        self.reveal(target)
        self.focus_changed.emit(snapshot.rows[row].key, number)
        if extend:
            self._model.extend(target, since)
            self._chosen_changed()
        elif not keep and self._model.chosen:
            self.clear_selection()
        self._description.renew()
        self.viewport().update()

    def select(self, first: Cell, last: Cell) -> None:
        """Selects the rectangle between two cells."""
        self.focus(first)
        self.focus(last, extend=True)

    def choose(self, selection: Selection) -> None:
        """Selects exactly these cells; the focus stays."""
        self._model.choose(selection)
        self._chosen_changed()

    def clear_selection(self) -> None:
        """Selects nothing; the focus stays."""
        self._model.clear()
        self._chosen_changed()

    def show_origin(self, key: str, lumisection: int, text: str) -> None:
        """Adds who set a cell to its tooltip, if that is still open."""
        self._tips.add_origin(key, lumisection, text)

    def text_of(self, cell: Cell) -> str:
        """A cell in lines: where, value, comment, cause."""
        assert self._snapshot is not None  # a cell is one of a snapshot
        return cell_text(self._snapshot, self._draft, cell)

    def copy_selected(self) -> None:
        """Puts the selected cells, or the focused one, onto the clipboard."""
        if self._snapshot is not None:
            rows = copied_cells(self._snapshot, self._model.chosen, self._focus, self._draft)
            if rows:
                copy_rows(rows)

    # Zoom and place

    def zoom(self, factor: float, at: float | None = None) -> None:
        """Zooms around a pixel of the viewport, or around the focus."""
        if self._snapshot is None or not self._snapshot.length:
            return
        left = self._layout.header_width
        if at is None:
            at = left + self._layout.area_width / 2
            if self._focus is not None and self._shows(self._focus):
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

    def fold_luminosity(self) -> None:
        """Gives the rows the place of the luminosity, or takes it back."""
        self._layout.fold_luminosity()
        self._lay_out()

    def reveal(self, cell: Cell) -> None:
        """Scrolls as little as needed to show a cell."""
        if not self._layout.tops:
            return
        left, top = self._layout.scrolled_to(cell)
        self.horizontalScrollBar().setValue(left)
        self.verticalScrollBar().setValue(top)

    def cell_at(self, point: QPoint) -> Cell | None:
        """The cell at a pixel of the viewport."""
        return self._layout.cell_at(point)

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where a cell is painted in the viewport, at least one pixel wide."""
        return self._layout.cell_rect(cell)

    def _shows(self, cell: Cell) -> bool:
        return self._layout.area().intersects(self.cell_rect(cell).toAlignedRect())

    def _chosen_changed(self) -> None:
        self.viewport().update()
        self._description.renew()
        self.selection_changed.emit()

    def _make_painters(self) -> None:
        self._picture.apply_theme(self._theme, self.font())
        self._over = SelectionPainter(self._layout, self._theme, self.fontMetrics())

    def _lay_out(self) -> None:
        layout = self._layout
        layout.resize(self.viewport().width(), self.viewport().height())
        text_width = self.fontMetrics().horizontalAdvance
        beside = self._notes.header_width(
            text_width, self._snapshot.length if self._snapshot else 0
        )
        layout.arrange(
            self._snapshot, text_width, max(self._pinned.header_width(text_width), beside)
        )
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

    # Painting

    def _forget_picture(self) -> None:
        self._picture.forget()
        self.viewport().update()

    def paint_over(self, painter: QPainter, snapshot: LumisectionsSnapshot) -> None:
        """What another kind of grid paints over the stored cells."""

    def _paint_overlay(
        self, painter: QPainter, snapshot: LumisectionsSnapshot, picture: QPixmap
    ) -> None:
        over, flash, chosen = self._over, self._flash, self._model.chosen
        if self._hovered is not None:
            over.paint_hovered(painter, self._hovered)
        painter.setClipRect(self._layout.area())
        over.paint_changed(painter, snapshot, flash.cells, flash.strength)
        over.paint_chosen(painter, snapshot, chosen)
        if flash.cells or chosen or self._hovered is not None:
            over.paint_letters(painter, picture, self._picture.plates)
        if self._focus is not None:
            over.paint_focus(painter, self._focus, strong=self.hasFocus())
            self._pinned.paint_values(painter, self._theme, self._focus.lumisection)
        self._notes.paint(painter, self._theme, snapshot.keys)

    def choose_alike(self, *, everywhere: bool = False) -> None:
        """Selects the stretch with the status, or bit, of the focused cell; or all of its row."""
        if self._snapshot is not None and self._focus is not None:
            select = same_everywhere if everywhere else same_as
            key = self._snapshot.rows[self._focus.row].key
            self.choose(select(self._snapshot.state, key, self._focus.lumisection))

    def choose_all(self, *, everything: bool = False) -> None:
        """Selects all columns, or all DCS bits where the focus is on one; or both."""
        if self._focus is not None:
            model = self._model
            self.choose(model.everything() if everything else model.all_like(self._focus))

    def toggle(self, cell: Cell, span: Span) -> None:
        """Adds a cell, its row or its lumisection to the selection, or takes it away."""
        self._model.toggle(cell, span)
        self._chosen_changed()

    def begin(self, cell: Cell, span: Span) -> None:
        """Selects a cell, its row or its lumisection instead of what is selected."""
        self._model.begin(cell, Mode.REPLACE, span)
        self.focus(cell, keep=True)
        self._chosen_changed()

    def is_chosen(self, cell: Cell) -> bool:
        """Whether a cell is selected."""
        return self._model.holds(cell)

    def hover(self, cell: Cell | None) -> None:
        """Marks the cell below the mouse."""
        if cell != self._hovered:
            self._hovered = cell
            self.viewport().update()

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        taken = self.keys_before is not None and self.keys_before(event)
        if not taken and not self._keys.handle(event):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._mouse.move(event)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._mouse.release()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._mouse.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._mouse.turn_wheel(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._tips.show(event)
            return True
        if event.type() == QEvent.Type.Leave:
            self._hovered = None
            self._tips.leave()
            self.viewport().update()
        return super().viewportEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        picture = self._picture.get(
            self.viewport().size(), self.devicePixelRatioF(), self._snapshot, self._draft
        )
        painter = QPainter(self.viewport())
        painter.setFont(self.font())
        painter.drawPixmap(0, 0, picture)
        if self._snapshot is not None and self._snapshot.rows and self._snapshot.length:
            self._paint_overlay(painter, self._snapshot, picture)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        shown = self._focus if self._focus is not None and self._shows(self._focus) else None
        self._lay_out()
        if shown is not None:
            # The scroll bar of a zoomed grid, or a pane beside it, takes its room.
            self.reveal(shown)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._make_painters()
            self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(800, 400)


def _inside(snapshot: LumisectionsSnapshot, cell: Cell) -> Cell | None:
    """The nearest cell of a snapshot; None when it has no cells."""
    if not snapshot.rows or not snapshot.length:
        return None
    return Cell(min(cell.row, len(snapshot.rows) - 1), min(cell.lumisection, snapshot.length))
