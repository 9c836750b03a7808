"""Tools over the datasets that are selected, and cycles made of them."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.certification.dataset_tools import Applied
from app.domain.configuration import permissions
from app.views.actions import ActionRow
from app.views.cycles.dialogs import AddToCycleDialog, NewCycleDialog
from app.views.datasets.csv_dialog import CsvDialog
from app.views.datasets.tool_dialogs import (
    ChangeStatesDialog,
    CopyColumnsDialog,
    DuplicateDialog,
    HideDialog,
    SetColumnsDialog,
    UnhideDialog,
)
from app.views.places import PlaceContext
from app.views.second_eyes.dialogs import TakeMarkBackDialog, VerifyDatasetsDialog
from app.views.selection import Selection, why_not_on
from app.views.widgets.dialogs.action_dialog import ActionDialog

MENU = (
    "dataset.states",
    "dataset.duplicate",
    "dataset.copy_columns",
    "dataset.set_columns",
    "",
    "dataset.new_cycle",
    "dataset.add_to_cycle",
    "",
    "dataset.verify",
    "dataset.unverify",
    "",
    "dataset.csv",
    "dataset.hide",
    "dataset.unhide",
)

_Tool = (
    type[DuplicateDialog]
    | type[CopyColumnsDialog]
    | type[SetColumnsDialog]
    | type[ChangeStatesDialog]
    | type[HideDialog]
    | type[UnhideDialog]
)


class ToolActions(QObject):
    """Opens the dialogs of the tools for the datasets that `selection()` names.

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

    def rows(self) -> list[ActionRow]:
        """The actions by name."""
        return [
            self._tool(
                "dataset.states",
                "Change states...",
                ChangeStatesDialog,
                "Ctrl+Shift+F",
                "move",
                "Change states in one workspace or in all, after a preview",
                right=self._change_states_paths,
                command="datasets change-states",
                parameters=("--to", "--workspace", "--from", "--reason"),
            ),
            self._tool(
                "dataset.duplicate",
                "Duplicate...",
                DuplicateDialog,
                "Ctrl+Shift+U",
                "copy",
                "Copy datasets under another name, with all their lumisections",
                right=lambda: (permissions.duplicate_datasets_path(),),
                command="datasets duplicate",
                parameters=("--as", "--workspaces", "--reason"),
            ),
            self._tool(
                "dataset.copy_columns",
                "Copy columns...",
                CopyColumnsDialog,
                "",
                "columns",
                "Copy columns from datasets of one name to those of another, run by run",
                right=lambda: (permissions.copy_columns_path(),),
                command="datasets copy-column",
                parameters=("--source", "--into", "--columns", "--reason"),
            ),
            self._tool(
                "dataset.set_columns",
                "Set columns...",
                SetColumnsDialog,
                "",
                "edit",
                "Set the status of columns in every lumisection",
                right=lambda: (permissions.set_columns_path(),),
                command="datasets set-column",
                parameters=("--columns", "--status", "--reason"),
            ),
            self._row(
                "dataset.new_cycle",
                "New cycle...",
                self.new_cycle,
                "Ctrl+Shift+N",
                "cycles",
                "Create a cycle with the selected datasets",
                hidden=False,
                right=lambda: (permissions.cycles_path(),),
                command="cycles create",
                parameters=("cycle", "--deadline", "--workspaces"),
            ),
            self._row(
                "dataset.add_to_cycle",
                "Add to a cycle...",
                self.add_to_cycle,
                "",
                "add",
                "Add the selected datasets to a cycle",
                hidden=False,
                right=lambda: (permissions.add_to_cycle_path(),),
                command="cycles add",
                parameters=("id",),
            ),
            self._row(
                "dataset.verify",
                "Verify...",
                self.verify,
                "Ctrl+Alt+Y",
                "done",
                "Say that you, a second person, have looked at the datasets",
                hidden=False,
                right=self._verify_paths,
                command="verify mark",
                parameters=("--workspace", "--comment"),
            ),
            self._row(
                "dataset.unverify",
                "Take a mark back...",
                self.take_back,
                "",
                "undo",
                "Take the marks of a second person away, with a reason",
                hidden=False,
                right=None,
                who="who set the mark, and who may verify there",
                command="verify take-back",
                parameters=("--workspace", "--reason"),
            ),
            self._row(
                "dataset.csv",
                "Export as CSV...",
                self.export,
                "Ctrl+Shift+V",
                "save",
                "Write the datasets to a file",
                hidden=None,
                right=None,
                command="datasets export-csv",
                parameters=("--columns", "--out"),
            ),
            self._tool(
                "dataset.hide",
                "Hide...",
                HideDialog,
                "",
                "hide",
                "Hide datasets from all lists; they can be un-hidden",
                right=lambda: (permissions.hide_datasets_path(),),
                command="datasets hide",
                parameters=("--reason",),
            ),
            self._tool(
                "dataset.unhide",
                "Un-hide...",
                UnhideDialog,
                "",
                "show",
                "Show hidden datasets again; the table lists them under Hidden",
                hidden=True,
                right=lambda: (permissions.hide_datasets_path(),),
                command="datasets unhide",
                parameters=("--reason",),
            ),
        ]

    def open_tool(self, dialog_type: _Tool) -> None:
        """Opens the dialog of a tool."""
        selection = self._selection()
        if selection is not None:
            dialog = dialog_type(self._context, selection, self._window)
            dialog.acted.connect(self._applied)
            dialog.open()

    def new_cycle(self) -> None:
        """Opens the dialog that creates a cycle."""
        selection = self._selection()
        if selection is not None:
            self._open(NewCycleDialog(self._context, selection, self._window))

    def add_to_cycle(self) -> None:
        """Opens the dialog that adds datasets to a cycle."""
        selection = self._selection()
        if selection is not None:
            self._open(AddToCycleDialog(self._context, selection, self._window))

    def verify(self) -> None:
        """Opens the dialog that verifies the datasets."""
        selection = self._selection()
        if selection is not None:
            self._open(VerifyDatasetsDialog(self._context, selection, self._window))

    def take_back(self) -> None:
        """Opens the dialog that takes marks back."""
        selection = self._selection()
        if selection is not None:
            self._open(TakeMarkBackDialog(self._context, selection, self._window))

    def export(self) -> None:
        """Opens the dialog that writes a file."""
        selection = self._selection()
        if selection is not None:
            CsvDialog(self._context, selection, self._window).open()

    def _tool(
        self,
        id_: str,
        text: str,
        dialog: _Tool,
        shortcut: str,
        icon: str,
        tip: str,
        *,
        hidden: bool = False,
        right: Callable[[], Sequence[str]],
        command: str,
        parameters: tuple[str, ...],
    ) -> ActionRow:
        return self._row(
            id_,
            text,
            lambda: self.open_tool(dialog),
            shortcut,
            icon,
            tip,
            hidden=hidden,
            right=right,
            command=command,
            parameters=parameters,
        )

    def _row(
        self,
        id_: str,
        text: str,
        handler: Callable[[], object],
        shortcut: str,
        icon: str,
        tip: str,
        *,
        hidden: bool | None,
        right: Callable[[], Sequence[str]] | None,
        command: str,
        parameters: tuple[str, ...],
        who: str = "",
    ) -> ActionRow:
        """`hidden`: for hidden datasets only, for the others only, or for both when it is None."""
        return ActionRow(
            id_,
            text,
            handler,
            shortcut,
            icon,
            tip,
            lambda: why_not_on(self._selection(), hidden=hidden),
            right=right,
            who=who,
            commands=(command,),
            parameters=("--run", "--name", "--filter", *parameters),
        )

    def _verify_paths(self) -> Sequence[str]:
        """In which workspace is chosen in the dialog."""
        return (permissions.verify_path("{workspace}"),)

    def _change_states_paths(self) -> Sequence[str]:
        """In which workspace, and from which state to which, is chosen in the dialog."""
        return (
            permissions.change_states_path("{workspace}", "{state}", "{state}"),
            permissions.change_states_in_all_workspaces_path("{state}"),
        )

    def _open(self, dialog: ActionDialog) -> None:
        dialog.acted.connect(self._tell)
        dialog.open()

    def _applied(self, applied: Applied) -> None:
        self._context.notices.tell(applied.text, version=applied.atomic_version)
        self.acted.emit()

    def _tell(self, text: str) -> None:
        self._context.notices.tell(text)
        self.acted.emit()
