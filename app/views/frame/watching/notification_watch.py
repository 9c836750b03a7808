"""Looks for what the person wants to be told of, and for what waits."""

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.notification_choice import Choice, NotificationKind
from app.domain.notifications import Notification
from app.services.notifications.book import Happened, NotificationBook
from app.services.notifications.looking import Found
from app.services.notifications.waiting import Waiting, waiting
from app.views.background import Work
from app.views.places import PlaceContext

_FIRST_MS = 3_000
"""The person looks at the window first."""

_SOON_MS = 5_000
"""Pullers write all the time, and every window looks."""

_EVERY_MS = 60_000
_APART_MS = 20_000


class NotificationWatch(QObject):
    """Looks soon after something was written, and now and then, because days pass.

    Signals: `said(Happened, Waiting, Choice)` after each look; `told(tuple of
    Notification, set of NotificationKind)` what is to be shown on the desktop, and the kinds of
    which there was too much to look at: at most one notification in a while, however much happens.
    """

    said = Signal(object, object, object)
    told = Signal(object, object)

    def __init__(self, context: PlaceContext, book: NotificationBook, parent: QObject) -> None:
        super().__init__(parent)
        self._acting = context.acting
        self._background = context.background
        self._book = book
        self._untold: list[Notification] = []
        self._more: set[NotificationKind] = set()
        self._work = Work(context.background, self)
        self._soon = QTimer(self, singleShot=True, interval=_FIRST_MS)
        self._soon.timeout.connect(self.look)
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.look)
        self._rest = QTimer(self, singleShot=True, interval=_APART_MS)
        self._rest.timeout.connect(self._tell)

    def start(self) -> None:
        """Looks in a moment, and from now on."""
        self._soon.start()
        self._clock.start()

    def stop(self) -> None:
        """Looks no more."""
        for timer in (self._soon, self._clock, self._rest):
            timer.stop()
        self._work.drop()

    def hear(self, _changed: object = None) -> None:
        """Something was written."""
        if not self._soon.isActive():
            self._soon.start(_SOON_MS)

    def look(self) -> None:
        """Looks now; what a look that goes on finds isn't lost."""
        if self._work.is_running:
            self.hear()
        else:
            self._work.start(self._look())

    async def mark_read(self) -> Happened:
        """The person has looked at the list."""
        return await self._background.act(self._book.mark_read, reaches_server=False)

    async def _look(self) -> None:
        acting, book = self._acting, self._book

        def found() -> tuple[Found, Happened, Waiting, Choice]:
            return book.look(), book.happened(), waiting(acting, book.choice), book.choice

        fresh, happened, what_waits, choice = await self._background.read(found)
        self.said.emit(happened, what_waits, choice)
        if choice.quiet:
            self._untold.clear()
            self._more.clear()
            return
        self._untold += fresh.notifications
        self._more |= fresh.more
        if not self._rest.isActive():
            self._tell()

    def _tell(self) -> None:
        untold, self._untold = tuple(self._untold), []
        more, self._more = self._more, set()
        if untold:
            self._rest.start()
            self.told.emit(untold, more)
