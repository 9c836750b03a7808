"""The loop that seals: what was committed since, then of the history before, unhurriedly."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Protocol

from app.domain.errors import Refused, Unavailable
from app.domain.seal.status import Refusal, Sealed, SealStatus
from app.sync.elected_loop import ElectedLoop, in_thread
from app.sync.election import Election

_REFUSED_S = 600.0
_REST = 4.0
"""So many times as long as a batch of old history took nothing is done after it."""


class Sealing(Protocol):
    """What seals: calls wait for the database and raise `Unavailable`, or `Refused`."""

    @property
    def signs(self) -> bool: ...

    def seal_new(self) -> Sealed: ...

    def seal_old(self) -> Sealed: ...

    def refusals(self) -> tuple[Refusal, ...]: ...

    def report(self, status: SealStatus) -> None:
        """Keeps what this client does, for others to show."""


class SealLoop(ElectedLoop[nullcontext[None], SealStatus]):
    """Seals in its own thread as long as this client is elected; asks only the database.

    A client without a key lets the election go after each turn, so that one with a key, which
    keeps it, comes to seal soon.
    """

    def __init__(
        self,
        sealing: Sealing,
        election: Election,
        *,
        on_bug: Callable[[Exception], None],
        client_name: str,
        enabled: bool = True,
        interval_s: float = 15.0,
        election_interval_s: float = 3.0,
        on_status: Callable[[SealStatus], None] = lambda _status: None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            "seal",
            SealStatus(),
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
        self._sealing = sealing

    async def _turn(self, client: nullcontext[None]) -> float | None:
        """One turn, after which is known what this client or another refuses to seal."""
        delay = await super()._turn(client)
        if self._enabled:
            # Without a database the state says so; a login that may not look sees nothing.
            with suppress(Refused, Unavailable):
                self._set(refusals=await in_thread(self._sealing.refusals))
        return delay

    async def _pull(self, client: nullcontext[None]) -> None:
        sealed = await self._all_new()
        ends = time.monotonic() + self._interval_s
        while sealed.old_left and time.monotonic() < ends:
            began = time.monotonic()
            old = await in_thread(self._sealing.seal_old)
            sealed = old
            if not old.more:
                break
            self._set(activity=old.text)
            await asyncio.sleep(_REST * (time.monotonic() - began))
        self._succeeded(activity=sealed.text)
        if not self._sealing.signs:
            await self._let_go()

    async def _all_new(self) -> Sealed:
        while True:
            sealed = await in_thread(self._sealing.seal_new)
            if not sealed.more:
                return sealed
            if not await in_thread(self._election.held):
                raise Unavailable("The lock of the puller is lost: another client may seal now.")

    def _delay_after(self, error: Exception) -> float:
        # A person has to look at that, and the log needs to say it only so often.
        return _REFUSED_S if isinstance(error, Refused) else super()._delay_after(error)

    def _report(self, status: SealStatus) -> None:
        self._sealing.report(status)
