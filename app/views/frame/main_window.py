"""The frame of the window: places, workspace, menus, docks, status bar."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from PySide6.QtCore import QObject, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QInputDialog,
    QListWidget,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.domain.certification.datasets import EDITABLE_STATES
from app.domain.keys import ONLINE
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullState, PullStatus
from app.services.certification.tables import TableKind
from app.services.editing.bulk import Written
from app.services.news import Change
from app.views.actions import ActionRow, Actions
from app.views.agents.place import MachinesPlace
from app.views.background import Outage
from app.views.bulk import actions as bulk_actions
from app.views.bulk.actions import BulkActions
from app.views.configuration import why_actions
from app.views.configuration.place import ConfigurationPlace
from app.views.configuration.why_actions import WhyActions
from app.views.cycles.place import CyclesPlace
from app.views.datasets import links
from app.views.datasets.links import LinkActions
from app.views.datasets_accepted.window import DatasetsAcceptedWindow
from app.views.focus import (
    KeysKeeper,
    can_have_keys,
    give_keys,
    give_keys_once_shown,
    give_keys_to_place,
    go_round,
    has_keys,
    holder,
)
from app.views.frame import help as help_actions
from app.views.frame import look
from app.views.frame.command_palette import CommandPalette
from app.views.frame.help import HelpActions
from app.views.frame.look import LookActions
from app.views.frame.remembered import restore
from app.views.frame.status_bar import StatusBar
from app.views.frame.workspaces import WorkspaceSelector
from app.views.golden import workbench_actions
from app.views.golden.generate_dialog import GenerateDialog
from app.views.golden.place import GoldenPlace
from app.views.golden.workbench_actions import WorkbenchActions
from app.views.history import actions as history_actions
from app.views.history.actions import HistoryActions
from app.views.log.place import LogPlace
from app.views.lumisections.drafts_strip import DraftsStrip
from app.views.notices import NoticeBar, OutageBanner
from app.views.places import PlaceContext, PlaceWidget
from app.views.runs import dataset_actions
from app.views.runs.dataset_actions import DatasetActions
from app.views.runs.details import DetailsView
from app.views.runs.place import TablePlace
from app.views.runs.run_actions import MENU, RunActions
from app.views.selection import Selection
from app.views.session import Session
from app.views.subject import Subject
from app.views.sync_panel.dock import SyncPanels
from app.views.tables.table_view import TableView
from app.views.todo.place import TodoPlace
from app.views.widgets.plain import ListItem

_CHANGES_TOGETHER_MS = 200
_LOOK_AT_PULLER_MS = 1000
_PLACES_WIDTH = 132
_LARGEST_RUN_NUMBER = 9_999_999
MENUS = ("File", "Edit", "View", "Run", "Dataset", "Golden JSON", "Tools", "Help")


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the navigation; `workspaces` are those that can be chosen there, if any."""

    name: str
    text: str
    icon: str
    make: Callable[[PlaceContext], PlaceWidget]
    workspaces: TableKind | None = None

    @property
    def shortcut(self) -> str:
        """By position: Ctrl+1 is the first."""
        return f"Ctrl+{PLACES.index(self) + 1}"


PLACES = (
    Place("online", "Online", "runs", lambda context: TablePlace("runs", context), "runs"),
    Place(
        "offline",
        "Offline",
        "datasets",
        lambda context: TablePlace("datasets", context),
        "datasets",
    ),
    Place("cycles", "Cycles", "cycles", CyclesPlace, "datasets"),
    Place("todo", "To do", "todo", TodoPlace, "datasets"),
    Place("golden", "Golden JSON", "golden", GoldenPlace),
    Place("log", "Log", "log", LogPlace),
    Place("machines", "Machines", "machine", MachinesPlace),
    Place("configuration", "Configuration", "configuration", ConfigurationPlace),
)


_View = TypeVar("_View", bound=PlaceWidget)


class _News(QObject):
    """Brings what other threads announce to the GUI thread."""

    changed = Signal(object)
    connection = Signal(bool, str)


