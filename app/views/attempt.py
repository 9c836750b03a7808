"""Long work that tells how far it is and can be cancelled."""

import threading
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.views.background import Job


class Attempt(QObject):
    """One piece of work: it stops when the person cancels, or when the program ends.

    Signals: `progressed(float)`, 0 to 1; in the GUI thread whoever calls `tell`.
    """

    progressed = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job: Job[Any] | None = None
        self._stop = threading.Event()

    def tell(self, share: float) -> None:
        """How far the work is; from its thread."""
        if not self.is_cancelled():
            self.progressed.emit(share)

    def cancel(self) -> None:
        """Has the work stop as soon as it asks."""
        self._stop.set()

    def is_cancelled(self) -> bool:
        """Asked by the work itself, from its thread."""
        return self._stop.is_set() or (self.job is not None and self.job.is_cancelled())
