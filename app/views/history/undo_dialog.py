"""The dialog that undoes a version, after a preview of what comes back and what doesn't."""

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.clock import server_now
from app.domain.errors import Refused
from app.domain.history.cells import Action
from app.domain.progress import Progress
from app.services.acting import Acting
from app.services.history import undo
from app.services.history.undo_preview import Preview
from app.views.background import Background, Work
from app.views.changes.changes_table import ChangesTable
from app.views.history.undo_lines import UNDO_GROUPS, undo_lines
from app.views.looks import words
from app.views.looks.ages import Ages
from app.views.looks.theme import STEP, Themes
from app.views.rights import nothing_here, offer
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.dialogs.long_work import LongWork
from app.views.widgets.dialogs.refusal_line import RefusalLine
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_SIZE = (1120, 600)
_BY_HAND = (
    "Some of these were automatic values. They come back as set by hand, which can't be withdrawn:"
    " they hide later automatic values."
)


class UndoDialog(QDialog):
    """Lists what undoing a version does, with the lumisections drawn, and undoes it.

    Signals: `undone(Undone)`; the dialog closes then.
    """

    undone = Signal(object)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        version: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Undo version {version}")
        resize_to_fit(self, *_SIZE)
        self._acting = acting
        self._background = background
        self.version = version
        self.preview: Preview | None = None
        self._previewing = Work(background, self)
        self.made = Label(wordWrap=True)
        self.made.setProperty("role", "muted")
        self.made.setTextFormat(Qt.TextFormat.PlainText)
        self.summary = Label("Checking what would come back ...", wordWrap=True)
        self.summary.setProperty("role", "title")
        self.by_hand = Label(_BY_HAND, wordWrap=True)
        self.by_hand.setProperty("role", "warning")
        self.by_hand.hide()
        self.bar = LoadingBar(themes)
        self.changes = ChangesTable(themes, "What comes back, and what doesn't")
        self.leave_out = QCheckBox("Leave out what is refused, undo the rest")
        self.leave_out.hide()
        self.comment = QLineEdit(placeholderText="Reason (optional)")
        self.comment.setAccessibleName("Reason")
        self.refusal = RefusalLine(self)
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
        Ages(self, self._say_made)
        self._previewing.running_changed.connect(self.bar.set_loading)
        self._previewing.start(self._load_preview())

    def submit(self) -> None:
        """Undoes the version, unless that is under way already."""
        if self.work.is_running or not self.submit_button.isEnabled():
            return
        self.refuse("")
        self.work.start("Undoing", self._undo)

    def refuse(self, text: str) -> None:
        """Shows why it can't be undone; hides that when the text is empty."""
        self.refusal.say(text)

    def reject(self) -> None:
        """Stops an undo that is under way; else closes."""
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

    async def _load_preview(self) -> None:
        acting, version = self._acting, self.version
        try:
            preview = await self._background.read(lambda: undo.preview(acting, version))
        except Refused as error:
            self._show_no_preview(error)
        else:
            self._show(preview)

    def _show(self, preview: Preview) -> None:
        self.preview = preview
        if preview.redone is not None:
            self.setWindowTitle(f"Redo version {preview.redone}")
            self.submit_button.setText("Redo")
        self.summary.setText(f"Undo {preview.text}.")
        self._say_made()
        self.by_hand.setVisible(preview.by_hand)
        self.changes.show_lines(
            undo_lines(preview),
            length=preview.length,
            groups=UNDO_GROUPS,
            nothing="There is nothing to undo in this version.",
        )
        self.leave_out.setVisible(bool(preview.refused) and preview.restores_anything)
        self._offer()
        self.submit_button.setDefault(True)  # while it was disabled, Cancel was the default
        if why_nothing := nothing_here(self._acting):
            self.refuse(why_nothing)
        elif preview.refused and not preview.restores_anything:
            self.refusal.tell(preview.refused[0].reason)

    def _say_made(self) -> None:
        if self.preview is not None:
            self.made.setText(made_text(self.preview.undone, server_now()))

    def _offer(self) -> None:
        preview = self.preview
        may = preview is not None and preview.restores_anything
        if preview is not None and preview.refused and not self.leave_out.isChecked():
            may = False
        offer(
            self.submit_button,
            nothing_here(self._acting),
            possible=may and not self.work.is_running,
        )
        self.leave_out.setEnabled(not self.work.is_running)
        self.comment.setEnabled(not self.work.is_running)

    def _show_no_preview(self, error: Refused) -> None:
        self.summary.setText(f"Version {self.version} can't be undone.")
        self.changes.hide()
        self.comment.hide()
        self.refusal.tell(error)

    async def _undo(self, progress: Progress) -> None:
        acting, version = self._acting, self.version
        leave_out, comment = self.leave_out.isChecked(), self.comment.text().strip()
        undone = await self._background.act(
            lambda: undo.undo(
                acting, version, comment=comment, leave_out_refused=leave_out, progress=progress
            )
        )
        self.undone.emit(undone)
        self.accept()


def made_text(action: Action, now: datetime) -> str:
    """Who made a version, when and why, in a line."""
    how = "by" if action.manual else "automatic, by"
    text = f"{how} {action.by}, {words.time(action.at)} ({words.ago(action.at, now)})"
    return f"{text}: {action.comment}" if action.comment else text
