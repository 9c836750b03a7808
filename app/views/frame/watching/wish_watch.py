"""Tells what became of what the person asked a puller for."""

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.certification.wishes import MadeWish, WishState
from app.domain.errors import Refused
from app.services.wishes import lists
from app.views.background import Work
from app.views.places import PlaceContext

_EVERY_MS = 5_000


class WishWatch(QObject):
    """Looks when somebody has made a wish or a puller has done one; while some of the person's own
    wait also now and then, as a puller may come or go.

    Signals: `said(str)`: how many wait and whether for want of a puller, empty when none does.
    """

    said = Signal(str)

    def __init__(self, context: PlaceContext, parent: QObject) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._notices = context.notices
        self._waiting: frozenset[int] = frozenset()
        self._heard: set[int] = set()
        self._told: set[int] = set()
        self._work = Work(context.background, self)
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.look)

    def stop(self) -> None:
        """Looks no more."""
        self._clock.stop()
        self._work.drop()

    def hear(self, number: int) -> None:
        """Somebody's wish was made, or has its outcome."""
        self._heard.add(number)
        self.look()

    def look(self) -> None:
        """Looks now."""
        self._work.renew(self._look)

    async def _look(self) -> None:
        acting, before = self._acting, self._waiting | self._heard
        self._heard.clear()
        text, waiting, ended = await self._background.read(lambda: lists.news(acting, before))
        self._waiting = waiting
        for each in ended:
            # One that was done at once is heard of twice.
            if each.id not in self._told:
                self._told.add(each.id)
                self._tell(each)
        self.said.emit(text)
        if waiting:
            self._clock.start()
        else:
            self._clock.stop()

    def _tell(self, made: MadeWish) -> None:
        if made.state is WishState.DONE:
            self._notices.tell(made.told)
        else:
            self._notices.refuse(Refused(made.told))
