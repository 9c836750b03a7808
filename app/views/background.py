"""The one bridge between the window and the thread pool."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from msgspec import Struct
from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from app.domain.errors import (
    CancelledByStandby,
    LoginRefused,
    Refused,
    RegistryError,
    Unavailable,
)
from app.domain.progress import Cancelled, Progress

Result = TypeVar("Result")
Steps = Coroutine[Any, Any, None]

_NEAR = 2
FIRST_RETRY_S = 2
LONGEST_RETRY_S = 30


class Outage(Struct, frozen=True):
    """Why something can't be reached, and in how many seconds it is tried again; 0: it is now.
    `to_mend`: what a person has to mend before it can be, empty where it passes by itself."""

    reason: str
    next_try_s: int
    to_mend: str = ""


class Background(QObject):
    """Runs functions in the pool; coroutines of the GUI thread wait for them.

    Signals: `outage(Outage)` while reads can't reach the server, also as each second passes;
    `restored()` when they can again; `refused(Refused)` and `failed(Unavailable)` for outcomes
    that no coroutine caught; `bug(Exception)` for everything else.
    """

    outage = Signal(object)
    restored = Signal()
    refused = Signal(object)
    failed = Signal(object)
    bug = Signal(object)

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pool: Executor, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._loop = loop
        self._pool = pool
        # Files are read and written while all of the pool waits for a server that is silent.
        self._near = ThreadPoolExecutor(_NEAR, thread_name_prefix="near")
        self._running: set[asyncio.Future[Any]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._acting: set[asyncio.Task[Any]] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._reason = self._to_mend = ""
        self._retry_s = FIRST_RETRY_S
        self._seconds_left = 0
        self._closing = False
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)

    @property
    def busy(self) -> bool:
        """Whether the pool works, or its outcome isn't shown yet."""
        return bool(self._running) or len(self._tasks) > len(self._waiting)

    async def read(self, function: Callable[[], Result], *, reaches_server: bool = True) -> Result:
        """What something that changes nothing returns; while the server can't be reached it is
        tried again and again.

        With `reaches_server` false it waits for nobody who waits for the server, and its success
        doesn't tell that that is back.
        """
        if self._closing:
            raise asyncio.CancelledError
        dropped = threading.Event()

        def wanted() -> Result:
            if dropped.is_set():
                raise Cancelled("Nobody waits for it.")
            return function()

        while True:
            future = self._in_pool(wanted, reaches_server=reaches_server)
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                dropped.set()
                future.add_done_callback(self._tell_bug)
                raise
            except CancelledByStandby:
                continue  # the primary is asked
            except Unavailable as error:
                if self._closing:
                    raise
                self._to_mend = str(error) if isinstance(error, LoginRefused) else ""
                await self._turn(str(error))

    async def act(self, function: Callable[[], Result], *, reaches_server: bool = True) -> Result:
        """What an action returns. It is done once, also when nobody waits for it any more:
        whether it is repeated is for the person to say. The end of the program waits for it."""
        future = self._in_pool(function, reaches_server=reaches_server)
        task = asyncio.current_task(self._loop)
        assert task is not None
        self._acting.add(task)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(self._tell)
            raise
        finally:
            self._acting.discard(task)

    async def fetched(self, future: Future[Result]) -> Result:
        """What is fetched elsewhere than in the pool; ending the wait ends the fetching."""
        return await asyncio.wrap_future(future, loop=self._loop)

    async def attempt(
        self,
        function: Callable[[], Result],
        then: Callable[[Result], None],
        refuse: Callable[[Refused | Unavailable], None],
    ) -> None:
        """Carries out an action whose failure is told where the person is, not by a notice."""
        try:
            result = await self.act(function)
        except (Refused, Unavailable) as error:
            refuse(error)
        else:
            then(result)

    def promise(self) -> asyncio.Future[str]:
        """What a coroutine of the window can wait for, until something there says it."""
        return self._loop.create_future()

    def run(self, steps: Steps, owner: QObject) -> asyncio.Task[None] | None:
        """Runs a coroutine while its owner lives; what it doesn't catch is told by a signal.

        None, and nothing is run, once the program ends.
        """
        if self._closing:
            steps.close()
            return None
        task = self._loop.create_task(steps)
        self._tasks.add(task)  # What nobody holds may be collected in flight.

        def owner_gone() -> None:
            task.cancel()

        def ended(_task: asyncio.Task[None]) -> None:
            if isValid(owner):
                owner.destroyed.disconnect(owner_gone)

        owner.destroyed.connect(owner_gone)

        task.add_done_callback(ended)
        task.add_done_callback(self._ended)
        return task

    def retry_now(self) -> None:
        """Tries again what waits for the server."""
        self._seconds_left = 0
        waiting, self._waiting = self._waiting, []
        if self._reason and not self._closing:
            self._tell_outage()
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

    def lost(self, reason: str) -> None:
        """Somebody else has noticed that the server is gone."""
        self._begin_outage(reason)

    def back(self) -> None:
        """Somebody else has noticed that the server is back."""
        if self._reason:
            self._end_outage()
            self.retry_now()

    def stop(self) -> None:
        """Drops what is read and takes no more work; what acts goes on to its end."""
        self._closing = True
        self._near.shutdown(wait=False)
        self._clock.stop()
        self._waiting.clear()
        for task in self._tasks - self._acting:
            task.cancel()

    async def acted(self, timeout_s: float) -> bool:
        """Whether nothing acts any more, at the latest after some time."""
        if self._acting:
            await asyncio.wait(self._acting, timeout=timeout_s)
        return not any(not task.done() for task in self._acting)

    async def ended(self, timeout_s: float) -> bool:
        """Whether nothing is under way any more, at the latest after some time."""
        if under_way := [*self._running, *self._tasks]:
            _, left = await asyncio.wait(under_way, timeout=timeout_s)
            return not left
        return True

    async def _turn(self, reason: str) -> None:
        """Waits until it is time to try again."""
        turn: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(turn)
        self._begin_outage(reason)
        try:
            await turn
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)

    def _in_pool(
        self, function: Callable[[], Result], *, reaches_server: bool = True
    ) -> asyncio.Future[Result]:
        pool = self._pool if reaches_server or self._closing else self._near
        future: asyncio.Future[Result] = asyncio.wrap_future(pool.submit(function), loop=self._loop)
        self._running.add(future)
        future.add_done_callback(lambda done: self._arrived(done, reaches_server=reaches_server))
        return future

    def _arrived(self, future: asyncio.Future[Any], *, reaches_server: bool) -> None:
        self._running.discard(future)
        if future.cancelled():
            return
        # Asking for it also marks it as seen, when the task that waited has gone.
        error = future.exception()
        # What nobody waited for any more hasn't asked the server.
        if self._reason and reaches_server and not isinstance(error, Unavailable | Cancelled):
            self._end_outage()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._tell(task)

    def _tell_bug(self, future: asyncio.Future[Any]) -> None:
        """A bug is told even when nobody waits for the outcome any more."""
        if not future.cancelled() and not isinstance(future.exception(), RegistryError):
            self._tell(future)

    def _tell(self, future: asyncio.Future[Any]) -> None:
        error = None if future.cancelled() else future.exception()
        if isinstance(error, Refused):
            self.refused.emit(error)
        elif isinstance(error, Unavailable):
            self.failed.emit(error)
        elif error is not None and not isinstance(error, Cancelled):
            self.bug.emit(error)

    def _begin_outage(self, reason: str) -> None:
        if self._closing:
            return
        if not self._reason:
            self._retry_s = FIRST_RETRY_S
        self._reason = reason
        if self._seconds_left == 0:
            self._seconds_left = self._retry_s
            self._retry_s = min(self._retry_s * 2, LONGEST_RETRY_S)
            self._clock.start()
        self._tell_outage()

    def _tell_outage(self) -> None:
        self.outage.emit(Outage(self._reason, self._seconds_left, self._to_mend))

    def _end_outage(self) -> None:
        self._reason = self._to_mend = ""
        self._seconds_left = 0
        self._clock.stop()
        self.restored.emit()
        self.retry_now()

    def _tick(self) -> None:
        if self._seconds_left == 1:
            self.retry_now()
            return
        self._seconds_left = max(self._seconds_left - 1, 0)
        self._tell_outage()


