"""History, moments and undo, from menus, keys, notices and the palette."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.history.cells import Action
from app.services.acting import Acting
from app.services.history import undo
from app.services.history.undo import Undone
from app.views.actions import ActionRow
from app.views.history.undo_dialog import UndoDialog
from app.views.places import PlaceContext
from app.views.subject import NO_SUBJECT

MENU = ("edit.undo", "edit.redo", "", "history.selection", "history.moment")


class ShownRun(Protocol):
    """The run in front, with its history."""

    @property
    def is_loaded(self) -> bool:
        """Whether there is a run to show the history of."""
        ...

    def show_history_of_selection(self) -> None: ...

    def choose_moment(self) -> object: ...


class HistoryActions(QObject):
    """Undoes any version, and shows the history of the run in front.

    Signals: `acted()` when something was written.
    """

    acted = Signal()

    def __init__(
        self, context: PlaceContext, window: QWidget, shown_run: Callable[[], ShownRun | None]
    ) -> None:
        super().__init__(window)
        self._acting = context.acting
        self._background = context.background
        self._notices = context.notices
        self._themes = context.themes
        self._window = window
        self._shown_run = shown_run

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "edit.undo",
                "Undo last action...",
                self.undo_last,
                "Ctrl+Z",
                "undo",
                "Undo your last action, after a preview of what would come back",
                who="whoever may make the edit that it writes",
                commands=("undo",),
                parameters=("version", "--comment"),
            ),
            ActionRow(
                "edit.redo",
                "Redo...",
                self.redo_last,
                "Ctrl+Y",
                "redo",
                "Redo the action that you undid last",
                who="whoever may make the edit that it writes",
                commands=("undo",),
                parameters=("version", "--comment"),
            ),
            ActionRow(
                "history.selection",
                "History of the selection",
                self.show_history,
                "Ctrl+H",
                "history",
                "Who changed the selected cells, when and from what to what (H in the grid)",
                self._why_not,
                commands=("history",),
                parameters=("run", "--dataset", "--column", "--ls"),
            ),
            ActionRow(
                "history.moment",
                "As of...",
                self.choose_moment,
                "Ctrl+Shift+T",
                "history",
                "The grid as it was at another moment (T in the grid)",
                self._why_not,
                commands=("lumisections show",),
                parameters=("run", "--dataset", "--as-of"),
            ),
        ]

    def undo(self, version: int) -> UndoDialog:
        """Opens the dialog that undoes a version."""
        dialog = UndoDialog(self._acting, self._background, self._themes, version, self._window)
        dialog.undone.connect(self._done)
        dialog.open()
        return dialog

    def undo_last(self) -> None:
        """Opens it for the person's last action."""
        self._background.run(self._open_newest(undo.newest_to_undo), self)

    def redo_last(self) -> None:
        """Opens it for the action that the person undid last."""
        self._background.run(self._open_newest(undo.newest_to_redo), self)

    def show_history(self) -> None:
        """Shows the history of the selected cells."""
        run = self._shown_run()
        if run is not None:
            run.show_history_of_selection()

    def choose_moment(self) -> None:
        """Asks for the moment to show in the grid."""
        run = self._shown_run()
        if run is not None:
            run.choose_moment()

    async def _open_newest(self, newest: Callable[[Acting], Action]) -> None:
        acting = self._acting
        self.undo((await self._background.act(lambda: newest(acting))).version)

    def _why_not(self) -> str:
        run = self._shown_run()
        return "" if run is not None and run.is_loaded else NO_SUBJECT

    def _done(self, undone: Undone) -> None:
        self._notices.tell(undone.text, version=undone.version)
        self.acted.emit()
