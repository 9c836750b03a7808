"""Measures now and then how far the clock of this machine is off the server's; while that is
silent, whether it answers again."""

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.clock import clock_words
from app.services import databases
from app.views.background import Work
from app.views.places import PlaceContext

_EVERY_MS = 10 * 60 * 1000


class ClockWatch(QObject):
    """Measures at the start, again when the server is back, and every ten minutes.

    Signals: `said(str)` after each time: what is wrong with the clock, empty when nothing is.
    """

    said = Signal(str)

    def __init__(self, context: PlaceContext, parent: QObject) -> None:
        super().__init__(parent)
        background = context.background
        self._acting = context.acting
        self._background = background
        self._notices = context.notices
        self._is_off = False
        self._work = Work(background, self)
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.measure)
        background.outage.connect(self._probe)
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

    def _probe(self) -> None:
        """Without anybody who waits for the server nobody would try whether it is back."""
        if not self._work.is_running:
            self.measure()

    async def _measure(self) -> None:
        db = self._acting.db
        text = clock_words(await self._background.read(lambda: databases.measure_clock(db)))
        if text and not self._is_off:
            self._notices.warn(f"{text} All ages are counted by the server's. Set the clock right.")
        self._is_off = bool(text)
        self.said.emit(text)
