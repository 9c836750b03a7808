"""What the dialogs that edit many datasets share: a preview, progress, and one version."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import NotPermitted, Refused
from app.domain.progress import Progress
from app.services.acting import Acting
from app.services.editing.bulk import Written
from app.services.editing.report import Report
from app.views.bulk.report_view import ReportView
from app.views.focus import give_keys, holder
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.long_work import LongWork
from app.views.widgets.dialogs.reason import with_reason
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine

Checking = Callable[[Progress], Report]
Writing = Callable[[Acting, Progress], Written]

_SIZE = (1180, 700)


class BulkDialog(QDialog):
    """A form at the left or above, and what it would change; nothing is written without a preview.

    Signals: `written(Written)`; the dialog closes then.
    """

    written = Signal(object)

    def __init__(
        self,
        context: PlaceContext,
        title: str,
        parent: QWidget | None = None,
        *,
        form_above: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        resize_to_fit(self, *_SIZE)
        self._acting = context.acting
        self._background = context.background
        self.report: Report | None = None
        self.form = QWidget()
        self.view = ReportView(context.themes)
        self.leave_out = QCheckBox("Leave out the refused lines and write the others")
        self.leave_out.hide()
        self.refusal = RefusalLine(self)
        self.work = LongWork(context.background)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.look_button = self.buttons.addButton("Preview", QDialogButtonBox.ButtonRole.ActionRole)
        self.write_button = self.buttons.addButton("Write", QDialogButtonBox.ButtonRole.AcceptRole)
        rights = context.rights
        self.right = RightLine(
            rights, self.write_button, lambda: rights.refusal_of_all(self.wanted()), self
        )
        self.look_button.setDefault(True)
        split = QVBoxLayout() if form_above else QHBoxLayout()
        split.setSpacing(2 * STEP if form_above else 4 * STEP)
        split.addWidget(self.form)
        split.addWidget(self.view, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addLayout(split, 1)
        for part in (self.leave_out, self.refusal, self.right, self.work, self.buttons):
            layout.addWidget(part)
        self.look_button.clicked.connect(self.look)
        self.buttons.accepted.connect(self.write)
        self.buttons.rejected.connect(self.reject)
        self.leave_out.toggled.connect(self._offer)
        self.work.running_changed.connect(self._running_changed)
        self.work.failed.connect(self._failed)

    @abstractmethod
    def wanted(self) -> Iterable[Sequence[str]]:
        """The rights that the form takes, which must all be there: of each the paths of which one
        must be allowed."""

    @abstractmethod
    def checking(self) -> Checking:
        """The work that reports what the form would change; raises `Refused` when the form is not
        complete."""

    @abstractmethod
    def writing(self, report: Report) -> Writing:
        """The work that writes what was previewed."""

    def look(self) -> None:
        """Shows what the form would change."""
        if self.work.is_running:
            return
        self.forget()
        try:
            check = self.checking()
        except Refused as error:
            self.refuse(str(error))
            return
        self.view.show_text("Checking what would change ...")

        async def steps(progress: Progress) -> None:
            self._show(await self._background.act(lambda: check(progress)))

        self.work.start("Checking", steps)

    def write(self) -> None:
        """Writes what was previewed, as one version."""
        if self.work.is_running or self.report is None or not self.write_button.isEnabled():
            return
        self.refuse("")
        write = self.writing(self.report)

        async def steps(progress: Progress) -> None:
            written = await with_reason(
                self._background, self._acting, self, lambda acting: write(acting, progress)
            )
            self.written.emit(written)
            self.accept()

        self.work.start("Writing", steps)

    def forget(self) -> None:
        """Drops the preview: the form has changed since."""
        self.report = None
        self.refuse("")
        self.leave_out.hide()
        self.leave_out.setChecked(False)
        self.view.show_text("Choose Preview to see what would change. Nothing is written before.")
        self._offer()

    def refuse(self, text: str) -> None:
        """Says why it can't be done; nothing when the text is empty."""
        self.refusal.say(text)

    def reject(self) -> None:
        """Stops what is under way; else closes."""
        if self.work.is_running:
            self.work.cancel()
        else:
            super().reject()

    def _show(self, report: Report) -> None:
        self.report = report
        self.view.show_report(report)
        some = any(line.cells for line in report.lines)
        self.leave_out.setVisible(bool(report.refused) and some)
        if report.refused:
            self.refusal.say(
                f"{words.counted(len(report.refused), 'line')} of"
                f" {words.number(len(report.lines))} can't be written. Nothing can be written"
                " unless you leave them out.",
                _who_could(report),
            )

    def _running_changed(self, running: bool) -> None:
        self._offer()
        if not running and self.write_button.isEnabled():
            self.write_button.setDefault(True)
            if holder(self) is self.look_button:
                give_keys(self.write_button)

    def _offer(self) -> None:
        running = self.work.is_running
        report = self.report
        may = report is not None and bool(report.cells)
        if report is not None and report.refused and not self.leave_out.isChecked():
            may = False
        self.right.offer(possible=may and not running)
        self.look_button.setEnabled(not running)
        self.form.setEnabled(not running)
        self.leave_out.setEnabled(not running)
        if not may:
            self.look_button.setDefault(True)

    def _failed(self, text: str) -> None:
        if self.report is None:
            self.view.show_text("")
        self.refuse(text)


def _who_could(report: Report) -> tuple[str, ...]:
    """The e-groups that could write the lines for which the person lacks a right."""
    refusals = [line.refused for line in report.refused]
    lacking = [each.egroups or () for each in refusals if isinstance(each, NotPermitted)]
    return tuple(dict.fromkeys(egroup for egroups in lacking for egroup in egroups))
