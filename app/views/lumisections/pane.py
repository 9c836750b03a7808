"""The lumisections of a run: a choice of dataset, the grid, and all that edits it."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.editing.draft_cells import changed_cells
from app.domain.editing.selection import Selection
from app.domain.errors import BadInput, Refused
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange, parse_ranges
from app.services.editing.bulk import Written
from app.services.news import Change
from app.views import words
from app.views.agents.proposal_strip import ProposalStrip
from app.views.backend import Backend
from app.views.backend.lumisections import DatasetLumisections, Origin
from app.views.background import Background, Job
from app.views.focus import give_keys, has_keys
from app.views.grid.grid_view import GridView
from app.views.grid.snapshot import prepare
from app.views.lumisections.attendance import Attendance
from app.views.lumisections.draft_book import DraftBook
from app.views.lumisections.editor import Loaded
from app.views.lumisections.grid_editing import GridEditing
from app.views.lumisections.grid_menu import grid_menu
from app.views.lumisections.moment_line import MomentLine
from app.views.lumisections.selection_words import selection_text
from app.views.theme import STEP, Theme, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_ORIGIN_AFTER_MS = 200
_PARTS = [900, 420]
_WIDEST_NAME = 420


class _News(QObject):
    """Brings what other threads announce to the GUI thread."""

    changed = Signal(object)


class LumisectionsPane(QWidget):
    """Loads and shows one dataset of a run, follows what is written, drafts and writes edits.

    Signals: `menu_wanted(QPoint)` (global); `shown()` when other lumisections are there;
    `selection_changed()`; `history_wanted()` and `moment_wanted()` by the keys H and T;
    `moment_changed()` when it goes over to another moment, or back to now;
    `written(Written)` when a draft is written.
    """

    menu_wanted = Signal(object)
    shown = Signal()
    selection_changed = Signal()
    history_wanted = Signal()
    moment_wanted = Signal()
    moment_changed = Signal()
    written = Signal(object)

    def __init__(
        self,
        backend: Backend,
        background: Background,
        themes: Themes,
        drafts: DraftBook,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._backend = backend
        self._background = background
        self._themes = themes
        self._run_number: int | None = None
        self._order: tuple[str, ...] = ()
        self._job: Job[Loaded] | None = None
        self._again = False
        self._origin_job: Job[Origin | None] | None = None
        self.datasets = QComboBox()
        self.datasets.setAccessibleName("Dataset")
        self.datasets.setMaximumWidth(_WIDEST_NAME)
        self.datasets.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.ranges = QLineEdit(placeholderText="LS 12-40, 55")
        self.grid = GridView(themes.theme)
        self.bar = LoadingBar(themes)
        self.moment_line = MomentLine(themes)
        self.editing = GridEditing(
            backend,
            background,
            themes,
            drafts,
            self.grid,
            chosen=self.chosen,
            is_now=lambda: not self.moment,
        )
        self.editor, self.strip = self.editing.editor, self.editing.strip
        self.preview = self.editing.preview
        self.attendance = Attendance(backend, background)
        self.proposals = ProposalStrip(backend, background, themes)
        self.not_live = Label()
        self.words = Label(wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.cell = Label()
        self.cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.cell.setMinimumWidth(1)
        self._zooms = [QToolButton() for _ in range(3)]
        self._origin_timer = QTimer(self, singleShot=True, interval=_ORIGIN_AFTER_MS)
        self._lay_out()
        self._connect()
        self._dress(themes.theme)
        self.editing.refresh()

    @property
    def dataset(self) -> str:
        return self.datasets.currentText() or ONLINE

    @property
    def run_number(self) -> int | None:
        return self._run_number

    def home(self) -> QWidget:
        """Who gets the keyboard when the strip or the preview gives it back."""
        return self.grid

    @property
    def moment(self) -> str:
        """Which moment is shown instead of now, empty when it is now."""
        return self.moment_line.moment

    def show_run(
        self, run_number: int, datasets: Sequence[str], dataset: str, order: Sequence[str]
    ) -> None:
        """Shows a dataset of a run; `order` is that of the columns."""
        names = list(datasets)
        if (run_number, dataset) != (self._run_number, self.dataset):
            self.moment_line.show_now()
        if run_number != self._run_number:
            self._forget()
        same = run_number == self._run_number and dataset == self.dataset
        self._run_number = run_number
        self._order = tuple(order)
        if [self.datasets.itemText(i) for i in range(self.datasets.count())] != names:
            self.datasets.blockSignals(True)  # one load, below
            self.datasets.clear()
            self.datasets.addItems(names)
            self.datasets.blockSignals(False)
        self.datasets.blockSignals(True)
        self.datasets.setCurrentText(dataset)
        self.datasets.blockSignals(False)
        self.load(keep=same)

    def load(self, *, keep: bool = True) -> None:
        """Loads the present state; with `keep` the old one isn't taken back meanwhile."""
        if self._run_number is None or (keep and self.moment):
            return  # what was then doesn't change
        if self._job is not None:
            if keep:
                self._again = True
                return
            self._job.cancel()
        self.bar.set_loading(True)
        backend, run_number, dataset, order = (
            self._backend,
            self._run_number,
            self.dataset,
            self._order,
        )
        before = self.grid.snapshot

        def load() -> Loaded:
            found = backend.lumisections(run_number, dataset)
            snapshot = prepare(found.state, order=order, by_hand=found.by_hand)
            refusals = backend.refusals(run_number, dataset, snapshot.keys)
            changed = None
            if before is not None and (before.run_number, before.dataset) == (run_number, dataset):
                changed = changed_cells(before.state, found.state)
            return Loaded(snapshot, found.seen, refusals, changed)

        self._job = self._background.read_then(
            load, self._show, owner=self, refused=self._refuse, finished=self._finish
        )

    def chosen(self) -> Selection:
        """The selected cells; without a selection the focused one."""
        snapshot, focus = self.grid.snapshot, self.grid.focus_cell
        if self.grid.chosen or snapshot is None or focus is None:
            return self.grid.chosen
        number = focus.lumisection
        return Selection.of([snapshot.rows[focus.row].key], [(number, number)], snapshot.length)

    def selection(self) -> tuple[tuple[str, ...], tuple[LumiRange, ...]]:
        """Rows with selected cells and the lumisections of any of them; without a selection
        those of the focused cell."""
        keys, ranges = self.grid.selection()
        snapshot, focus = self.grid.snapshot, self.grid.focus_cell
        if keys or snapshot is None or focus is None:
            return keys, ranges
        number = focus.lumisection
        return (snapshot.rows[focus.row].key,), (LumiRange(number, number),)

    def show_state(self, found: DatasetLumisections, moment: str) -> None:
        """Shows the dataset as it was, to be looked at only; `moment` says when, such as
        `version 812, 2025-08-18 06:12 UTC`."""
        if self._job is not None:
            self._job.cancel()
        order = self._order
        self.preview.close_preview()
        self.moment_line.show_moment(moment)
        self.bar.set_loading(True)
        self._job = self._background.read_then(
            lambda: Loaded(prepare(found.state, order=order, by_hand=found.by_hand)),
            self._show,
            owner=self,
            finished=self._finish,
        )
        self.editing.refresh()
        self.moment_changed.emit()

    def show_now(self) -> None:
        """Goes back to the present state, which follows what is written."""
        if self.moment:
            self.moment_line.show_now()
            self.moment_changed.emit()
            self.load(keep=False)

    # News

    def _note_change(self, change: Change) -> None:
        if change.presence is not None:
            self.attendance.news(change.presence)
        elif not change.run_numbers or self._run_number in change.run_numbers:
            self.load()

    def _lost(self) -> None:
        if not self.not_live.isVisible():
            now = datetime.now(UTC)
            self.not_live.setText(f"Not live since {now:%H:%M} UTC")
            self.not_live.setToolTip(
                "The connection is lost: this is what was read last. Drafting goes on, and the"
                " draft is kept on this machine."
            )
            self.not_live.show()

    def _attend(self) -> None:
        snapshot = self.grid.snapshot
        key = None
        if snapshot is not None and self.isVisible():
            key = (snapshot.run_number, snapshot.dataset)
        self.attendance.attend(key, editing=bool(self.editor.cells))

    # Showing

    def _forget(self) -> None:
        self.grid.show_snapshot(None)
        self.editor.show(None)
        self.cell.clear()
        self.strip.say("", "")

    def _show(self, loaded: Loaded) -> None:
        snapshot = loaded.snapshot
        before = self.editor.key
        self.grid.show_snapshot(snapshot)
        has_rows = bool(snapshot.rows) and snapshot.length > 0
        self._grid_part.setVisible(has_rows)
        self.words.setVisible(not has_rows)
        if self.moment:
            self.grid.show_draft(None)
        else:
            if before != (snapshot.run_number, snapshot.dataset):
                self.strip.say("", "")
                self.preview.close_preview()
            self.editing.show(loaded)
            if loaded.changed is not None:
                self.grid.flash(loaded.changed)
        if not has_rows:
            self.words.setText(
                "No lumisections yet: they come with the next pull, and their columns when the"
                " run is significant."
            )
        elif self.grid.focus_cell is not None:
            cell = self.grid.focus_cell
            self._focus_changed(snapshot.rows[cell.row].key, cell.lumisection)
        self.editing.offer_remarks()
        self._attend()
        self.editing.refresh()
        self.proposals.show_dataset(snapshot.run_number, snapshot.dataset, snapshot.length)
        self.shown.emit()

    def _refuse(self, error: Refused) -> None:
        self._grid_part.hide()
        self.words.setText(str(error))
        self.words.show()

    def _finish(self) -> None:
        self._job = None
        self.bar.set_loading(False)
        if self._again:
            self._again = False
            self.load()

    def _dataset_chosen(self) -> None:
        self.moment_line.show_now()
        self.load(keep=False)

    def _focus_changed(self, _key: str, _lumisection: int) -> None:
        self._describe("")
        self._origin_timer.start()
        if not self.grid.chosen:
            self.editing.refresh()

    def _selection_changed(self) -> None:
        self._describe("")
        self.editing.refresh()
        self.selection_changed.emit()

    def _describe(self, origin: str) -> None:
        cell = self.grid.focus_cell
        if cell is None or self.grid.snapshot is None:
            self.cell.clear()
            return
        chosen = self.grid.chosen
        if self.grid.snapshot.size_of(chosen).cells > 1:
            self._origin_timer.stop()
            line, whole = selection_text(self.grid.snapshot, chosen)
            self.cell.setText(line)
            self.cell.setToolTip(whole)
            return
        text = " · ".join([*self.grid.text_of(cell).split("\n"), *filter(None, [origin])])
        self.cell.setText(text)
        self.cell.setToolTip(text)

    def _ask_origin_of_focus(self) -> None:
        snapshot, cell = self.grid.snapshot, self.grid.focus_cell
        if snapshot is not None and cell is not None:
            self._ask_origin(snapshot.rows[cell.row].key, cell.lumisection)

    def _ask_origin(self, key: str, lumisection: int) -> None:
        if self._run_number is None or self.moment:
            return
        if self._origin_job is not None:
            self._origin_job.cancel()
        backend, run_number, dataset = self._backend, self._run_number, self.dataset

        def show(origin: Origin | None) -> None:
            text = _origin_text(origin)
            self.grid.show_origin(key, lumisection, text)
            snapshot, cell = self.grid.snapshot, self.grid.focus_cell
            if snapshot is None or cell is None or snapshot.size_of(self.grid.chosen).cells > 1:
                return
            if (snapshot.rows[cell.row].key, cell.lumisection) == (key, lumisection):
                self._describe(text)

        self._origin_job = self._background.read_then(
            lambda: backend.origin(run_number, dataset, key, lumisection), show, owner=self
        )

    def select_ranges(self, text: str) -> None:
        """Selects typed lumisections in the rows with anything selected, or in the focused row."""
        snapshot, focus = self.grid.snapshot, self.grid.focus_cell
        if snapshot is None or focus is None:
            return
        try:
            ranges = parse_ranges(text)
        except BadInput as error:
            self.strip.say(str(error), "refusal")
            return
        keys = self.grid.selection()[0] or (snapshot.rows[focus.row].key,)
        chosen = Selection.of(keys, ranges, snapshot.length)
        if not chosen:
            self.strip.say(f"Type LS of 1-{snapshot.length}, such as 12-40, 55.", "refusal")
            return
        self.strip.say("", "")
        self.grid.choose(chosen)
        give_keys(self.grid)

    def _show_cells(self, column: str, ranges: Sequence[LumiRange]) -> None:
        snapshot = self.grid.snapshot
        if snapshot is not None and column in snapshot.keys:
            self.grid.choose(Selection.of([column], ranges, snapshot.length))

    def _wrote(self, written: Written) -> None:
        self.load()
        self.written.emit(written)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        mine: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_L: self._ask_ranges,
            Qt.Key.Key_H: self.history_wanted.emit,
            Qt.Key.Key_T: self.moment_wanted.emit,
        }
        if self.moment:
            mine[Qt.Key.Key_Escape] = self.show_now
        if plain and Qt.Key(event.key()) in mine:
            mine[Qt.Key(event.key())]()
        elif not (has_keys(self.grid) and self.editing.handle(event)):
            super().keyPressEvent(event)

    def _ask_ranges(self) -> None:
        give_keys(self.ranges, select=True)

    def _menu(self, point: QPoint) -> None:
        place = self.grid.mapToGlobal(point)
        grid_menu(
            self,
            self.grid,
            can_edit=not self.moment,
            set_status=self.editing.set_status,
            set_bit=self.editing.set_bits,
            history=self.history_wanted.emit,
            moment=self.moment_wanted.emit,
            run_actions=lambda: self.menu_wanted.emit(place),
        ).popup(place)

    # Making

    def _lay_out(self) -> None:
        self.ranges.setAccessibleName("Lumisections to select")
        self.ranges.setToolTip("Select lumisections by number in the selected rows (L)")
        self.ranges.setFixedWidth(112)
        self.not_live.setProperty("role", "warning")
        self.not_live.hide()
        top = QWidget()
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(self.datasets)
        line.addWidget(self.ranges)
        line.addWidget(self.cell, 1)
        line.addWidget(self.not_live)
        line.addWidget(self.attendance)
        for button in self._zooms:
            line.addWidget(button)
        self._grid_part = QSplitter(Qt.Orientation.Horizontal)
        self._grid_part.setChildrenCollapsible(False)
        self._grid_part.addWidget(self.grid)
        self._grid_part.addWidget(self.preview)
        self._grid_part.setSizes(_PARTS)
        self._grid_part.setStretchFactor(0, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.strip)
        layout.addWidget(self.bar)
        layout.addWidget(self.proposals)
        layout.addWidget(self.moment_line)
        layout.addWidget(self._grid_part, 1)
        layout.addWidget(self.strip.below)
        layout.addWidget(self.words, 1)
        self._grid_part.hide()
        self.words.setText("Choose a run to see its lumisections.")

    def _connect(self) -> None:
        self.datasets.currentTextChanged.connect(self._dataset_chosen)
        self.ranges.returnPressed.connect(lambda: self.select_ranges(self.ranges.text()))
        self.moment_line.now_wanted.connect(self.show_now)
        self.grid.focus_changed.connect(self._focus_changed)
        self.grid.selection_changed.connect(self._selection_changed)
        self.grid.origin_wanted.connect(self._ask_origin)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._menu)
        self._themes.changed.connect(self._dress)
        self._origin_timer.timeout.connect(self._ask_origin_of_focus)
        self.proposals.cells_wanted.connect(self._show_cells)
        self.editing.written.connect(self._wrote)
        self.editing.draft_changed.connect(self._attend)
        self._listen()
        actions = (
            ("Zoom in (+)", lambda: self.grid.zoom(1.5)),
            ("Zoom out (-)", lambda: self.grid.zoom(1 / 1.5)),
            ("Whole run (0)", self.grid.fit),
        )
        for button, (tip, handler) in zip(self._zooms, actions, strict=True):
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(handler)

    def _listen(self) -> None:
        news = _News()
        news.changed.connect(self._note_change)
        self._news = news

        def tell(change: Change) -> None:
            # The view may go while another thread tells it something.
            with contextlib.suppress(RuntimeError):
                news.changed.emit(change)

        end = self._backend.subscribe(tell, lambda _live, _reason: None)
        self.destroyed.connect(end)
        self._background.outage.connect(self._lost)
        self._background.restored.connect(self.not_live.hide)

    def _dress(self, theme: Theme) -> None:
        self.grid.set_theme(theme)
        for button, icon in zip(self._zooms, ("zoom-in", "zoom-out", "zoom-fit"), strict=True):
            button.setIcon(theme.icon(icon))

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._attend()
        self.editing.read_remarks()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._attend()


def _origin_text(origin: Origin | None) -> str:
    if origin is None:
        return "no event has set it"
    now = datetime.now(UTC)
    return f"by {origin.by}, {words.time(origin.at)} ({words.ago(origin.at, now)})"
