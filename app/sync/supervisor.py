"""A worker's thread: its own asyncio loop, a new start after a bug, a stop that works at once."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import TypeVar

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


async def outcome_of(work: Awaitable[Result]) -> Result | Exception:
    """The result, or the error in its place: the one net of the workers, for bugs too."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - the caller sorts it by whose move it is
        return error


class Supervisor:
    """Runs `work` in a thread of its own until it is stopped.

    An error that leaves `work` is a bug: `on_bug` is told, in the worker's thread, and the work
    begins anew after `restart_after_s`.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        on_bug: Callable[[Exception], None],
        restart_after_s: float = 5.0,
    ) -> None:
        self._name = name
        self._work = work
        self._on_bug = on_bug
        self._restart_after_s = restart_after_s
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._stopping = False

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stopping

    def start(self) -> None:
        """Starts the thread; nothing happens when it runs already."""
        if self.alive:
            return
        self._stopping = False
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        self._ready.wait()

    def post(self, callback: Callable[[], object]) -> bool:
        """Calls back in the worker's thread, soon; false when the worker isn't running."""
        loop = self._loop
        if loop is None:
            return False
        try:
            loop.call_soon_threadsafe(callback)
        except RuntimeError:  # the loop was closed meanwhile
            return False
        return True

    def stop(self, timeout_s: float) -> bool:
        """Cancels the work and waits for its thread; false when it hasn't ended in time."""
        self._stopping = True
        self.post(self._cancel)
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return not self.alive

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _run(self) -> None:
        try:
            with asyncio.Runner() as runner:
                self._loop = runner.get_loop()
                self._ready.set()
                runner.run(self._keep_working())
        except asyncio.CancelledError:
            logger.debug("%s was stopped", self._name)
        finally:
            self._loop = None
            self._ready.set()

    async def _keep_working(self) -> None:
        self._task = asyncio.current_task()
        while not self._stopping:
            error = await outcome_of(self._work())
            if error is None:
                return
            self._on_bug(error)
            await asyncio.sleep(self._restart_after_s)
