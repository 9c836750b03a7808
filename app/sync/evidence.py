"""Evidence on demand: pictures of the DQM GUI and numbers of OMS, fetched in a thread of its own.

Nobody waits in it: what was asked for is a future, and cancelling that ends the request at once.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from app.domain import foreign_json
from app.domain.clock import server_now
from app.domain.errors import BadInput, NotFound, Unavailable
from app.domain.foreign_json import NotJson
from app.domain.json_value import JsonObject
from app.domain.keys import RunNumber
from app.domain.sources.histograms import (
    MOST_PICTURE_BYTES,
    Histogram,
    PictureSize,
    check_picture,
    picture_address,
)
from app.domain.sources.run_numbers import (
    NUMBER_ROWS,
    RunNumbers,
    of_document,
    run_numbers,
    to_document,
)
from app.services.evidence.kept import Kept
from app.services.evidence.sources import Picture
from app.sync.back_off import Again
from app.sync.client import httpx
from app.sync.dqm_gui import DqmGuiSettings, GuiRequests, GuiUnavailable
from app.sync.http import body_of, shown_url
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings
from app.sync.supervisor import Supervisor

Result = TypeVar("Result")

_FRESH_S = 60.0
"""What may grow still, such as a histogram of a run under way, is good for so long."""

_OVER_S = 7200.0
_STOP_S = 5.0
_AT_ONCE = 3


class HistogramClient(GuiRequests):
    """Pictures of histograms, a few at once."""

    _accepts = "image/png"
    _at_once = _AT_ONCE

    async def picture(self, histogram: Histogram, size: PictureSize) -> bytes:
        """A histogram as PNG. Raises `GuiUnavailable`, NotFound where the DQM GUI doesn't have it,
        `BadInput` for what is no picture that can be shown."""
        url = httpx.URL(picture_address(str(self._base), histogram, size))
        asked_at = time.monotonic()
        async with self._turns:
            if asked_at <= self._silent_at:
                # A layout of 60 histograms would wait for the same silence 60 times.
                raise GuiUnavailable(self._silence)
            try:
                return await self._answer(url, self._content)
            except GuiUnavailable as error:
                if isinstance(error.__cause__, httpx.TransportError | TimeoutError):
                    self._silent_at, self._silence = time.monotonic(), str(error)
                raise

    def _why_again(self, response: httpx.Response, url: httpx.URL) -> Again | None:
        if response.status_code == 404:
            raise NotFound(f"The DQM GUI doesn't have it (404), at {shown_url(url)}.")
        return super()._why_again(response, url)

    async def _content(self, response: httpx.Response, url: httpx.URL) -> bytes:
        try:
            pieces = [each async for each in body_of(response, MOST_PICTURE_BYTES)]
            return check_picture(b"".join(pieces))
        except (NotJson, BadInput) as error:
            reason = str(error).removesuffix(".")
            reason = reason if isinstance(error, BadInput) else f"it {reason}"
            raise BadInput(
                f"The DQM GUI gives no picture that can be shown: {reason}, at {shown_url(url)}."
            ) from error

    @property
    def _turns(self) -> asyncio.Semaphore:
        if self._semaphore is None:
            self._semaphore = asyncio.Semaphore(_AT_ONCE)
        return self._semaphore

    _semaphore: asyncio.Semaphore | None = None
    _silent_at = -math.inf
    """When it last couldn't be reached, or took too long; what was asked before then isn't tried
    any more."""
    _silence = ""


async def read_numbers(client: OmsClient, run_number: RunNumber) -> RunNumbers:
    """What OMS measured in each lumisection of a run. Raises NotFound where it has none."""
    lumisections = await client.lumisections(run_number)
    if not lumisections:
        raise NotFound(f"OMS has no lumisections of run {run_number}.")
    l1_rates = await client.rates("l1triggerrates", run_number)
    dead_times = await client.rates("deadtimes", run_number)
    return run_numbers(
        run_number, lumisections, l1_rates, dead_times, is_final=_is_over(lumisections[-1])
    )


def _is_over(last: JsonObject) -> bool:
    """Whether nothing comes after a lumisection any more."""
    said = last.get("end_time")
    try:
        ended = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return False
    if ended is None or ended.tzinfo is None:
        return False
    return (server_now() - ended).total_seconds() > _OVER_S


class EvidenceLoop:
    """Fetches evidence in a thread of its own, which starts with the first question.

    `gui`, `oms`: whom to ask, found out when somebody asks.
    """

    def __init__(
        self,
        gui: Callable[[], DqmGuiSettings],
        oms: Callable[[], OmsSettings],
        kept: Kept,
        on_bug: Callable[[Exception], None],
    ) -> None:
        self._gui_settings = gui
        self._oms_settings = oms
        self._kept = kept
        self._gui: HistogramClient | None = None
        self._oms: OmsClient | None = None
        self._supervisor = Supervisor("evidence", self._work, on_bug=on_bug)
        self._tasks: set[asyncio.Task[None]] = set()

    def picture(
        self, histogram: Histogram, size: PictureSize, *, anew: bool = False
    ) -> Future[Picture]:
        """A histogram as the DQM GUI draws it."""
        return self._asked(lambda: self._picture(histogram, size, anew=anew))

    def numbers(self, run_number: RunNumber, *, anew: bool = False) -> Future[RunNumbers]:
        """What OMS measured in each lumisection of a run."""
        return self._asked(lambda: self._numbers(run_number, anew=anew))

    def stop(self) -> None:
        """Ends every request."""
        self._supervisor.stop(_STOP_S)

    async def _picture(self, histogram: Histogram, size: PictureSize, *, anew: bool) -> Picture:
        settings = self._gui_settings()
        address = picture_address(settings.url, histogram, size)
        not_older_s = _FRESH_S if histogram.is_online else None
        kept = None if anew else self._kept.find(address, not_older_s=not_older_s)
        if kept is not None:
            # What is on disk may have been damaged there.
            with suppress(BadInput):
                return Picture(check_picture(kept.content), kept.fetched_at)
        if self._gui is None:
            # A person waits: better to say soon that it doesn't answer, and to offer a retry.
            impatient = replace(
                settings, silence_limit_s=20.0, request_limit_s=40.0, tries=2, first_wait_s=0.5
            )
            self._gui = HistogramClient(impatient)
        content = await self._gui.picture(histogram, size)
        self._kept.keep(address, content)
        return Picture(content, time.time())

    async def _numbers(self, run_number: RunNumber, *, anew: bool) -> RunNumbers:
        settings = self._oms_settings()
        # What was kept of fewer rows is another address.
        address = f"{settings.url} {len(NUMBER_ROWS)} numbers {run_number}"
        kept = None if anew else self._kept.find(address)
        if kept is not None:
            with suppress(BadInput, NotJson):
                numbers = of_document(foreign_json.parse(kept.content))
                if numbers.is_final or time.time() - kept.fetched_at <= _FRESH_S:
                    return numbers
        if self._oms is None:
            self._oms = OmsClient(replace(settings, tries=2, request_limit_s=40.0))
        numbers = await read_numbers(self._oms, run_number)
        self._kept.keep(address, json.dumps(to_document(numbers)).encode())
        return numbers

    async def _work(self) -> None:
        """Stays until it is stopped; requests are tasks beside it."""
        try:
            await asyncio.Event().wait()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for client in (self._gui, self._oms):
                if client is not None:
                    await client.__aexit__(None, None, None)
            self._gui = self._oms = None

    def _asked(self, ask: Callable[[], Coroutine[Any, Any, Result]]) -> Future[Result]:
        """The future of what is asked for; it may be cancelled from any thread."""
        future: Future[Result] = Future()
        if not self._supervisor.stopping:
            self._supervisor.start()

        def start() -> None:
            if future.cancelled():
                return
            task = asyncio.get_running_loop().create_task(_answer(ask(), future))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            future.add_done_callback(lambda done: self._cancel(task, done))

        if self._supervisor.stopping or not self._supervisor.post(start):
            future.set_exception(Unavailable("The program is ending."))
        return future

    def _cancel(self, task: asyncio.Task[None], future: Future[Any]) -> None:
        if future.cancelled():
            self._supervisor.post(task.cancel)


async def _answer(work: Coroutine[Any, Any, Result], future: Future[Result]) -> None:
    try:
        result = await work
    except asyncio.CancelledError:
        future.cancel()
        raise
    except Exception as error:  # noqa: BLE001 - whoever asked is told, of bugs too
        if future.set_running_or_notify_cancel():
            future.set_exception(error)
    else:
        if future.set_running_or_notify_cancel():
            future.set_result(result)
