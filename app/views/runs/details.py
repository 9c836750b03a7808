"""Details of a run or dataset: lumisections, attributes, history."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPoint, QSortFilterProxyModel, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QTableView,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.views import words
from app.views.backend.runs import HistoryEntry, RunDetails, Runs
from app.views.backend.tables import ONLINE
from app.views.background import Background, Job
from app.views.loading_bar import LoadingBar
from app.views.lumisections.pane import LumisectionsPane
from app.views.runs.attributes_model import AttributesModel, attributes_of
from app.views.runs.history_model import HistoryModel
from app.views.theme import ROW_HEIGHT, STEP, Theme, Themes, tabular

_SETTLE_MS = 80


class DetailsTable(QTableView):
    """A plain table whose rows can be copied with Ctrl+C."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFont(tabular(self.font()))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def copy(self) -> None:
        """Puts the selected rows onto the clipboard, columns apart by tabs."""
        model = self.model()
        lines = [
            "\t".join(
                str(model.index(row.row(), column).data() or "")
                for column in range(model.columnCount())
            )
            for row in sorted(self.selectionModel().selectedRows(), key=QModelIndex.row)
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)


class DetailsView(QWidget):
    """Everything of one run, and of one of its datasets.

    Signals: `subject_changed()` when what can be done with it may have changed;
    `edit_wanted(run, dataset, key, ranges, is_bit)`; `menu_wanted(QPoint)`;
    `actions_wanted(QPoint)` for the menu of what can be done; `undo_wanted(version)`.
    """

    subject_changed = Signal()
    edit_wanted = Signal(int, str, str, object, bool)
    menu_wanted = Signal(object)
    actions_wanted = Signal(object)
    undo_wanted = Signal(int)

    def __init__(
        self,
        runs: Runs,
        background: Background,
        themes: Themes,
        order: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self._runs = runs
        self._background = background
        self._themes = themes
        self._order = tuple(order)
        self._run_number: int | None = None
        self._dataset = ONLINE
        self.details: RunDetails | None = None
        self._job: Job[RunDetails] | None = None
        self._history_job: Job[Sequence[HistoryEntry]] | None = None
        self.title = QLabel("No run is chosen")
        self.title.setProperty("role", "title")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state = QLabel()
        self.state.setProperty("role", "muted")
        self.warning = QLabel()
        self.warning.setProperty("role", "warning")
        self.actions_button = QToolButton()
        self.actions_button.setText("Run")
        self.bar = LoadingBar(themes)
        self.tabs = QTabWidget()
        self.lumisections = LumisectionsPane(runs, background, themes)
        self.attributes = AttributesModel(self)
        self.found = QSortFilterProxyModel(self)
        self.history = HistoryModel(self)
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

    @property
    def chosen_entry(self) -> HistoryEntry | None:
        """The version that is selected in the history."""
        chosen = self.history_table.selectionModel().selectedRows()
        return self.history.entry(chosen[0].row()) if chosen else None

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
        self._settle.start()

    def refresh(self) -> None:
        """Shows the present state of the same run."""
        if self._run_number is None or self._settle.isActive():
            return
        self._load(keep=True)

    def _lay_out(self) -> None:
        top = QWidget()
        top.setObjectName("bar")
        line = QHBoxLayout(top)
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(3 * STEP)
        for each in (self.title, self.state, self.warning):
            line.addWidget(each)
        line.addStretch(1)
        line.addWidget(self.actions_button)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.lumisections, "Lumisections")
        self.tabs.addTab(self._attributes_tab(), "Attributes")
        self._history_tab = self._make_history_tab()
        self.tabs.addTab(self._history_tab, "History")
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

    def _make_history_tab(self) -> QWidget:
        self.history_table = DetailsTable("History")
        self.history_table.setModel(self.history)
        self.history_table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.history_table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        for column, width in enumerate((160, 200, 420, 320)):
            self.history_table.setColumnWidth(column, width)
        self.undo_button = QPushButton("Undo...")
        self.undo_button.setToolTip("Take the chosen version back, as far as its word holds still")
        self.undo_button.setEnabled(False)
        tab = QWidget()
        layout = QVBoxLayout(tab)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.addWidget(self.undo_button)
        line.addStretch(1)
        layout.addLayout(line)
        layout.addWidget(self.history_table, 1)
        return tab

    def _connect(self) -> None:
        self._settle.timeout.connect(lambda: self._load(keep=False))
        self.tabs.currentChanged.connect(self._tab_changed)
        self.lumisections.edit_wanted.connect(self._edit)
        self.lumisections.menu_wanted.connect(self.menu_wanted)
        self.lumisections.shown.connect(self.subject_changed)
        self.history_table.selectionModel().selectionChanged.connect(self._entry_chosen)
        self.history_table.customContextMenuRequested.connect(self._open_history_menu)
        self.undo_button.clicked.connect(self._undo)
        button = self.actions_button
        button.clicked.connect(
            lambda: self.actions_wanted.emit(button.mapToGlobal(button.rect().bottomLeft()))
        )
        self._themes.changed.connect(self._dress)

    def _load(self, *, keep: bool) -> None:
        run_number, runs = self._run_number, self._runs
        if run_number is None:
            return
        if self._job is not None:
            self._job.cancel()
        self.bar.set_loading(True)
        self._job = self._background.read(
            lambda: runs.run_details(run_number),
            lambda details: self._show(details, keep=keep),
            owner=self,
            refused=self._refuse,
            finished=lambda: self.bar.set_loading(False),
        )

    def _show(self, details: RunDetails, *, keep: bool) -> None:
        self.details = details
        self.tabs.setEnabled(True)
        dataset = self.lumisections.dataset if keep else self._dataset
        if dataset not in details.datasets:
            dataset = details.datasets[0] if details.datasets else ONLINE
        rr = details.rr_attributes
        self.title.setText(f"{details.run_number}  {dataset}")
        parts = [str(rr.get("class") or "no class"), details.state]
        if not details.significant:
            parts.append("not significant")
        overall = details.dataset_attributes.get(dataset, {}).get("global_state")
        if overall is not None:
            parts.append(f"dataset {overall} in global")
        reason = rr.get("stop_reason")
        if reason:
            parts.append(f"stopped: {words.value(reason)}")
        self.state.setText("   ".join(parts))
        self.warning.setText(
            "OMS changed it after sign-off: it needs a manual update"
            if details.needs_manual_update
            else ""
        )
        groups = [("OMS", details.oms_attributes), ("Run Registry", rr)]
        groups += sorted(details.dataset_attributes.items())
        self.attributes.show_attributes(attributes_of(groups))
        self.lumisections.show_run(details.run_number, details.datasets, dataset, self._order)
        if self.tabs.currentWidget() is self._history_tab:
            self._load_history()
        else:
            self._show_history(())
        self.subject_changed.emit()

    def _refuse(self, error: Refused) -> None:
        self.title.setText(str(error))
        self.state.clear()
        self.tabs.setEnabled(False)

    def _tab_changed(self) -> None:
        if self.tabs.currentWidget() is self._history_tab:
            self._load_history()

    def _load_history(self) -> None:
        run_number, runs = self._run_number, self._runs
        if run_number is None:
            return
        if self._history_job is not None:
            self._history_job.cancel()
        self.bar.set_loading(True)
        self._history_job = self._background.read(
            lambda: runs.run_history(run_number),
            self._show_history,
            owner=self,
            finished=lambda: self.bar.set_loading(False),
        )

    def _show_history(self, entries: Sequence[HistoryEntry]) -> None:
        """Whoever looks at a version goes on looking at it."""
        chosen = self.chosen_entry
        self.history.show_entries(entries)
        place = self.history.place_of(chosen.atomic_version) if chosen else None
        if place is not None:
            self.history_table.selectRow(place)
        self._entry_chosen()

    def _entry_chosen(self) -> None:
        self.undo_button.setEnabled(self.chosen_entry is not None)

    def _undo(self) -> None:
        entry = self.chosen_entry
        if entry is not None:
            self.undo_wanted.emit(entry.atomic_version)

    def _open_history_menu(self, point: QPoint) -> None:
        entry = self.chosen_entry
        if entry is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        action = QAction(
            self._themes.theme.icon("undo"), f"Undo version {entry.atomic_version}...", menu
        )
        action.triggered.connect(self._undo)
        menu.addAction(action)
        menu.popup(self.history_table.viewport().mapToGlobal(point))

    def _edit(self, dataset: str, key: str, ranges: object, is_bit: bool) -> None:
        if self._run_number is not None:
            self.edit_wanted.emit(self._run_number, dataset, key, ranges, is_bit)

    def _dress(self, theme: Theme) -> None:
        self.undo_button.setIcon(theme.icon("undo"))
        self.actions_button.setIcon(theme.icon("arrow"))
        self.actions_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.actions_button.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