class MainWindow(QMainWindow):
    """Frame only: what happens in a place is the place's.

    Signals: `stop_wanted()` when the person closes the window; it closes once `stopped()` is
    called.
    """

    stop_wanted = Signal()

    def __init__(
        self,
        context: PlaceContext,
    ) -> None:
        super().__init__()
        acting, background, notices = context.acting, context.background, context.notices
        themes, remembered = context.themes, context.remembered
        self._workplace = context.workplace
        self._background = background
        self._notices = notices
        self._themes = themes
        self._remembered = remembered
        self._may_close = False
        self._changed_runs: set[int] = set()
        self._changed_any = False
        self._pull_status: PullStatus | None = None
        self._session: Session = context.workplace.session
        self.setWindowTitle(f"Run Registry - {self._session.database}")
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )

        self.drafts = context.drafts
        self._context = context
        self.views = {place.name: place.make(context) for place in PLACES}
        self.online = self._view("online", TablePlace)
        self.offline = self._view("offline", TablePlace)
        self.cycles = self._view("cycles", CyclesPlace)
        self.todo = self._view("todo", TodoPlace)
        self.golden = self._view("golden", GoldenPlace)
        self.log = self._view("log", LogPlace)
        self.log.subject = self._subject
        self.places = QListWidget()
        self.workspaces = WorkspaceSelector(acting, background, remembered)
        self.workspace = self.workspaces.box
        self.sync = SyncPanels(context)
        self.status = StatusBar(self._session, themes)
        self.stack = QStackedWidget()
        self.run_actions = RunActions(acting, background, notices, self, self._subject)
        self.history_actions = HistoryActions(
            context.backend, background, notices, themes, self, self._shown_details
        )
        self.bulk_actions = BulkActions(
            context.backend, background, notices, themes, self, self._shown_table
        )
        self.workbench_actions = WorkbenchActions(context, self, self._subject)
        self.why_actions = WhyActions(context, self, self._subject, self._shown_details)
        self.dataset_actions = DatasetActions(context, self, self._selected_datasets)
        self.links = LinkActions(context, self, self._linked)
        self.actions_ = Actions(self, themes)
        self._lay_out()
        self._make_actions()
        self._make_menus()
        self._connect()
        self._dress()
        self._restore()
        self.workspaces.load()
        self.drafts.load()
        self.keys = KeysKeeper(self)
        give_keys(self.home())

    # Places

    @property
    def place(self) -> str:
        """Name of the place in front."""
        return PLACES[max(self.places.currentRow(), 0)].name

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way any more, the first pull of this client included."""
        status = self._pull_status
        if status is None or status.state is PullState.PULLING:
            return False
        waits = status.state is PullState.WAITING and status.last_success is None
        return not waits and not self._background.busy

    def home(self) -> QWidget:
        """Who gets the keyboard when a banner or a notice that had it goes."""
        home = self.views[self.place].home()
        return home if home is not None and can_have_keys(home) else self.places

    def go_into(self, name: str) -> None:
        """Shows a place; the keyboard goes there, too."""
        self.go_to(name)
        self._give_keys_to_place()
        home = self.views[name].home()
        if has_keys(self.places) and home is not None:
            give_keys_once_shown(home)

    def go_to(self, name: str) -> None:
        """Shows a place; the keyboard comes along from the place before."""
        row = next(row for row, place in enumerate(PLACES) if place.name == name)
        self.places.setCurrentRow(row)

    def _give_keys_to_place(self) -> None:
        if not give_keys_to_place(self.views[self.place]):
            give_keys(self.places)

    def _go_round(self, step: int) -> None:
        go_round(self, (self.places, *self.views[self.place].panes(), self.sync), step)

    def _open_golden(self, id_: int) -> None:
        self.go_to("golden")
        self.golden.show_row(id_)

    def refresh(self) -> None:
        """Reads everything that is shown again."""
        for view in self.views.values():
            view.refresh()

    def generate(self) -> GenerateDialog | None:
        """Opens the dialog that generates golden JSONs."""
        self.go_to("golden")
        return self.golden.generate()

    def open_palette(self) -> CommandPalette:
        """Opens the list of everything that can be done."""
        palette = CommandPalette(self.actions_.possible(), self)
        middle = self.mapToGlobal(self.rect().center())
        palette.move(middle.x() - palette.width() // 2, self.mapToGlobal(self.pos()).y() + 96)
        palette.open()
        give_keys(palette.line)
        return palette

    def go_to_run(self) -> QInputDialog:
        """Asks for a run number and opens its details."""
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(1, _LARGEST_RUN_NUMBER)
        dialog.setWindowTitle("Go to run")
        dialog.setLabelText("Run number")

        dialog.intValueSelected.connect(self.show_run)
        dialog.open()
        return dialog

    def show_run(self, run_number: int, dataset: str = ONLINE) -> None:
        """Shows the details of a run or of one of its datasets in a tab."""
        place = "online" if dataset == ONLINE else "offline"
        self.go_to(place)
        (self.online if dataset == ONLINE else self.offline).open_tab(run_number, dataset)

    def show_datasets(self, filter_text: str) -> None:
        """Shows the datasets that pass a filter."""
        self.go_to("offline")
        self.offline.show_filtered(filter_text)

    def edit_datasets_accepted(self) -> DatasetsAcceptedWindow:
        """Opens the editor of the accepted datasets."""
        editor = DatasetsAcceptedWindow(self._context, self)
        editor.open()
        return editor

    def stopped(self) -> None:
        """Everything has ended: the window may go."""
        self._may_close = True
        self.close()

    def _view(self, name: str, kind: type[_View]) -> _View:
        view = self.views[name]
        assert isinstance(view, kind)
        return view

    def _table_place(self) -> TablePlace | None:
        view = self.views[self.place]
        return view if isinstance(view, TablePlace) else None

    def _subject(self) -> Subject | None:
        place = self._table_place()
        return place.subject() if place else None

    def _shown_table(self) -> TableView | None:
        place = self._table_place()
        return place.table if place else None

    def _shown_details(self) -> DetailsView | None:
        place = self._table_place()
        return place.shown_details if place else None

    def _selected_datasets(self) -> Selection | None:
        return self.views[self.place].selection()

    def _linked(self) -> tuple[int, str] | None:
        selection = self._selected_datasets()
        if selection is not None and selection.chosen.keys:
            return selection.chosen.keys[0]
        subject = self._subject()
        return (subject.run_number, subject.dataset) if subject else None

    # Making

    def _lay_out(self) -> None:
        self.places.setObjectName("places")
        self.places.setAccessibleName("Places")
        self.places.setFixedWidth(_PLACES_WIDTH)
        self.places.setIconSize(QSize(16, 16))
        for place in PLACES:
            item = ListItem(place.text)
            item.setToolTip(f"{place.text} ({place.shortcut})")
            self.places.addItem(item)
        for view in self.views.values():
            self.stack.addWidget(view)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.workspaces)
        left.addWidget(self.places, 1)
        front = QWidget()
        middle = QVBoxLayout(front)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(OutageBanner(self._background, self._themes, self))
        self.drafts_strip = DraftsStrip(self.drafts, self._themes, self)
        middle.addWidget(self.drafts_strip)
        middle.addWidget(self.stack, 1)
        self.notice_bar = NoticeBar(self._notices, self._themes, front)
        both = QHBoxLayout()
        both.setSpacing(0)
        both.addLayout(left)
        both.addWidget(front, 1)
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(both, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(central)
        self.sync_dock = QDockWidget("Sync", self)
        self.sync_dock.setObjectName("sync")
        self.sync_dock.setWidget(self.sync)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.sync_dock)
        self.sync_dock.hide()

    def _make_actions(self) -> None:
        self.actions_.add(
            [
                *(
                    ActionRow(
                        f"place.{place.name}",
                        place.text,
                        lambda place=place: self.go_into(place.name),  # type: ignore[misc]
                        place.shortcut,
                        place.icon,
                        f"Show {place.text}",
                    )
                    for place in PLACES
                ),
                ActionRow("file.run", "Go to run...", self.go_to_run, "Ctrl+G", "search"),
                ActionRow("file.quit", "Quit", self.close, "Ctrl+Q"),
                ActionRow("view.filter", "Filter", self._focus_filter, "Ctrl+F", "filter"),
                ActionRow(
                    "view.columns",
                    "Columns...",
                    self._choose_columns,
                    "Ctrl+Shift+C",
                    "columns",
                    enabled=lambda: self._table_place() is not None,
                ),
                ActionRow(
                    "view.lumisections",
                    "Edit lumisections",
                    self._edit_lumisections,
                    "Ctrl+L",
                    "lumisections",
                    "Go to the grid of the run that is looked at",
                    enabled=lambda: self._subject() is not None,
                ),
                ActionRow("view.pane", "Next pane", lambda: self._go_round(1), "F6"),
                ActionRow("view.pane.back", "Pane before", lambda: self._go_round(-1), "Shift+F6"),
                ActionRow("view.refresh", "Read again", self.refresh, "F5", "refresh"),
                ActionRow(
                    "view.sync",
                    "Sync with OMS and the DQM GUI",
                    self._toggle_sync,
                    "Ctrl+Shift+Y",
                    "sync",
                    is_checked=self.sync_dock.isVisible,
                ),
                ActionRow(
                    "view.palette",
                    "Command palette...",
                    self.open_palette,
                    "Ctrl+K",
                    "command",
                ),
                *LookActions(self._themes, self._remembered).rows(),
                *self.run_actions.rows(),
                *self.workbench_actions.rows(),
                *self.why_actions.rows(),
                *self.history_actions.rows(),
                *self.bulk_actions.rows(),
                *self.dataset_actions.rows(),
                *self.links.rows(),
                *(row for view in self.views.values() for row in view.rows()),
                ActionRow(
                    "golden.generate",
                    "Generate...",
                    self.generate,
                    "Ctrl+Shift+G",
                    "golden",
                    "Generate a golden JSON",
                ),
                ActionRow(
                    "tools.accepted",
                    "Accepted datasets...",
                    self.edit_datasets_accepted,
                    "Ctrl+Shift+A",
                    "configuration",
                    "Which datasets of the DQM GUI belong to which of ours, tested before saving",
                ),
                *HelpActions(self._session, self).rows(),
            ]
        )

    def _make_menus(self) -> None:
        bar = self.menuBar()
        fill = self.actions_.fill
        menus = {title: bar.addMenu(f"&{title}") for title in MENUS}
        fill(menus["File"], ["file.run", "", "file.quit"])
        fill(menus["Edit"], [*history_actions.MENU, "", *bulk_actions.TOOLS])
        fill(
            menus["View"],
            [
                *(f"place.{place.name}" for place in PLACES),
                "",
                "view.filter",
                "view.columns",
                "view.pane",
                "view.pane.back",
                "view.refresh",
                "",
                "view.sync",
                "view.palette",
                "",
            ],
        )
        fill(menus["View"].addMenu("Look"), look.MENU)
        self.run_menu = menus["Run"]
        fill(
            self.run_menu,
            [
                *MENU,
                "",
                *workbench_actions.RUN_MENU,
                *why_actions.RUN_MENU,
                "",
                *links.MENU,
                "",
                *bulk_actions.MENU,
            ],
        )
        fill(menus["Dataset"], [*dataset_actions.MENU, "", *bulk_actions.MENU])
        self.offline_menu = QMenu(self)
        fill(self.offline_menu, [*dataset_actions.MENU, "", *bulk_actions.MENU, ""])
        self.offline_menu.addMenu(self.run_menu)
        fill(self.offline_menu, ["log.dataset"])
        fill(
            menus["Golden JSON"],
            ["golden.generate", *workbench_actions.GOLDEN_MENU, "", "place.golden"],
        )
        fill(menus["Tools"], ["tools.accepted", ""])
        fill(menus["Help"], help_actions.MENU)
        for view in self.views.values():
            for title, ids in view.menus().items():
                fill(menus[title], ids)
        for menu in menus.values():
            menu.menuAction().setVisible(not menu.isEmpty())
        self.actions_.update()

    def _connect(self) -> None:
        self.places.currentRowChanged.connect(self._place_changed)
        self.workspaces.chosen.connect(self._show_workspace)
        self.run_actions.acted.connect(self.refresh)
        self.workbench_actions.run_wanted.connect(self.show_run)
        self.workbench_actions.acted.connect(self.refresh)
        self.history_actions.acted.connect(self.refresh)
        self.drafts_strip.open_wanted.connect(self.show_run)
        self.bulk_actions.acted.connect(self.refresh)
        self.dataset_actions.acted.connect(self.refresh)
        self.online.rows_menu_wanted.connect(self._open_run_menu)
        self.offline.rows_menu_wanted.connect(self.offline_menu.popup)
        self.cycles.rows_menu_wanted.connect(self.offline_menu.popup)
        self.cycles.subject_changed.connect(self.actions_.update)
        self.todo.workspace_wanted.connect(self.workspace.setCurrentText)
        self.todo.filter_wanted.connect(self.show_datasets)
        for row, view in enumerate(self.views.values()):
            view.run_wanted.connect(self.show_run)
            view.acted.connect(self.refresh)
            view.count_changed.connect(lambda count, row=row: self._show_count(row, count))
        self.log.undo_wanted.connect(self.history_actions.undo)
        self.log.golden_wanted.connect(self._open_golden)
        self.log.front_wanted.connect(lambda: self.go_to("log"))
        self._notices.shown.connect(self.status.show_notice)
        self._themes.changed.connect(self._dress)
        for place in (self.online, self.offline):
            place.menu_wanted.connect(self._open_run_menu)
            place.take_in_wanted.connect(self.run_actions.take_in)
            place.written.connect(self._tell_written)
            place.undo_wanted.connect(self.history_actions.undo)
            place.undo_last_wanted.connect(self.history_actions.undo_last)
            place.subject_changed.connect(self.actions_.update)
        self._news = _News(self)
        self._news.changed.connect(self._note_change)
        self._news.connection.connect(self._note_connection)
        self._unsubscribe = self._workplace.news.subscribe(
            self._news.changed.emit, self._news.connection.emit
        )
        self._background.outage.connect(self._show_outage)
        self._background.restored.connect(self._restored)
        self._changes = QTimer(self, singleShot=True, interval=_CHANGES_TOGETHER_MS)
        self._changes.timeout.connect(self._show_changes)
        self._clock = QTimer(self, interval=_LOOK_AT_PULLER_MS)
        self._clock.timeout.connect(self._look_at_puller)
        self._clock.start()
        self._look_at_puller()

    # News

    def _note_change(self, change: Change) -> None:
        if change.presence is not None:
            return  # the editors of that dataset listen for themselves
        self._changed_runs |= change.run_numbers
        self._changed_any |= not change.run_numbers
        if not self._changes.isActive():
            self._changes.start()

    def _show_changes(self) -> None:
        runs = frozenset() if self._changed_any else frozenset(self._changed_runs)
        self._changed_runs.clear()
        self._changed_any = False
        for name, view in self.views.items():
            view.changed(runs, in_front=name == self.place)

    def _note_connection(self, connected: bool, reason: str) -> None:
        if connected:
            self._background.back()
        else:
            self._background.lost(reason)
        self.status.set_live(live=connected, reason=reason)

    def _show_outage(self, outage: Outage) -> None:
        self.status.set_live(live=False, reason=outage.reason)

    def _restored(self) -> None:
        self.status.set_live(live=True)
        self.refresh()

    def _look_at_puller(self) -> None:
        pullers = self._workplace.pullers
        self._background.read_then(
            lambda: (pullers.oms_status, pullers.gui_status),
            self._show_pull,
            owner=self,
            reaches_server=False,
        )

    def _show_pull(self, both: tuple[PullStatus, GuiStatus]) -> None:
        now = datetime.now(UTC)
        self._pull_status = both[0]
        self.status.show_pull(both[0], now)
        if self.sync_dock.isVisible():
            self.sync.show_status(*both, now)

    # Reactions

    def _show_workspace(self, name: str) -> None:
        for place in PLACES:
            columns = self.workspaces.columns(place.workspaces, name) if place.workspaces else None
            if columns is not None:
                self.views[place.name].show_workspace(columns)
        for state in EDITABLE_STATES:
            text = dataset_actions.move_text(state, self.offline.table.workspace)
            self.actions_[f"dataset.move.{state}"].setText(text)

    def _place_changed(self, row: int) -> None:
        inside = holder(self)
        goes_along = inside is None or self.stack.isAncestorOf(inside)
        self.stack.setCurrentIndex(row)
        if goes_along:
            self._give_keys_to_place()
        self._remembered.setValue("place", PLACES[row].name)
        self.workspaces.offer(PLACES[row].workspaces)
        self.views[PLACES[row].name].shown()
        self.actions_.update()

    def _show_count(self, row: int, count: int) -> None:
        text = PLACES[row].text
        self.places.item(row).setText(f"{text}  {count}" if count else text)

    def _open_run_menu(self, place: QPoint) -> None:
        self.run_menu.popup(place)

    def _edit_lumisections(self) -> None:
        place = self._table_place()
        if place is not None:
            place.edit_lumisections()

    def _tell_written(self, written: Written) -> None:
        self._notices.tell(written.text, version=written.version)

    def _focus_filter(self) -> None:
        place = self._table_place()
        if place is not None:
            place.tabs.setCurrentIndex(0)
            give_keys(place.table.filter.edit)
            place.table.filter.edit.selectAll()
        else:
            self.views[self.place].focus_search()

    def _choose_columns(self) -> None:
        place = self._table_place()
        if place is not None:
            place.table.choose_columns()

    def _toggle_sync(self) -> None:
        self.sync_dock.setVisible(not self.sync_dock.isVisible())
        self._look_at_puller()

    def _restore(self) -> None:
        if not restore(self._remembered, "window/geometry", self.restoreGeometry):
            self.resize(1440, 900)
        restore(self._remembered, "window/state", self.restoreState)
        name = str(self._remembered.value("place", "online"))
        self.go_to(next((place.name for place in PLACES if place.name == name), "online"))

    def _dress(self) -> None:
        for row, place in enumerate(PLACES):
            self.places.item(row).setIcon(self._themes.theme.icon(place.icon))

    # Qt

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self._remembered.setValue("window/geometry", self.saveGeometry())
        self._remembered.setValue("window/state", self.saveState())
        self._clock.stop()
        self._changes.stop()
        self._unsubscribe()
        self.stop_wanted.emit()
