"""What can be done with the offline datasets that are selected, from a menu or the palette."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.datasets import EDITABLE_STATES
from app.domain.errors import Refused
from app.views import words
from app.views.actions import ActionRow
from app.views.backend.runs import Runs
from app.views.background import Background
from app.views.notices import Notices
from app.views.runs.dialogs import MoveDatasetsDialog

_MOVE = "dataset.move."
MENU = tuple(f"{_MOVE}{state}" for state in EDITABLE_STATES)


@dataclass(frozen=True, slots=True)
class Selection:
    """Datasets with the state each has in a workspace; `not_loaded` more are selected unseen."""

    workspace: str
    states: dict[tuple[int, str], str]
    not_loaded: int = 0


class DatasetActions(QObject):
    """Acts on the datasets that `selection()` names when an action is asked for.

    Signals: `acted()` when something was written.
    """

    acted = Signal()

    def __init__(
        self,
        runs: Runs,
        background: Background,
        notices: Notices,
        window: QWidget,
        selection: Callable[[], Selection | None],
    ) -> None:
        super().__init__(window)
        self._runs = runs
        self._background = background
        self._notices = notices
        self._window = window
        self._selection = selection

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            ActionRow(
                f"{_MOVE}{state}",
                move_text(state, "global"),
                lambda state=state: self.move(state),  # type: ignore[misc]
                "",
                "move",
                f"Move the selected datasets to {state} in the workspace that is shown",
                lambda state=state: self._can_move(state),  # type: ignore[misc]
            )
            for state in EDITABLE_STATES
        ]

    def move(self, to_state: str) -> None:
        """Opens the dialog that moves the selected datasets."""
        selection = self._selection()
        if selection is None:
            return
        if selection.not_loaded:
            everything = len(selection.states) + selection.not_loaded
            self._notices.refuse(
                Refused(
                    f"{words.number(selection.not_loaded)} of the {words.number(everything)}"
                    " selected datasets were not looked at yet: scroll over them, or select fewer."
                )
            )
            return
        dialog = MoveDatasetsDialog(
            self._runs,
            self._background,
            selection.states,
            selection.workspace,
            to_state,
            self._window,
        )
        dialog.acted.connect(self._done)
        dialog.open()

    def _can_move(self, to_state: str) -> bool:
        selection = self._selection()
        return selection is not None and any(
            state != to_state for state in selection.states.values()
        )

    def _done(self, text: str) -> None:
        self._notices.tell(text)
        self.acted.emit()


def move_text(state: str, workspace: str) -> str:
    """The text of a move in menus."""
    return f"Move to {state} in workspace {workspace}..."
