"""The loop of a job that asks no server but the database: one client does it again and again."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Protocol, Unpack

from app.domain.errors import Unavailable
from app.domain.progress import Progress
from app.domain.sources.pull import PullerReport, PullStatus
from app.domain.sources.turns import Turned
from app.sync.elected_loop import ElectedLoop, LoopOptions, in_thread
from app.sync.election import Election

Turn = Callable[[Progress], Turned | str]
"""One turn of a job; a text alone says that nothing is left to do. It asks between its steps
whether to stop, waits for the database, and raises `Unavailable` or `Refused`."""


class Reports(Protocol):
    """What the elected client tells of a job: calls wait for the database."""

    def report(self, status: PullStatus) -> None:
        """Keeps what this client does, for others to show."""

    def reported(self) -> PullerReport | None:
        """What the elected client said last."""


class JobLoop(ElectedLoop[nullcontext[None], PullStatus]):
    """Does a job in a thread of its own as long as this client is elected.

    Turns follow each other, with the rests they ask for, until nothing is left to do; then comes
    the interval. A stop, or the loss of the election, is heard between the steps of a turn: the
    one under way is finished. Without `reports` nothing is told: what the job did stands in the
    database.
    """

    def __init__(
        self,
        name: str,
        turn: Turn,
        reports: Reports | None,
        election: Election,
        *,
        interval_s: float,
        **options: Unpack[LoopOptions[PullStatus]],
    ) -> None:
        super().__init__(
            name,
            PullStatus(),
            (),
            lambda _on_wait: nullcontext(),
            election,
            interval_s=interval_s,
            longest_interval_s=interval_s,
            **options,
        )
        self._turn_of_job = turn
        self._reports = reports

    async def _told_pull(self, client: nullcontext[None]) -> None:
        # What is told at the end of a turn is enough, and whoever waits for it waits less.
        await self._pull(client)

    async def _pull(self, client: nullcontext[None]) -> None:
        while True:
            turned = await self._turned()
            if turned.rest_s is None:
                self._succeeded(activity=turned.text)
                return
            if not await in_thread(self._election.held):
                raise Unavailable("The election is lost: another client goes on.")
            self._set(activity=turned.text)
            await asyncio.sleep(turned.rest_s)

    async def _turned(self) -> Turned:
        stopping = threading.Event()

        def is_cancelled() -> bool:
            return stopping.is_set() or not self._election.held()

        try:
            said = await in_thread(self._turn_of_job, Progress(None, is_cancelled))
        except asyncio.CancelledError:
            stopping.set()
            raise
        return Turned(said) if isinstance(said, str) else said

    def _report(self, status: PullStatus) -> None:
        if self._reports is not None:
            self._reports.report(status)

    def _reported(self) -> PullerReport | None:
        return None if self._reports is None else self._reports.reported()
