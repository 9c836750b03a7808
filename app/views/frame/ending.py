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

_ANSWER_S = 1.2
_ANSWER_IDLE_S = 0.6
_LOOK_EVERY_S = 2.0
_LONGEST_WRITE_S = 60.0
_KEEP_S = 1.0
_STOP_S = 20.0
_STOP_SILENT_S = 1.2
_LAST_S = 0.5


class Ending(QObject):
    """Ends everything once, in order: news, what is being written, drafts, what isn't ours, the
    window. `stop` ends what the window doesn't own.

    While the server answers, a write under way is waited for, a minute at most; a second wish to
    end waits no longer. Without an answer all of it takes less than five seconds.
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
        try:
            answers = await self._await_writes(pool)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._context.drafts.keep(), _KEEP_S)
            if self._stop is not None:
                await self._end_others(pool, self._stop, answers=answers)
        finally:
            databases.give_up(self._acting)
            pool.shutdown(wait=False)
        await self._background.ended(_LAST_S)
        keep(self._context.remembered)

    async def _await_writes(self, pool: ThreadPoolExecutor) -> bool:
        """Returns once nothing is being written, or the server doesn't answer, and whether it
        does."""
        give_up_at = self._loop.time() + _LONGEST_WRITE_S
        while True:
            asked = self._loop.run_in_executor(pool, databases.answers, self._acting)
            is_idle = await self._background.acted(0.0)
            patience_s = _ANSWER_IDLE_S if is_idle else _ANSWER_S
            answered, _ = await asyncio.wait([asked], timeout=patience_s)
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
        await asyncio.wait([stopped], timeout=_STOP_S if answers else _STOP_SILENT_S)
        databases.give_up(self._acting)
        await asyncio.wait([stopped], timeout=_LAST_S)
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
