"""The windows, one after another: the start page while no server is open, then the window of one,
then that of the next."""

import asyncio
import logging
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QTimer, Signal
from PySide6.QtWidgets import QWidget

from app import garbage
from app.domain.errors import Refused, Unavailable
from app.domain.links import Link
from app.views.background import FIRST_RETRY_S, LONGEST_RETRY_S, Background
from app.views.focus import come_forward
from app.views.frame.ending import Ending
from app.views.frame.main_window import MainWindow
from app.views.looks.theme import Themes
from app.views.notices import Notices
from app.views.places import PlaceContext
from app.views.remembered import made_as_remembered
from app.views.session import Connected, Opened, Openings

if TYPE_CHECKING:
    from app.views.connections.start_page import StartPage, Wish

logger = logging.getLogger(__name__)

_PAGE_AFTER_S = 0.6
"""A server that answers sooner is opened without a page before."""

_DISMISSED_S = 20.0
_BEHIND_AFTER_MS = 10_000
"""What works behind a window waits no longer for the first table."""

Task = asyncio.Future[Connected]


class Windows(QObject):
    """Opens windows until the person ends the program.

    Signals: `opened(MainWindow)` for each that is shown;
    `bug(Exception)` of whatever works behind them.
    """

    opened = Signal(object)
    bug = Signal(object)

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pool: Executor,
        openings: Openings,
        themes: Themes,
        remembered: QSettings,
        faulty: str,
        *,
        waits: bool = True,
    ) -> None:
        """`faulty`: what the person has to know of what was remembered; `waits`: whether a server
        that can't be opened is waited for, else its error is raised."""
        super().__init__()
        self._loop = loop
        self._pool = pool
        self._openings = openings
        self._themes = themes
        self._remembered = remembered
        self._faulty = faulty
        self._waits = waits
        self._dismissed: set[asyncio.Task[None]] = set()
        self._page: StartPage | None = None
        self._page_background: Background | None = None
        self._ends = False
        self._link: Link | None = None
        self.notices = Notices()
        self.front: QWidget | None = None

    def close(self) -> None:
        """Ends the program as the person does by closing the window."""
        self._ends = True
        if self.front is not None:
            self.front.close()

    def follow(self, link: Link) -> None:
        """Shows what a link leads to, as soon as a server is open."""
        self._link = link
        self._follow_link()

    def _follow_link(self) -> None:
        if self._link is None or self.front is None:
            return
        come_forward(self.front)
        if isinstance(self.front, MainWindow):
            link, self._link = self._link, None
            self.front.shared.follow(link)

    async def run(self) -> None:
        """Returns when the last window is closed."""
        try:
            opened = await self._open("")
            while opened is not None:
                following = await self._work(opened)
                opened = None if following is None else await self._follow(following)
        finally:
            if self._dismissed:
                await asyncio.wait(self._dismissed, timeout=_DISMISSED_S)

    async def _follow(self, connected: Connected) -> Opened | None:
        """Opens the server that answered before the one before was left."""
        try:
            return await self._start(connected)
        except (Refused, Unavailable) as error:
            # It is the one that is remembered now, and is tried again.
            logger.warning("The other server has gone meanwhile: %s", error)
            return await self._open("")

    # Before a server is open

    async def _open(self, name: str) -> Opened | None:
        """Opens a server, whichever the person wants in the end; None to end the program."""
        retry_s = FIRST_RETRY_S
        while not self._ends:
            connecting = self._connect(name)
            await asyncio.wait([connecting], timeout=0.0 if self._page else _PAGE_AFTER_S)
            if not self._waits:
                return await self._start(await connecting)
            if self._ends:
                self._dismiss(connecting)
                break
            wish: Wish | None = None
            if not connecting.done():
                page = self._shown_page()
                page.show_opening(name)
                wish = await page.wish(before=connecting)
            if wish is None:
                try:
                    return await self._start(await connecting)
                except (Refused, Unavailable) as error:
                    page = self._shown_page()
                    page.show_failure(str(error), self._openings.tried)
                    passes = isinstance(error, Unavailable)
                    wish = await page.wish(within_s=retry_s if passes else None)
                    retry_s = min(2 * retry_s, LONGEST_RETRY_S)
            else:
                self._dismiss(connecting)
            if wish is not None:
                if wish.ends:
                    break
                name, retry_s = wish.name, FIRST_RETRY_S
        self._leave_page()
        return None

    def _connect(self, name: str) -> Task:
        connect = self._pool.submit(self._openings.connect, name)
        return asyncio.wrap_future(connect, loop=self._loop)

    async def _start(self, connected: Connected) -> Opened:
        """Starts what works behind a window; nothing is left of it when that fails."""
        try:
            return await self._loop.run_in_executor(self._pool, connected.start)
        except (Refused, Unavailable):
            await self._loop.run_in_executor(self._pool, connected.close)
            raise

    def _dismiss(self, connecting: Task) -> None:
        """Nobody wants this server any more: it is left as soon as it is there."""

        async def leave() -> None:
            try:
                connected = await connecting
            except (Refused, Unavailable):
                return
            await self._loop.run_in_executor(self._pool, connected.close)

        leaving = self._loop.create_task(leave())
        self._dismissed.add(leaving)
        leaving.add_done_callback(self._dismissed.discard)

    def _shown_page(self) -> "StartPage":
        # Not above: a server that answers at once is opened without.
        from app.views.connections.start_page import StartPage

        if self._page is None:
            background = self._background(self.notices)
            self._page = StartPage(self._openings, background, self._themes)
            self._page.preferences_wanted.connect(self._show_preferences)
            self._page.end_wanted.connect(self._end)
            self._page_background = background
            self._page.show()
        self.front = self._page
        return self._page

    def _end(self) -> None:
        # Also when the server has just answered, and what works behind its window is started.
        self._ends = True

    def _show_preferences(self) -> None:
        """Over the start page: what a setting is wrong with can be mended there."""
        from app.views.frame.actions.preferences import show_preferences

        if self._page is not None and self._page_background is not None:
            show_preferences(
                self._openings.preferences, self._page_background, self._themes, self._page
            )

    def _leave_page(self) -> None:
        page, self._page = self._page, None
        background, self._page_background = self._page_background, None
        if page is not None and background is not None:
            background.stop()
            page.leave()
            if self.front is page:
                self.front = None

    # While one is open

    async def _work(self, opened: Opened) -> Connected | None:
        """Shows the window of a server until it is closed; returns the server that is wanted in its
        place."""
        self.notices = Notices()
        background = self._background(self.notices)
        context = PlaceContext(
            opened.workplace, background, self.notices, self._themes, self._remembered
        )
        window = self._made(context)
        ending = Ending(self._loop, window, context, opened.stop)
        window.stop_wanted.connect(ending.begin)
        self.front = window
        window.show()
        self._leave_page()
        self._begin_behind(window, opened, context)
        self.opened.emit(window)
        self._follow_link()
        if self._ends:
            window.close()
        await ending.ended
        self.front = None
        window.deleteLater()
        return None if self._ends else window.following

    def _begin_behind(self, window: MainWindow, opened: Opened, context: PlaceContext) -> None:
        """Starts what works behind a window when all of that is made, or after a while."""
        background = context.background

        async def begin() -> None:
            from app.views.frame.watching.newer_program import tell_of_newer_program

            await background.act(opened.begin, reaches_server=False)
            await tell_of_newer_program(context)

        def at_once() -> None:
            if patience.isActive():
                patience.start(0)

        patience = QTimer(window, singleShot=True, interval=_BEHIND_AFTER_MS)
        patience.timeout.connect(lambda: background.run(begin(), window))
        window.complete.connect(at_once)
        patience.start()

    def _made(self, context: PlaceContext) -> MainWindow:
        known, self._faulty = self._faulty, ""
        with garbage.kept(), self._themes.undressed():
            window, faulty = made_as_remembered(
                self._remembered, lambda: MainWindow(context), "window"
            )
        faulty = faulty or known
        if faulty:
            self.notices.refuse(Refused(faulty))
        return window

    def _background(self, notices: Notices) -> Background:
        background = Background(self._loop, self._pool, self)
        background.refused.connect(notices.refuse)
        background.failed.connect(notices.fail)
        background.bug.connect(self.bug)
        return background
