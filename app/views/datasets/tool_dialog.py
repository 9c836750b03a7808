"""The frame of the dialogs of tools: form, datasets, preview, reason, progress."""

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.certification.dataset_tools import Effect, Preview, Tool
from app.domain.errors import NotPermitted, Refused, Unavailable
from app.domain.keys import DatasetKey
from app.domain.progress import Cancelled
from app.services.certification import tables
from app.services.certification.tables import Chosen
from app.services.editing import dataset_tools
from app.views.background import Work
from app.views.datasets.effects import TITLES, effect_lines
from app.views.focus import give_keys
from app.views.looks.theme import STEP, set_property
from app.views.places import PlaceContext
from app.views.selection import Selection
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine
from app.views.widgets.dialogs.scope_choice import ScopeChoice
from app.views.widgets.plain import Label
from app.views.widgets.tables.details_table import DetailsTable
from app.views.widgets.tables.lines_model import LinesModel

_PAUSE_MS = 250
_SIZE = (820, 620)
_WIDTHS = (76, 290)

MakeTool = Callable[[tuple[DatasetKey, ...]], Tool]


class ToolDialog(QDialog):
    """Shows what a tool would do to every dataset, and applies exactly that.

    Signals: `acted(Applied)`; the dialog closes then.
    """

    acted = Signal(object)

    def __init__(
        self,
        context: PlaceContext,
        selection: Selection,
        title: str,
        submit: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        resize_to_fit(self, *_SIZE)
        self.acting = context.acting
        self.background = background = context.background
        self.selection = selection
        self.keys: tuple[DatasetKey, ...] = ()
        self._tool: Tool | None = None
        self._reading = Work(background, self)
        self._previewing = Work(background, self)
        self._applying = Work(background, self)
        self.scope = ScopeChoice(selection)
        self.fields = QWidget()
        self.form = QFormLayout(self.fields)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(3 * STEP)
        self.form.setVerticalSpacing(STEP)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.reason = QLineEdit()
        self.reason.setAccessibleName("Reason")
        self.reason.setPlaceholderText("Kept as the comment of the new version")
        self.effects: LinesModel[Effect] = LinesModel(TITLES, context.themes, self)
        self.table = DetailsTable("Effects")
        self.table.setModel(self.effects)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        self.summary = Label(wordWrap=True)
        self.summary.setAccessibleName("Preview")
        self.refusal = RefusalLine(self)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress")
        self.buttons = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole
        self.submit_button: QPushButton = self.buttons.addButton(submit, role.AcceptRole)
        self.cancel_button: QPushButton = self.buttons.addButton("Cancel", role.RejectRole)
        rights = context.rights
        self.right = RightLine(
            rights, self.submit_button, lambda: rights.refusal_of_all(self.wanted()), self
        )
        self.submit_button.setDefault(True)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._connect()
        self._show_progress(None)

    def _connect(self) -> None:
        self._pause.timeout.connect(self.preview)
        self._previewing.progressed.connect(self._show_preview_progress)
        self._applying.progressed.connect(self._show_progress)
        self._applying.running_changed.connect(self._set_running)
        self.scope.changed.connect(self.read_keys)
        self.reason.textChanged.connect(self._allow)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.cancel)

    # For the dialogs of the tools

    def make(self) -> MakeTool:
        """Makes the tool of the form for given datasets; Refused when something is missing."""
        raise NotImplementedError

    def wanted(self) -> Iterable[Sequence[str]]:
        """The rights that the tool of the form takes, which must all be there."""
        raise NotImplementedError

    def offer(self, keys: Sequence[DatasetKey]) -> None:
        """Offers the names of the datasets, once they are read."""

    # Preview

    def read_keys(self) -> None:
        """Reads which datasets are chosen, then shows the preview."""
        self._forget()
        self.keys = ()
        self._say("Reading the list of datasets ...")
        self._reading.start(self._read_keys(self.scope.chosen()))

    async def _read_keys(self, chosen: Chosen) -> None:
        acting = self.acting
        try:
            self.keys = await self.background.read(lambda: tables.chosen_keys(acting, chosen))
        except Refused as error:
            self._refuse_preview(error)
            return
        if self.keys:
            self.offer(self.keys)
            self.preview()
        else:
            self._say("No dataset is left: select at least one.", "warning")
            self._show_progress(None)

    def preview_soon(self) -> None:
        """Renews the preview after a change of the form, once nobody has typed for a moment."""
        self._forget()
        self._pause.start()

    def preview(self) -> None:
        """Shows what the tool of the form would do."""
        self._pause.stop()
        self._forget()
        if not self.keys:
            return
        try:
            make = self.make()
            tool = make(self.keys)
        except Refused as error:
            self._say(str(error), "muted")
            self._show_progress(None)
            return
        self._say("Checking what would change ...")
        self._show_progress(0.0)
        self._previewing.start(self._preview(tool))

    async def _preview(self, tool: Tool) -> None:
        acting, progress = self.acting, self._previewing.progress
        try:
            preview = await self.background.read(
                lambda: dataset_tools.preview(acting, tool, progress=progress)
            )
        except Refused as error:
            self._refuse_preview(error)
        else:
            self._show_preview(tool, preview)

    def _show_preview(self, tool: Tool, preview: Preview) -> None:
        self._show_progress(None)
        self.effects.show_lines(effect_lines(preview.effects))
        possible = bool(preview.changed) and not preview.problems
        self._tool = tool if possible else None
        self._say(preview.text, "" if possible else "refusal" if preview.problems else "warning")
        self._allow()

    def _refuse_preview(self, error: Refused) -> None:
        self._show_progress(None)
        # What a right lacks for is said beside the button.
        is_said = isinstance(error, NotPermitted) and bool(self.right.text())
        self._say("" if is_said else str(error), "refusal")

    def _forget(self) -> None:
        """Removes the preview: it no longer belongs to the form."""
        self._previewing.drop()
        self._tool = None
        self.refuse("")
        self.effects.show_lines(())
        self._allow()

    # Applying

    def submit(self) -> None:
        """Applies the tool that the preview shows, unless it is being applied already."""
        if self._tool is not None and not self._applying.is_running:
            self.refuse("")
            self._applying.start(self._apply(self._tool, self.reason.text().strip()))

    async def _apply(self, tool: Tool, reason: str) -> None:
        acting, progress = self.acting, self._applying.progress
        try:
            applied = await self.background.act(
                lambda: dataset_tools.apply(acting, tool, reason=reason, progress=progress)
            )
        except Cancelled:
            self._say("Cancelled: nothing was changed.", "warning")
        except Refused as error:
            self.refusal.tell(error)
            if not reason:
                give_keys(self.reason)
        except Unavailable as error:
            self.refusal.tell(error)
        else:
            self.acted.emit(applied)
            self.accept()

    def cancel(self) -> None:
        """Stops the tool, which then changes nothing; closes the dialog if none is applied."""
        if not self._applying.is_running:
            self.reject()
            return
        self._applying.stop()
        self.cancel_button.setEnabled(False)
        self._say("Cancelling ...")

    def refuse(self, text: str) -> None:
        """Shows why the tool was refused; hides the line when the text is empty."""
        self.refusal.say(text)

    def _set_running(self, running: bool) -> None:
        for widget in (self.fields, self.scope, self.reason):
            widget.setEnabled(not running)
        self.cancel_button.setEnabled(True)
        self._show_progress(0.0 if running else None)
        self._allow()

    # Layout

    def _allow(self) -> None:
        self.right.offer(possible=self._tool is not None and not self._applying.is_running)
        self.submit_button.setDefault(True)  # while it was disabled, Cancel was

    def _show_preview_progress(self, share: float) -> None:
        if self._previewing.is_running:  # a share may arrive after the preview
            self._show_progress(share)

    def _show_progress(self, share: float | None) -> None:
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.setVisible(share is not None)
        self.progress.setRange(0, 100 if share else 0)
        self.progress.setValue(round(100 * (share or 0.0)))

    def _say(self, text: str, role: str = "muted") -> None:
        self.summary.setText(text)
        set_property(self.summary, "role", role)

    def _lay_out(self) -> None:
        self.progress.setFixedHeight(STEP)
        lines = QFormLayout()
        lines.setHorizontalSpacing(3 * STEP)
        lines.addRow("Reason", self.reason)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addWidget(self.scope)
        layout.addWidget(self.fields)
        layout.addWidget(self.summary)
        layout.addWidget(self.table, 1)
        layout.addLayout(lines)
        layout.addWidget(self.progress)
        layout.addWidget(self.refusal)
        layout.addWidget(self.right)
        layout.addWidget(self.buttons)

    # Qt

    def reject(self) -> None:
        self._previewing.drop()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._applying.is_running:
            event.ignore()
            self.cancel()
            return
        super().closeEvent(event)
