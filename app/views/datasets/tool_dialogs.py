"""The dialogs of the tools over datasets: duplicate, columns, states, hiding."""

from collections.abc import Iterable, Sequence

from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLineEdit, QWidget

from app.domain.certification.dataset_tools import (
    ChangeStates,
    CopyColumns,
    Duplicate,
    Hide,
    SetColumns,
    Unhide,
)
from app.domain.certification.datasets import DATASET_STATES, EDITABLE_STATES
from app.domain.configuration import permissions
from app.domain.configuration.in_force import GLOBAL
from app.domain.errors import BadInput
from app.domain.keys import ONLINE, DatasetKey
from app.domain.triplets import SETTABLE_STATUSES
from app.services.configuration import workspaces
from app.services.configuration.workspaces import WorkspaceColumns
from app.services.editing.dataset_tools import change_states_paths
from app.views.datasets.tool_dialog import MakeTool, ToolDialog
from app.views.focus import give_keys
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.selection import Selection
from app.views.widgets.check_list import CheckList
from app.views.widgets.plain import ChoiceBox

_LIST_HEIGHT = 150
_ALL_WORKSPACES = "all workspaces"


def names_of(keys: Sequence[DatasetKey]) -> list[str]:
    """Names of the datasets, each once."""
    return sorted({name for _, name in keys})


def offer_names(box: QComboBox, names: Sequence[str]) -> None:
    """Offers names in a box, which keeps what is chosen where that is still offered."""
    before = box.currentText()
    box.blockSignals(True)
    box.clear()
    box.addItems(list(names))
    if before in names or (before and box.isEditable()):
        box.setCurrentText(before)
    box.blockSignals(False)


class _DatasetsDialog(ToolDialog):
    """A tool that needs the offline workspaces with their columns."""

    def begin(self) -> None:
        """Reads the workspaces and the datasets."""
        self.background.run(self._read_workspaces(), self)
        self.read_keys()

    async def _read_workspaces(self) -> None:
        acting = self.acting
        self.offer_workspaces(
            await self.background.read(lambda: workspaces.with_columns(acting, online=False))
        )

    def offer_workspaces(self, workspaces: Sequence[WorkspaceColumns]) -> None:
        """Offers the workspaces, `global` first, once they are read."""

    def columns_of(self, workspaces: Sequence[WorkspaceColumns]) -> list[str]:
        """Columns to offer: those of the workspace that is shown come first."""
        own = list(self.selection.columns)
        others = {column for workspace in workspaces for column in workspace.columns} - set(own)
        return [*own, *sorted(others)]


class DuplicateDialog(_DatasetsDialog):
    """Copies datasets under another name."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(context, selection, "Duplicate datasets", "Duplicate", parent)
        self.source = ChoiceBox()
        self.target = QLineEdit(placeholderText="/ReReco/Run2025C/DQM")
        self.workspaces = CheckList("Workspaces")
        self.workspaces.setFixedHeight(_LIST_HEIGHT)
        self.workspaces.setToolTip("Workspaces whose states are copied, besides global")
        self.form.addRow("Datasets named", self.source)
        self.form.addRow("New name", self.target)
        self.form.addRow("States of", self.workspaces)
        self.source.currentTextChanged.connect(self.preview_soon)
        self.target.textChanged.connect(self.preview_soon)
        self.workspaces.changed.connect(self.preview_soon)
        give_keys(self.target)
        self.begin()

    def offer(self, keys: Sequence[DatasetKey]) -> None:
        offer_names(self.source, names_of(keys))

    def offer_workspaces(self, workspaces: Sequence[WorkspaceColumns]) -> None:
        names = [workspace.name for workspace in workspaces if workspace.name != GLOBAL]
        self.workspaces.offer(names, names)

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.duplicate_datasets_path(),)]

    def make(self) -> MakeTool:
        source, target = self.source.currentText(), self.target.text().strip()
        if not target:
            raise BadInput("Enter the name of the copies.")
        workspaces = self.workspaces.ticked()
        return lambda keys: Duplicate(
            tuple(key for key in keys if key[1] == source), target, workspaces
        )


class CopyColumnsDialog(_DatasetsDialog):
    """Copies columns from datasets of one name to those of another, run by run."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(context, selection, "Copy columns between datasets", "Copy", parent)
        self.source = ChoiceBox()
        self.target = ChoiceBox()
        for box in (self.source, self.target):
            box.setEditable(True)
        self.columns = CheckList("Columns")
        self.columns.setFixedHeight(_LIST_HEIGHT)
        self.form.addRow("From datasets named", self.source)
        self.form.addRow("Into datasets named", self.target)
        self.form.addRow("Columns", self.columns)
        for box in (self.source, self.target):
            box.currentTextChanged.connect(self.preview_soon)
        self.columns.changed.connect(self.preview_soon)
        self.begin()

    def offer(self, keys: Sequence[DatasetKey]) -> None:
        names = names_of(keys)
        offer_names(self.source, [*names, ONLINE])
        offer_names(self.target, names)
        if len(names) > 1 and self.source.currentText() == self.target.currentText():
            self.target.setCurrentText(names[1])
        if len(names) == 1 and self.source.currentText() == names[0]:
            self.source.setCurrentText(ONLINE)

    def offer_workspaces(self, workspaces: Sequence[WorkspaceColumns]) -> None:
        self.columns.offer(self.columns_of(workspaces), self.columns.ticked())

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.copy_columns_path(),)]

    def make(self) -> MakeTool:
        source, target = self.source.currentText().strip(), self.target.currentText().strip()
        columns = self.columns.ticked()
        if not columns:
            raise BadInput("Tick the columns to copy.")
        if not source or not target:
            raise BadInput("Choose the datasets to copy from and to copy into.")

        def make(keys: tuple[DatasetKey, ...]) -> CopyColumns:
            named = tuple(key for key in keys if key[1] in (source, target))
            return CopyColumns(named, source, target, columns)

        return make


