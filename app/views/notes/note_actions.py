"""The notes on the run in front."""

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.domain.lumisections import LumiRange
from app.views.actions import ActionRow
from app.views.notes.notes_dialog import NotesDialog
from app.views.places import PlaceContext
from app.views.subject import NO_SUBJECT

MENU = ("notes.open",)


class NotedRun(Protocol):
    """The run in front, its dataset, and the lumisections that are selected in it."""

    @property
    def noted(self) -> tuple[int, str, Sequence[LumiRange]] | None: ...


class NoteActions(QObject):
    """Opens the notes on the run in front."""

    def __init__(
        self, context: PlaceContext, window: QWidget, shown_run: Callable[[], NotedRun | None]
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._shown_run = shown_run

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                "notes.open",
                "Notes...",
                self.open,
                "Ctrl+Alt+N",
                "",
                "Read and write notes on the run, its dataset and the selected lumisections",
                self._why_not,
                who="anybody; a note is corrected by its author",
                commands=("notes list", "notes add"),
                parameters=("run", "--dataset", "--ls", "text"),
            ),
        ]

    def open(self) -> NotesDialog | None:
        """Opens the dialog with the notes."""
        place = self._place()
        if place is None:
            return None
        context = self._context
        dialog = NotesDialog(
            context.acting, context.background, context.rights, *place, self._window
        )
        dialog.open()
        return dialog

    def _place(self) -> tuple[int, str, Sequence[LumiRange]] | None:
        run = self._shown_run()
        return None if run is None else run.noted

    def _why_not(self) -> str:
        return "" if self._place() is not None else NO_SUBJECT
