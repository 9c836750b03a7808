"""What is typed after Enter on a run, while its lumisections are still being read."""

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from app.views.focus import has_keys, holder

_MOVES = {
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
    *(Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown),
}
_HELD = {Qt.Key.Key_Shift, Qt.Key.Key_AltGr, Qt.Key.Key_CapsLock, Qt.Key.Key_Mode_switch}
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class TypedAhead(QObject):
    """Keeps letters and arrows for a grid that isn't there yet, and hands them over in their order:
    `A`, `G` without the `A` would set another cell than was meant.

    Any other key means something else, and what was typed before it is forgotten. So nobody
    confirms with Enter what they haven't seen.
    """

    def __init__(self, grid: QWidget, parent: QObject) -> None:
        super().__init__(parent)
        self._grid = grid
        self._holder: QWidget | None = None
        self._typed: list[QKeyEvent] = []

    def keep(self) -> None:
        """The grid is wanted: until it is there whoever has the keyboard does without."""
        self.forget()
        self._holder = holder(self._grid)
        if self._holder is not None:
            self._holder.installEventFilter(self)

    def hand_over(self) -> None:
        """The grid is there. It gets what was typed if it got the keyboard, too."""
        typed = self._typed
        self.forget()
        if not has_keys(self._grid):
            return
        for event in typed:
            # A key may take the keyboard elsewhere: `C` to the comment that is typed after it.
            receiver = holder(self._grid)
            if receiver is not None:
                QCoreApplication.sendEvent(receiver, event)

    def forget(self) -> None:
        """Nothing is kept any more."""
        if self._holder is not None and isValid(self._holder):
            self._holder.removeEventFilter(self)
        self._holder, self._typed = None, []

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key in _HELD:
            return False
        is_plain = not event.modifiers() & ~_PLAIN
        if is_plain and (key in _MOVES or (event.text().isprintable() and event.text())):
            self._typed.append(event.clone())
            return True
        self._typed.clear()
        return False
