"""The frame of the window: places, menus, docks, status bar."""

from functools import partial
from typing import TypeVar

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from app.domain.certification.datasets import EDITABLE_STATES
from app.domain.certification.runs import Unset
from app.domain.clock import server_now
from app.domain.keys import ONLINE
from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullStatus
from app.views.actions import Actions
from app.views.bulk.actions import BulkActions
from app.views.configuration.trials.why_actions import WhyActions
from app.views.cycles.place import CyclesPlace
from app.views.datasets.links import LinkActions
from app.views.datasets_accepted.window import DatasetsAcceptedWindow
from app.views.evidence.evidence_actions import EvidenceActions
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
from app.views.frame.actions import window_actions
from app.views.frame.actions.command_palette import CommandPalette, run_number_dialog
from app.views.frame.actions.connections import ConnectionActions
from app.views.frame.actions.happened import Happenings
from app.views.frame.actions.help import HelpActions
from app.views.frame.actions.look import LookActions
from app.views.frame.actions.menus import Menus
from app.views.frame.actions.preferences import PreferencesActions
from app.views.frame.actions.share import SharedLinks
from app.views.frame.front import Front
from app.views.frame.keyboard import Keyboard
from app.views.frame.later import Later
from app.views.frame.navigation import PLACES, Navigation, Place
from app.views.frame.status_bar import StatusBar
from app.views.frame.sync_dock import SyncDock
from app.views.frame.table_in_front import TableInFront
from app.views.frame.watching.clock_watch import ClockWatch
from app.views.frame.watching.news import WindowNews
from app.views.frame.watching.puller_watch import PullerWatch
from app.views.frame.watching.standby_watch import StandbyWatch
from app.views.frame.watching.wish_watch import WishWatch
from app.views.golden.generate_dialog import GenerateDialog
from app.views.golden.place import GoldenPlace
from app.views.golden.workbench_actions import WorkbenchActions
from app.views.history.actions import HistoryActions
from app.views.log.place import LogPlace
from app.views.lumisections.ranges_dialog import RangesDialog
from app.views.notes.note_actions import NoteActions
from app.views.places import PlaceContext, PlaceWidget
from app.views.remembered import restore
from app.views.reports.report_actions import ReportActions
from app.views.runs import dataset_actions
from app.views.runs.dataset_actions import DatasetActions
from app.views.runs.place import TablePlace
from app.views.runs.run_actions import RunActions
from app.views.subject import Subject
from app.views.todo.place import TodoPlace
from app.views.widgets.dialogs.fitting import resize_to_fit

_FIRST_SIZE = (1440, 900)

_View = TypeVar("_View", bound=PlaceWidget)


