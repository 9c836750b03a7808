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
    style has changed: a window of a thousand hears nobody for as long as that takes. So only those
    that are seen are dressed together with the change, and the others after it, a few in a turn.
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
        # Qt forgets what colours widgets had without a sheet when the last sheet goes.
        self._keeper = QWidget()
        self._keeper.setStyleSheet("QWidget {}")
        self._bare: list[QWidget] = []
        self._steps: Iterator[None] | None = None
        self._next_turn = QTimer(self, singleShot=True, interval=0)
        self._next_turn.timeout.connect(self._turn)

    @property
    def is_done(self) -> bool:
        """Whether every widget wears the look."""
        return self._steps is None

    def begin(self) -> None:
        """Dresses every widget anew, those that are seen at the next turn."""
        self._steps = self._change()
        self._next_turn.start()

    def stop(self) -> None:
        """Leaves things as they are."""
        self._steps = None
        self._bare = []
        self._keeper.deleteLater()
        self._next_turn.stop()

    def _turn(self) -> None:
        ends = time.perf_counter() + _TURN_S
        while self._steps is not None and time.perf_counter() < ends:
            if next(self._steps, self) is self:
                self._steps = None
        if self._steps is not None:
            self._next_turn.start()

    def _change(self) -> Iterator[None]:
        self._change_what_is_seen()
        yield
        style = self._application.style()
        while self._bare:
            widget = self._bare.pop()
            if isValid(widget):
                style.unpolish(widget)
                self._dress(widget)
                yield

    def _change_what_is_seen(self) -> None:
        style, all_ = self._application.style(), self._application.allWidgets()
        dressed = [widget for widget in all_ if widget.testAttribute(_IS_DRESSED)]
        seen = [widget for widget in dressed if widget.isVisible()]
        self._bare += (widget for widget in dressed if not widget.isVisible())
        for widget in seen:
            style.unpolish(widget)
        for widget in dressed:
            widget.setAttribute(_IS_DRESSED, on=False)
        # Qt doesn't tell widgets with a style of their own; each of these is told when it is
        # dressed.
        untold = [widget for widget in all_ if not widget.testAttribute(_HAS_OWN_STYLE)]
        for widget in untold:
            widget.setAttribute(_HAS_OWN_STYLE)
        self._application.setStyleSheet("")
        self._application.setPalette(self._palette())
        self._application.setStyleSheet(self._sheet())
        for widget in untold:
            widget.setAttribute(_HAS_OWN_STYLE, on=False)
        for widget in seen:
            if isValid(widget):
                self._dress(widget)

    def _dress(self, widget: QWidget) -> None:
        widget.setAttribute(_IS_DRESSED)
        self._application.style().polish(widget)
        self._application.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
