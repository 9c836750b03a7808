"""The one bridge between the window and the thread pool."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal
from shiboken6 import isValid

from app.domain.errors import Refused, Unavailable

Result = TypeVar("Result")

FIRST_RETRY_S = 2
LONGEST_RETRY_S = 30


@dataclass(frozen=True, slots=True)
class Outage:
    """Why something can't be reached, and in how many seconds it is tried again."""

    reason: str
    next_try_s: int


class Job(Generic[Result]):
    """Work that was handed to the pool; its callbacks come in the GUI thread, or never once it
    was cancelled or its owner has gone."""

    def __init__(
        self,
        function: Callable[[], Result],
        then: Callable[[Result], None] | None,
        refused: Callable[[Refused], None] | None,
        unavailable: Callable[[Unavailable], None] | None,
        finished: Callable[[], None] | None,
        owner: QObject | None,
        *,
        reaches_server: bool = True,
    ) -> None:
        self.function = function
        self.then = then
        self.refused = refused
        self.unavailable = unavailable
        self.finished = finished
        self.reaches_server = reaches_server
        self._owner = owner
        self._cancelled = threading.Event()

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for the outcome."""
        return not self._cancelled.is_set() and (self._owner is None or isValid(self._owner))

    def is_cancelled(self) -> bool:
        """Asked by the work itself, from its thread."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Drops the outcome; work that asks `is_cancelled` stops."""
        self._cancelled.set()


class Background(QObject):
    """Runs functions in the pool and brings their outcome back to the GUI thread.

    Signals: `outage(Outage)` while reads can't reach the server, also as each second passes;
    `restored()` when they can again; `refused(Refused)` and `failed(Unavailable)` for outcomes
    whose caller doesn't show them itself; `bug(Exception)` for everything else.
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
        self._running: dict[asyncio.Future[object], Job[object]] = {}
        self._waiting: list[Job[object]] = []
        self._reason = ""
        self._retry_s = FIRST_RETRY_S
        self._seconds_left = 0
        self._closing = False
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)

    @property
    def busy(self) -> bool:
        """Whether any work is under way."""
        return bool(self._running)

    def read(
        self,
        function: Callable[[], Result],
        then: Callable[[Result], None],
        *,
        owner: QObject | None = None,
        refused: Callable[[Refused], None] | None = None,
        finished: Callable[[], None] | None = None,
        reaches_server: bool = True,
    ) -> Job[Result]:
        """Runs something that changes nothing; while the server can't be reached it is tried
        again and again, and `then` gets the answer once there is one.

        With `reaches_server` false its success doesn't tell that the server is back.
        """
        job = Job(function, then, refused, None, finished, owner, reaches_server=reaches_server)
        self._submit(job, retry=True)
        return job

    def act(
        self,
        function: Callable[[], Result],
        then: Callable[[Result], None] | None = None,
        *,
        owner: QObject | None = None,
        refused: Callable[[Refused], None] | None = None,
        unavailable: Callable[[Unavailable], None] | None = None,
        finished: Callable[[], None] | None = None,
    ) -> Job[Result]:
        """Runs an action once: whether it is repeated is for the person to say."""
        job = Job(function, then, refused, unavailable, finished, owner)
        self._submit(job, retry=False)
        return job

    def retry_now(self) -> None:
        """Tries again what waits for the server."""
        self._clock.stop()
        waiting, self._waiting = self._waiting, []
        for job in waiting:
            if job.wanted:
                self._submit(job, retry=True)

    def lost(self, reason: str) -> None:
        """Somebody else has noticed that the server is gone."""
        self._begin_outage(reason)

    def back(self) -> None:
        """Somebody else has noticed that the server is back."""
        if self._reason:
            self._end_outage()
            self.retry_now()

    def stop(self) -> None:
        """Drops what is waited for and takes no more work."""
        self._closing = True
        self._clock.stop()
        self._waiting.clear()
        for job in self._running.values():
            job.cancel()

    async def close(self) -> None:
        """Stops, and returns when no work is under way any more."""
        self.stop()
        if self._running:
            await asyncio.wait(list(self._running))

    def _submit(self, job: Job[Result], *, retry: bool) -> None:
        if self._closing:
            return
        future: asyncio.Future[object] = asyncio.wrap_future(
            self._pool.submit(job.function), loop=self._loop
        )
        # Held until done: what nobody holds may be collected in flight.
        self._running[future] = job  # type: ignore[assignment]
        future.add_done_callback(lambda done: self._arrived(done, job, retry=retry))

    def _arrived(self, future: asyncio.Future[object], job: Job[Result], *, retry: bool) -> None:
        del self._running[future]
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, Unavailable) and retry and not self._closing:
            if job.wanted:
                self._waiting.append(job)  # type: ignore[arg-type]
            self._begin_outage(str(error))
            return
        if self._reason and job.reaches_server and not isinstance(error, Unavailable):
            self._end_outage()
        if error is not None and not isinstance(error, Refused | Unavailable):
            # A bug is told even when nobody waits for the outcome any more.
            self.bug.emit(error)
        if not job.wanted:
            return
        if job.finished is not None:
            job.finished()
        if isinstance(error, Refused):
            (job.refused or self.refused.emit)(error)
        elif isinstance(error, Unavailable):
            (job.unavailable or self.failed.emit)(error)
        elif error is None and job.then is not None:
            job.then(future.result())  # type: ignore[arg-type]

    def _begin_outage(self, reason: str) -> None:
        if self._closing:
            return
        if not self._reason:
            self._retry_s = FIRST_RETRY_S
        self._reason = reason
        if not self._clock.isActive():
            self._seconds_left = self._retry_s
            self._retry_s = min(self._retry_s * 2, LONGEST_RETRY_S)
            self._clock.start()
        self.outage.emit(Outage(self._reason, self._seconds_left))

    def _end_outage(self) -> None:
        self._reason = ""
        self._clock.stop()
        self.restored.emit()
        self.retry_now()

    def _tick(self) -> None:
        self._seconds_left -= 1
        if self._seconds_left > 0:
            self.outage.emit(Outage(self._reason, self._seconds_left))
        else:
            self.retry_now()
