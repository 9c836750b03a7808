"""What whoever has the keyboard can do in any window, and the mark that shows who has it."""

from typing import Protocol, cast, runtime_checkable

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFrame,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from app.views.widgets.tables.copying import CopiesItself, copy_selected

_THICK = 2
_CTRL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_KEYPAD = Qt.KeyboardModifier.KeypadModifier
_OF_ACTIONS = _CTRL | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_HELD = {
    *(Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta),
    *(Qt.Key.Key_Super_L, Qt.Key.Key_Super_R, Qt.Key.Key_Mode_switch),
}
_UNDO = (QKeySequence(_CTRL | Qt.Key.Key_Z),)
_REDO = (QKeySequence(_CTRL | Qt.Key.Key_Y), QKeySequence(_CTRL | _SHIFT | Qt.Key.Key_Z))
_ENTER = (QKeySequence(Qt.Key.Key_Return), QKeySequence(_KEYPAD | Qt.Key.Key_Enter))
_SHOW_IT_THEMSELVES = (
    QLineEdit,
    QTextEdit,
    QPlainTextEdit,
    QComboBox,
    QAbstractSpinBox,
    QAbstractButton,
)


def may_be_of_an_action(keys: QKeyCombination) -> bool:
    """Whether actions have such keys. Letters, arrows, Enter and Escape alone are what whoever has
    the keyboard does, and Ctrl alone is only the beginning of a key."""
    if keys.key() in _HELD:
        return False
    is_function_key = Qt.Key.Key_F1 <= keys.key() <= Qt.Key.Key_F35
    return is_function_key or bool(keys.keyboardModifiers() & _OF_ACTIONS)


@runtime_checkable
class UndoesItself(Protocol):
    """Something with a history of its own, such as a text."""

    def undo(self) -> None:
        """Takes the last step back."""
        ...

    def redo(self) -> None:
        """Takes it again."""
        ...


class Keyboard(QObject):
    """Follows the keyboard through the windows of the program.

    Ctrl+C copies what is selected in any view. Ctrl+Z and Ctrl+Y in a text are the text's own,
    also when there is nothing to take back: never those of the database. Enter presses the button
    that has the keys, as Space does; Qt has it so in some dialogs only. A line at the upper edge
    shows which pane has the keys.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._followed: QWidget | None = None
        self._mark: QFrame | None = None
        application = QApplication.instance()
        assert isinstance(application, QApplication)  # there is a window
        application.focusChanged.connect(self._moved)
        self._moved()

    @property
    def marked(self) -> QWidget | None:
        """The pane that is marked as having the keys."""
        mark = self._mark
        return mark.parentWidget() if mark is not None and isValid(mark) else None

    def _moved(self) -> None:
        # Whoever is told first may move the keys on, and then the latest news comes first.
        now = QApplication.focusWidget()
        if now is None or now is self._followed:
            return  # another program is in front: the mark stays where the keys will be
        if self._followed is not None and isValid(self._followed):
            self._followed.removeEventFilter(self)
        self._followed = now
        now.installEventFilter(self)
        self._show_mark(now)

    def _show_mark(self, widget: QWidget) -> None:
        if self._mark is not None and isValid(self._mark):
            self._mark.hide()  # a loop of events inside another deletes nothing of the outer one
            self._mark.deleteLater()
        self._mark = None
        if isinstance(widget, _SHOW_IT_THEMSELVES) or widget.isWindow():
            return
        self._mark = mark = QFrame(widget)
        mark.setObjectName("keys")
        mark.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        mark.setGeometry(0, 0, widget.width(), _THICK)
        mark.show()

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        marked = self.marked
        if kind == QEvent.Type.Resize and marked is watched and marked and self._mark:
            self._mark.setGeometry(0, 0, marked.width(), _THICK)
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            return self._key(cast("QWidget", watched), cast("QKeyEvent", event))
        return super().eventFilter(watched, event)

    def _key(self, widget: QWidget, event: QKeyEvent) -> bool:
        presses = event.type() == QEvent.Type.KeyPress
        keys = QKeySequence(event.keyCombination())
        text = _with_own_undo(widget)
        if text is not None and keys in (*_UNDO, *_REDO):
            event.accept()
            if presses:
                text.undo() if keys in _UNDO else text.redo()
            return True
        if isinstance(widget, QPushButton | QToolButton) and keys in _ENTER:
            event.accept()
            if presses and not event.isAutoRepeat():
                widget.click()
            return True
        copies = isinstance(widget, QAbstractItemView | CopiesItself)
        if copies and event.matches(QKeySequence.StandardKey.Copy):
            event.accept()
            if presses:
                copy_selected(widget)
            return True
        return False


def _with_own_undo(widget: QWidget) -> UndoesItself | None:
    if isinstance(widget, QComboBox | QAbstractSpinBox):
        return widget.findChild(QLineEdit)
    return widget if isinstance(widget, UndoesItself) else None
