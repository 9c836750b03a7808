"""Dresses the widgets of the program in another look, in a few turns of the event loop."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QWidget


class Dressing(QObject):
    """Has widgets wear what `palette` and `sheet` return.

    Qt dresses every widget at each step, so each has a turn of its own. The old sheet goes first: a
    sheet over another one would dress each widget once for each that it is in, and colours that
    change below a sheet are worked out for each widget again.
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
        self._left: list[Callable[[], None]] = []
        self._next_turn = QTimer(self, singleShot=True, interval=0)
        self._next_turn.timeout.connect(self._turn)

    @property
    def is_done(self) -> bool:
        """Whether every widget wears the look."""
        return not self._left

    def begin(self) -> None:
        """Dresses every widget anew; windows are painted again when it is done."""
        self._freeze()
        self._left = [self._undress, self._colour, self._dress, self._thaw]
        self._next_turn.start()

    def stop(self) -> None:
        """Leaves things as they are."""
        self._left = []
        self._next_turn.stop()

    def _turn(self) -> None:
        self._left.pop(0)()
        if self._left:
            self._next_turn.start()

    def _undress(self) -> None:
        self._application.setStyleSheet("")

    def _colour(self) -> None:
        self._application.setPalette(self._palette())

    def _dress(self) -> None:
        self._application.setStyleSheet(self._sheet())

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
