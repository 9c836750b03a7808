"""Notifications of a desktop without a tray: shown by its own service, over D-Bus."""

import contextlib
import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import (
    Q_ARG,
    Q_RETURN_ARG,
    SLOT,
    QMetaObject,
    QObject,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtDBus import QDBusConnection, QDBusInterface

from app.domain.links import Link

logger = logging.getLogger(__name__)

_SERVICE = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_NOTIFY = "Notify(QString,uint,QString,QString,QString,QStringList,QVariantMap,int)"
_FOLLOW = SLOT("follow(uint,QString)")
_ANSWER_MS = 5_000
_OPEN = "default"
_ACTIONS = [_OPEN, "Open"]
_MOST_REMEMBERED = 100


class Desktop(QObject):
    """Shows notifications that can be clicked, where the desktop has a service for them.

    It is asked in a thread of its own: one that hangs keeps nobody waiting, and what it didn't
    show is in the list. Signals: `followed(Link or None)` when the person clicks on one, with what
    it is about.
    """

    followed = Signal(object)
    _shown = Signal(int, object)

    def __init__(
        self,
        parent: QObject | None = None,
        bus: Callable[[], QDBusConnection] = QDBusConnection.sessionBus,
    ) -> None:
        super().__init__(parent)
        self._bus = bus
        self._leads_to: dict[int, Link | None] = {}
        self._is_listening = False
        self._asking: threading.Thread | None = None
        self._shown.connect(self._remember)

    def tell(self, title: str, body: str, leads_to: Link | None, shown_ms: int) -> None:
        """Shows a notification; a click on it follows `leads_to`."""
        if self._asking is not None and self._asking.is_alive():
            logger.info("The desktop hasn't answered yet: this isn't shown there: %s", title)
            return

        def ask() -> None:
            number = self._ask(title, body, shown_ms)
            # The window may be gone meanwhile.
            with contextlib.suppress(RuntimeError):
                if number:
                    self._shown.emit(number, leads_to)

        self._asking = threading.Thread(target=ask, name="desktop", daemon=True)
        self._asking.start()

    def remembers(self, number: int) -> bool:
        """Whether a click on a notification of that number leads somewhere."""
        return number in self._leads_to

    def wait(self) -> None:
        """Waits until the desktop has answered."""
        if self._asking is not None:
            self._asking.join()

    def _ask(self, title: str, body: str, shown_ms: int) -> int:
        """The number that the desktop gives the notification; 0 if it takes none."""
        bus = self._bus()
        if not bus.isConnected():
            logger.info("There is no D-Bus, so nothing is shown on the desktop")
            return 0
        service = QDBusInterface(_SERVICE, _PATH, _SERVICE, bus)
        service.setTimeout(_ANSWER_MS)
        if service.metaObject().indexOfMethod(_NOTIFY) < 0:
            logger.info("The desktop shows nothing: %s", service.lastError().message())
            return 0
        if not self._is_listening:
            bus.connect(_SERVICE, _PATH, _SERVICE, "ActionInvoked", self, _FOLLOW)  # type: ignore[call-overload]
            self._is_listening = True
        # A call by hand can't hold the unsigned number that the service wants.
        number = QMetaObject.invokeMethod(
            service,
            "Notify",
            Qt.ConnectionType.DirectConnection,
            Q_RETURN_ARG("uint"),
            Q_ARG(str, "Run Registry"),
            Q_ARG("uint", 0),
            Q_ARG(str, ""),
            Q_ARG(str, title),
            Q_ARG(str, body),
            Q_ARG("QStringList", _ACTIONS),
            Q_ARG("QVariantMap", {}),
            Q_ARG(int, shown_ms),
        )
        return number if isinstance(number, int) else 0

    def _remember(self, number: int, leads_to: Link | None) -> None:
        self._leads_to[number] = leads_to
        while len(self._leads_to) > _MOST_REMEMBERED:
            del self._leads_to[next(iter(self._leads_to))]

    @Slot("uint", str)
    def follow(self, number: int, action: str) -> None:
        """The person has clicked on a notification, ours or that of another program."""
        if self.remembers(number) and action == _OPEN:
            self.followed.emit(self._leads_to.pop(number))
