"""The lumisections of a run: a choice of dataset, the grid, and its editor."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.domain.editing.selection import Selection
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.services.editing.bulk import Written
from app.services.history.look import Look
from app.services.news import Change
from app.views.agents.proposal_strip import ProposalStrip
from app.views.focus import give_keys, has_keys
from app.views.grid.grid_view import GridView
from app.views.looks.theme import STEP
from app.views.lumisections.attendance import Attendance
from app.views.lumisections.cell_line import CellLine
from app.views.lumisections.dataset_choice import DatasetChoice
from app.views.lumisections.editing.editor import Loaded
from app.views.lumisections.editing.grid_editing import GridEditing
from app.views.lumisections.editing.grid_menu import grid_menu
from app.views.lumisections.grid_part import GridPart
from app.views.lumisections.heard_changes import HeardChanges
from app.views.lumisections.loader import Loader
from app.views.lumisections.moment_line import MomentLine
from app.views.lumisections.not_live import NotLive
from app.views.lumisections.notes_on_axis import NotesOnAxis
from app.views.lumisections.ranges_edit import RangesEdit
from app.views.lumisections.wanted_cells import WantedCells
from app.views.lumisections.zoom_buttons import ZoomButtons
from app.views.places import PlaceContext
from app.views.widgets.dimmer import Dimmer
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_NO_RUN = "Select a run to see its lumisections."
_READING = "Reading the lumisections ..."


class LumisectionsPane(QWidget):
    """Loads and shows one dataset of a run, follows what is written, drafts and writes edits.

    Signals: `menu_wanted(QPoint)` (global); `shown()` when other lumisections are there, and
    `refused()` when none can be;
    `selection_changed()`; `history_wanted()` and `moment_wanted()` by the keys H and T;
    `moment_changed()` when it goes over to another moment, or back to now;
    `written(Written)` when a draft is written.
    """

    menu_wanted = Signal(object)
    shown = Signal()
    refused = Signal()
    selection_changed = Signal()
    history_wanted = Signal()
    moment_wanted = Signal()
    moment_changed = Signal()
    written = Signal(object)

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        acting, background, themes = context.acting, context.background, context.themes
        self._notices = context.notices
        self._themes = themes
        self._run_number: int | None = None
        self._order: tuple[str, ...] = ()
        self._is_left = False
        self._is_taking_over = False
        self._loader = Loader(acting, background, self)
        self.datasets = DatasetChoice()
        self.grid = GridView(themes.theme)
        self._wanted = WantedCells(self.grid)
        self.ranges = RangesEdit(self.grid)
        self._notes = NotesOnAxis(acting, background, self.grid)
        self.bar = LoadingBar(themes)
        self.moment_line = MomentLine(themes)
        self.editing = GridEditing(
            acting,
            background,
            themes,
            context.drafts,
            self.grid,
            chosen=self.chosen,
            is_now=self._can_be_edited,
        )
        self.editor, self.strip = self.editing.editor, self.editing.strip
        self.preview = self.editing.preview
        self.grid_part = GridPart(context, self.grid, self.preview)
        self.dimmer = Dimmer(self.grid_part, themes, self)
        self.attendance = Attendance(context.open_datasets, background)
        self.proposals = ProposalStrip(context.acting, background, themes, context.rights)
        self.not_live = NotLive(background)
        self.words = Label(wordWrap=True)
        self.words.setProperty("role", "empty")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.cell = CellLine(acting, background, self.grid, lambda: not self.moment)
        self._lay_out()
        self._changes = HeardChanges(context.workplace.news, self)
        self._connect()
        self.editing.refresh()

    @property
    def dataset(self) -> str:
        return self.datasets.currentText() or ONLINE

    @property
    def run_number(self) -> int | None:
        return self._run_number

    @property
    def is_reading(self) -> bool:
        """Whether lumisections are on their way."""
        return self._loader.is_reading

    def _attach(self, address: str, name: str) -> None:
        if not self._can_be_edited():
            self.strip.say("This can't be edited now, so nothing is attached.", "refusal")
            return
        self.editing.attach(address, name)

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
        if (run_number, dataset) != (self._run_number, self.dataset):
            self.moment_line.show_now()
            self.ranges.clear()
        if run_number != self._run_number:
            self._forget()
        same = run_number == self._run_number and dataset == self.dataset and not self._is_left
        self._is_left = False
        self._run_number = run_number
        self._order = tuple(order)
        self.datasets.show_datasets(datasets, dataset)
        self.load(keep=same)

    def leave(self) -> None:
        """Another dataset is about to be shown: what is here can be looked at, not edited."""
        self._is_left = True
        if self._run_number is None:
            self.words.setText(_READING)
        self._loader.drop()
        self._cannot_be_edited()

    def _can_be_edited(self) -> bool:
        """Whether the grid shows the present state of what is chosen."""
        snapshot = self.grid.snapshot
        if snapshot is None or self._is_left or self.moment:
            return False
        return (snapshot.run_number, snapshot.dataset) == (self._run_number, self.dataset)

    def _cannot_be_edited(self) -> None:
        if not self._can_be_edited():
            self.preview.leave()
            self.editing.refresh()

    def show_nothing(self, why: str = _NO_RUN) -> None:
        """No run is chosen, or there is none."""
        self.moment_line.show_now()
        self._run_number = None
        self._forget()
        self.datasets.show_datasets(())
        self._refuse(why)

    def load(self, *, keep: bool = True) -> None:
        """Loads the present state; with `keep` after what is under way."""
        if self._run_number is None or self._is_left or (keep and self.moment):
            return  # A moment of the past doesn't change.
        self._loader.choose((self._run_number, self.dataset), self._order)
        if keep:
            self._loader.read_again()
        else:
            self.dimmer.dim()
            self._loader.read()

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

    def show_state(self, look: Look, moment: str) -> None:
        """Shows the dataset as it was, read-only; `moment` says when, such as
        `version 812, 2025-08-18 06:12 UTC`."""
        self.preview.close_preview()
        self.moment_line.show_moment(moment)
        self._loader.show(look)
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

    def _attend(self) -> None:
        snapshot = self.grid.snapshot
        key = None
        if snapshot is not None and self.isVisible():
            key = (snapshot.run_number, snapshot.dataset)
        self.attendance.attend(key, editing=bool(self.editor.cells))

    # Showing

    def _forget(self) -> None:
        self.ranges.clear()
        self._loader.forget()
        self.grid.show_snapshot(None)
        self.grid.show_notes(())
        self.grid_part.follow_with_evidence()
        self.editor.show(None)
        self.cell.setText("")
        self.strip.say("", "")

    def _show(self, loaded: Loaded) -> None:
        snapshot = loaded.snapshot
        self.dimmer.clear()
        before = self.editor.key
        self._is_taking_over = True
        self.grid.show_snapshot(snapshot)
        self._is_taking_over = False
        has_rows = bool(snapshot.rows) and snapshot.length > 0
        self.grid_part.setVisible(has_rows)
        self.words.setVisible(not has_rows)
        if self.moment:
            self.grid.show_draft(None)
        else:
            if before != (snapshot.run_number, snapshot.dataset):
                self.strip.say("", "")
                self.preview.leave()
            self.editing.show(loaded)
            if loaded.changed is not None:
                self.grid.flash(loaded.changed)
        if not has_rows:
            self.words.setText(
                "No lumisections yet. They arrive with the next pull; the columns are filled when"
                " the run is significant."
            )
        elif self.grid.focus_cell is not None:
            self.cell.follow_focus()
        self.editing.offer_remarks()
        self._attend()
        self.editing.refresh()
        self.proposals.show_dataset(snapshot.run_number, snapshot.dataset, snapshot.length)
        self._notes.read()
        self.grid_part.follow()
        self._wanted.go_on()
        self.shown.emit()

    def _refuse(self, text: str) -> None:
        self.dimmer.clear()
        self.grid_part.hide()
        self.words.setText(text)
        self.words.show()
        self.refused.emit()

    def _dataset_chosen(self) -> None:
        self.ranges.clear()
        self.moment_line.show_now()
        self.load(keep=False)
        self._cannot_be_edited()

    def _focus_changed(self, key: str, _lumisection: int) -> None:
        self.grid_part.follow_column(key)
        if not self.grid.chosen:
            self.editing.refresh()

    def _selection_changed(self) -> None:
        if self._is_taking_over:
            return  # the draft still is that of a run with fewer lumisections
        self.editing.refresh()
        self.selection_changed.emit()

    def go_to(self, columns: Sequence[str], ranges: Sequence[LumiRange]) -> None:
        """Selects cells and goes to the first of them, once the dataset is there. Without a column
        it goes to the lumisection."""
        self._wanted.go_to(columns, ranges)

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
            Qt.Key.Key_E: self.grid_part.go_into_evidence,
            Qt.Key.Key_P: self.grid_part.choose_pinned,
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
            evidence=self.grid_part.go_into_evidence,
            pin=self.grid_part.choose_pinned,
            run_actions=lambda: self.menu_wanted.emit(place),
        ).popup(place)

    # Making

    def _lay_out(self) -> None:
        top = QWidget(self)
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(self.datasets)
        line.addWidget(self.ranges)
        line.addWidget(self.cell, 1)
        line.addWidget(self.not_live)
        line.addWidget(self.attendance)
        line.addWidget(ZoomButtons(self.grid, self._themes))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.strip)
        layout.addWidget(self.bar)
        layout.addWidget(self.proposals)
        layout.addWidget(self.moment_line)
        layout.addWidget(self.grid_part, 1)
        layout.addWidget(self.strip.below)
        layout.addWidget(self.words, 1)
        self.grid_part.hide()
        self.words.setText(_NO_RUN)

    def _connect(self) -> None:
        self.datasets.currentTextChanged.connect(self._dataset_chosen)
        self.ranges.said.connect(lambda text: self.strip.say(text, "refusal" if text else ""))
        self.moment_line.now_wanted.connect(self.show_now)
        self._changes.changed.connect(self._note_change)
        self.grid.focus_changed.connect(self._focus_changed)
        self.grid.selection_changed.connect(self._selection_changed)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._menu)
        self._themes.changed.connect(self.grid.set_theme)
        self.proposals.cells_wanted.connect(self._wanted.select)
        self.proposals.acted.connect(
            lambda text, version: self._notices.tell(text, version=version)
        )
        self.editing.written.connect(self._wrote)
        self.editing.draft_changed.connect(self._attend)
        self.grid_part.attach_wanted.connect(self._attach)
        self._loader.loaded.connect(self._show)
        self._loader.refused.connect(self._refuse)
        self._loader.loading_changed.connect(self.bar.set_loading)

    # Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.grid_part.restore_evidence()
        self._attend()
        self.editing.read_remarks()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._attend()
