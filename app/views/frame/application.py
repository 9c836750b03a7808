"""Runs the window: application, event loop, thread pool, errors, and an orderly end."""

import asyncio
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QWidget
from qasync import QEventLoop

from app import assets, garbage
from app.domain.errors import Refused
from app.domain.links import Link
from app.views.frame.main_window import MainWindow
from app.views.frame.windows import Windows
from app.views.looks.display import check_display
from app.views.looks.theme import PALETTES, Mode, StatusPalette, Themes
from app.views.remembered import open_remembered
from app.views.session import Openings

if TYPE_CHECKING:
    from app.views.frame.channel import LinkChannel

logger = logging.getLogger(__name__)

_THREADS = 4
_TURN_S = 0.0005
_PICTURE = (1440, 900)
_COLLECTED_EVERY_MS = 100
_KEPT_AFTER_MS = 10_000
_SETTLED_EVERY_MS = 150
_LISTENS_AFTER_MS = 10
_SETTLED_TIMES = 4
_NAME = "run-registry-desktop"


class WindowSettings(Struct, frozen=True):
    """What a person set before the window opens; `remembered` is the file that keeps widths,
    columns and places. `screenshot`: save a picture of the first full window there, and end.
    `channel`: where other starts of the program hand over links; `link`: what to show first."""

    remembered: Path
    theme: Mode = "system"
    palette: StatusPalette = PALETTES[0]
    screenshot: Path | None = None
    channel: Path | None = None
    link: Link | None = None


def run_window(
    openings: Openings,
    settings: WindowSettings,
    *,
    on_bug: Callable[[BaseException], None] | None = None,
) -> int:
    """Opens the window of one server after another, and returns the exit code once the last is
    closed.

    `on_bug` is called for every bug, besides the report that is shown. Raises `Refused` where no
    window can be opened; with a `screenshot` also what keeps the server from being opened.
    """
    application = _application(check_display())
    loop = QEventLoop(application)
    with garbage.collected_here(), _pool() as pool:
        asyncio.set_event_loop(loop)
        remembered, faulty = open_remembered(settings.remembered)
        themes = Themes(application, settings.theme, settings.palette)
        waits = settings.screenshot is None
        windows = Windows(loop, pool, openings, themes, remembered, faulty, waits=waits)
        bugs = _Bugs(windows, on_bug)
        windows.bug.connect(bugs.tell)
        windows.opened.connect(lambda window: _photograph(window, settings))
        keeper = _Keeper(windows)
        windows.opened.connect(keeper.opened)
        links = _Links(windows, settings.channel)
        if settings.link is not None:
            windows.follow(settings.link)
        collector = QTimer(interval=_COLLECTED_EVERY_MS)
        collector.timeout.connect(garbage.collect_due)
        collector.start()
        with bugs.caught(loop), _interrupts(windows), _quick_turns(), loop:
            loop.run_until_complete(windows.run())
        links.close()
        themes.close()
        collector.stop()
        windows.deleteLater()
        application.processEvents()
    return 0


class _Links:
    """Follows the links that other starts hand over. What that takes is loaded while the first
    server is connected to."""

    def __init__(self, windows: Windows, file: Path | None) -> None:
        self._windows = windows
        self._channel: LinkChannel | None = None
        if file is not None:
            QTimer.singleShot(_LISTENS_AFTER_MS, windows, lambda: self._listen(file))

    def _listen(self, file: Path) -> None:
        from app.views.frame.channel import LinkChannel

        self._channel = LinkChannel(file, self._windows)
        self._channel.arrived.connect(self._windows.follow)

    def close(self) -> None:
        """Listens no longer."""
        if self._channel is not None:
            self._channel.close()


