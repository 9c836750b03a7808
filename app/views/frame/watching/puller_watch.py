"""Looks every second what the pullers of this client do."""

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.sources.pull import PullState, PullStatus
from app.services.pulling.pullers import Pullers
from app.views.background import Background, Work

_EVERY_MS = 1000


class PullerWatch(QObject):
    """Signals: `looked(PullStatus, GuiStatus, SealStatus)`."""

    looked = Signal(object, object, object)

    def __init__(self, pullers: Pullers, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._pullers = pullers
        self._background = background
        self._status: PullStatus | None = None
        self._work = Work(background, self)
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.look)

    @property
    def is_settled(self) -> bool:
        """Whether the first pull of this client is over, or none will come."""
        status = self._status
        if status is None or status.state is PullState.PULLING:
            return False
        return status.state is not PullState.WAITING or status.last_success is not None

    def start(self) -> None:
        """Looks now, and from now on."""
        self._clock.start()
        self.look()

    def stop(self) -> None:
        """Looks no more."""
        self._clock.stop()

    def look(self) -> None:
        """Looks now."""
        self._work.renew(self._look)

    async def _look(self) -> None:
        pullers = self._pullers
        oms, gui, seal = await self._background.read(
            lambda: (pullers.oms_status, pullers.gui_status, pullers.seal_status),
            reaches_server=False,
        )
        self._status = oms
        self.looked.emit(oms, gui, seal)
