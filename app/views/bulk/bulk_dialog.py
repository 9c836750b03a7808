"""What the dialogs that edit many datasets share: a look at it, progress, and one version."""

from abc import abstractmethod
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.views import words
from app.views.backend.bulk import Asked, Bulk, BulkReport, Report
from app.views.backend.done import Done
from app.views.background import Background
from app.views.bulk.report_view import ReportView
from app.views.theme import STEP, Themes
from app.views.widgets.long_work import LongWork
from app.views.widgets.plain import Label

Looking = Callable[[Report, Asked], BulkReport | None]
Writing = Callable[[Report, Asked], Done | None]

_SIZE = (1180, 700)


class BulkDialog(QDialog):
    """A form at the left or above, and what it would do; nothing is written unseen.

    Signals: `written(Done)`; the dialog closes then.
    """

    written = Signal(object)

    def __init__(
        self,
        bulk: Bulk,
        background: Background,
        themes: Themes,
        title: str,
        parent: QWidget | None = None,
        *,
        form_above: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.resize(*_SIZE)
        self._bulk = bulk
        self._background = background
        self.report: BulkReport | None = None
        self.form = QWidget()
        self.view = ReportView(themes)
        self.leave_out = QCheckBox("Leave out the lines that are refused, write the others")
        self.leave_out.hide()
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.setAccessibleName("Why it was refused")
        self.refusal.hide()
        self.work = LongWork(background)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.look_button = self.buttons.addButton("Preview", QDialogButtonBox.ButtonRole.ActionRole)
        self.write_button = self.buttons.addButton("Write", QDialogButtonBox.ButtonRole.AcceptRole)
        self.write_button.setEnabled(False)
        self.look_button.setDefault(True)
        split = QVBoxLayout() if form_above else QHBoxLayout()
        split.setSpacing(2 * STEP if form_above else 4 * STEP)
        split.addWidget(self.form)
        split.addWidget(self.view, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addLayout(split, 1)
        for part in (self.leave_out, self.refusal, self.work, self.buttons):
            layout.addWidget(part)
        self.look_button.clicked.connect(self.look)
        self.buttons.accepted.connect(self.write)
        self.buttons.rejected.connect(self.reject)
        self.leave_out.toggled.connect(self._offer)
        self.work.running_changed.connect(self._offer)
        self.work.failed.connect(self._failed)

    @abstractmethod
    def looking(self) -> Looking:
        """The work that tells what the form would do; raises `Refused` when it says nothing."""

    @abstractmethod
    def writing(self, report: BulkReport) -> Writing:
        """The work that writes what was looked at."""

    def look(self) -> None:
        """Asks what the form would do."""
        if self.work.is_running:
            return
        self.forget()
        try:
            looking = self.looking()
        except Refused as error:
            self.refuse(str(error))
            return
        self.view.show_words("Looking what it would do ...")
        self.work.run("Looking", looking, self._show, "Cancelled.")

    def write(self) -> None:
        """Writes what was looked at, as one version."""
        if self.work.is_running or self.report is None or not self.write_button.isEnabled():
            return
        self.refuse("")
        self.work.run("Writing", self.writing(self.report), self._done)

    def forget(self) -> None:
        """The form says something else than what was looked at."""
        self.report = None
        self.refuse("")
        self.leave_out.hide()
        self.leave_out.setChecked(False)
        self.view.show_words("Preview shows what would change. Nothing is written before.")
        self._offer()

    def refuse(self, text: str) -> None:
        """Says why it can't be done; nothing when the text is empty."""
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    def reject(self) -> None:
        """Stops what is under way; else closes."""
        if self.work.is_running:
            self.work.cancel()
        else:
            super().reject()

    def _show(self, report: BulkReport) -> None:
        self.report = report
        self.view.show_report(report)
        left = any(line.cells for line in report.lines)
        self.leave_out.setVisible(bool(report.refused) and left)
        if report.refused:
            self.refuse(
                f"{words.counted(report.refused, 'line')} of {words.number(len(report.lines))}"
                " can't be written. All or none are, unless they are left out."
            )
        self._offer()
        if self.write_button.isEnabled():
            self.write_button.setDefault(True)

    def _offer(self) -> None:
        running = self.work.is_running
        report = self.report
        may = report is not None and bool(report.cells)
        if report is not None and report.refused and not self.leave_out.isChecked():
            may = False
        self.write_button.setEnabled(may and not running)
        self.look_button.setEnabled(not running)
        self.form.setEnabled(not running)
        self.leave_out.setEnabled(not running)
        if not may:
            self.look_button.setDefault(True)

    def _failed(self, text: str) -> None:
        if self.report is None:
            self.view.show_words("")
        self.refuse(text)

    def _done(self, done: Done) -> None:
        self.written.emit(done)
        self.accept()
