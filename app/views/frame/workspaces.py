"""The selector of the workspace, above the places."""

from PySide6.QtCore import QSettings, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.errors import Refused
from app.services.acting import Acting
from app.services.certification.tables import TableKind
from app.services.configuration import workspaces
from app.services.configuration.workspaces import WorkspaceColumns
from app.views.background import Background
from app.views.looks.theme import STEP
from app.views.widgets.plain import ChoiceBox, Label

_REMEMBERED = "workspace"
_FIRST = "global"
_OF_PLACE = "Whose columns and states are shown"
_OF_NONE = "This place shows what is of all workspaces."


class WorkspaceSelector(QWidget):
    """Offers the workspaces of the place in front and remembers which was chosen.

    Signals: `chosen(str)` when another one is, and once they are known.
    """

    chosen = Signal(str)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        remembered: QSettings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._remembered = remembered
        self._kind: TableKind | None = "runs"
        self._known: dict[TableKind, tuple[WorkspaceColumns, ...]] = {}
        label = Label("Workspace")
        label.setProperty("role", "muted")
        self.box = ChoiceBox()
        self.box.setAccessibleName("Workspace")
        self.box.addItem(_FIRST)
        label.setBuddy(self.box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * STEP, STEP, 2 * STEP, 2 * STEP)
        layout.setSpacing(2)
        layout.addWidget(label)
        layout.addWidget(self.box)
        self.box.currentTextChanged.connect(self._choose)

    def load(self) -> None:
        """Reads which workspaces there are."""
        self._background.run(self._load(), self)

    async def _load(self) -> None:
        acting = self._acting
        online, offline = await self._background.read(
            lambda: (
                workspaces.with_columns(acting, online=True),
                workspaces.with_columns(acting, online=False),
            )
        )
        self._known = {"runs": online, "datasets": offline}
        self.offer(self._kind)
        self.chosen.emit(self._remembered_name)

    def offer(self, kind: TableKind | None) -> None:
        """Offers those of runs or of datasets; greyed where a place has no workspaces, so that the
        places below stay where they are."""
        self.setEnabled(kind is not None)
        self.box.setToolTip(_OF_PLACE if kind is not None else _OF_NONE)
        self._kind = kind
        if kind is None or not self._known:
            return
        self.box.blockSignals(True)  # which one is chosen doesn't change
        self.box.clear()
        self.box.addItems([workspace.name for workspace in self._known[kind]])
        self.box.setCurrentText(self._remembered_name)
        self.box.blockSignals(False)

    def choose(self, name: str) -> None:
        """Chooses a workspace by its name. Refused where there is none of that name."""
        known = self._known.get(self._kind, ()) if self._kind is not None else ()
        if known and name not in {workspace.name for workspace in known}:
            raise Refused(f"There is no workspace with this name: {name}.")
        if known:
            self.box.setCurrentText(name)
        else:
            self._remembered.setValue(_REMEMBERED, name)  # chosen as soon as they are read

    def columns(self, kind: TableKind, name: str) -> WorkspaceColumns | None:
        """A workspace of that name, else `global`; None while they aren't known."""
        known = {workspace.name: workspace for workspace in self._known.get(kind, ())}
        return known.get(name) or known.get(_FIRST)

    @property
    def _remembered_name(self) -> str:
        return str(self._remembered.value(_REMEMBERED, _FIRST))

    def _choose(self, name: str) -> None:
        if name:
            self._remembered.setValue(_REMEMBERED, name)
            self.chosen.emit(name)
