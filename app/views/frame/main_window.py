"""The frame of the window: places, menus, docks, status bar."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from app.domain.certification.runs import Unset
from app.domain.clock import server_now
from app.domain.keys import ONLINE
from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullStatus
from app.services.configuration.workspaces import WorkspaceColumns
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
from app.views.frame import place_signals
from app.views.frame.front import Front
from app.views.frame.keyboard import Keyboard, may_be_of_an_action
from app.views.frame.later import Later
from app.views.frame.made_late import MadeLate
from app.views.frame.navigation import PLACES, Navigation, Place
from app.views.frame.place_views import PlaceViews
from app.views.frame.status_bar import StatusBar
from app.views.frame.sync_dock import SyncDock
from app.views.frame.table_in_front import TableInFront
from app.views.frame.watching.clock_watch import ClockWatch
from app.views.frame.watching.news import WindowNews
from app.views.frame.watching.puller_watch import PullerWatch
from app.views.frame.watching.standby_watch import StandbyWatch
from app.views.places import PlaceContext, PlaceWidget
from app.views.remembered import restore
from app.views.subject import Subject
from app.views.widgets.dialogs.fitting import resize_to_fit

if TYPE_CHECKING:
    from app.views.datasets_accepted.window import DatasetsAcceptedWindow
    from app.views.frame.actions.all_actions import AllActions
    from app.views.frame.actions.command_palette import CommandPalette
    from app.views.frame.watching.wish_watch import WishWatch
    from app.views.golden.generate_dialog import GenerateDialog
    from app.views.lumisections.ranges_dialog import RangesDialog

_FIRST_SIZE = (1440, 900)
MENUS = ("File", "Edit", "View", "Run", "Dataset", "Golden JSON", "Tools", "Help")
_ACTIONS = "actions"
_BEHIND = "behind"


class MainWindow(MadeLate, QMainWindow):
    """Holds the places together; what happens in a place is up to the place.

    At first only the place in front is made. The other places, all actions and what is in the menus
    follow when that is filled, one after another, or at once when somebody wants them.

    Signals: `stop_wanted()` when the person closes the window; it closes once `stopped()` is
    called. `complete()` once everything is made.
    """

    stop_wanted = Signal()
    complete = Signal()

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._context = context
        self._background = context.background
        self.notices = context.notices
        self._themes = context.themes
        self._remembered = context.remembered
        self._session = context.workplace.session
        self._may_close = False
        self._missed: set[str] = set()
        self.setWindowTitle(f"Run Registry - {self._session.database}")
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.drafts = context.drafts
        self.views = PlaceViews(context, self._receive)
        self.table = TableInFront(lambda: self.views[self.place])
        self.navigation = Navigation(context)
        self.places = self.navigation.places
        self.workspaces = self.navigation.workspaces
        self.workspace = self.workspaces.box
        self.menus = {title: self.menuBar().addMenu(f"&{title}") for title in MENUS}
        self.sync_dock = SyncDock(context, self)
        self.status = StatusBar(self._session, self.notices, self._themes)
        self.front = Front(context, len(PLACES), self)
        self._later = Later(lambda: self.is_filled, self)
        self._news = WindowNews(context.workplace.news, self._background, self)
        self._puller_watch = PullerWatch(context.workplace.pullers, self._background, self)
        self._clock_watch = ClockWatch(context, self)
        self._standby_watch = StandbyWatch(context, self)
        self._wish_watch: WishWatch | None = None
        self._lay_out()
        self._connect()
        self._restore()
        self._put_off()
        self._puller_watch.start()
        self.workspaces.load()
        # Before the run that was in front: its draft is offered, not just shown.
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
        return self._later.is_empty and self.is_filled and self._puller_watch.is_settled

    @property
    def is_filled(self) -> bool:
        """Whether nothing is on its way any more but what nobody looks at yet."""
        details = self.table.details()
        return (
            not self._background.busy
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

    def open_golden(self, id_: int) -> None:
        """Shows a golden JSON in its place."""
        self.go_to("golden")
        self.golden.show_row(id_)

    def refresh(self) -> None:
        """Reads again everything that is shown."""
        self._context.rights.load()
        for name, view in self.views.made.items():
            if not self._later.waits(name):
                view.refresh()
        self._miss()

    def generate(self) -> "GenerateDialog | None":
        """Opens the dialog that generates golden JSONs."""
        self.go_to("golden")
        return self.golden.generate()

    def open_palette(self) -> "CommandPalette":
        """Opens the list of everything that can be done."""
        from app.views.frame.actions.command_palette import CommandPalette

        palette = CommandPalette(
            self.actions_.choices(), self.show_run, self._remembered, self._themes, self
        )
        palette.open_over(self)
        return palette

    def go_to_run(self) -> QInputDialog:
        """Asks for a run number and opens its details."""
        from app.views.frame.actions.command_palette import run_number_dialog

        dialog = run_number_dialog(self)
        dialog.intValueSelected.connect(self.show_run)
        dialog.open()
        return dialog

    def show_run(self, run_number: int, dataset: str = ONLINE) -> None:
        """Shows the details of a run or of one of its datasets in a tab."""
        place = "online" if dataset == ONLINE else "offline"
        self.go_to(place)
        (self.online if dataset == ONLINE else self.offline).open_tab(run_number, dataset)

    def show_unset(self, run_number: int, unset: Unset) -> None:
        """Goes to the lumisections of a run in which a column isn't set."""
        self.go_to("online")
        self.online.show_cells(run_number, ONLINE, (unset.column,), unset.ranges)

    def show_ranges(self) -> "RangesDialog | None":
        """Opens the lumisections in front as ranges of equal status."""
        from app.views.lumisections.ranges_dialog import RangesDialog

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

    def edit_datasets_accepted(self) -> "DatasetsAcceptedWindow":
        """Opens the editor of the accepted datasets."""
        from app.views.datasets_accepted.window import DatasetsAcceptedWindow

        editor = DatasetsAcceptedWindow(self._context, self)
        editor.open()
        return editor

    def stopped(self) -> None:
        """Closes the window: everything else has ended."""
        self._may_close = True
        self.close()

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

    def _put_off(self) -> None:
        """What nobody looks at yet is made and read when the place in front is filled."""
        for name in self.views:
            if name not in self.views.made:
                # One after the other: nobody's keys wait for both.
                for number, load in enumerate(self.views.loads(name)):
                    self._later.do(f"load {name} {number}", load, reads=False)
                make = partial(self.views.__getitem__, name)
                self._later.do(f"make {name}", make, reads=False)
                # Its turn to be read, once it is known which columns are shown.
                if any(place.name == name and place.workspaces for place in PLACES):
                    self._later.do(name, make, reads=False)
        self._later.do(f"load {_ACTIONS}", self.load_actions, reads=False)
        self._later.do(_ACTIONS, self.make_actions, reads=False)
        self._later.do(_BEHIND, self._begin_to_watch)

    def _begin_to_act(self, actions: "AllActions") -> None:
        actions.name_moves(self._workspace_of_datasets(self.workspace.currentText()))
        actions.by_id.update()
        actions.happenings.start(self.status, self._news.changed)

    def _begin_to_watch(self) -> None:
        self._clock_watch.start()
        self._standby_watch.start()
        self._watch_wishes().look()
        self.complete.emit()

    def _watch_wishes(self) -> "WishWatch":
        """What looks after wishes, made now if nothing was heard of any before."""
        if self._wish_watch is None:
            from app.views.frame.watching.wish_watch import WishWatch

            self._wish_watch = WishWatch(self._context, self)
            self._wish_watch.said.connect(self.status.show_wishes)
        return self._wish_watch

    def _receive(self, name: str, view: PlaceWidget) -> None:
        """A place was made just now."""
        row = [place.name for place in PLACES].index(name)
        self.front.put(row, view)
        place_signals.connect(self, name, view)
        in_front = name == self.place
        # The navigation shows how much waits in a place that nobody has gone to yet.
        if PLACES[row].workspaces is None and (name in self._missed or not in_front):
            view.changed(frozenset(), in_front=in_front)

    def _connect(self) -> None:
        self.navigation.place_chosen.connect(self._show_place)
        self.workspaces.chosen.connect(self._show_workspace)
        for menu in self.menus.values():
            menu.aboutToShow.connect(self.make_actions)
        self.front.drafts.open_wanted.connect(self.show_run)
        self.notices.undo_wanted.connect(self.undo)
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
        self._news.wish_heard.connect(lambda number: self._watch_wishes().hear(number))

    # News

    def _show_rights(self) -> None:
        self.status.show_rights(self._session.rights_of(self._context.rights.egroups))

    def _show_changes(self, run_numbers: frozenset[int]) -> None:
        if run_numbers:
            self._context.rights.keep_fresh()
        else:
            # It may be who is in which e-group.
            self._context.rights.load()
        for name, view in self.views.made.items():
            if not self._later.waits(name):
                view.changed(run_numbers, in_front=name == self.place)
        self._miss()

    def _miss(self) -> None:
        """Places that aren't made yet hear later of what has changed meanwhile."""
        self._missed |= set(self.views) - set(self.views.made)

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
                self._later.do(place.name, partial(self._show_columns, place.name, columns))
        self._later.do_now(self.place)
        if self._all is not None:
            self._all.name_moves(self._workspace_of_datasets(name))

    def _show_columns(self, name: str, columns: WorkspaceColumns) -> None:
        self.views[name].show_workspace(columns)

    def _workspace_of_datasets(self, name: str) -> str:
        of_datasets = self.workspaces.columns("datasets", name)
        return self.offline.table.workspace if of_datasets is None else of_datasets.name

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
        self.update_actions()

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
        if not self.sync_dock.isHidden():
            _ = self.sync
            # Once more, as what is in it has a size of its own.
            restore(self._remembered, "window/state", self.restoreState)
            # It may have been left on a wider screen.
            self.sync_dock.find_room()
        self.navigation.restore()

    # Qt

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            # Whoever browses the table waits for nothing that takes a second.
            and may_be_of_an_action(event.keyCombination())
        ):
            self.make_actions_for(event.keyCombination())
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self._remembered.setValue("window/geometry", self.saveGeometry())
        self._remembered.setValue("window/state", self.saveState())
        self._later.stop()
        self._puller_watch.stop()
        self._clock_watch.stop()
        self._standby_watch.stop()
        if self._wish_watch is not None:
            self._wish_watch.stop()
        if self._all is not None:
            self._all.stop()
        self._news.stop()
        self.stop_wanted.emit()
