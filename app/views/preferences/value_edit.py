"""The line in which the value of a setting is typed or chosen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QWidget

from app.domain.preferences import Preference
from app.views.looks.theme import set_property
from app.views.widgets.plain import ChoiceBox

_LONGEST = 10_000


class ValueEdit(QStackedWidget):
    """A line, or a box where there is a choice.

    Signals: `edited()` at every change by the person; `confirmed()` by Enter; `left()` by Escape.
    """

    edited = Signal()
    confirmed = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit()
        self.line.setMaxLength(_LONGEST)
        self.box = ChoiceBox()
        for each in (self.line, self.box):
            each.setAccessibleName("Value")
            self.addWidget(each)
        self.setFixedHeight(self.line.sizeHint().height())
        self.line.textEdited.connect(lambda _text: self.edited.emit())
        self.box.activated.connect(lambda _index: self.edited.emit())

    def home(self) -> QWidget:
        """Who has the keyboard here."""
        return self.box if self.currentWidget() is self.box else self.line

    def text(self) -> str:
        """What is typed or chosen."""
        return self.box.currentText() if self.currentWidget() is self.box else self.line.text()

    def show_setting(self, one: Preference | None) -> None:
        """Shows the value of a setting; of a secret nothing."""
        self.show_fault(is_wrong=False)
        if one is not None and one.choices:
            self.setCurrentWidget(self.box)
            self.box.clear()
            self.box.addItems(one.choices)
            self.box.setCurrentText(one.value)
            return
        self.setCurrentWidget(self.line)
        secret = one is not None and one.is_secret
        echo = QLineEdit.EchoMode
        self.line.setEchoMode(echo.Password if secret else echo.Normal)
        self.line.setText("" if one is None else one.value)
        self.line.setPlaceholderText(_placeholder(one))

    def show_fault(self, *, is_wrong: bool) -> None:
        """Marks the line."""
        set_property(self.line, "wrong", is_wrong)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirmed.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


def _placeholder(one: Preference | None) -> str:
    if one is None:
        return ""
    if one.is_secret:
        return "kept; type to replace it" if one.is_given else "type to keep it in the keyring"
    return one.default or "none"