class SetColumnsDialog(_DatasetsDialog):
    """Sets the status of columns in every lumisection."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(context, selection, "Set columns of datasets", "Set", parent)
        self.status = ChoiceBox()
        self.status.addItems(list(SETTABLE_STATUSES))
        self.columns = CheckList("Columns")
        self.columns.setFixedHeight(_LIST_HEIGHT)
        self.form.addRow("Status in every LS", self.status)
        self.form.addRow("Columns", self.columns)
        self.status.currentTextChanged.connect(self.preview_soon)
        self.columns.changed.connect(self.preview_soon)
        self.begin()

    def offer_workspaces(self, workspaces: Sequence[WorkspaceColumns]) -> None:
        self.columns.offer(self.columns_of(workspaces), self.columns.ticked())

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.set_columns_path(),)]

    def make(self) -> MakeTool:
        columns, status = self.columns.ticked(), self.status.currentText()
        if not columns:
            raise BadInput("Tick the columns to set. Comments and causes stay as they are.")
        return lambda keys: SetColumns(keys, columns, status)


class ChangeStatesDialog(_DatasetsDialog):
    """Changes states in one workspace or in all."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(context, selection, "Change states of datasets", "Change", parent)
        self.workspace = ChoiceBox()
        self.workspace.addItems([selection.workspace, _ALL_WORKSPACES])
        self.to_state = ChoiceBox()
        self.to_state.addItems(list(EDITABLE_STATES))
        self.to_state.setCurrentText(EDITABLE_STATES[-1])
        self.from_states = {state: QCheckBox(state) for state in DATASET_STATES}
        states = QWidget()
        line = QHBoxLayout(states)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(3 * STEP)
        for state, box in self.from_states.items():
            box.setChecked(state in EDITABLE_STATES)
            box.toggled.connect(self.preview_soon)
            line.addWidget(box)
        line.addStretch(1)
        self.form.addRow("Workspace", self.workspace)
        self.form.addRow("From", states)
        self.form.addRow("To", self.to_state)
        self.workspace.currentTextChanged.connect(self.preview_soon)
        self.to_state.currentTextChanged.connect(self.preview_soon)
        self.begin()

    def offer_workspaces(self, workspaces: Sequence[WorkspaceColumns]) -> None:
        chosen = self.workspace.currentText()
        self.workspace.blockSignals(True)
        self.workspace.clear()
        self.workspace.addItems([workspace.name for workspace in workspaces])
        self.workspace.addItem(_ALL_WORKSPACES)
        self.workspace.setCurrentText(chosen)
        self.workspace.blockSignals(False)

    def wanted(self) -> Iterable[Sequence[str]]:
        workspace, states, to_state = self._change()
        return [(path,) for path in change_states_paths(workspace, states, to_state)]

    def make(self) -> MakeTool:
        workspace, states, to_state = self._change()
        if not states:
            raise BadInput("Tick the states to change.")
        return lambda keys: ChangeStates(keys, to_state, workspace, states)

    def _change(self) -> tuple[str | None, tuple[str, ...], str]:
        """Workspace, or None for all of them, states that are changed, and what to."""
        chosen, to_state = self.workspace.currentText(), self.to_state.currentText()
        workspace = None if chosen == _ALL_WORKSPACES else chosen
        states = tuple(
            state
            for state, box in self.from_states.items()
            if box.isChecked() and (workspace is None or state != to_state)
        )
        return workspace, states, to_state


class HideDialog(_DatasetsDialog):
    """Hides datasets, with a reason."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(context, selection, "Hide datasets", "Hide", parent)
        self.reason.setPlaceholderText("Reason for hiding")
        self.begin()

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.hide_datasets_path(),)]

    def make(self) -> MakeTool:
        return Hide


class UnhideDialog(_DatasetsDialog):
    """Shows hidden datasets again, with a reason."""

    def __init__(
        self, context: PlaceContext, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(context, selection, "Un-hide datasets", "Un-hide", parent)
        self.reason.setPlaceholderText("Reason for un-hiding")
        self.begin()

    def wanted(self) -> Iterable[Sequence[str]]:
        return [(permissions.hide_datasets_path(),)]

    def make(self) -> MakeTool:
        return Unhide
