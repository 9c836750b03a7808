"""Dialogs that act; a refusal is shown inside them, and they stay open."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.certification.second_eyes import NeedsReason
from app.domain.errors import Refused, Unavailable
from app.views.background import Background
from app.views.focus import give_keys, holder
from app.views.rights import Rights
from app.views.widgets.dialogs.fitting import make_room
from app.views.widgets.dialogs.refusal_line import RefusalLine, RightLine


class Done(NamedTuple):
    """The sentence on what was done, and the version to undo, if it can be undone."""

    text: str
    version: int | None = None


Outcome = str | Done


class ActionDialog(QDialog):
    """A form, a place for refusals, and a button that acts in the background.

    With `rights` the button is greyed while the person may not do it. Signals: `acted(str, object)`
    with the sentence on what was done and the version to undo or None; the dialog closes then.
    """

    acted = Signal(str, object)

    def __init__(
        self,
        background: Background,
        title: str,
        submit: str,
        parent: QWidget | None = None,
        *,
        rights: Rights | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setMinimumWidth(440)
        self._background = background
        self.form = QFormLayout()
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._is_acting = False
        self._possible = True
        self._reason: QLineEdit | None = None
        self.refusal = RefusalLine(self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.submit_button = self.buttons.addButton(submit, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self.submit)
        self.buttons.rejected.connect(self.reject)
        self.parts = QVBoxLayout(self)
        self.parts.addLayout(self.form)
        self.parts.addStretch(1)
        self.parts.addWidget(self.refusal)
        self.right: RightLine | None = None
        if rights is not None:
            self.right = RightLine(
                rights, self.submit_button, lambda: rights.refusal_of_all(self.wanted()), self
            )
            self.parts.addWidget(self.right)
        self.parts.addWidget(self.buttons)
        # Not before it is in the dialog: else Cancel may become the one that Enter presses.
        self.submit_button.setDefault(True)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.look()
        # The buttons are made before the form: Qt would give the keyboard to one of them.
        if holder(self) is None or isinstance(holder(self), QAbstractButton):
            for row in range(self.form.rowCount()):
                item = self.form.itemAt(row, QFormLayout.ItemRole.FieldRole)
                field = None if item is None else item.widget()
                if isinstance(field, QLineEdit | QComboBox) and give_keys(field, select=True):
                    return

    def work(self) -> Callable[[], Outcome]:
        """The action on what the form holds; raises `Refused` when the form can't be read."""
        raise NotImplementedError

    def wanted(self) -> Iterable[Sequence[str]]:
        """The rights that it takes, which must all be there: of each the paths of which one must be
        allowed."""
        return ()

    def look(self) -> None:
        """Offers the button where what the form says now is possible and allowed."""
        possible = self._possible and not self._is_acting
        if self.right is None:
            self.submit_button.setEnabled(possible)
        else:
            self.right.offer(possible=possible)
        self.submit_button.setDefault(True)  # while it couldn't be pressed, Cancel was

    def set_possible(self, possible: bool) -> None:
        """Whether there is anything to act on."""
        self._possible = possible
        self.look()

    def submit(self) -> None:
        """Acts, unless it is already acting."""
        if not self.submit_button.isEnabled():
            return
        self.refuse("")
        try:
            work = self.work()
        except Refused as error:
            self.refuse(str(error))
            return
        self._set_acting(True)
        self._background.run(self._submit(work), self)

    async def _submit(self, work: Callable[[], Outcome]) -> None:
        try:
            await self._background.attempt(work, self._acted, self._refused)
        except Exception:
            self._set_acting(False)
            raise
        self._set_acting(False)

    def _set_acting(self, acting: bool) -> None:
        self._is_acting = acting
        self.look()

    def _acted(self, outcome: Outcome) -> None:
        done = outcome if isinstance(outcome, Done) else Done(outcome)
        self.acted.emit(done.text, done.version)
        self.accept()

    def _refused(self, error: Refused | Unavailable) -> None:
        if isinstance(error, Refused):
            self.show_refusal(error)
        else:
            self.refusal.tell(error)

    def show_refusal(self, error: Refused) -> None:
        """Shows why the action was refused; asks for a reason where that is all it lacks."""
        if isinstance(error, NeedsReason) and self._reason is None:
            self._reason = QLineEdit(placeholderText="Kept with the change")
            self._reason.setAccessibleName("Reason")
            self.form.addRow("Reason", self._reason)
            self._reason.show()
            make_room(self._reason)
        self.refusal.tell(error)
        if isinstance(error, NeedsReason) and self._reason is not None:
            give_keys(self._reason)

    @property
    def given_reason(self) -> str:
        """Why something that is verified changes; empty until it was asked for."""
        return "" if self._reason is None else self._reason.text().strip()

    def refuse(self, text: str) -> None:
        """Shows why it was refused; nothing when the text is empty."""
        self.refusal.say(text)
