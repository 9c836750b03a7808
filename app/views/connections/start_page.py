"""The page that stands in the place of the window while no server is open."""

import asyncio
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.views.background import Background
from app.views.connections.pane import ConnectionsPane
from app.views.looks.theme import STEP, Themes
from app.views.session import Connected, Openings
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.loading_bar import LoadingBar
from app.views.widgets.plain import Label

_PAGE_SIZE = (960, 640)


@dataclass(frozen=True)
class Wish:
    """What the person wants instead of waiting: the connection of a name, or to end."""

    name: str = ""
    ends: bool = False


class StartPage(QWidget):
    """What is seen before a server is open: which one is tried, what is wrong with it, and which
    others there are.

    Signals: `preferences_wanted()`; `end_wanted()` when the person closes it.
    """

    preferences_wanted = Signal()
    end_wanted = Signal()

    def __init__(self, openings: Openings, background: Background, themes: Themes) -> None:
        super().__init__()
        self.setWindowTitle("Run Registry")
        self._wish: asyncio.Future[Wish | None] | None = None
        self._may_close = False
        self._themes = themes
        self.strip = QFrame()
        self._sign = Label()
        self.text = Label(wordWrap=True)
        self.text.setAccessibleName("What is going on")
        self.next_try = Label()
        self.next_try.setProperty("role", "muted")
        self.try_button = QPushButton("Try now")
        self.try_button.clicked.connect(lambda: self._wanted(None))
        self.progress = LoadingBar(themes)
        line = QHBoxLayout(self.strip)
        line.addWidget(self._sign)
        line.addWidget(self.text, 1)
        line.addWidget(self.next_try)
        line.addWidget(self.try_button)
        title = Label("Run Registry Desktop")
        title.setProperty("role", "title")
        self.preferences_button = QPushButton("Preferences...")
        self.preferences_button.setToolTip("All settings of the program (Ctrl+,)")
        self.preferences_button.setShortcut("Ctrl+,")
        self.preferences_button.clicked.connect(self.preferences_wanted)
        above = QHBoxLayout()
        above.addWidget(title, 1)
        above.addWidget(self.preferences_button)
        self.pane = ConnectionsPane(openings, background, themes)
        self.pane.open_wanted.connect(lambda name: self._wanted(Wish(name)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4 * STEP, 4 * STEP, 4 * STEP, 4 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addLayout(above)
        layout.addWidget(self.strip)
        layout.addWidget(self.progress)
        layout.addWidget(self.pane, 1)
        QShortcut(QKeySequence("Ctrl+Q"), self, self.close)
        self._failed = False
        self._chosen = ""
        themes.changed.connect(self._dress)
        resize_to_fit(self, *_PAGE_SIZE)

    async def wish(
        self,
        *,
        before: "asyncio.Future[Connected] | None" = None,
        within_s: int | None = None,
    ) -> Wish | None:
        """What the person wants next. None to go on with what is tried, which is when `before` is
        done, when the time is over, or when the person doesn't want to wait for that."""
        wish: asyncio.Future[Wish | None] = asyncio.get_running_loop().create_future()
        self._wish = wish
        awaited: list[asyncio.Future[Any]] = [wish] if before is None else [wish, before]
        if within_s is None:
            self._show_next_try(0)
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        for left in range(within_s or 0, 0, -1):
            self._show_next_try(left)
            done, _ = await asyncio.wait(awaited, timeout=1.0)
            if done:
                break
        return wish.result() if wish.done() else None

    def show_opening(self, name: str) -> None:
        """A server is being opened."""
        self._failed = False
        self.text.setText(f"Opening {name} ..." if name else "Opening the database ...")
        self.next_try.setText("")
        self.try_button.hide()
        self.progress.set_loading(True)
        self._dress()

    def show_failure(self, text: str, name: str = "") -> None:
        """A server couldn't be opened; `text` says why and what to do. Its connection is chosen,
        once: who goes to another one stays there while it is tried again."""
        self._failed = True
        if name and name != self._chosen:
            self.pane.load(name)
        self._chosen = name
        self.text.setText(text)
        self.try_button.show()
        self.progress.set_loading(False)
        self._dress()

    def _show_next_try(self, seconds: int) -> None:
        """When it is tried again by itself; 0 for never."""
        self.next_try.setText(f"next try in {seconds} s" if seconds else "")

    def leave(self) -> None:
        """Closes the page: what was wanted is open, or the person ends the program."""
        self._may_close = True
        self.close()
        self.deleteLater()

    def _wanted(self, wish: Wish | None) -> None:
        if self._wish is not None and not self._wish.done():
            self._wish.set_result(wish)

    def _dress(self) -> None:
        self.strip.setObjectName("banner" if self._failed else "")
        self.strip.style().unpolish(self.strip)
        self.strip.style().polish(self.strip)
        icon = ("warning", "warning") if self._failed else ("running", "accent")
        self._sign.setPixmap(self._themes.theme.icon(*icon).pixmap(16, 16))

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self.end_wanted.emit()
        self._wanted(Wish(ends=True))
