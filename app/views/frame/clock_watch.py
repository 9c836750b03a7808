"""Measures now and then how far the clock of this machine is off the server's."""

from PySide6.QtCore import QObject, QTimer, Signal

from app.services import databases
from app.services.acting import Acting
from app.views.background import Background, Work

_EVERY_MS = 10 * 60 * 1000


class ClockWatch(QObject):
    """Measures at the start, again when the server is back, and every ten minutes.

    Signals: `measured(timedelta)`: how far the server's clock is ahead.
    """

    measured = Signal(object)

    def __init__(self, acting: Acting, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._work = Work(background, self)
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.measure)
        background.restored.connect(self.measure)

    def start(self) -> None:
        """Measures now, and from now on."""
        self._clock.start()
        self.measure()

    def stop(self) -> None:
        """Measures no more."""
        self._clock.stop()
        self._work.drop()

    def measure(self) -> None:
        """Measures now."""
        self._work.renew(self._measure)

    async def _measure(self) -> None:
        db = self._acting.db
        self.measured.emit(await self._background.read(lambda: databases.measure_clock(db)))
