"""The end of the program: what is being written is heard of, drafts are kept, a silent server
keeps nobody."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from PySide6.QtCore import QObject

from app.services import databases
from app.views.frame.main_window import MainWindow
from app.views.places import PlaceContext
from app.views.remembered import keep

logger = logging.getLogger(__name__)

_SILENT_S = 4.0
"""What a silent server may cost in all: after it the window and the process still have to go."""
_FOR_ANSWER, _FOR_ANSWER_IDLE, _FOR_DRAFTS, _FOR_OTHERS = 0.3, 0.15, 0.25, 0.3
"""Shares of it."""
_LOOK_EVERY_S = 2.0
_LONGEST_WRITE_S = 60.0
_STOP_S = 3.0
"""So long what goes on behind the window may take to end, with a server that answers."""


class Seconds:
    """Seconds that several waits share: what one takes is gone for those after it."""

    def __init__(self, whole: float, clock: Callable[[], float]) -> None:
        self._whole = whole
        self._clock = clock
        self.renew()

    def renew(self) -> None:
        """All of them are there again."""
        self._until = self._clock() + self._whole

    def at_most(self, share: float = 1.0) -> float:
        """How long may be waited for something that has a share of the whole."""
        return max(min(share * self._whole, self._until - self._clock()), 0.0)


class Ending(QObject):
    """Ends everything once, in order: news, what is being written, drafts, what isn't ours, the
    window. `stop` ends what the window doesn't own.

    While the server answers, a write under way is waited for, a minute at most; a second wish to
    end waits no longer. All else takes less than five seconds, whether the server answers or not.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        window: MainWindow,
        context: PlaceContext,
        stop: Callable[[], None] | None,
    ) -> None:
        super().__init__(window)
        self._loop = loop
        self._window = window
        self._context = context
        self._acting = context.acting
        self._background = context.background
        self._stop = stop
        self._seconds = Seconds(_SILENT_S, loop.time)
        self._task: asyncio.Task[None] | None = None
        self.ended: asyncio.Future[None] = loop.create_future()

    def begin(self) -> None:
        """Begins to end; a second call waits for nobody any more."""
        if self._task is None:
            self._task = self._loop.create_task(self._end())
            self._task.add_done_callback(self._finish)
        else:
            databases.give_up(self._acting)

    async def _end(self) -> None:
        self._window.setEnabled(False)
        self._background.stop()
        pool = ThreadPoolExecutor(2, thread_name_prefix="end")
        self._seconds.renew()
        try:
            answers = await self._await_writes(pool)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._context.drafts.keep(), self._seconds.at_most(_FOR_DRAFTS)
                )
            if self._stop is not None:
                await self._end_others(pool, self._stop, answers=answers)
        finally:
            databases.give_up(self._acting)
            pool.shutdown(wait=False)
        await self._background.ended(self._seconds.at_most())
        keep(self._context.remembered)

    async def _await_writes(self, pool: ThreadPoolExecutor) -> bool:
        """Returns once nothing is being written, or the server doesn't answer, and whether it
        does."""
        give_up_at = self._loop.time() + _LONGEST_WRITE_S
        while True:
            self._seconds.renew()
            asked = self._loop.run_in_executor(pool, databases.answers, self._acting)
            is_idle = await self._background.acted(0.0)
            share = _FOR_ANSWER_IDLE if is_idle else _FOR_ANSWER
            answered, _ = await asyncio.wait([asked], timeout=self._seconds.at_most(share))
            acted = await self._background.acted(_LOOK_EVERY_S if answered else 0.0)
            if not answered or not asked.result() or self._loop.time() > give_up_at:
                databases.give_up(self._acting)
                return False
            if acted:
                return True
            self._context.notices.tell(
                "Waiting for what is being written. Close once more to wait no longer: what isn't"
                " stored by then is still a draft."
            )

    async def _end_others(
        self, pool: ThreadPoolExecutor, stop: Callable[[], None], *, answers: bool
    ) -> None:
        stopped = self._loop.run_in_executor(pool, stop)
        patience_s = _STOP_S if answers else self._seconds.at_most(_FOR_OTHERS)
        await asyncio.wait([stopped], timeout=patience_s)
        databases.give_up(self._acting)
        if answers:
            self._seconds.renew()
        await asyncio.wait([stopped], timeout=self._seconds.at_most(_FOR_OTHERS))
        if stopped.done():
            stopped.result()
        else:
            logger.warning("The background work hasn't stopped")

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._window.stopped()
        error = task.exception()
        if error is not None:
            self.ended.set_exception(error)
        else:
            self.ended.set_result(None)
