"""What can be done with the chosen cycle, from a menu, a button or the palette."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.domain.certification.cycles import Cycle
from app.domain.certification.second_eyes import Freeze
from app.domain.configuration import permissions
from app.services.certification import cycles
from app.services.certification.cycles import CycleChanged
from app.views.actions import ActionRow
from app.views.cycles.dialogs import (
    EditCycleDialog,
    FreezeDialog,
    MoveCycleDialog,
    RemoveFromCycleDialog,
)
from app.views.notices import ask
from app.views.places import PlaceContext
from app.views.selection import Selection
from app.views.widgets.dialogs.action_dialog import ActionDialog

MENU = (
    "cycle.move",
    "cycle.complete",
    "cycle.reopen",
    "cycle.freeze",
    "cycle.thaw",
    "cycle.edit",
    "cycle.remove",
    "cycle.delete",
)


class CycleActions(QObject):
    """Acts on the `cycle()` that is in front, in the `workspace()` that is shown, and on the
    datasets of it that `selection()` names; `freezes()` are the cycles that are frozen.

    Signals: `acted(text)` when something was written.
    """

    acted = Signal(str)

    def __init__(
        self,
        context: PlaceContext,
        window: QWidget,
        cycle: Callable[[], Cycle | None],
        workspace: Callable[[], str],
        selection: Callable[[], Selection | None],
        freezes: Callable[[], Mapping[int, Freeze]],
    ) -> None:
        super().__init__(window)
        self._context = context
        self._window = window
        self._cycle = cycle
        self._workspace = workspace
        self._selection = selection
        self._freezes = freezes

    def rows(self) -> list[ActionRow]:
        """Actions on the selected cycle."""
        return [
            ActionRow(
                "cycle.move",
                "Move all datasets of the cycle...",
                self.move_all,
                "",
                "move",
                "Move the datasets of the selected cycle in the workspace that is shown",
                self._why_not_pending,
                right=lambda: (permissions.move_all_datasets_path(self._its_workspace()),),
                commands=("cycles move-all",),
                parameters=("id", "workspace", "--to", "--also", "--comment"),
            ),
            ActionRow(
                "cycle.complete",
                "Complete the cycle...",
                self.complete,
                "",
                "done",
                "Complete the selected cycle in the workspace that is shown",
                self._why_not_pending,
                right=lambda: (permissions.complete_cycle_path(self._its_workspace()),),
                commands=("cycles complete",),
                parameters=("id", "workspace"),
            ),
            ActionRow(
                "cycle.reopen",
                "Reopen the cycle...",
                self.reopen,
                "",
                "reset",
                "Reopen the selected cycle in the workspace that is shown",
                self._why_not_completed,
                right=lambda: (permissions.reopen_cycle_path(self._its_workspace()),),
                commands=("cycles reopen",),
                parameters=("id", "workspace"),
            ),
            ActionRow(
                "cycle.freeze",
                "Freeze the cycle...",
                self.freeze,
                "",
                "stop",
                "Let nothing in the selected cycle change until it is thawed",
                lambda: self._why_not_freeze(frozen=True),
                right=lambda: (permissions.freeze_cycle_path(),),
                commands=("cycles freeze",),
                parameters=("id", "--reason"),
            ),
            ActionRow(
                "cycle.thaw",
                "Thaw the cycle...",
                self.freeze,
                "",
                "reset",
                "Let what is in the selected cycle change again, with a reason",
                lambda: self._why_not_freeze(frozen=False),
                right=lambda: (permissions.freeze_cycle_path(),),
                commands=("cycles thaw",),
                parameters=("id", "--reason"),
            ),
            ActionRow(
                "cycle.edit",
                "Edit the cycle...",
                self.edit,
                "",
                "edit",
                "Name, deadline and workspaces of the selected cycle",
                self._why_not,
                right=lambda: (permissions.cycles_path(),),
                commands=("cycles edit",),
                parameters=("id", "--rename", "--deadline", "--workspaces"),
            ),
            ActionRow(
                "cycle.remove",
                "Remove datasets from the cycle...",
                self.remove,
                "",
                "cross",
                "Remove the selected datasets from the selected cycle",
                self._why_not_remove,
                right=lambda: (permissions.delete_from_cycle_path(),),
                commands=("cycles remove",),
                parameters=("id", "--run", "--name", "--filter"),
            ),
            ActionRow(
                "cycle.delete",
                "Delete the cycle...",
                self.delete,
                "",
                "cross",
                "Delete the selected cycle; its datasets stay as they are",
                self._why_not,
                right=lambda: (permissions.cycles_path(),),
                commands=("cycles delete",),
                parameters=("id",),
            ),
        ]

    def move_all(self) -> None:
        """Opens the dialog that moves all datasets."""
        if (cycle := self._cycle()) is not None:
            self._open(
                MoveCycleDialog(self._context, cycle, self._workspace(), self._window.window())
            )

    def freeze(self) -> None:
        """Opens the dialog that freezes the cycle, or thaws it where it is frozen."""
        if (cycle := self._cycle()) is not None:
            freeze = self._freezes().get(cycle.id)
            self._open(FreezeDialog(self._context, cycle, freeze, self._window.window()))

    def edit(self) -> None:
        """Opens the dialog for name, deadline and workspaces."""
        if (cycle := self._cycle()) is not None:
            self._open(EditCycleDialog(self._context, cycle, self._window.window()))

    def remove(self) -> None:
        """Opens the dialog that removes the selected datasets."""
        cycle, selection = self._cycle(), self._selection()
        if cycle is not None and selection is not None and selection.count:
            self._open(
                RemoveFromCycleDialog(
                    self._context, cycle, selection.chosen, selection.count, self._window.window()
                )
            )

    def complete(self) -> None:
        """Asks, then completes the cycle in the workspace."""
        if (cycle := self._cycle()) is not None:
            acting, workspace = self._context.acting, self._workspace()
            ask(
                self._window.window(),
                "Complete",
                f"Complete cycle {cycle.name} in workspace {workspace}? All its datasets must be"
                " COMPLETED there.",
                "Complete",
                lambda: self._act(lambda: cycles.complete(acting, cycle.id, workspace)),
            )

    def reopen(self) -> None:
        """Asks, then reopens the cycle in the workspace."""
        if (cycle := self._cycle()) is not None:
            acting, workspace = self._context.acting, self._workspace()
            ask(
                self._window.window(),
                "Reopen",
                f"Reopen cycle {cycle.name} in workspace {workspace}? It is pending there again.",
                "Reopen",
                lambda: self._act(lambda: cycles.reopen(acting, cycle.id, workspace)),
            )

    def delete(self) -> None:
        """Asks, then deletes the cycle."""
        if (cycle := self._cycle()) is not None:
            acting = self._context.acting
            ask(
                self._window.window(),
                "Delete",
                f"Delete cycle {cycle.name}? This can't be undone, and its name can't be used"
                " again."
                " Its datasets stay as they are.",
                "Delete",
                lambda: self._act(lambda: cycles.delete(acting, cycle.id)),
            )

    def _act(self, action: Callable[[], CycleChanged]) -> None:
        self._context.background.run(self._do(action), self)

    async def _do(self, action: Callable[[], CycleChanged]) -> None:
        self.acted.emit((await self._context.background.act(action)).text)

    def _open(self, dialog: ActionDialog) -> None:
        dialog.acted.connect(self.acted)
        dialog.open()

    def _why_not(self) -> str:
        return "" if self._cycle() is not None else "Choose a cycle in Cycles first."

    def _why_not_freeze(self, *, frozen: bool) -> str:
        cycle = self._cycle()
        if cycle is None:
            return self._why_not()
        freeze = self._freezes().get(cycle.id)
        if frozen and freeze is not None:
            return f"Cycle {cycle.name} is frozen already, by {freeze.by}."
        return "" if frozen or freeze is not None else f"Cycle {cycle.name} isn't frozen."

    def _why_not_pending(self) -> str:
        return self._why_not() or self._completed_words(completed=True)

    def _why_not_completed(self) -> str:
        return self._why_not() or self._completed_words(completed=False)

    def _why_not_remove(self) -> str:
        selection = self._selection()
        chosen = selection is not None and selection.count
        return self._why_not() or ("" if chosen else "Select datasets of the cycle first.")

    def _its_workspace(self) -> str:
        return "{workspace}" if self._cycle() is None else self._workspace()

    def _completed_words(self, *, completed: bool) -> str:
        """The sentence that the cycle is completed in the workspace, or isn't; empty when that
        isn't so."""
        cycle, workspace = self._cycle(), self._workspace()
        if cycle is None or cycle.pending_in(workspace) == completed:
            return ""
        words_ = "is already completed" if completed else "isn't completed"
        return f"Cycle {cycle.name} {words_} in workspace {workspace}."
