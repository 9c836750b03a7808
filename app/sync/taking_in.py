"""The loop that keeps the read model complete for what other programs write."""

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Protocol

from app.domain.errors import Unavailable
from app.domain.sources.intake import IntakeStatus, TakenIn
from app.sync.elected_loop import ElectedLoop, in_thread
from app.sync.election import Election

_REST = 1.0
"""So many times as long as a step took nothing is done after it: half of the time."""


class TakesIn(Protocol):
    """What takes in: a call waits for the database and raises `Unavailable` or `Refused`."""

    def take_in(self) -> TakenIn: ...


class IntakeLoop(ElectedLoop[nullcontext[None], IntakeStatus]):
    """Takes in, in its own thread, as long as this client is elected."""

    def __init__(
        self,
        intake: TakesIn,
        election: Election,
        *,
        on_bug: Callable[[Exception], None],
        client_name: str,
        enabled: bool = True,
        interval_s: float = 2.0,
        election_interval_s: float = 3.0,
        on_status: Callable[[IntakeStatus], None] = lambda _status: None,
    ) -> None:
        super().__init__(
            "read model",
            IntakeStatus(),
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
        )
        self._intake = intake

    async def _pull(self, client: nullcontext[None]) -> None:
        while True:
            began = time.monotonic()
            taken = await in_thread(self._intake.take_in)
            if not taken.more:
                self._succeeded(activity=taken.text)
                return
            self._set(activity=taken.text)
            if not await in_thread(self._election.held):
                raise Unavailable("The lock of the puller is lost: another client goes on.")
            await asyncio.sleep(_REST * (time.monotonic() - began))

    def _report(self, status: IntakeStatus) -> None:
        """How far it is stands in the database already."""
