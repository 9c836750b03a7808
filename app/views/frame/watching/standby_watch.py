"""Tells while a standby is read how far behind the primary it is."""

from PySide6.QtCore import QObject, QTimer, Signal

from app.services import databases
from app.views.places import PlaceContext

_EVERY_MS = 1000


class StandbyWatch(QObject):
    """Looks every second; nobody is asked, as whoever reads there has just been told.

    Signals: `said(str)` after each look: that a standby is read, empty while none is.
    """

    said = Signal(str)

    def __init__(self, context: PlaceContext, parent: QObject) -> None:
        super().__init__(parent)
        self._db = context.acting.db
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Looks from now on, where a standby may be read."""
        if self._db.reads_standby:
            self._timer.start()

    def stop(self) -> None:
        """Looks no more."""
        self._timer.stop()

    def look(self) -> None:
        """Looks now."""
        self.said.emit(databases.standby_words(self._db))
