"""Threads for the services: quick requests and long ones have each their own.

So a list of a whole season that is being made keeps nobody from reading a page. Who asks much at
once leaves a thread to the others, and they come in turn.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app import garbage
from app.domain.errors import Unavailable, Unsure, again_when_cancelled

Result = TypeVar("Result")


class Turns:
    """Threads, given to one client after the other, however much each of them asks.

    A client never has the last one, where there are several. Only the loop of the server takes and
    gives.
    """

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._of_one = max(1, threads - 1)
        self._used: Counter[str] = Counter()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, client: str) -> None:
        """Waits until it is the client's turn."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give(client)
            raise

    def give(self, client: str) -> None:
        """Its thread is free for whoever comes next."""
        self._free += 1
        self._used[client] -= 1
        if not self._used[client]:
            del self._used[client]
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free and (client := self._next()) is not None:
            waiting = self._waiting.pop(client)
            turn = waiting.popleft()
            if waiting:
                self._waiting[client] = waiting  # behind all others
            if not turn.done():
                self._free -= 1
                self._used[client] += 1
                turn.set_result(None)

    def _next(self) -> str | None:
        return next((each for each in self._waiting if self._used[each] < self._of_one), None)


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
        self._turns = Turns(threads)
        # All threads begin with the door: none has to be made, and can't be, in the middle of it.
        together = threading.Barrier(threads)
        for _ in range(threads):
            self._pool.submit(together.wait)

    @property
    def held(self) -> int:
        """Requests that are worked on or wait."""
        return self._held

    async def run(self, work: Callable[[], Result], client: str = "") -> Result:
        """The result of the work. Raises Unavailable when it takes too long, or isn't begun."""
        if self._held >= self._most:
            raise Unavailable("Too many requests are waiting.")
        self._held += 1
        future: asyncio.Future[Result] | None = None
        try:
            async with asyncio.timeout(self._patience_s):
                await self._turns.take(client)
                future = self._begun(work, client)
                return await asyncio.shield(future)
        except TimeoutError as error:
            said = f"This takes longer than {self._patience_s:.0f} s."
            if self._writes and future is not None:
                raise Unsure(
                    f"{said} It goes on: look whether it is there before you try again."
                ) from error
            raise Unavailable(said) from error
        finally:
            if future is None:
                self._held -= 1

    def _begun(self, work: Callable[[], Result], client: str) -> "asyncio.Future[Result]":
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._done_with, work)

        def done(future: asyncio.Future[Result]) -> None:
            # Counted until its thread is free, however long somebody waits for it.
            self._held -= 1
            self._turns.give(client)
            if not future.cancelled():
                # One that nobody waits for any more has been answered already.
                future.exception()

        future.add_done_callback(done)
        return future

    def _done_with(self, work: Callable[[], Result]) -> Result:
        try:
            return work() if self._writes else again_when_cancelled(work)
        finally:
            if self._large:
                garbage.give_back()

    def close(self) -> None:
        """Waits for what is worked on."""
        self._pool.shutdown(wait=True, cancel_futures=True)
