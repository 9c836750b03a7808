"""The frame of the dialogs of tools: what to do, to which datasets, preview, reason, progress."""

from collections.abc import Callable, Sequence

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

from app.domain.certification.dataset_tools import Applied, Effect, Preview, Tool
from app.domain.errors import Refused, Unavailable
from app.domain.keys import DatasetKey
from app.services.certification import tables
from app.views.backend.datasets import Datasets
from app.views.background import Background
from app.views.datasets.effects import TITLES, effect_lines
from app.views.focus import give_keys
from app.views.selection import Selection
from app.views.stoppable import Attempt
from app.views.theme import STEP, Themes, set_property
from app.views.widgets.details_table import DetailsTable
from app.views.widgets.lines_model import LinesModel
from app.views.widgets.plain import Label
from app.views.widgets.scope_choice import ScopeChoice

_PAUSE_MS = 250
_SIZE = (820, 620)
_WIDTHS = (76, 290)

MakeTool = Callable[[tuple[DatasetKey, ...]], Tool]


class ToolDialog(QDialog):
    """Shows what would happen to each dataset, and does exactly that when it is asked to.

    Signals: `acted(Applied)`; the dialog closes then.
    """

    acted = Signal(object)
    needs_reason = False

    def __init__(
        self,
        datasets: Datasets,
        background: Background,
        themes: Themes,
        selection: Selection,
        title: str,
        submit: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(*_SIZE)
        self.datasets = datasets
        self.background = background
        self.selection = selection
        self.keys: tuple[DatasetKey, ...] = ()
        self._tool: Tool | None = None
        self._reading: Attempt | None = None
        self._looking: Attempt | None = None
        self._doing: Attempt | None = None
        self.scope = ScopeChoice(selection)
        self.fields = QWidget()
        self.form = QFormLayout(self.fields)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.form.setHorizontalSpacing(3 * STEP)
        self.form.setVerticalSpacing(STEP)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.reason = QLineEdit()
        self.reason.setAccessibleName("Reason")
        self.reason.setPlaceholderText("Kept with the version that this makes")
        self.effects: LinesModel[Effect] = LinesModel(TITLES, themes, self)
        self.table = DetailsTable("What would happen")
        self.table.setModel(self.effects)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        self.summary = Label(wordWrap=True)
        self.summary.setAccessibleName("Preview")
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.setAccessibleName("Why it was refused")
        self.refusal.hide()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress")
        self.buttons = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole
        self.submit_button: QPushButton = self.buttons.addButton(submit, role.AcceptRole)
        self.cancel_button: QPushButton = self.buttons.addButton("Cancel", role.RejectRole)
        self.submit_button.setDefault(True)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._pause.timeout.connect(self.look)
        self.scope.changed.connect(self.read_keys)
        self.reason.textChanged.connect(self._allow)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.cancel)
        self._show_progress(None)

    # What the dialogs of the tools say

    def make(self) -> MakeTool:
        """The tool as the form has it, for some datasets; Refused when something is missing."""
        raise NotImplementedError

    def offer(self, keys: Sequence[DatasetKey]) -> None:
        """The datasets are known: time to offer their names."""

    # Preview

    def read_keys(self) -> None:
        """Finds out which datasets are meant, then what would happen to them."""
        self._forget()
        self._say("Looking which datasets these are ...")
        datasets, chosen = self.datasets, self.scope.chosen()
        self.keys = ()
        attempt = self._reading = Attempt(self)
        attempt.job = self.background.read_then(
            lambda: tables.chosen_keys(datasets.acting, chosen),
            lambda keys: self._show_keys(attempt, keys),
            owner=self,
            refused=self._refuse_preview,
        )

    def look_soon(self) -> None:
        """The form was changed: looks again once nobody types for a moment."""
        self._forget()
        self._pause.start()

    def look(self) -> None:
        """Finds out what would happen."""
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
        attempt = self._begin_looking()
        datasets = self.datasets
        self._say("Looking what would happen ...")
        self._show_progress(0.0)
        attempt.job = self.background.read_then(
            lambda: datasets.preview_tool(tool, attempt.tell, attempt.is_cancelled),
            lambda preview: self._show_preview(attempt, tool, preview),
            owner=self,
            refused=lambda error: self._refuse_preview(error, attempt),
        )

    def _begin_looking(self) -> Attempt:
        attempt = self._looking = Attempt(self)
        attempt.progressed.connect(self._show_progress)
        return attempt

    def _show_keys(self, attempt: Attempt, keys: tuple[DatasetKey, ...]) -> None:
        if attempt is not self._reading:
            return
        self.keys = keys
        if not keys:
            self._say("No dataset is left: select at least one.", "warning")
            self._show_progress(None)
            return
        self.offer(keys)
        self.look()

    def _show_preview(self, attempt: Attempt, tool: Tool, preview: Preview | None) -> None:
        if attempt is not self._looking or preview is None:
            return
        self._looking = None
        self._show_progress(None)
        self.effects.show_lines(effect_lines(preview.effects))
        possible = bool(preview.changed) and not preview.problems
        self._tool = tool if possible else None
        self._say(preview.text, "" if possible else "refusal" if preview.problems else "warning")
        self._allow()

    def _refuse_preview(self, error: Refused, attempt: Attempt | None = None) -> None:
        if attempt is None or attempt is self._looking:
            self._looking = None
            self._show_progress(None)
            self._say(str(error), "refusal")

    def _forget(self) -> None:
        """What is shown belongs to another form from now on."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._tool = None
        self.refuse("")
        self.effects.show_lines(())
        self._allow()

    # Doing it

    def submit(self) -> None:
        """Does what was shown, unless it is being done already."""
        if self._tool is None or self._doing is not None:
            return
        if self.needs_reason and not self.reason.text().strip():
            self.refuse("Say why: the reason is kept with the datasets.")
            give_keys(self.reason)
            return
        self.refuse("")
        tool, reason, datasets = self._tool, self.reason.text().strip(), self.datasets
        attempt = self._doing = Attempt(self)
        attempt.progressed.connect(self._show_progress)
        self._set_running(running=True)
        attempt.job = self.background.act_then(
            lambda: datasets.apply_tool(tool, reason, attempt.tell, attempt.is_cancelled),
            self._done,
            owner=self,
            refused=lambda error: self.refuse(str(error)),
            unavailable=self._unavailable,
            finished=lambda: self._set_running(running=False),
        )

    def cancel(self) -> None:
        """Stops what is being done, and leaves nothing of it; else closes."""
        if self._doing is None:
            self.reject()
            return
        self._doing.cancel()
        self.cancel_button.setEnabled(False)
        self._say("Stopping ...")

    def refuse(self, text: str) -> None:
        """Says why it can't be done; nothing when the text is empty."""
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    def _done(self, applied: Applied | None) -> None:
        if applied is None:
            self._say("Cancelled: nothing was changed.", "warning")
            return
        self.acted.emit(applied)
        self.accept()

    def _unavailable(self, error: Unavailable) -> None:
        self.refuse(f"{error} Nothing was written: try again.")

    def _set_running(self, *, running: bool) -> None:
        if not running:
            self._doing = None
        for widget in (self.fields, self.scope, self.reason):
            widget.setEnabled(not running)
        self.cancel_button.setEnabled(True)
        self._show_progress(0.0 if running else None)
        self._allow()

    # Looks

    def _allow(self) -> None:
        self.submit_button.setEnabled(self._tool is not None and self._doing is None)
        self.submit_button.setDefault(True)  # while it couldn't be pressed, Cancel was

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
        layout.addWidget(self.buttons)

    # Qt

    def reject(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._doing is not None:
            event.ignore()
            self.cancel()
            return
        super().closeEvent(event)