class _Keeper(QObject):
    """Sees that nobody looks through the parts of a window for garbage while it is open."""

    def __init__(self, windows: Windows) -> None:
        super().__init__(windows)
        self._has_kept = False

    def opened(self, window: MainWindow) -> None:
        """A window is there; one before it is gone."""
        if self._has_kept:
            garbage.look_through_everything()
        self._has_kept = True
        QTimer.singleShot(_KEPT_AFTER_MS, window, garbage.keep_what_is_there)


def _photograph(window: MainWindow, settings: WindowSettings) -> None:
    if settings.screenshot is not None:
        window.resize(*_PICTURE)
        _Photographer(window, settings.screenshot)


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for what the window asks for. Who hasn't come back at the end isn't waited for."""
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="window")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def screenshot(window: QWidget, path: Path) -> None:
    """Saves a picture of a window; Refused where it can't be written."""
    if not window.grab().save(str(path)):
        raise Refused(f"The picture can't be written to {path}.")


def _application(platform: str) -> QApplication:
    known = QApplication.instance()
    asked = ["-platform", platform] if platform else []
    application = (
        known if isinstance(known, QApplication) else QApplication([*sys.argv[:1], *asked])
    )
    application.setApplicationName(_NAME)
    application.setApplicationDisplayName("Run Registry")
    application.setDesktopFileName(_NAME)
    application.setWindowIcon(QIcon(str(assets.path("icons/run-registry.svg"))))
    # The end is ours: work under way is waited for before the last window goes.
    application.setQuitOnLastWindowClosed(False)
    return application


class _Bugs(QObject):
    """Shows a report for every unexpected error.

    Signals: `arrived(BaseException)` brings errors of other threads.
    """

    arrived = Signal(object)

    def __init__(self, windows: Windows, on_bug: Callable[[BaseException], None] | None) -> None:
        super().__init__()
        self._windows = windows
        self._on_bug = on_bug
        self.arrived.connect(self.tell)

    def tell(self, error: BaseException) -> None:
        """Shows the report."""
        if isinstance(error, KeyboardInterrupt):
            return
        if self._on_bug is not None:
            self._on_bug(error)
        self._windows.notices.report(error)

    @contextmanager
    def caught(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Shows errors of slots, callbacks and threads meanwhile."""
        before, before_thread = sys.excepthook, threading.excepthook

        def hook(
            _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
        ) -> None:
            self.arrived.emit(error)

        def thread_hook(arguments: threading.ExceptHookArgs) -> None:
            if arguments.exc_value is not None:
                self.arrived.emit(arguments.exc_value)

        def loop_hook(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
            error = context.get("exception")
            known = isinstance(error, BaseException)
            self.arrived.emit(error if known else RuntimeError(str(context.get("message"))))

        sys.excepthook, threading.excepthook = hook, thread_hook
        loop.set_exception_handler(loop_hook)
        try:
            yield
        finally:
            sys.excepthook, threading.excepthook = before, before_thread


class _Photographer(QObject):
    """Saves a picture of the window once nothing is loading any more, then closes it."""

    def __init__(self, window: MainWindow, path: Path) -> None:
        super().__init__(window)
        self._window = window
        self._path = path
        self._quiet = 0
        self._timer = QTimer(self, interval=_SETTLED_EVERY_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    def _look(self) -> None:
        self._quiet = self._quiet + 1 if self._window.is_settled else 0
        if self._quiet >= _SETTLED_TIMES:
            self._timer.stop()
            screenshot(self._window, self._path)
            self._window.close()


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Threads that compute give the interpreter up sooner: Qt's thread asks for it again after
    each call into Qt, and with Python's own interval a picture waits for it dozens of times."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _interrupts(windows: Windows) -> Iterator[None]:
    """Ctrl+C and SIGTERM close the window, although Qt's loop runs no Python meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)

    def arrived() -> None:
        reader.recv(64)
        windows.close()

    notifier.activated.connect(arrived)
    handled = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.signal(number, lambda *_: None) for number in handled}
    descriptor = signal.set_wakeup_fd(writer.fileno())
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        notifier.setEnabled(False)
        reader.close()
        writer.close()
