"""Dialogs of second eyes: verify datasets, and take marks back."""

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtWidgets import QLineEdit, QWidget

from app.domain.configuration import permissions
from app.domain.configuration.in_force import GLOBAL
from app.services.certification import second_eyes, tables
from app.services.configuration import workspaces as known_workspaces
from app.views.places import PlaceContext
from app.views.selection import Selection
from app.views.widgets.dialogs.action_dialog import ActionDialog
from app.views.widgets.dialogs.scope_choice import ScopeChoice
from app.views.widgets.plain import ChoiceBox, Label

_WHOLE = "The whole dataset"


class MarkDialog(ActionDialog):
    """A form for marks on the datasets that are selected or shown."""

    def __init__(
        self,
        context: PlaceContext,
        selection: Selection,
        words: tuple[str, str, str],
        parent: QWidget | None = None,
    ) -> None:
        """`words`: the title, the button, and what it says of itself."""
        title, submit, about = words
        super().__init__(context.background, title, submit, parent, rights=context.rights)
        self.acting = context.acting
        self.scope = ScopeChoice(selection)
        self.workspace = ChoiceBox()
        self.workspace.setAccessibleName("Workspace")
        self.workspace.addItem(_WHOLE)
        if selection.workspace != GLOBAL:
            self.workspace.addItem(selection.workspace)
            self.workspace.setCurrentText(selection.workspace)
        self.why = QLineEdit()
        self.form.addRow("Datasets", self.scope)
        self.form.addRow("Workspace", self.workspace)
        self.form.addRow(Label(about, wordWrap=True))
        self.workspace.currentTextChanged.connect(self.look)
        context.background.run(self._read(context), self)

    @property
    def chosen_workspace(self) -> str:
        """The workspace that is chosen; `global` stands for the whole dataset."""
        name = self.workspace.currentText()
        return GLOBAL if name == _WHOLE else name

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.verify_path(self.chosen_workspace),)]

    def _add_why(self, name: str, placeholder: str) -> None:
        self.why.setAccessibleName(name)
        self.why.setPlaceholderText(placeholder)
        self.form.addRow(name, self.why)

    async def _read(self, context: PlaceContext) -> None:
        acting = self.acting
        found = await context.background.read(
            lambda: known_workspaces.with_columns(acting, online=False)
        )
        for each in found:
            if each.name != GLOBAL and self.workspace.findText(each.name) < 0:
                self.workspace.addItem(each.name)


class VerifyDatasetsDialog(MarkDialog):
    """Verifies datasets, which somebody else changed last."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        about = (
            "Says that you, a second person, have looked at it. You can't verify what you changed"
            " last. Who changes it after that has to give a reason, which takes the mark away."
        )
        super().__init__(context, selection, ("Verify", "Verify", about), parent)
        self._add_why("Comment", "What you looked at (optional)")

    def work(self) -> Callable[[], str]:
        acting, chosen = self.acting, self.scope.chosen()
        workspace, comment = self.chosen_workspace, self.why.text()
        return lambda: (
            second_eyes.verify(
                acting, tables.chosen_keys(acting, chosen), workspace, comment=comment
            ).text
        )


class TakeMarkBackDialog(MarkDialog):
    """Takes marks away without changing anything else."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        about = "Takes the mark away and changes nothing else. The log keeps both, with the reason."
        super().__init__(context, selection, ("Take a mark back", "Take back", about), parent)
        self._add_why("Reason", "Why it isn't verified any more")

    def wanted(self) -> Iterable[Sequence[str]]:
        # Who set a mark may take it back without that right.
        return ()

    def work(self) -> Callable[[], str]:
        acting, chosen = self.acting, self.scope.chosen()
        workspace, reason = self.chosen_workspace, self.why.text()
        return lambda: (
            second_eyes.take_back(
                acting, tables.chosen_keys(acting, chosen), workspace, reason
            ).text
        )
