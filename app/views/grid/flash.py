"""Cells that light up for a moment because somebody changed them."""

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from app.domain.editing.selection import Selection

_STEPS = 6
_STEP_MS = 200
_STEADY = 0.6


class Flash(QObject):
    """Fades in steps, or is one steady light where the system is set to less motion.

    Signals: `changed()` whenever it has to be painted again.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._left = 0
        self._clock = QTimer(self, interval=_STEP_MS)
        self._clock.timeout.connect(self._fade)
        self.cells = Selection.empty(0)

    @property
    def strength(self) -> float:
        """1 at the beginning, then less."""
        fades = QApplication.isEffectEnabled(Qt.UIEffect.UI_General)
        return self._left / _STEPS if fades else _STEADY

    def begin(self, cells: Selection) -> None:
        """Lights cells up, besides those that are lit already."""
        if not cells:
            return
        fading = self._left > 0 and self.cells.length == cells.length
        self.cells = self.cells | cells if fading else cells
        self._left = _STEPS
        self._clock.start()
        self.changed.emit()

    def end(self) -> None:
        """Ends at once."""
        self._clock.stop()
        self._left = 0
        self.cells = Selection.empty(0)
        self.changed.emit()

    def _fade(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.end()
        else:
            self.changed.emit()
