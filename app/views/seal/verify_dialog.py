"""The dialog that verifies the sealed history, and keeps or compares a checkpoint."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app import files
from app.domain.errors import Refused
from app.domain.progress import Cancelled, Progress
from app.domain.seal.findings import Report
from app.domain.seal.notes import PublicKey
from app.domain.text.plain_text import harmless
from app.services.acting import Acting
from app.services.seal import proofs, verifying, wanted
from app.services.seal.proofs import Root
from app.services.seal.verifying import EVERYTHING, Wanted
from app.views.background import Background
from app.views.focus import give_keys_once_shown
from app.views.looks.theme import STEP, monospaced, set_property
from app.views.notices import Notices
from app.views.widgets.dialogs.long_work import LongWork
from app.views.widgets.dialogs.save_file import FileSaver
from app.views.widgets.plain import Label

_SIZE = (760, 230)
_HEIGHT_WITH_FINDINGS = 480
_KIND = "Checkpoint (*.txt)"
_FILE = "run-registry-checkpoint.txt"
_ABOUT = (
    "Verifying computes the whole sealed history again and names what was altered, removed or"
    " slipped in. Keep a checkpoint outside the database: only with it a history that was cut off"
    " or made anew is found later."
)


class VerifyDialog(QDialog):
    """Verifies when it is asked to; what is read changes nothing."""

    def __init__(
        self,
        acting: Acting,
        background: Background,
        notices: Notices,
        key: PublicKey | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Verify history")
        self.resize(*_SIZE)
        self._acting = acting
        self._background = background
        self._all = replace(EVERYTHING, key=key)
        about = Label(_ABOUT, wordWrap=True)
        about.setProperty("role", "muted")
        self.verdict = Label(wordWrap=True)
        self.verdict.setAccessibleName("Result")
        self.details = Label(wordWrap=True)
        self.details.setAccessibleName("What there is to know besides")
        self.findings = QPlainTextEdit(readOnly=True)
        self.findings.setAccessibleName("What was altered")
        self.findings.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.findings.setFont(monospaced())
        self.findings.hide()
        self.work = LongWork(background)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.verify_button = self._button(
            "Verify", self.verify, QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.compare_button = self._button("Compare with a checkpoint...", self.ask_checkpoint)
        self.save_button = self._button("Save checkpoint...", self.save_checkpoint)
        self.copy_button = self._button("Copy checkpoint", self.copy_checkpoint)
        self.buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        self.verify_button.setDefault(True)
        give_keys_once_shown(self.verify_button)
        self._saver = FileSaver(background, notices, self, self._refuse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(2 * STEP)
        for widget in (about, self.verdict, self.details):
            layout.addWidget(widget)
        layout.addWidget(self.findings, 1)
        layout.addStretch(0)
        layout.addWidget(self.work)
        layout.addWidget(self.buttons)
        self.buttons.rejected.connect(self.reject)
        self.work.running_changed.connect(self._offer)
        self.work.failed.connect(lambda text: self._tell(text, "refusal"))

    def verify(self) -> None:
        """Verifies everything."""
        self._start(lambda: self._all)

    def ask_checkpoint(self) -> None:
        """Asks for a kept checkpoint, then verifies that the history begins with it."""
        dialog = QFileDialog(self, "Compare with a checkpoint", "", f"{_KIND};;All files (*)")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self.compare(Path(file)))
        dialog.open()

    def compare(self, file: Path) -> None:
        """Verifies everything, and that the history begins with a kept checkpoint."""

        self._start(lambda: wanted.since(self._acting, str(file), self._all))

    def save_checkpoint(self) -> None:
        """Asks for a file and writes the newest root there."""
        self._with_root(
            lambda root: self._saver.ask_where(
                "Save checkpoint", _FILE, _KIND, lambda file: files.write(file, root.note)
            )
        )

    def copy_checkpoint(self) -> None:
        """Puts the newest root on the clipboard."""

        def copy(root: Root) -> None:
            QGuiApplication.clipboard().setText(root.note)
            how = "" if root.is_signed else ", which nobody has signed"
            self._tell(f"Copied the checkpoint of {root.checkpoint.size} leaves{how}.", "")

        self._with_root(copy)

    def reject(self) -> None:
        """Stops what is under way; else closes."""
        if self.work.is_running:
            self.work.cancel()
        else:
            super().reject()

    def _start(self, asked: Callable[[], Wanted]) -> None:
        if self.work.is_running:
            return
        self._tell("", "")

        async def steps(progress: Progress) -> None:
            try:
                report = await self._background.read(
                    lambda: verifying.verify(self._acting, asked(), progress)
                )
            except Cancelled:
                self._tell("Cancelled before the end: nothing is known.", "")
            else:
                self.show_report(report)

        self.work.start("Verifying", steps)

    def show_report(self, report: Report) -> None:
        """Shows what was found."""
        role = "" if not report.size else "success" if report.good else "refusal"
        self._tell(report.summary, role, report.lines if report.size else ())
        if report.findings:
            self.resize(self.width(), max(self.height(), _HEIGHT_WITH_FINDINGS))
        self.findings.setVisible(bool(report.findings))
        self.findings.setPlainText("\n\n".join(harmless(each) for each in report.texts))

    def _with_root(self, then: Callable[[Root], object]) -> None:
        async def steps() -> None:
            try:
                root = await self._background.read(lambda: proofs.newest_root(self._acting))
            except Refused as error:
                self._refuse(error)
            else:
                then(root)

        self._background.run(steps(), self)

    def _refuse(self, error: Refused) -> None:
        self._tell(str(error), "refusal")

    def _tell(self, verdict: str, role: str, details: Sequence[str] = ()) -> None:
        set_property(self.verdict, "role", role)
        self.verdict.setText(verdict)
        self.verdict.setVisible(bool(verdict))
        self.details.setText("\n".join(details))
        self.details.setVisible(bool(details))
        self.findings.hide()

    def _offer(self, running: bool) -> None:
        for button in (
            self.verify_button,
            self.compare_button,
            self.save_button,
            self.copy_button,
        ):
            button.setEnabled(not running)

    def _button(
        self,
        text: str,
        pressed: Callable[[], None],
        role: QDialogButtonBox.ButtonRole = QDialogButtonBox.ButtonRole.ActionRole,
    ) -> QPushButton:
        button = self.buttons.addButton(text, role)
        button.setAutoDefault(False)
        button.clicked.connect(pressed)
        return button
