"""When it is time to look again at what is left to do."""

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

_AFTER_MS = 1000
_SHARE = 5
_AT_LATEST_MS = 60_000


class LookAgain(QObject):
    """Gathers changes, so that many in succession are one look, and looking isn't most of what
    is done.

    Signals: `wanted()`.
    """

    wanted = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_outdated = False
        self._took_ms = 0
        self._since = QElapsedTimer()
        self._pause = QTimer(self, singleShot=True)
        self._pause.timeout.connect(self.wanted)

    @property
    def is_waiting(self) -> bool:
        """Whether it will be wanted in a moment."""
        return self._pause.isActive()

    def note_change(self, *, in_front: bool) -> None:
        """Something that is shown has changed; behind another place that only is remembered."""
        self.is_outdated = True
        if in_front and not self.is_waiting:
            pause = max(_AFTER_MS, _SHARE * self._took_ms)
            self._pause.start(min(pause, _AT_LATEST_MS))

    def begin(self) -> None:
        """It is being looked at."""
        self.is_outdated = False
        self._pause.stop()
        self._since.start()

    def end(self) -> None:
        """It was looked at."""
        self._took_ms = self._since.elapsed()
