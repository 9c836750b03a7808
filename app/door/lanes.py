"""Threads for the services: quick requests and long ones have each their own.

So a list of a whole season that is being made keeps nobody from reading a page.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app import garbage
from app.domain.errors import Unavailable, Unsure, again_when_cancelled

Result = TypeVar("Result")


class Lane:
    """Some threads, and requests that wait for one of them; too many are refused at once.

    One that `writes` may still do so when nobody waits for it any more. What is `large` needs much
    memory for a while, which is given back after each.
    """

    def __init__(
        self,
        name: str,
        threads: int,
        waiting: int,
        patience_s: float,
        *,
        writes: bool = False,
        large: bool = False,
    ) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"door {name}")
        self._most = threads + waiting
        self._patience_s = patience_s
        self._writes = writes
        self._large = large
        self._held = 0
        # All threads begin with the door: none has to be made, and can't be, in the middle of it.
        together = threading.Barrier(threads)
        for _ in range(threads):
            self._pool.submit(together.wait)

    @property
    def held(self) -> int:
        """Requests that are worked on or wait."""
        return self._held

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of the work. Raises Unavailable when it takes too long, or isn't begun."""
        if self._held >= self._most:
            raise Unavailable("Too many requests are waiting.")
        self._held += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._done_with, work)
        # Counted until its thread is free, however long somebody waits for it.
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._patience_s):
                return await asyncio.shield(future)
        except TimeoutError as error:
            said = f"This takes longer than {self._patience_s:.0f} s."
            if self._writes:
                raise Unsure(
                    f"{said} It goes on: look whether it is there before you try again."
                ) from error
            raise Unavailable(said) from error

    def _done_with(self, work: Callable[[], Result]) -> Result:
        try:
            return work() if self._writes else again_when_cancelled(work)
        finally:
            if self._large:
                garbage.give_back()

    def _done(self, future: asyncio.Future[Result]) -> None:
        self._held -= 1
        if not future.cancelled():
            # One that nobody waits for any more has been answered already.
            future.exception()

    def close(self) -> None:
        """Waits for what is worked on."""
        self._pool.shutdown(wait=True, cancel_futures=True)
