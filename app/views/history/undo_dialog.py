"""Takes a version back, after showing what comes back and what doesn't."""

from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import Refused
from app.domain.history.undo import is_redo, undone_version
from app.views import words
from app.views.backend.done import Done
from app.views.backend.history import REFUSED, UNDO_GROUPS, History, UndoPreview, Version
from app.views.background import Background
from app.views.grid.changes_table import ChangesTable
from app.views.theme import STEP, Themes
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.long_work import Asked, LongWork, Report
from app.views.widgets.plain import Label

_SIZE = (1120, 600)
_BY_HAND = (
    "Some of it were automatic values. They come back as your word, because a person's word can't"
    " be withdrawn: later automatic values won't show there."
)


class UndoDialog(QDialog):
    """Lists what undoing a version does, with the lumisections drawn, and does it.

    Signals: `undone(Done)`; the dialog closes then.
    """

    undone = Signal(object)

    def __init__(
        self,
        history: History,
        background: Background,
        themes: Themes,
        atomic_version: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Undo version {atomic_version}")
        self.resize(*_SIZE)
        self._history = history
        self._background = background
        self.atomic_version = atomic_version
        self.preview: UndoPreview | None = None
        self.made = Label(wordWrap=True)
        self.made.setProperty("role", "muted")
        self.made.setTextFormat(Qt.TextFormat.PlainText)
        self.summary = Label("Looking what would come back ...", wordWrap=True)
        self.summary.setProperty("role", "title")
        self.by_hand = Label(_BY_HAND, wordWrap=True)
        self.by_hand.setProperty("role", "warning")
        self.by_hand.hide()
        self.bar = LoadingBar(themes)
        self.changes = ChangesTable(themes, "What comes back, and what doesn't")
        self.leave_out = QCheckBox("Undo the rest, leave out what is refused")
        self.leave_out.hide()
        self.comment = QLineEdit(placeholderText="Why (optional)")
        self.comment.setAccessibleName("Why")
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.setAccessibleName("Why it was refused")
        self.refusal.hide()
        self.work = LongWork(background)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.submit_button = self.buttons.addButton("Undo", QDialogButtonBox.ButtonRole.AcceptRole)
        self.submit_button.setEnabled(False)
        self._lay_out()
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        self.leave_out.toggled.connect(self._offer)
        self.work.failed.connect(self.refuse)
        self.work.running_changed.connect(self._offer)
        self.bar.set_loading(True)
        background.read_then(
            lambda: history.preview_undo(atomic_version),
            self._show,
            owner=self,
            refused=self._no_preview,
            finished=lambda: self.bar.set_loading(False),
        )

    def submit(self) -> None:
        """Does it, unless it is being done already."""
        if self.work.is_running or not self.submit_button.isEnabled():
            return
        self.refuse("")
        history, version = self._history, self.atomic_version
        leave_out, comment = self.leave_out.isChecked(), self.comment.text().strip()

        def undo(report: Report, asked: Asked) -> Done | None:
            return history.undo(
                version,
                leave_out_refused=leave_out,
                comment=comment,
                progress=report,
                cancelled=asked,
            )

        self.work.run("Undoing", undo, self._done)

    def refuse(self, text: str) -> None:
        """Says why it can't be done; nothing when the text is empty."""
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))

    def reject(self) -> None:
        """Stops what is being undone; else closes."""
        if self.work.is_running:
            self.work.cancel()
        else:
            super().reject()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 3 * STEP, 4 * STEP, 3 * STEP)
        layout.setSpacing(2 * STEP)
        for widget in (self.summary, self.made, self.by_hand):
            layout.addWidget(widget)
        layout.addWidget(self.bar)
        layout.addWidget(self.changes, 1)
        for part in (self.comment, self.leave_out, self.refusal, self.work, self.buttons):
            layout.addWidget(part)

    def _show(self, preview: UndoPreview) -> None:
        self.preview = preview
        redone = undone_version(preview.version.comment)
        if redone is not None and not is_redo(preview.version.comment):
            self.setWindowTitle(f"Redo version {redone}")
            self.submit_button.setText("Redo")
        self.summary.setText(preview.summary)
        self.made.setText(made_text(preview.version, datetime.now(UTC)))
        self.by_hand.setVisible(preview.by_hand)
        self.changes.show_lines(
            preview.lines,
            length=preview.length,
            groups=UNDO_GROUPS,
            nothing="There is nothing to undo in this version.",
        )
        self.leave_out.setVisible(bool(preview.refused and preview.restored))
        self._offer()
        self.submit_button.setDefault(True)  # while it couldn't be pressed, Cancel was
        if preview.refused and not preview.restored:
            reasons = (line.note for line in preview.lines if line.group == REFUSED)
            self.refuse(next(reasons))

    def _offer(self) -> None:
        preview = self.preview
        may = preview is not None and bool(preview.restored)
        if preview is not None and preview.refused and not self.leave_out.isChecked():
            may = False
        self.submit_button.setEnabled(may and not self.work.is_running)
        self.leave_out.setEnabled(not self.work.is_running)
        self.comment.setEnabled(not self.work.is_running)

    def _no_preview(self, error: Refused) -> None:
        self.summary.setText("It can't be undone.")
        self.changes.hide()
        self.comment.hide()
        self.refuse(str(error))

    def _done(self, done: Done) -> None:
        self.undone.emit(done)
        self.accept()


def made_text(version: Version, now: datetime) -> str:
    """Who made a version, when and why, in a line."""
    how = "by" if version.by_hand else "automatic, by"
    text = f"{how} {version.by}, {words.time(version.at)} ({words.ago(version.at, now)})"
    return f"{text}: {version.comment}" if version.comment else text
