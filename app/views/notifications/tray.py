"""The tray of the desktop: what waits, in a menu, and notifications of what happened."""

import logging
from collections.abc import Collection, Sequence

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from app.domain.links import Link
from app.domain.notification_choice import NotificationKind
from app.domain.notifications import Notification, Summary, summaries
from app.views.looks.theme import Themes
from app.views.notifications.desktop import Desktop
from app.views.notifications.entries import TITLE, State

logger = logging.getLogger(__name__)

_PIXELS = 64
_BADGE = QRect(26, 26, 38, 38)
_MOST_SHOWN = 99
_LINES = 3
_SHOWN_MS = 10_000
# A desktop may take what others wrote for markup.
_PLAIN = str.maketrans({"<": "\u2039", ">": "\u203a", "&": "\uff06"})


class Tray(QObject):
    """An icon with a badge, where the desktop has a tray. Without one notifications are shown by
    the desktop's own service.

    Signals: `link_wanted(Link)` and `list_wanted()` when the person follows a notification;
    `window_wanted()`; `quiet_wanted(bool)`; `quit_wanted()`.
    """

    link_wanted = Signal(object)
    list_wanted = Signal()
    window_wanted = Signal()
    quiet_wanted = Signal(bool)
    quit_wanted = Signal()

    def __init__(self, themes: Themes, parent: QWidget, desktop: Desktop | None = None) -> None:
        super().__init__(parent)
        self._window = parent
        self._themes = themes
        self._state = State()
        self._leads_to: Link | None = None
        self.menu = QMenu(parent)
        self.icon = QSystemTrayIcon(self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activate)
        self.icon.messageClicked.connect(lambda: self._follow(self._leads_to))
        self._desktop = desktop or Desktop(self)
        self._desktop.followed.connect(self._follow)
        themes.changed.connect(self._dress)
        self.show_state(State())

    def look(self) -> None:
        """Shows itself as soon as there is a tray: it may come later than the program."""
        if not self.icon.isVisible() and QSystemTrayIcon.isSystemTrayAvailable():
            self.icon.show()

    def close(self) -> None:
        """Leaves the tray."""
        self.icon.hide()

    def show_state(self, state: State) -> None:
        """Shows another state."""
        self._state = state
        self.icon.setToolTip(f"Run Registry\n{state.words}")
        self._dress()
        self.menu.clear()
        unread = state.happened.unread
        self.menu.addAction(
            f"{TITLE} ({state.happened.number})" if unread else TITLE, self.list_wanted.emit
        )
        self.menu.addSeparator()
        for entry in state.entries:
            self.menu.addAction(entry.text.replace("&", "&&"), entry.open)
        if not state.entries:
            self.menu.addAction("Nothing waits").setEnabled(False)
        self.menu.addSeparator()
        quiet = self.menu.addAction("Do not disturb")
        quiet.setCheckable(True)
        quiet.setChecked(state.quiet)
        quiet.toggled.connect(self.quiet_wanted)
        self.menu.addAction("Show window", self.window_wanted.emit)
        self.menu.addAction("Quit", self.quit_wanted.emit)

    def tell(
        self, notifications: Sequence[Notification], more: Collection[NotificationKind] = ()
    ) -> None:
        """Shows one notification of all that happened, however much that is; `more`: kinds of which
        not all was looked at."""
        found = summaries(notifications, more)
        title, body = words_of(found)
        leads_to = notifications[0].link if len(notifications) == 1 else None
        if self.icon.isVisible():
            self._leads_to = leads_to
            self.icon.showMessage(title, body, self.icon.icon(), _SHOWN_MS)
            return
        QApplication.alert(self._window)
        self._desktop.tell(title, body, leads_to, _SHOWN_MS)

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self.window_wanted.emit()

    def _follow(self, leads_to: Link | None) -> None:
        if leads_to is None:
            self.list_wanted.emit()
        else:
            self.link_wanted.emit(leads_to)

    def _dress(self) -> None:
        self.icon.setIcon(
            badged(
                QApplication.windowIcon(),
                self._state.happened.unread,
                QColor(self._themes.theme.tokens["danger"]),
                QColor(self._themes.theme.tokens["surface"]),
            )
        )


def words_of(found: Sequence[Summary]) -> tuple[str, str]:
    """Title and text of a message."""
    title = ", ".join(
        each.title if at == 0 else each.title.lower() for at, each in enumerate(found)
    )
    lines = [line for each in found for line in each.lines(max(_LINES // len(found), 1))]
    return title.translate(_PLAIN), "\n".join(lines).translate(_PLAIN)


def badged(icon: QIcon, count: int, fill: QColor, ink: QColor) -> QIcon:
    """An icon with a number in its corner; without one for nothing."""
    pixmap = icon.pixmap(_PIXELS, _PIXELS)
    if pixmap.isNull():
        pixmap = QPixmap(_PIXELS, _PIXELS)
        pixmap.fill(Qt.GlobalColor.transparent)
    if count:
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawEllipse(_BADGE)
        font = QFont()
        font.setPixelSize(22 if count > 9 else 28)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(ink)
        text = f"{_MOST_SHOWN}" if count > _MOST_SHOWN else str(count)
        painter.drawText(_BADGE, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
    return QIcon(pixmap)
