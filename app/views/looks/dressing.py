"""Dresses the widgets of the program in another style sheet, in two turns of the loop."""

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget


class Dressing(QObject):
    """Has widgets wear what `sheet` returns.

    A sheet over another one would dress each widget once for each that it is in, so the old one
    goes first, in a turn of its own.
    """

    def __init__(
        self, application: QApplication, sheet: Callable[[], str], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._application = application
        self._sheet = sheet
        self._frozen: list[QWidget] = []
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
        self._application.setStyleSheet("")
        yield
        self._application.setStyleSheet(self._sheet())
        self._thaw()

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
