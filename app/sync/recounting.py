"""The loop that counts derived rows again: what changed at once, all others unhurriedly."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Protocol

from app.domain.counting import counted
from app.domain.errors import Unavailable
from app.domain.recount.status import Recounted, RecountStatus
from app.sync.elected_loop import ElectedLoop, in_thread
from app.sync.election import Election

REST = 19.0
"""So many times as long as a step took nothing is done after it, where somebody works."""
REST_ALONE = 3.0
"""The same in a program that has nothing else to do."""


class Recounting(Protocol):
    """What counts again: a call waits for the database and raises `Unavailable` or `Refused`."""

    def step(self) -> Recounted: ...


class RecountLoop(ElectedLoop[nullcontext[None], RecountStatus]):
    """Counts again in its own thread as long as this client is elected; rests `rest` times as long
    as a step takes."""

    def __init__(
        self,
        recounting: Recounting,
        election: Election,
        *,
        on_bug: Callable[[Exception], None],
        client_name: str,
        enabled: bool = True,
        interval_s: float = 15.0,
        election_interval_s: float = 3.0,
        rest: float = REST,
        on_status: Callable[[RecountStatus], None] = lambda _status: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            "recount",
            RecountStatus(),
            (),
            lambda _on_wait: nullcontext(),
            election,
            on_status=on_status,
            on_bug=on_bug,
            client_name=client_name,
            enabled=enabled,
            interval_s=interval_s,
            election_interval_s=election_interval_s,
            longest_interval_s=interval_s,
            jitter=jitter,
        )
        self._recounting = recounting
        self._rest = rest

    async def _pull(self, client: nullcontext[None]) -> None:
        done = Recounted()
        while True:
            began = time.monotonic()
            step = await in_thread(self._recounting.step)
            done += step
            self._set(
                rows=self._status.rows + step.rows, found=self._status.found + len(step.findings)
            )
            if not step.rows:
                break
            if not await in_thread(self._election.held):
                raise Unavailable("The lock of the puller is lost: another client may count now.")
            self._set(activity=f"{counted(self._status.rows, 'row')} counted again")
            await asyncio.sleep(self._rest * (time.monotonic() - began))
        said = "; ".join(done.failed)
        self._succeeded(activity=f"not counted: {said}" if said else "")

    def _report(self, status: RecountStatus) -> None:
        """The marks of what was counted say when that was."""
