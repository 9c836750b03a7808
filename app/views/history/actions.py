"""History, moments and undo, from menus, keys, notices and the palette."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.views.actions import ActionRow
from app.views.backend.done import Done
from app.views.backend.history import History
from app.views.background import Background
from app.views.history.undo_dialog import UndoDialog
from app.views.notices import Notices
from app.views.runs.details import DetailsView
from app.views.theme import Themes

MENU = ("edit.undo", "edit.redo", "", "history.selection", "history.moment")


class HistoryActions(QObject):
    """Undo of any version, and the history of what `details()` shows.

    Signals: `acted()` when something was written.
    """

    acted = Signal()

    def __init__(
        self,
        history: History,
        background: Background,
        notices: Notices,
        themes: Themes,
        window: QWidget,
        details: Callable[[], DetailsView | None],
    ) -> None:
        super().__init__(window)
        self._history = history
        self._background = background
        self._notices = notices
        self._themes = themes
        self._window = window
        self._details = details
        notices.undo_wanted.connect(self.undo)

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "edit.undo",
                "Undo last action...",
                self.undo_last,
                "Ctrl+Z",
                "undo",
                "Take back what you did last, after a look at what would come back",
            ),
            ActionRow(
                "edit.redo",
                "Redo...",
                self.redo_last,
                "Ctrl+Y",
                "redo",
                "Do again what you took back last",
            ),
            ActionRow(
                "history.selection",
                "History of the selection",
                self.show_history,
                "Ctrl+H",
                "history",
                "Who changed the selected cells, when and from what to what (H in the grid)",
                self._shows_a_run,
            ),
            ActionRow(
                "history.moment",
                "As of...",
                self.choose_moment,
                "Ctrl+Shift+T",
                "history",
                "The grid as it was at another moment (T in the grid)",
                self._shows_a_run,
            ),
        ]

    def undo(self, atomic_version: int) -> UndoDialog:
        """Opens the dialog that takes a version back."""
        dialog = UndoDialog(
            self._history, self._background, self._themes, atomic_version, self._window
        )
        dialog.undone.connect(self._done)
        dialog.open()
        return dialog

    def undo_last(self) -> None:
        """The same for what this person did last."""
        self._background.act_then(self._history.last_to_undo, self._open, owner=self)

    def redo_last(self) -> None:
        """The same for what this person took back last."""
        self._background.act_then(self._history.last_to_redo, self._open, owner=self)

    def show_history(self) -> None:
        """What was done to the cells that are selected."""
        details = self._details()
        if details is not None:
            details.show_history_of_selection()

    def choose_moment(self) -> None:
        """Asks for the moment that the grid shall show."""
        details = self._details()
        if details is not None:
            details.choose_moment()

    def _open(self, atomic_version: int) -> None:
        self.undo(atomic_version)

    def _shows_a_run(self) -> bool:
        details = self._details()
        return details is not None and details.details is not None

    def _done(self, done: Done) -> None:
        self._notices.tell(done.text, version=done.atomic_version)
        self.acted.emit()
