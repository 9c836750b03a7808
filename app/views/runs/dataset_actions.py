"""What can be done with the offline datasets that are selected, from a menu or the palette."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.certification.datasets import EDITABLE_STATES
from app.domain.keys import DatasetKey
from app.services.certification import tables
from app.views.actions import ActionRow
from app.views.background import Work
from app.views.datasets import links, tool_actions
from app.views.datasets.tool_actions import ToolActions
from app.views.places import PlaceContext
from app.views.runs.dialogs import MoveDatasetsDialog, move_paths
from app.views.selection import NO_DATASETS, Selection, why_not_on

_MOVE = "dataset.move."
MENU = (
    *(f"{_MOVE}{state}" for state in EDITABLE_STATES),
    "",
    *tool_actions.MENU,
    "",
    *links.MENU,
)


class DatasetActions(QObject):
    """Acts on the datasets that `selection()` names when an action is asked for.

    Signals: `acted()` when something was written.
    """

    acted = Signal()

    def __init__(
        self, context: PlaceContext, window: QWidget, selection: Callable[[], Selection | None]
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._selection = selection
        self._work = Work(context.background, self)
        self._tools = ToolActions(context, window, selection)
        self._tools.acted.connect(self.acted)

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            *(
                ActionRow(
                    f"{_MOVE}{state}",
                    move_text(state, "global"),
                    lambda state=state: self.move(state),  # type: ignore[misc]
                    "",
                    "move",
                    f"Move the selected datasets to {state} in the workspace that is shown",
                    lambda state=state: self._why_not_move(state),  # type: ignore[misc]
                    right=lambda state=state: self._move_paths(state),  # type: ignore[misc]
                    commands=("datasets move",),
                    parameters=("--run", "--name", "--to", "--workspace", "--comment"),
                )
                for state in EDITABLE_STATES
            ),
            *self._tools.rows(),
        ]

    def move(self, to_state: str) -> None:
        """Opens the dialog that moves the selected datasets."""
        selection = self._selection()
        if selection is None:
            return
        if not selection.chosen.places:
            self._open_move(selection, to_state, selection.states)
            return
        self._work.start(self._read_and_open_move(selection, to_state))

    async def _read_and_open_move(self, selection: Selection, to_state: str) -> None:
        """Opens the dialog for rows of which some were never scrolled to, so aren't known yet."""
        acting, chosen, workspace = self._context.acting, selection.chosen, selection.workspace
        states = await self._context.background.read(
            lambda: tables.states(acting, tables.chosen_keys(acting, chosen), workspace)
        )
        self._open_move(selection, to_state, states)

    def _open_move(
        self, selection: Selection, to_state: str, states: Mapping[DatasetKey, str]
    ) -> None:
        dialog = MoveDatasetsDialog(
            self._context,
            states,
            selection.workspace,
            to_state,
            self._window,
        )
        dialog.acted.connect(self._done)
        dialog.open()

    def _why_not_move(self, to_state: str) -> str:
        selection = self._selection()
        if why_not := why_not_on(selection, hidden=False):
            return why_not
        assert selection is not None
        unknown = bool(selection.chosen.places)
        if unknown or any(state != to_state for state in selection.states.values()):
            return ""
        return (
            f"The selected datasets are already {to_state} in workspace {selection.workspace}."
            if selection.count
            else NO_DATASETS
        )

    def _move_paths(self, to_state: str) -> Sequence[str]:
        selection = self._selection()
        workspace, states = "{workspace}", {"{state}"}
        if selection is not None and not selection.chosen.places:
            workspace, states = selection.workspace, set(selection.states.values()) - {to_state}
        return move_paths(workspace, states, to_state)

    def _done(self, text: str, version: int | None) -> None:
        self._context.notices.tell(text, version=version)
        self.acted.emit()


def move_text(state: str, workspace: str) -> str:
    """The text of a move in menus."""
    return f"Move to {state} in workspace {workspace}..."
