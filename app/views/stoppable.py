"""Work under way that a person, another piece of work, or the end of the program stops."""

import threading
from typing import Protocol

from PySide6.QtCore import QObject, Signal


class Cancellable(Protocol):
    """A job of the background."""

    def is_cancelled(self) -> bool:
        """Asked by the work itself, from its thread."""
        ...


class Stoppable:
    """Asked from the thread that computes whether it should go on."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self.job: Cancellable | None = None

    @property
    def stopping(self) -> bool:
        """Whether somebody asked it to stop; the outcome still arrives."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Asks it to stop."""
        self._stop.set()

    def is_cancelled(self) -> bool:
        """Whether it was asked to stop, or nobody waits for the outcome any more."""
        return self._stop.is_set() or (self.job is not None and self.job.is_cancelled())


class Attempt(QObject, Stoppable):
    """Work that also tells how far it is; made, and with its parent gone, in the GUI thread.

    Signals: `progressed(object)` with what the work told, in the GUI thread.
    """

    progressed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        QObject.__init__(self, parent)
        Stoppable.__init__(self)

    def tell(self, share: object) -> None:
        """How far the work is, as a share or in words; from its thread."""
        if not self.is_cancelled():
            self.progressed.emit(share)
