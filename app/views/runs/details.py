"""Details of a run or dataset: lumisections, attributes, history."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LumiRange
from app.services.certification import tables
from app.services.certification.tables import Row, RunDetails
from app.views.background import Work
from app.views.focus import give_keys, give_keys_once_shown
from app.views.grid.grid_layout import Cell
from app.views.lumisections.pane import LumisectionsPane
from app.views.places import PlaceContext
from app.views.runs.attributes_model import AttributesModel, attributes_of
from app.views.runs.details_line import DetailsLine
from app.views.runs.moments import RunMoments
from app.views.runs.typed_ahead import TypedAhead
from app.views.widgets.dimmer import Dimmer
from app.views.widgets.late_page import LatePage
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.still_tabs import StillTabs
from app.views.widgets.tab_pages import home_of_pages

# Tabs that most people never open are loaded with their first page.
if TYPE_CHECKING:
    from app.views.changes.lines import ChangeLine
    from app.views.history.comparison_view import ComparisonView
    from app.views.history.history_panel import DatasetInFront, HistoryPanel
    from app.views.history.moment_chooser import MomentChooser
    from app.views.runs.attributes_tab import AttributesTab

_SETTLE_MS = 80


class DetailsView(QWidget):
    """Everything of one run, and of one of its datasets.

    Signals: `subject_changed()` when what can be done with it may have changed;
    `menu_wanted(QPoint)`; `written(Written)` when a draft is written;
    `actions_wanted(QPoint)` for the menu of what can be done; `take_in_wanted()` by the button
    beside the flag; `undo_wanted(version)`, and `undo_last_wanted()` by the key Z.
    """

    subject_changed = Signal()
    menu_wanted = Signal(object)
    written = Signal(object)
    actions_wanted = Signal(object)
    take_in_wanted = Signal()
    undo_wanted = Signal(int)
    undo_last_wanted = Signal()

    def __init__(
        self,
        context: PlaceContext,
        order: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        background, themes = context.background, context.themes
        self._context = context
        self._background = background
        self._themes = themes
        self._order = tuple(order)
        self._run_number: int | None = None
        self._dataset = ONLINE
        self._is_requested = False
        self.details: RunDetails | None = None
        self._rows: dict[str, Row] = {}
        self._work = Work(background, self)
        self.line = DetailsLine(context, self)
        self.bar = LoadingBar(themes)
        self.tabs = StillTabs(self)
        self.lumisections = LumisectionsPane(context, home_of_pages(self.tabs))
        self._typed = TypedAhead(self.lumisections.grid, self)
        self.attributes = AttributesModel(self)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._lay_out()
        self.moments = RunMoments(
            context,
            self.tabs,
            self.lumisections,
            lambda: self.history,
            dataset=lambda: self._dataset_in_front,
            order=lambda: self._order,
        )
        self._connect()

    @property
    def history(self) -> "HistoryPanel":
        """The tab of the history."""
        return self._history.page

    @property
    def comparison(self) -> "ComparisonView":
        """The tab that compares two moments."""
        return self.moments.comparison

    @property
    def run_number(self) -> int | None:
        return self._run_number

    @property
    def dataset(self) -> str:
        return self.lumisections.dataset if self.details else self._dataset

    @property
    def is_loaded(self) -> bool:
        """Whether a run is shown."""
        return self.details is not None

    @property
    def is_coming(self) -> bool:
        """Whether a run that was asked for isn't shown yet."""
        return self._settle.isActive() or (self._is_requested and self._work.is_running)

    @property
    def noted(self) -> tuple[int, str, Sequence[LumiRange]] | None:
        """What a note would be on: run, dataset, and the selected lumisections."""
        if self._run_number is None or self.details is None:
            return None
        chosen = self.lumisections.grid.chosen
        ranges = self.lumisections.selection()[1] if chosen else ()
        return self._run_number, self.dataset, ranges

    @property
    def _dataset_in_front(self) -> DatasetKey | None:
        if self._run_number is None or self.details is None:
            return None
        return self._run_number, self.dataset

    def set_order(self, order: Sequence[str]) -> None:
        """Order of the columns in the grid."""
        self._order = tuple(order)

    def show_run(self, run_number: int, dataset: str = ONLINE) -> None:
        """Shows a run, once no other one has been asked for during a moment."""
        if (run_number, dataset) == (self._run_number, self._dataset):
            return
        if run_number != self._run_number:
            self.moments.drop()
        if self._run_number is not None:
            self.dimmer.dim()
        self.details = None
        self._run_number, self._dataset = run_number, dataset
        self._is_requested = True
        # What is shown until then is of another one, and nobody may take it for this one.
        self.lumisections.leave()
        self.line.show_coming(run_number, dataset)
        self.subject_changed.emit()
        self._settle.start()

    def show_nothing(self) -> None:
        """No run is chosen."""
        self._settle.stop()
        self._work.drop()
        self._run_number, self.details, self._is_requested = None, None, False
        self.moments.drop()
        self._rows = {}
        self.dimmer.clear()
        self.line.show_nothing()
        self.tabs.setEnabled(False)
        self.attributes.show_attributes(())
        self.lumisections.show_nothing()
        self._look()
        self.subject_changed.emit()

    @property
    def has_evidence(self) -> bool:
        """Whether histograms are shown beside the grid."""
        return self.lumisections.grid_part.has_evidence

    def show_evidence(self, *, shown: bool) -> None:
        """Shows the histograms beside the grid, or hides them."""
        self.tabs.setCurrentWidget(self.lumisections)
        self.lumisections.grid_part.show_evidence(shown=shown)

    def go_into_grid(self) -> None:
        """The keyboard goes to the grid, when that is there."""
        self.tabs.setCurrentWidget(self.lumisections)
        grid = self.lumisections.grid
        if not give_keys(grid):
            give_keys_once_shown(grid)
            if self.is_coming or self.lumisections.is_reading:
                self._typed.keep()

    def home(self) -> QWidget:
        """The tabs: nothing is edited by going here."""
        return self.tabs.tabBar()

    def panes(self) -> tuple[QWidget, ...]:
        """What is looked at; beside lumisections proposals, preview and histograms, while shown."""
        inside = self.tabs.currentWidget()
        lumisections = self.lumisections
        if inside is not lumisections:
            return (inside,)
        return (
            inside,
            *lumisections.proposals.panes,
            *lumisections.grid_part.panes(),
        )

    def dataset_state(self, key: str, dataset: str | None = None) -> str:
        """A `{workspace}_state` of the dataset in front or of another one; empty where unknown."""
        row = self._rows.get(self.dataset if dataset is None else dataset)
        return str(row.dataset_attributes.get(key) or "") if row is not None else ""

    def refresh(self) -> None:
        """Shows the present state of the same run."""
        if self._run_number is None or self._settle.isActive():
            return
        # News that come while a dataset is on its way don't bring back the one before.
        self._work.renew(lambda: self._load(keep=not self._is_requested))

    def _lay_out(self) -> None:
        self.tabs.setDocumentMode(True)
        self.dimmer = Dimmer(self.tabs, self._themes)
        self.tabs.addTab(self.lumisections, "Lumisections")
        LatePage(self.tabs, self._make_attributes, "Attributes")
        self._history = LatePage(self.tabs, self._make_history, "History")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.line)
        layout.addWidget(self.bar)
        layout.addWidget(self.tabs, 1)
        self.tabs.setEnabled(False)

    def _make_attributes(self) -> "AttributesTab":
        from app.views.runs.attributes_tab import AttributesTab

        return AttributesTab(self.attributes)

    def _make_history(self) -> "HistoryPanel":
        from app.views.history.history_panel import HistoryPanel

        context = self._context
        history = HistoryPanel(context.acting, context.background, context.themes)
        history.undo_wanted.connect(self.undo_wanted)
        history.moment_wanted.connect(self.show_moment)
        history.comparison_wanted.connect(self.compare)
        history.line_entered.connect(self._go_to)
        history.show_dataset(self._in_front())
        return history

    def _connect(self) -> None:
        self._settle.timeout.connect(lambda: self._work.start(self._load(keep=False)))
        self._work.running_changed.connect(self._show_loading)
        self._background.outage.connect(self._typed.forget)
        self.moments.running_changed.connect(self._show_loading)
        self.lumisections.written.connect(self.written)
        self.lumisections.menu_wanted.connect(self.menu_wanted)
        self.lumisections.shown.connect(self._lumisections_shown)
        self.lumisections.refused.connect(self._typed.forget)
        self.lumisections.selection_changed.connect(self._look)
        self.lumisections.history_wanted.connect(self.show_history_of_selection)
        self.lumisections.moment_wanted.connect(self.choose_moment)
        self.line.actions_wanted.connect(self.actions_wanted)
        self.line.take_in_wanted.connect(self.take_in_wanted)

    async def _load(self, *, keep: bool) -> None:
        run_number, acting = self._run_number, self._context.acting
        if run_number is None:
            return
        try:
            details = await self._context.background.read(
                lambda: tables.run_details(acting, run_number)
            )
        except Refused as error:
            self._refuse(str(error))
        else:
            self._show(details, keep=keep)

    def _show_loading(self) -> None:
        self.bar.set_loading(self._work.is_running or self.moments.is_reading)

    def _show(self, details: RunDetails, *, keep: bool) -> None:
        self.details = details
        self.tabs.setEnabled(True)
        self._is_requested = False
        self.dimmer.clear()
        self._rows = {row.name: row for row in details.visible_datasets}
        names = tuple(self._rows)
        dataset = self.lumisections.dataset if keep else self._dataset
        if dataset not in self._rows:
            dataset = names[0] if names else ONLINE
        overall = self.dataset_state("global_state", dataset)
        self.line.show_details(details, dataset, self._rows.get(dataset), overall)
        groups = [("OMS", details.row.oms_attributes), ("Run Registry", details.row.rr_attributes)]
        groups += sorted((name, row.dataset_attributes) for name, row in self._rows.items())
        self.attributes.show_attributes(attributes_of(groups))
        self.lumisections.show_run(details.run_number, names, dataset, self._order)
        self._look()
        if self._history.made is not None:
            self._history.made.refresh()
        if keep:
            self.moments.refresh()
        else:
            self.moments.close_comparison()
        self.subject_changed.emit()

    def _refuse(self, text: str) -> None:
        self.dimmer.clear()
        self.line.show_refusal(text)
        self.tabs.setEnabled(False)
        self.lumisections.show_nothing(text)

    # History

    def show_history_of_selection(self) -> None:
        """Shows the history of the selected cells."""
        from app.views.history.history_panel import Scope

        self._look()
        self.history.set_scope(Scope.SELECTION)
        self.tabs.setCurrentWidget(self.history)
        give_keys(self.history.table)

    def choose_moment(self) -> "MomentChooser | None":
        """Asks for the moment to show."""
        return self.moments.choose()

    def show_moment(self, version: int) -> None:
        """Shows the grid as it was after a version, read-only."""
        self.moments.show(version)

    def compare(self, old: int, new: int | None) -> None:
        """Compares two moments of the dataset in a tab of their own; None is now."""
        self.moments.compare(old, new)

    def _lumisections_shown(self) -> None:
        self._look()
        self.subject_changed.emit()
        self._typed.hand_over()

    def _look(self) -> None:
        """Tells the history which dataset and cells are in front."""
        if self._history.made is not None:
            self._history.made.show_dataset(self._in_front())

    def _in_front(self) -> "DatasetInFront | None":
        from app.views.history.history_panel import DatasetInFront

        if self._run_number is None or self.details is None:
            return None
        keys, ranges = self.lumisections.selection()
        snapshot = self.lumisections.grid.snapshot
        length = snapshot.length if snapshot is not None else 1
        return DatasetInFront(self._run_number, self.dataset, length, keys, ranges)

    def _go_to(self, line: "ChangeLine") -> None:
        """Shows the cells of a change in the grid."""
        snapshot = self.lumisections.grid.snapshot
        piece = line.piece
        if snapshot is not None and piece.ranges and piece.key in snapshot.keys:
            row = snapshot.keys.index(piece.key)
            self.tabs.setCurrentWidget(self.lumisections)
            self.lumisections.grid.focus(Cell(row, piece.ranges[0].first))
            give_keys(self.lumisections.grid)

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() == Qt.Key.Key_Z and plain:
            self.undo_last_wanted.emit()
        elif event.text() in ("<", ">") and self.lumisections.moment:
            self.moments.step(older=event.text() == "<")
        elif event.key() == Qt.Key.Key_Escape and self.moments.is_compared:
            self.moments.close_comparison()
        elif event.key() == Qt.Key.Key_Escape and self.tabs.currentIndex() == self._history.place:
            self.go_into_grid()
        else:
            super().keyPressEvent(event)