class MainWindow(QMainWindow):
    """Holds the places together; what happens in a place is up to the place.

    Signals: `stop_wanted()` when the person closes the window; it closes once `stopped()` is
    called.
    """

    stop_wanted = Signal()

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._context = context
        self._background = context.background
        self._notices = context.notices
        self._themes = context.themes
        self._remembered = context.remembered
        self._session = context.workplace.session
        self._may_close = False
        self.setWindowTitle(f"Run Registry - {self._session.database}")
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.drafts = context.drafts
        self.views = {place.name: place.make(context) for place in PLACES}
        self.online = self._view("online", TablePlace)
        self.offline = self._view("offline", TablePlace)
        self.cycles = self._view("cycles", CyclesPlace)
        self.todo = self._view("todo", TodoPlace)
        self.golden = self._view("golden", GoldenPlace)
        self.log = self._view("log", LogPlace)
        self.table = TableInFront(lambda: self.views[self.place])
        self.log.subject = self.subject
        self.navigation = Navigation(context)
        self.places = self.navigation.places
        self.workspaces = self.navigation.workspaces
        self.workspace = self.workspaces.box
        self.sync_dock = SyncDock(context, self)
        self.sync = self.sync_dock.panels
        self.status = StatusBar(self._session, self._notices, self._themes)
        self.front = Front(context, self.views.values(), self)
        self._later = Later(lambda: self.is_filled, self)
        self._news = WindowNews(context.workplace.news, self._background, self)
        self._puller_watch = PullerWatch(context.workplace.pullers, self._background, self)
        self._clock_watch = ClockWatch(context, self)
        self._standby_watch = StandbyWatch(context, self)
        self._wish_watch = WishWatch(context, self)
        self._lay_out()
        self._make_actions()
        self._menus = Menus(self, self.actions_, self.views.values())
        self.run_menu, self.offline_menu = self._menus.run, self._menus.offline
        self.golden_menu = self._menus.golden
        self.actions_.update()
        self._connect_places()
        self._connect()
        self._restore()
        self._puller_watch.start()
        self._clock_watch.start()
        self._standby_watch.start()
        self.happenings.start(self.status, self._news.changed)
        self._wish_watch.look()
        self.workspaces.load()
        self.drafts.load()
        context.rights.changed.connect(self._show_rights)
        context.rights.load()
        self.keys = KeysKeeper(self)
        Keyboard(self)
        give_keys(self.home())

    # Places

    @property
    def place(self) -> str:
        """Name of the place in front."""
        return self.navigation.place.name

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way any more, the first pull of this client included."""
        return self._later.is_empty and self.is_filled

    @property
    def is_filled(self) -> bool:
        """Whether nothing is on its way any more but what nobody looks at yet."""
        details = self.table.details()
        return (
            self._puller_watch.is_settled
            and not self._background.busy
            and not (details and details.is_coming)
            and self._themes.is_worn
        )

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
        self.navigation.go_to(name)

    def _give_keys_to_place(self) -> None:
        if not give_keys_to_place(self.views[self.place]):
            give_keys(self.places)

    def go_round(self, step: int) -> None:
        """Gives the keyboard to the next pane, or to the one before."""
        go_round(self, (self.places, *self.views[self.place].panes(), self.sync), step)

    def _open_golden(self, id_: int) -> None:
        self.go_to("golden")
        self.golden.show_row(id_)

    def refresh(self) -> None:
        """Reads again everything that is shown."""
        self._context.rights.load()
        for name, view in self.views.items():
            if not self._later.waits(name):
                view.refresh()

    def generate(self) -> GenerateDialog | None:
        """Opens the dialog that generates golden JSONs."""
        self.go_to("golden")
        return self.golden.generate()

    def open_palette(self) -> CommandPalette:
        """Opens the list of everything that can be done."""
        palette = CommandPalette(
            self.actions_.choices(), self.show_run, self._remembered, self._themes, self
        )
        palette.open_over(self)
        return palette

    def go_to_run(self) -> QInputDialog:
        """Asks for a run number and opens its details."""
        dialog = run_number_dialog(self)
        dialog.intValueSelected.connect(self.show_run)
        dialog.open()
        return dialog

    def show_run(self, run_number: int, dataset: str = ONLINE) -> None:
        """Shows the details of a run or of one of its datasets in a tab."""
        place = "online" if dataset == ONLINE else "offline"
        self.go_to(place)
        (self.online if dataset == ONLINE else self.offline).open_tab(run_number, dataset)

    def _show_unset(self, run_number: int, unset: Unset) -> None:
        self.go_to("online")
        self.online.show_cells(run_number, ONLINE, (unset.column,), unset.ranges)

    def show_ranges(self) -> RangesDialog | None:
        """Opens the lumisections in front as ranges of equal status."""
        details = self.table.details()
        snapshot = None if details is None else details.lumisections.grid.snapshot
        if snapshot is None:
            return None
        columns = snapshot.keys[: snapshot.columns]
        dialog = RangesDialog(snapshot.state, columns, self._themes, self)
        dialog.open()
        return dialog

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
        """Closes the window: everything else has ended."""
        self._may_close = True
        self.close()

    def _view(self, name: str, kind: type[_View]) -> _View:
        view = self.views[name]
        assert isinstance(view, kind)
        return view

    def subject(self) -> Subject | None:
        """The run or dataset in front."""
        return self.table.subject()

    # Making

    def _lay_out(self) -> None:
        both = QHBoxLayout()
        both.setSpacing(0)
        both.addWidget(self.navigation)
        both.addWidget(self.front, 1)
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(both, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(central)

    def _make_actions(self) -> None:
        context, notices = self._context, self._notices
        self.run_actions = RunActions(context, self, self.subject)
        self.history_actions = HistoryActions(context, self, self.table.details)
        self.note_actions = NoteActions(context, self, self.table.details)
        self.evidence_actions = EvidenceActions(self.table.details)
        self.report_actions = ReportActions(context, self)
        self.bulk_actions = BulkActions(context, self, self.table.table)
        self.workbench_actions = WorkbenchActions(context, self, self.subject)
        self.why_actions = WhyActions(context, self, self.subject, self.table.details)
        self.dataset_actions = DatasetActions(context, self, self.table.selection)
        self.links = LinkActions(
            context, self, self.table.linked, ranges=self.table.selected_ranges
        )
        self.shared = SharedLinks(context, self, self)
        self.connections = ConnectionActions(context, self)
        self.preferences = PreferencesActions(context, self)
        self.happenings = Happenings(context, self, self)
        self.actions_ = Actions(self, self._themes, notices, context.rights)
        self.actions_.add(
            [
                *self.navigation.rows(self.go_into),
                *window_actions.rows(self, self.table),
                *LookActions(context).rows(),
                *self.run_actions.rows(),
                *self.workbench_actions.rows(),
                *self.why_actions.rows(),
                *self.history_actions.rows(),
                *self.note_actions.rows(),
                *self.evidence_actions.rows(),
                *self.report_actions.rows(),
                *self.bulk_actions.rows(),
                *self.dataset_actions.rows(),
                *self.links.rows(),
                *self.shared.rows(),
                *self.happenings.rows(),
                *(row for view in self.views.values() for row in view.rows()),
                *self.connections.rows(),
                *self.preferences.rows(),
                *HelpActions(context, self, lambda: self.place).rows(),
            ]
        )

    def _connect_places(self) -> None:
        self.navigation.place_chosen.connect(self._show_place)
        self.workspaces.chosen.connect(self._show_workspace)
        for name, view in self.views.items():
            view.run_wanted.connect(self.show_run)
            view.acted.connect(self.refresh)
            view.count_changed.connect(
                lambda count, name=name: self.navigation.show_count(name, count)
            )
        for place in (self.online, self.offline):
            place.menu_wanted.connect(self._open_run_menu)
            place.take_in_wanted.connect(self.run_actions.take_in)
            place.written.connect(lambda done: self._notices.tell(done.text, version=done.version))
            place.undo_wanted.connect(self.history_actions.undo)
            place.undo_last_wanted.connect(self.history_actions.undo_last)
            place.subject_changed.connect(self.actions_.update)
        self.online.rows_menu_wanted.connect(self._open_run_menu)
        self.offline.rows_menu_wanted.connect(self.offline_menu.popup)
        self.cycles.rows_menu_wanted.connect(self.offline_menu.popup)
        self.cycles.subject_changed.connect(self.actions_.update)
        self.todo.workspace_wanted.connect(self.workspace.setCurrentText)
        self.todo.filter_wanted.connect(self.show_datasets)
        self.log.undo_wanted.connect(self.history_actions.undo)
        self.golden.rows_menu_wanted.connect(self.golden_menu.popup)
        self.golden.wanted.connect(lambda: self.go_into("golden"))
        self.log.golden_wanted.connect(self._open_golden)
        self.log.front_wanted.connect(lambda: self.go_to("log"))

    def _connect(self) -> None:
        some = (self.run_actions, self.workbench_actions, self.history_actions)
        for actions in (*some, self.bulk_actions, self.dataset_actions):
            actions.acted.connect(self.refresh)
        self.run_actions.cells_wanted.connect(self._show_unset)
        self.workbench_actions.run_wanted.connect(self.show_run)
        self.front.drafts.open_wanted.connect(self.show_run)
        self._news.changed.connect(self._show_changes)
        self._news.connection_changed.connect(
            lambda connected, reason: self.status.set_live(live=connected, reason=reason)
        )
        self._background.outage.connect(
            lambda outage: self.status.set_live(live=False, reason=outage.reason)
        )
        self._background.restored.connect(self._restored)
        self._puller_watch.looked.connect(self._show_pull)
        self._clock_watch.said.connect(self.status.show_clock)
        self._standby_watch.said.connect(self.status.show_standby)
        self.connections.switch_wanted.connect(self.close)
        self._news.wish_heard.connect(self._wish_watch.hear)
        self._wish_watch.said.connect(self.status.show_wishes)

    # News

    def _show_rights(self) -> None:
        self.status.show_rights(self._session.rights_of(self._context.rights.egroups))

    def _show_changes(self, run_numbers: frozenset[int]) -> None:
        if run_numbers:
            self._context.rights.keep_fresh()
        else:
            # It may be who is in which e-group.
            self._context.rights.load()
        for name, view in self.views.items():
            if not self._later.waits(name):
                view.changed(run_numbers, in_front=name == self.place)

    def _restored(self) -> None:
        self.status.set_live(live=True)
        self.refresh()

    def _show_pull(self, oms: PullStatus, gui: GuiStatus, seal: SealStatus) -> None:
        now = server_now()
        self.status.show_pull(oms, now)
        self.front.sources.show_status(oms, gui, seal, now)
        self.sync_dock.show_status(oms, gui, seal, now)

    # Reactions

    def _show_workspace(self, name: str) -> None:
        for place in PLACES:
            columns = self.workspaces.columns(place.workspaces, name) if place.workspaces else None
            if columns is not None:
                show = partial(self.views[place.name].show_workspace, columns)
                self._later.do(place.name, show)
        self._later.do_now(self.place)
        of_datasets = self.workspaces.columns("datasets", name)
        workspace = self.offline.table.workspace if of_datasets is None else of_datasets.name
        for state in EDITABLE_STATES:
            text = dataset_actions.move_text(state, workspace)
            self.actions_[f"dataset.move.{state}"].setText(text)

    def _show_place(self, place: Place) -> None:
        self._later.do_now(place.name)
        view = self.views[place.name]
        inside = holder(self)
        goes_along = inside is None or self.front.stack.isAncestorOf(inside)
        is_new = view.focusWidget() is None
        self.front.stack.setCurrentWidget(view)
        self._context.rights.keep_fresh()
        if goes_along:
            self._give_keys_to_place()
            home = view.home()
            if inside is not None and is_new and home is not None:
                # Asked for, not at the start; Qt has given them to the first of the place.
                give_keys_once_shown(home)
        view.shown()
        self.actions_.update()

    def _open_run_menu(self, place: QPoint) -> None:
        self.run_menu.popup(place)

    def is_sync_shown(self) -> bool:
        """Whether the panels of the pullers are shown."""
        return self.sync_dock.isVisible()

    def toggle_sync(self) -> None:
        """Shows or hides the panels of the pullers."""
        self.sync_dock.toggle()
        self._puller_watch.look()

    def _restore(self) -> None:
        if not restore(self._remembered, "window/geometry", self.restoreGeometry):
            resize_to_fit(self, *_FIRST_SIZE)
        restore(self._remembered, "window/state", self.restoreState)
        self.navigation.restore()

    # Qt

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self.connections.end()
        self._remembered.setValue("window/geometry", self.saveGeometry())
        self._remembered.setValue("window/state", self.saveState())
        self._puller_watch.stop()
        self._clock_watch.stop()
        self._standby_watch.stop()
        self._wish_watch.stop()
        self.happenings.stop()
        self._news.stop()
        self.stop_wanted.emit()
