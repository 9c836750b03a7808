"""Asking for a reason, where something that a second person verified would change."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from app.domain.certification.second_eyes import NeedsReason
from app.services.acting import Acting
from app.views.background import Background
from app.views.focus import give_keys
from app.views.widgets.plain import Label

Result = TypeVar("Result")


class ReasonDialog(QDialog):
    """Says what is verified, and asks why it changes."""

    def __init__(self, needed: NeedsReason, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Change what is verified")
        self.setMinimumWidth(440)
        self.words = Label(str(needed), wordWrap=True)
        self.reason = QLineEdit(placeholderText="Kept with the change, for everybody to read")
        self.reason.setAccessibleName("Reason")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.change = self.buttons.addButton("Change", QDialogButtonBox.ButtonRole.AcceptRole)
        parts = QVBoxLayout(self)
        parts.addWidget(self.words)
        parts.addWidget(self.reason)
        parts.addWidget(self.buttons)
        self.change.setDefault(True)
        self.change.setEnabled(False)
        self.reason.textChanged.connect(self._look)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        give_keys(self.reason)

    def _look(self) -> None:
        self.change.setEnabled(bool(self.reason.text().strip()))
        self.change.setDefault(True)


async def with_reason(
    background: Background, acting: Acting, parent: QWidget, work: Callable[[Acting], Result]
) -> Result:
    """Acts; where something verified would change, asks for the reason and acts with it. Raises
    NeedsReason when the person gives none."""
    try:
        return await background.act(lambda: work(acting))
    except NeedsReason as needed:
        reason = await _asked(background, needed, parent)
        if not reason:
            raise
    return await background.act(lambda: work(acting.because(reason)))


async def _asked(background: Background, needed: NeedsReason, parent: QWidget) -> str:
    answer = background.promise()
    dialog = ReasonDialog(needed, parent)

    def ended(_code: int) -> None:
        if not answer.done():
            accepted = dialog.result() == QDialog.DialogCode.Accepted
            answer.set_result(dialog.reason.text().strip() if accepted else "")

    dialog.finished.connect(ended)
    dialog.open()
    return await answer