class Work(QObject):
    """The work of one widget of which only the newest counts: starting some drops the one before.

    Made in the GUI thread; it ends with its owner. Signals: `progressed(object)` with the share
    done or with words, in the GUI thread; `running_changed(bool)`.
    """

    progressed = Signal(object)
    running_changed = Signal(bool)

    def __init__(self, background: Background, owner: QObject) -> None:
        super().__init__(owner)
        self._background = background
        self._task: asyncio.Task[None] | None = None
        self._next: Callable[[], Steps] | None = None
        self._asked = threading.Event()

    @property
    def is_running(self) -> bool:
        """Whether something was started and hasn't ended."""
        return self._task is not None

    @property
    def is_stopping(self) -> bool:
        """Whether it was asked to stop; its outcome still arrives."""
        return self._asked.is_set()

    @property
    def progress(self) -> Progress:
        """What the work that was started last takes to tell how far it is and to be stopped."""
        asked = self._asked

        def report(share: object) -> None:
            if not asked.is_set():
                with suppress(RuntimeError):  # The widget may be deleted while its work goes on.
                    self.progressed.emit(share)

        return Progress(report, asked.is_set)

    def start(self, steps: Steps) -> None:
        """Drops what is under way, and runs a coroutine in its place."""
        self.drop()
        self._asked = threading.Event()
        # Its first step runs from the loop: by then `progress` is that of this work.
        self._task = self._background.run(steps, self)
        if self._task is not None:
            self._task.add_done_callback(self._ended)
            self.running_changed.emit(True)

    def renew(self, steps: Callable[[], Steps]) -> None:
        """Starts work, or has it follow what is under way; several wishes at once are one.

        For news that come faster than they are read: dropping what is under way would never end.
        """
        if self._task is None:
            self.start(steps())
        else:
            self._next = steps

    def stop(self) -> None:
        """Asks the work to stop; it answers with `Cancelled`, which it may catch."""
        self._asked.set()

    def drop(self) -> None:
        """Nobody wants the outcome any more; what goes on in the pool is asked to stop."""
        self._asked.set()
        self._next = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            self.running_changed.emit(False)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task is self._task:
            self._task = None
            following, self._next = self._next, None
            if not isValid(self):
                return
            self.running_changed.emit(False)
            if following is not None:
                self.start(following())


class Works(QObject):
    """Pieces of work of one widget that go on side by side; starting some drops those before.

    Signals: `running_changed(bool)`.
    """

    running_changed = Signal(bool)

    def __init__(self, background: Background, owner: QObject) -> None:
        super().__init__(owner)
        self._background = background
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_running(self) -> bool:
        """Whether any of it hasn't ended."""
        return bool(self._tasks)

    def start(self, pieces: Iterable[Steps]) -> None:
        """Drops what is under way, and runs coroutines in its place."""
        self.drop()
        tasks = [self._background.run(each, self) for each in pieces]
        self._tasks = {task for task in tasks if task is not None}
        for task in self._tasks:
            task.add_done_callback(self._ended)
        if self._tasks:
            self.running_changed.emit(True)

    def drop(self) -> None:
        """Nobody wants any outcome any more."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        if tasks:
            self.running_changed.emit(False)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task in self._tasks:
            self._tasks.discard(task)
            if not self._tasks and isValid(self):
                self.running_changed.emit(False)
