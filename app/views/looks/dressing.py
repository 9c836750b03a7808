"""Dresses the widgets of the program in another style sheet, in two turns of the loop."""

from collections.abc import Callable

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
        self._next_turn = QTimer(self, singleShot=True, interval=0)
        self._next_turn.timeout.connect(self._turn)

    @property
    def is_done(self) -> bool:
        """Whether every widget wears the sheet."""
        return not self._next_turn.isActive()

    def begin(self) -> None:
        """Dresses every widget anew; windows are painted again when it is done."""
        self._freeze()
        self._next_turn.start()

    def stop(self) -> None:
        """Leaves things as they are."""
        self._next_turn.stop()

    def _turn(self) -> None:
        if self._application.styleSheet():
            self._application.setStyleSheet("")
            self._next_turn.start()
        else:
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
