"""Dresses the widgets of the program in another style sheet, a few in each turn of the loop."""

from collections.abc import Callable, Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

_AT_ONCE = 120
_DRESSED = Qt.WidgetAttribute.WA_WState_Polished
_LEFT_OUT = Qt.WidgetAttribute.WA_SetStyle


class Dressing(QObject):
    """Has widgets wear what `sheet` returns.

    Qt dresses all of them in one go, which holds up the keys. Most are in places that aren't seen:
    they are undressed and left out before, and dressed afterwards, by and by. A sheet over another
    one would dress each widget once for each that it is in, so the old one goes first.
    """

    def __init__(
        self, application: QApplication, sheet: Callable[[], str], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._application = application
        self._sheet = sheet
        self._frozen: list[QWidget] = []
        self._left_out: list[QWidget] = []
        self._steps: Iterator[None] = iter(())
        self._again = False
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._go_on)

    @property
    def is_done(self) -> bool:
        """Whether every widget wears the sheet."""
        return not self._turn.isActive()

    def begin(self) -> None:
        """Dresses every widget anew; windows are painted when what is seen of them is dressed."""
        self._freeze()
        if self._turn.isActive():
            self._again = True
        else:
            self._steps = self._dress()
            self._turn.start()

    def stop(self) -> None:
        """Leaves things as they are."""
        self._turn.stop()

    def _go_on(self) -> None:
        for _ in self._steps:
            self._turn.start()
            return
        if self._again:
            self._again = False
            self._steps = self._dress()
            self._turn.start()

    def _dress(self) -> Iterator[None]:
        style = self._application.style()
        left_out = self._hidden()
        yield
        for widget in self._by_and_by(left_out):
            if widget is None:
                yield
            elif not widget.testAttribute(_LEFT_OUT):
                style.unpolish(widget)
                widget.setAttribute(_DRESSED, on=False)
                widget.setAttribute(_LEFT_OUT)
                self._left_out.append(widget)
        self._application.setStyleSheet("")
        yield
        self._application.setStyleSheet(self._sheet())
        self._thaw()
        yield
        left_out, self._left_out = self._left_out, []
        for widget in self._by_and_by(left_out):
            if widget is None:
                yield
            else:
                widget.setAttribute(_LEFT_OUT, on=False)
                widget.style().polish(widget)
                widget.setAttribute(_DRESSED)
                QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))

    def _hidden(self) -> list[QWidget]:
        return [
            widget
            for widget in self._application.allWidgets()
            if widget.testAttribute(_DRESSED) and not widget.isVisible()
        ]

    def _by_and_by(self, widgets: list[QWidget]) -> Iterator[QWidget | None]:
        """Those that are still there; None where a turn ends."""
        for start in range(0, len(widgets), _AT_ONCE):
            # What Qt made by itself may be gone since the last turn, and `isValid` can't know.
            there = set(self._application.allWidgets())
            for widget in widgets[start : start + _AT_ONCE]:
                if widget in there:
                    yield widget
            yield None

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
