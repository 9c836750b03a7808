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
    style has changed: a window of a thousand hears nobody for as long as that takes. So they are
    dressed a few in a turn, those that are seen first; what they look like is painted at once, when
    all of these are dressed.
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
        self._unpainted: list[QWidget] = []
        self._steps: Iterator[None] | None = None
        self._next_turn = QTimer(self, singleShot=True, interval=0)
        self._next_turn.timeout.connect(self._turn)

    @property
    def is_done(self) -> bool:
        """Whether every widget wears the look."""
        return self._steps is None

    def begin(self) -> None:
        """Dresses every widget anew, from the next turn on."""
        self._steps = self._change()
        self._next_turn.start()

    def stop(self) -> None:
        """Leaves things as they are."""
        self._steps = None
        self._bare = []
        self._paint_again()
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
        seen = self._change_sheet()
        yield
        style = self._application.style()
        hidden = len(self._bare) - seen
        while self._bare:
            widget = self._bare.pop()
            if isValid(widget):
                style.unpolish(widget)
                self._dress(widget)
            if len(self._bare) == hidden:
                self._paint_again()
            yield
        self._paint_again()

    def _change_sheet(self) -> int:
        """Nobody wears the sheet yet. Returns how many are seen: these are dressed first, and
        their windows stay as they are painted until then."""
        all_ = self._application.allWidgets()
        dressed = [widget for widget in all_ if widget.testAttribute(_IS_DRESSED)]
        known = set(dressed)
        left = [widget for widget in self._bare if isValid(widget) and widget not in known]
        left += dressed
        seen = [widget for widget in left if widget.isVisible()]
        self._bare = [widget for widget in left if not widget.isVisible()]
        self._bare += reversed(seen)
        windows = (widget for widget in seen if widget.isWindow() and widget.updatesEnabled())
        for window in windows:
            window.setUpdatesEnabled(False)
            self._unpainted.append(window)
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
        return len(seen)

    def _paint_again(self) -> None:
        for window in self._unpainted:
            if isValid(window):
                window.setUpdatesEnabled(True)
        self._unpainted = []

    def _dress(self, widget: QWidget) -> None:
        widget.setAttribute(_IS_DRESSED)
        self._application.style().polish(widget)
        self._application.sendEvent(widget, QEvent(QEvent.Type.StyleChange))
