"""The place of the cycles: the list at the left, the chosen one with its datasets at the right."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPushButton,
    QWidget,
)

from app.domain.certification.cycles import Cycle, CycleEntry, Progress
from app.domain.certification.second_eyes import Freeze
from app.domain.clock import server_now
from app.domain.configuration.in_force import GLOBAL
from app.domain.errors import NotFound
from app.services.certification import cycles, second_eyes, tables
from app.services.certification.tables import Row
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.actions import ActionRow
from app.views.background import Work
from app.views.cycles import cycle_actions
from app.views.cycles.cycle_actions import CycleActions
from app.views.cycles.layout import TitleWords, stack_in, title_bar
from app.views.cycles.lines import (
    CYCLE_TITLES,
    DONE,
    HISTORY_TITLES,
    WORKSPACE_TITLES,
    WorkspaceProgress,
    cycle_lines,
    deadline_words,
    frozen_words,
    history_lines,
    workspace_lines,
)
from app.views.cycles.progress_delegate import ProgressDelegate
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.ages import Ages
from app.views.looks.theme import ROW_HEIGHT
from app.views.places import PlaceContext, PlaceWidget
from app.views.rights import offer
from app.views.selection import Selection
from app.views.tables.table_view import TableView
from app.views.widgets.line_label import CutLabel
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.narrow import TurningSplitter
from app.views.widgets.plain import Label
from app.views.widgets.still_tabs import StillTabs
from app.views.widgets.tables.details_table import DetailsTable
from app.views.widgets.tables.lines_model import LinesModel

_PARTS = [450, 900]
_LEAST_LIST = 400
_LEAST_CYCLE = 560
_LEAST_ROWS = 5
_WIDTHS = (140, 156, 156)
_WORKSPACE_WIDTHS = (110, 90, 260, 90, 80, 64, 72, 108)
_HISTORY_WIDTHS = (150, 180, 150)
_EMPTY = (
    "No cycle has this workspace yet. Select datasets in Offline, then choose Dataset, New cycle."
)


class CyclesPlace(PlaceWidget):
    """Cycles of the workspace that is shown.

    Signals: `rows_menu_wanted(QPoint)` for what can be done with the selected datasets;
    `subject_changed()` when what actions apply to may have changed.
    """

    rows_menu_wanted = Signal(object)
    subject_changed = Signal()

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._acting = context.acting
        self._workspace = WorkspaceColumns(GLOBAL, ())
        self._chosen: int | None = None
        self._wanted: int | None = None
        self._loading = Work(context.background, self)
        self._reading_history = Work(context.background, self)
        self._entries: tuple[CycleEntry, ...] = ()
        self._known = False
        self._has_begun = False
        self._freezes: Mapping[int, Freeze] = {}
        themes = context.themes
        self.cycles: LinesModel[Cycle] = LinesModel(CYCLE_TITLES, themes, self)
        self.list = DetailsTable("Cycles")
        self.list.setModel(self.cycles)
        self.workspaces: LinesModel[WorkspaceProgress] = LinesModel(
            WORKSPACE_TITLES, themes, self, right=range(DONE + 1, len(WORKSPACE_TITLES))
        )
        self.workspaces_table = DetailsTable("Workspaces of the cycle")
        self.workspaces_table.setModel(self.workspaces)
        self.history: LinesModel[CycleEntry] = LinesModel(HISTORY_TITLES, themes, self)
        self.history_table = DetailsTable("History of the cycle")
        self.history_table.setModel(self.history)
        Ages(self.history_table, self._show_ages)
        self.datasets = TableView(
            "datasets",
            context.acting,
            context.background,
            themes,
            context.remembered,
            memory="cycles",
            of_cycle=True,
        )
        self.datasets.line.saved.said.connect(context.notices.tell)
        self.bar = LoadingBar(themes)
        self.tabs = StillTabs()
        self.right = QWidget()
        self._make_words()
        self._make_buttons()
        self.actions_ = CycleActions(
            context,
            self,
            self._in_front,
            lambda: self._workspace.name,
            self.selection,
            lambda: self._freezes,
        )
        self.actions_.acted.connect(self._done)
        self._lay_out()
        self._connect()
        self._show_cycle()

    def _make_words(self) -> None:
        self.empty = Label("Reading the cycles ...", wordWrap=True)
        self.empty.setProperty("role", "empty")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.title = CutLabel()
        self.title.setProperty("role", "title")
        self.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words = TitleWords()
        self.words.setProperty("role", "muted")

    def _make_buttons(self) -> None:
        self.buttons = {
            id_: QPushButton(text)
            for id_, text in (
                ("cycle.move", "Move all..."),
                ("cycle.complete", "Complete..."),
                ("cycle.reopen", "Reopen..."),
                ("cycle.freeze", "Freeze..."),
                ("cycle.thaw", "Thaw..."),
                ("cycle.edit", "Edit..."),
            )
        }

    # What is shown

    @property
    def cycle(self) -> Cycle | None:
        """The cycle that is chosen."""
        row = self.cycles.row_of(self._chosen) if self._chosen is not None else None
        return None if row is None else self.cycles.item(row)

    def show_workspace(self, workspace: WorkspaceColumns) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._context.background.run(self._offer_vocabulary(), self)
        self._workspace = workspace
        self.datasets.show_workspace(workspace)
        self.refresh()

    def selection(self) -> Selection | None:
        return self.datasets.selection() if self.cycle is not None else None

    def shown(self) -> None:
        self.refresh()

    def changed(self, run_numbers: frozenset[int], *, in_front: bool) -> None:
        self._load()
        if in_front:
            self.datasets.refresh_soon()

    def focus_search(self) -> None:
        """Goes to the filter of the datasets of the cycle."""
        if self.cycle is not None:
            self.tabs.setCurrentWidget(self.datasets)
            give_keys(self.datasets.filter.edit, select=True)

    def why_no_search(self) -> str:
        return "" if self.cycle is not None else "Choose a cycle first: its datasets are filtered."

    def home(self) -> QWidget:
        """The cycles."""
        return self.list

    def panes(self) -> Sequence[QWidget]:
        return (self.list, self.tabs)

    def refresh(self, run_numbers: frozenset[int] = frozenset()) -> None:
        self._load()
        self.datasets.refresh_soon()

    def show_cycle(self, id_cycle: int) -> None:
        """Chooses a cycle, also one that isn't in the list yet; says so where there is none."""
        self._chosen = self._wanted = id_cycle
        self._mark_chosen()
        self._show_cycle()
        self._load()

    def _load(self) -> None:
        self._loading.renew(self._read)

    async def _read(self) -> None:
        acting, workspace = self._acting, self._workspace.name
        self.bar.set_loading(True)
        found, freezes = await self._context.background.read(
            lambda: (cycles.all_cycles(acting, workspace), second_eyes.freezes(acting))
        )
        self.bar.set_loading(False)
        self._freezes = freezes
        if workspace == self._workspace.name:
            self._show(workspace, found)

    def _show(self, workspace: str, found: Sequence[Cycle]) -> None:
        self._known = True
        today = server_now().date()
        self.cycles.show_lines(cycle_lines(found, workspace, today, self._freezes))
        self.count_changed.emit(sum(each.pending_in(workspace) for each in found))
        ids = [each.id for each in found]
        wanted, self._wanted = self._wanted, None
        if wanted is not None and wanted not in ids:
            self._context.notices.refuse(NotFound(_gone(wanted, workspace)))
        if self._chosen not in ids:
            self._chosen = ids[0] if ids else None
        self._mark_chosen()
        self._show_cycle()

    def _mark_chosen(self) -> None:
        row = self.cycles.row_of(self._chosen) if self._chosen is not None else None
        if row is not None and row != self.list.currentIndex().row():
            self.list.selectRow(row)

    def _show_cycle(self) -> None:
        cycle = self.cycle
        self.right.setVisible(cycle is not None)
        self.list.setVisible(cycle is not None)
        self.empty.setVisible(cycle is None)
        self.empty.setText(_EMPTY if self._known else "Reading the cycles ...")
        if cycle is None:
            return
        today = server_now().date()
        state = cycle.states.get(self._workspace.name, "")
        self.title.setText(cycle.name)
        parts = (
            frozen_words(self._freezes.get(cycle.id)).removeprefix(", "),
            words.counted(cycle.datasets, "dataset"),
            deadline_words(cycle.deadline, today),
            f"{state} in workspace {self._workspace.name}",
        )
        self.words.setText(", ".join(filter(None, parts)))
        self.workspaces.show_lines(workspace_lines(cycle))
        self.datasets.show_cycle(cycle.id)
        is_pending = cycle.pending_in(self._workspace.name)
        for id_, possible in (
            ("cycle.complete", is_pending),
            ("cycle.move", is_pending),
            ("cycle.reopen", not is_pending),
            ("cycle.freeze", cycle.id not in self._freezes),
            ("cycle.thaw", cycle.id in self._freezes),
        ):
            self.buttons[id_].setVisible(possible)
        self._offer()
        self.subject_changed.emit()
        self._reading_history.start(self._show_history(cycle.id))

    def _offer(self) -> None:
        """Greys the buttons as the menu greys their actions."""
        for row in self.actions_.rows():
            if row.id in self.buttons and row.right is not None:
                offer(self.buttons[row.id], self._context.rights.why_not(row.right()))

    async def _show_history(self, id_cycle: int) -> None:
        acting = self._acting
        entries = await self._context.background.read(lambda: cycles.history(acting, id_cycle))
        self._entries = tuple(entries)
        self._show_ages()

    def _show_ages(self) -> None:
        self.history.show_lines(history_lines(self._entries, server_now()))

    # What can be done

    def rows(self) -> Sequence[ActionRow]:
        """Actions on the selected cycle."""
        return self.actions_.rows()

    def menus(self) -> Mapping[str, Sequence[str]]:
        return {"Tools": cycle_actions.MENU}

    def _in_front(self) -> Cycle | None:
        return self.cycle if self.isVisible() else None

    def _done(self, text: str) -> None:
        self._context.notices.tell(text)
        self.acted.emit()

    # Making

    def _lay_out(self) -> None:
        for column, width in enumerate(_WIDTHS):
            self.list.setColumnWidth(column, width)
        stretches = QHeaderView.ResizeMode.Stretch
        for table, section in ((self.list, 0), (self.workspaces_table, DONE)):
            table.horizontalHeader().setStretchLastSection(False)
            table.horizontalHeader().setSectionResizeMode(section, stretches)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setItemDelegateForColumn(
            DONE, ProgressDelegate(self._context.themes, self._progress, self.list)
        )
        for column, width in enumerate(_WORKSPACE_WIDTHS):
            self.workspaces_table.setColumnWidth(column, width)
        self.workspaces_table.setItemDelegateForColumn(
            DONE,
            ProgressDelegate(
                self._context.themes, lambda each: each.progress, self.workspaces_table
            ),
        )
        for column, width in enumerate(_HISTORY_WIDTHS):
            self.history_table.setColumnWidth(column, width)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.datasets, "Datasets")
        self.tabs.addTab(self.workspaces_table, "Workspaces")
        self.tabs.addTab(self.history_table, "History")
        bar = title_bar(self.title, self.words, self.buttons.values())
        stack_in(self.right, bar, self.tabs)
        left = stack_in(QWidget(), self.bar, self.list, self.empty)
        left.setObjectName("pane")
        left.setMinimumSize(_LEAST_LIST, _LEAST_ROWS * ROW_HEIGHT)
        self.right.setMinimumWidth(_LEAST_CYCLE)
        splitter = TurningSplitter()
        splitter.addWidget(left)
        splitter.addWidget(self.right)
        splitter.setSizes(_PARTS)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        stack_in(self, splitter)

    def _connect(self) -> None:
        handlers = {
            "cycle.move": self.actions_.move_all,
            "cycle.complete": self.actions_.complete,
            "cycle.reopen": self.actions_.reopen,
            "cycle.freeze": self.actions_.freeze,
            "cycle.thaw": self.actions_.freeze,
            "cycle.edit": self.actions_.edit,
        }
        for id_, button in self.buttons.items():
            button.clicked.connect(handlers[id_])
        self._context.rights.changed.connect(self._offer)
        # The place may be made when it is known already who may do what.
        self._offer()
        self.list.selectionModel().currentRowChanged.connect(self._choose)
        self.datasets.selection_changed.connect(self.subject_changed)
        self.datasets.row_opened.connect(self._open_row)
        self.datasets.menu_wanted.connect(self._open_menu)

    async def _offer_vocabulary(self) -> None:
        acting = self._acting
        vocabulary = await self._context.background.read(lambda: tables.vocabulary(acting))
        self.datasets.set_vocabulary(vocabulary)

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and self.cycles.item(current.row()).id != self._chosen:
            self._chosen = self.cycles.item(current.row()).id
            self._show_cycle()

    def _open_row(self, row: Row) -> None:
        self.run_wanted.emit(row.run_number, row.name)

    def _open_menu(self, place: QPoint) -> None:
        self.rows_menu_wanted.emit(place)

    def _progress(self, cycle: Cycle) -> Progress:
        return cycle.progress.get(self._workspace.name, Progress())


def _gone(id_cycle: int, workspace: str) -> str:
    """Why a cycle isn't in the list."""
    if workspace == GLOBAL:
        return f"There is no cycle {id_cycle}: it was deleted, or it is on another server."
    return (
        f"There is no cycle {id_cycle} in workspace {workspace}. Choose workspace {GLOBAL}, which"
        " shows all cycles, and try again."
    )
