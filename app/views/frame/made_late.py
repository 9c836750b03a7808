"""What of a window is made when somebody wants it, or when the place in front is filled."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QKeyCombination, QPoint
from PySide6.QtWidgets import QMenu

from app.views.frame.place_views import PlaceViews
from app.views.frame.sync_dock import SyncDock
from app.views.places import PlaceContext
from app.views.runs.place import TablePlace

if TYPE_CHECKING:
    from app.views.actions import Actions
    from app.views.cycles.place import CyclesPlace
    from app.views.frame.actions.all_actions import AllActions
    from app.views.frame.actions.connections import ConnectionActions
    from app.views.frame.actions.happened import Happenings
    from app.views.frame.actions.preferences import PreferencesActions
    from app.views.frame.actions.share import SharedLinks
    from app.views.frame.main_window import MainWindow
    from app.views.golden.place import GoldenPlace
    from app.views.log.place import LogPlace
    from app.views.session import Connected
    from app.views.sync_panel.dock import SyncPanels
    from app.views.todo.place import TodoPlace


class MadeLate:
    """The places of a window, and everything that can be done there: half of what the program has
    to load, and most of its widgets, aren't needed for the first table."""

    views: PlaceViews
    sync_dock: SyncDock
    _context: PlaceContext
    _first: "Actions | None" = None
    _all: "AllActions | None" = None

    def _begin_to_act(self, actions: "AllActions") -> None:
        """The actions are made just now."""

    @property
    def online(self) -> TablePlace:
        """The place of the runs."""
        return cast("TablePlace", self.views["online"])

    @property
    def offline(self) -> TablePlace:
        """The place of the datasets."""
        return cast("TablePlace", self.views["offline"])

    @property
    def cycles(self) -> "CyclesPlace":
        """The place of the cycles."""
        return cast("CyclesPlace", self.views["cycles"])

    @property
    def todo(self) -> "TodoPlace":
        """The place of what is left to do."""
        return cast("TodoPlace", self.views["todo"])

    @property
    def golden(self) -> "GoldenPlace":
        """The place of the golden JSONs."""
        return cast("GoldenPlace", self.views["golden"])

    @property
    def log(self) -> "LogPlace":
        """The place of the log."""
        return cast("LogPlace", self.views["log"])

    @property
    def sync(self) -> "SyncPanels":
        """The panels of the pullers."""
        return self.sync_dock.panels

    @property
    def first_actions(self) -> "Actions":
        """What can be done with the window itself: to quit, or to go to a place, needs nothing of
        what is done there. Once all actions are made, they are among these."""
        if self._first is None:
            from app.views.actions import Actions
            from app.views.frame.actions import window_actions

            window, context = cast("MainWindow", self), self._context
            self._first = Actions(window, context.themes, context.notices, context.rights)
            self._first.add(window.navigation.rows(window.go_into))
            self._first.add(window_actions.rows(window, window.table))
            self._first.update()
        return self._first

    @property
    def all_actions(self) -> "AllActions":
        """Everything that can be done."""
        if self._all is None:
            from app.views.frame.actions.all_actions import AllActions

            window = cast("MainWindow", self)
            self._all = AllActions(self._context, window, self.first_actions)
            self._begin_to_act(self._all)
        return self._all

    @property
    def actions_(self) -> "Actions":
        """The actions by their names."""
        return self.all_actions.by_id

    @property
    def run_menu(self) -> QMenu:
        """What can be done with a run."""
        return self.all_actions.menus.run

    @property
    def offline_menu(self) -> QMenu:
        """What can be done with the selected datasets."""
        return self.all_actions.menus.offline

    @property
    def golden_menu(self) -> QMenu:
        """What can be done with the selected golden JSONs."""
        return self.all_actions.menus.golden

    @property
    def happenings(self) -> "Happenings":
        """What the person is told of."""
        return self.all_actions.happenings

    @property
    def shared(self) -> "SharedLinks":
        """Links to what is in front."""
        return self.all_actions.shared

    @property
    def connections(self) -> "ConnectionActions":
        """The list of servers, and another one in the place of this one."""
        return self.all_actions.connections

    @property
    def preferences(self) -> "PreferencesActions":
        """What the person has set."""
        return self.all_actions.preferences

    @property
    def following(self) -> "Connected | None":
        """The server that is wanted in the place of this one."""
        return None if self._all is None else self._all.connections.following

    def update_actions(self) -> None:
        """Asks which actions are possible now."""
        if self._first is not None:
            self._first.update()

    def load_actions(self) -> None:
        """Loads what makes them."""
        import_module("app.views.frame.actions.all_actions")

    def make_actions(self) -> None:
        """Makes them unless they are there."""
        _ = self.all_actions

    def make_actions_for(self, keys: QKeyCombination) -> None:
        """Makes what a key needs: an action of the window itself needs no other ones."""
        if not self.first_actions.has_key(keys):
            self.make_actions()

    def open_run_menu(self, at: QPoint) -> None:
        """Offers what can be done with a run."""
        self.run_menu.popup(at)

    def open_offline_menu(self, at: QPoint) -> None:
        """Offers what can be done with the selected datasets."""
        self.offline_menu.popup(at)

    def open_golden_menu(self, at: QPoint) -> None:
        """Offers what can be done with the selected golden JSONs."""
        self.golden_menu.popup(at)

    def take_in(self) -> None:
        """Brings in the lumisections that the signed-off run gained."""
        self.all_actions.runs.take_in()

    def undo(self, version: int) -> None:
        """Opens the dialog that undoes a version."""
        self.all_actions.history.undo(version)

    def undo_last(self) -> None:
        """Opens it for the person's last action."""
        self.all_actions.history.undo_last()
