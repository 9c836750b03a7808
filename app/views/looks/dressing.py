"""Dresses the widgets of the program in another look, a few in each turn of the event loop."""

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

_TURN_S = 0.015
_IS_DRESSED = Qt.WidgetAttribute.WA_WState_Polished
_HAS_OWN_STYLE = Qt.WidgetAttribute.WA_SetStyle


class Dressing(QObject):
    """Has widgets wear what `palette` and `sheet` return.

    An application that gets another sheet dresses all its widgets at once, and tells each that its
    style has changed: a window of a thousand hears nobody for as long as that takes. So widgets are
    undressed beforehand and dressed afterwards, a few in a turn, and nothing is left to the change.
    The old sheet goes first: a sheet over another one would dress each widget once for each that it
    is in, and colours that change below a sheet are worked out for each widget again.
    """

    def __init__(
        self,
        application: QApplication,
        palette: Callable[[], QPalette],
        sheet: Callable[[], str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._application = application
        self._palette = palette
        self._sheet = sheet
        self._frozen: list[QWidget] = []
        self._bare: list[QWidget] = []
        self._steps: Iterator[None] | None = None
        self._next_turn = QTimer(self, singleShot=True, interval=0)
        self._next_turn.timeout.connect(self._turn)

    @property
    def is_done(self) -> bool:
        """Whether every widget wears the look."""
        return self._steps is None

    def begin(self) -> None:
        """Dresses every widget anew; windows are painted again when it is done."""
        self._freeze()
        self._steps = self._change()
        self._next_turn.start()

    def stop(self) -> None:
        """Leaves things as they are."""
        self._steps = None
        self._next_turn.stop()

    def _turn(self) -> None:
        ends = time.perf_counter() + _TURN_S
        while self._steps is not None and time.perf_counter() < ends:
            if next(self._steps, self) is self:
                self._steps = None
        if self._steps is not None:
            self._next_turn.start()

    def _change(self) -> Iterator[None]:
        style = self._application.style()
        for widget in self._application.allWidgets():
            if isValid(widget) and widget.testAttribute(_IS_DRESSED):
                style.unpolish(widget)
                widget.setAttribute(_IS_DRESSED, on=False)
                self._bare.append(widget)
                yield
        self._put_on("")
        self._application.setPalette(self._palette())
        yield
        self._put_on(self._sheet())
        style = self._application.style()
        while self._bare:
            widget = self._bare.pop()
            if isValid(widget):
                widget.setAttribute(_IS_DRESSED)
                style.polish(widget)
                self._application.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
                yield
        self._thaw()

    def _put_on(self, sheet: str) -> None:
        """Qt doesn't tell widgets with a style of their own; each of these is told later."""
        untold = [w for w in self._application.allWidgets() if not w.testAttribute(_HAS_OWN_STYLE)]
        for widget in untold:
            widget.setAttribute(_HAS_OWN_STYLE)
        self._application.setStyleSheet(sheet)
        for widget in untold:
            widget.setAttribute(_HAS_OWN_STYLE, on=False)

    def _freeze(self) -> None:
        for window in self._application.topLevelWidgets():
            if window.isVisible() and window.updatesEnabled():
                window.setUpdatesEnabled(False)
                self._frozen.append(window)

    def _thaw(self) -> None:
        frozen, self._frozen = self._frozen, []
        there = set(self._application.topLevelWidgets())
        for window in frozen:
            if window in there:
                window.setUpdatesEnabled(True)
