"""Details of a run or dataset: lumisections, attributes, history."""

from collections.abc import Sequence

from PySide6.QtCore import QSortFilterProxyModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.certification.runs import OPEN
from app.domain.errors import Refused
from app.domain.keys import ONLINE
from app.services.certification import tables
from app.services.certification.tables import Row, RunDetails
from app.views import words
from app.views.backend.history import ChangeLine, Moment
from app.views.background import Job
from app.views.focus import give_keys, give_keys_once_shown, holder
from app.views.grid.grid_layout import Cell
from app.views.history.comparison_view import ComparisonView
from app.views.history.history_panel import HistoryPanel, Looked, Scope
from app.views.history.moment_chooser import MomentChooser
from app.views.lumisections.pane import LumisectionsPane
from app.views.places import PlaceContext
from app.views.runs.attributes_model import AttributesModel, attributes_of
from app.views.theme import STEP, Theme
from app.views.widgets.details_table import DetailsTable
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label, cell

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
        self._wished = False
        self.details: RunDetails | None = None
        self._rows: dict[str, Row] = {}
        self._job: Job[RunDetails] | None = None
        self._moment_job: Job[Moment] | None = None
        self._moment: Moment | None = None
        self.title = Label("No run is chosen")
        self.title.setProperty("role", "title")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state = Label()
        self.state.setProperty("role", "muted")
        self.warning = Label()
        self.warning.setProperty("role", "warning")
        self.take_in_button = QPushButton("Take them in")
        # A click leaves the keys where they are.
        self.take_in_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.take_in_button.setToolTip(
            "Bring LS that the run gained since its sign-off into it and its datasets, without"
            " reopening it"
        )
        self.take_in_button.hide()
        self.actions_button = QToolButton()
        self.actions_button.setText("Run")
        self.bar = LoadingBar(themes)
        self.tabs = QTabWidget()
        self.lumisections = LumisectionsPane(context.backend, background, themes, context.drafts)
        self.attributes = AttributesModel(self)
        self.found = QSortFilterProxyModel(self)
        self.history = HistoryPanel(context.backend, background, themes)
        self.comparison = ComparisonView(context.backend, background, themes)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._lay_out()
        self._connect()
        self._dress(themes.theme)

    @property
    def run_number(self) -> int | None:
        return self._run_number

    @property
    def dataset(self) -> str:
        return self.lumisections.dataset if self.details else self._dataset

    def set_order(self, order: Sequence[str]) -> None:
        """Order of the columns in the grid."""
        self._order = tuple(order)

    def show_run(self, run_number: int, dataset: str = ONLINE) -> None:
        """Shows a run once nobody has wished for another one for a moment."""
        if (run_number, dataset) == (self._run_number, self._dataset):
            return
        if run_number != self._run_number:
            self.details = None
        self._run_number, self._dataset = run_number, dataset
        self._wished = True
        self._settle.start()

    def go_into_grid(self) -> None:
        """The keyboard goes to the grid, when that is there."""
        self.tabs.setCurrentWidget(self.lumisections)
        give_keys_once_shown(self.lumisections.grid)

    def home(self) -> QWidget:
        """The tabs: nothing is edited by going here."""
        return self.tabs.tabBar()

    def dataset_state(self, key: str, dataset: str | None = None) -> str:
        """A `{workspace}_state` of the dataset that is looked at, or of another one of the run;
        empty without one."""
        row = self._rows.get(self.dataset if dataset is None else dataset)
        return str(row.dataset_attributes.get(key) or "") if row is not None else ""

    def refresh(self) -> None:
        """Shows the present state of the same run."""
        if self._run_number is None or self._settle.isActive():
            return
        # News that come while the dataset that was wished for is on its way don't change the wish.
        self._load(keep=not self._wished)

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(3 * STEP)
        for each in (self.title, self.state, self.warning, self.take_in_button):
            line.addWidget(each)
        line.addStretch(1)
        line.addWidget(self.actions_button)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.lumisections, "Lumisections")
        self.tabs.addTab(self._attributes_tab(), "Attributes")
        self.tabs.addTab(self.history, "History")
        self.tabs.addTab(self.comparison, "Comparison")
        self.tabs.setTabVisible(self.tabs.indexOf(self.comparison), False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.bar)
        layout.addWidget(self.tabs, 1)
        self.tabs.setEnabled(False)

    def _attributes_tab(self) -> QWidget:
        self.search = QLineEdit(placeholderText="Find an attribute or value")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.found.setFilterFixedString)
        self.found.setSourceModel(self.attributes)
        self.found.setFilterKeyColumn(-1)
        self.found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.attributes_table = DetailsTable("Attributes")
        self.attributes_table.setModel(self.found)
        self.attributes_table.setSortingEnabled(True)
        self.attributes_table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        for column, width in enumerate((120, 260)):
            self.attributes_table.setColumnWidth(column, width)
        tab = QWidget()
        layout = QVBoxLayout(tab)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.addWidget(self.search)
        layout.addLayout(line)
        layout.addWidget(self.attributes_table, 1)
        return tab

    def _connect(self) -> None:
        self._settle.timeout.connect(lambda: self._load(keep=False))
        self.lumisections.written.connect(self.written)
        self.lumisections.menu_wanted.connect(self.menu_wanted)
        self.lumisections.shown.connect(self._lumisections_shown)
        self.lumisections.selection_changed.connect(self._look)
        self.lumisections.history_wanted.connect(self.show_history_of_selection)
        self.lumisections.moment_wanted.connect(self.choose_moment)
        self.history.undo_wanted.connect(self.undo_wanted)
        self.history.moment_wanted.connect(self.show_moment)
        self.history.comparison_wanted.connect(self.compare)
        self.history.line_entered.connect(self._go_to)
        self.comparison.closed.connect(self._close_comparison)
        line = self.lumisections.moment_line
        line.older_wanted.connect(lambda: self._step(older=True))
        line.newer_wanted.connect(lambda: self._step(older=False))
        line.comparison_wanted.connect(self._compare_moment)
        button = self.actions_button
        button.clicked.connect(
            lambda: self.actions_wanted.emit(button.mapToGlobal(button.rect().bottomLeft()))
        )
        self.take_in_button.clicked.connect(self.take_in_wanted)
        self._themes.changed.connect(self._dress)

    def _load(self, *, keep: bool) -> None:
        run_number, acting = self._run_number, self._context.acting
        if run_number is None:
            return
        if self._job is not None:
            self._job.cancel()
        self.bar.set_loading(True)
        self._job = self._background.read_then(
            lambda: tables.run_details(acting, run_number),
            lambda details: self._show(details, keep=keep),
            owner=self,
            refused=self._refuse,
            finished=lambda: self.bar.set_loading(False),
        )

    def _show(self, details: RunDetails, *, keep: bool) -> None:
        self.details = details
        self.tabs.setEnabled(True)
        self._wished = False
        self._rows = {row.name: row for row in details.visible_datasets}
        names = tuple(self._rows)
        dataset = self.lumisections.dataset if keep else self._dataset
        if dataset not in self._rows:
            dataset = names[0] if names else ONLINE
        rr = details.row.rr_attributes
        self.title.setText(f"{details.run_number}  {dataset}")
        parts = [cell(str(rr.get("class") or "no class")), details.state]
        if not details.significant:
            parts.append("not significant")
        overall = self.dataset_state("global_state", dataset)
        if overall:
            parts.append(f"dataset {overall} in global")
        reason = rr.get("stop_reason")
        if reason:
            parts.append(f"stopped: {cell(words.value(reason))}")
        self.state.setText("   ".join(parts))
        self.warning.setText(
            "OMS changed it after sign-off: it needs a manual update"
            if details.needs_manual_update
            else ""
        )
        self.take_in_button.setVisible(details.needs_manual_update and details.state != OPEN)
        groups = [("OMS", details.row.oms_attributes), ("Run Registry", rr)]
        groups += sorted((name, row.dataset_attributes) for name, row in self._rows.items())
        self.attributes.show_attributes(attributes_of(groups))
        self.lumisections.show_run(details.run_number, names, dataset, self._order)
        self._look()
        self.history.refresh()
        if keep:
            self.comparison.refresh()
        else:
            self._close_comparison()
        self.subject_changed.emit()

    def _refuse(self, error: Refused) -> None:
        self.title.setText(str(error))
        self.state.clear()
        self.tabs.setEnabled(False)

    # History

    def show_history_of_selection(self) -> None:
        """What was done to the selected cells."""
        self._look()
        self.history.set_scope(Scope.SELECTION)
        self.tabs.setCurrentWidget(self.history)
        give_keys(self.history.table)

    def choose_moment(self) -> MomentChooser | None:
        """Asks for the moment to show."""
        if self._run_number is None or self.details is None:
            return None
        chooser = MomentChooser(
            self._context.backend,
            self._background,
            self._themes,
            self._run_number,
            self.dataset,
            self.window(),
        )
        chooser.chosen.connect(self.show_moment)
        chooser.open()
        return chooser

    def show_moment(self, atomic_version: int) -> None:
        """The grid as it was after a version, to be looked at."""
        run_number, dataset, runs = self._run_number, self.dataset, self._context.backend
        if run_number is None:
            return
        before = holder(self)

        def show(moment: Moment) -> None:
            if (run_number, dataset) == (self._run_number, self.dataset):
                self._moment = moment
                self.lumisections.show_state(moment.lumisections, _moment_text(moment))
                self.lumisections.moment_line.offer(
                    older=moment.older is not None, newer=moment.newer is not None
                )
                is_awaited = holder(self) is before
                self.tabs.setCurrentWidget(self.lumisections)
                if is_awaited:
                    give_keys(self.lumisections.grid)

        if self._moment_job is not None:
            self._moment_job.cancel()
        self.bar.set_loading(True)
        self._moment_job = self._background.read_then(
            lambda: runs.moment(run_number, dataset, atomic_version),
            show,
            owner=self,
            finished=lambda: self.bar.set_loading(False),
        )

    def _step(self, *, older: bool) -> None:
        """To the moment before or after the one that is shown."""
        moment = self._moment
        if moment is not None and self.lumisections.moment:
            beside = moment.older if older else moment.newer
            if beside is not None:
                self.show_moment(beside)

    def _compare_moment(self) -> None:
        if self._moment is not None and self.lumisections.moment:
            self.compare(self._moment.atomic_version, None)

    def compare(self, old: int, new: int | None) -> None:
        """Two moments of the dataset in a tab of their own; None is now."""
        if self._run_number is None:
            return
        self.tabs.setTabVisible(self.tabs.indexOf(self.comparison), True)
        self.tabs.setCurrentWidget(self.comparison)
        self.comparison.compare(self._run_number, self.dataset, old, new, self._order)

    def _close_comparison(self) -> None:
        if self.tabs.currentWidget() is self.comparison:
            self.tabs.setCurrentWidget(self.history)
        self.tabs.setTabVisible(self.tabs.indexOf(self.comparison), False)

    def _lumisections_shown(self) -> None:
        self._look()
        self.subject_changed.emit()

    def _look(self) -> None:
        """Tells the history what is looked at."""
        if self._run_number is None or self.details is None:
            self.history.look_at(None)
            return
        keys, ranges = self.lumisections.selection()
        snapshot = self.lumisections.grid.snapshot
        length = snapshot.length if snapshot is not None else 1
        self.history.look_at(Looked(self._run_number, self.dataset, length, keys, ranges))

    def _go_to(self, line: ChangeLine) -> None:
        """Shows the cells of a change in the grid."""
        snapshot = self.lumisections.grid.snapshot
        piece = line.piece
        if snapshot is not None and piece.ranges and piece.key in snapshot.keys:
            row = snapshot.keys.index(piece.key)
            self.tabs.setCurrentWidget(self.lumisections)
            self.lumisections.grid.focus(Cell(row, piece.ranges[0].first))
            give_keys(self.lumisections.grid)

    def _dress(self, theme: Theme) -> None:
        self.actions_button.setIcon(theme.icon("arrow"))
        self.actions_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.actions_button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() == Qt.Key.Key_Z and plain:
            self.undo_last_wanted.emit()
        elif event.text() in ("<", ">") and self.lumisections.moment:
            self._step(older=event.text() == "<")
        elif event.key() == Qt.Key.Key_Escape and self.tabs.currentWidget() is self.comparison:
            self._close_comparison()
        else:
            super().keyPressEvent(event)


def _moment_text(moment: Moment) -> str:
    version = moment.version
    if version is None:
        return f"version {moment.atomic_version}"
    why = f": {cell(version.comment)}" if version.comment else ""
    return f"version {version.atomic_version}, {words.time(version.at)}, by {version.by}{why}"
