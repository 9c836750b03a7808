"""The pull: what OMS has changed is read, handed to the store, and reported."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, Unpack

from app.domain.clock import server_now
from app.domain.errors import BadInput, RegistryError, Unavailable
from app.domain.json_value import JsonObject
from app.domain.masking import masked
from app.domain.sources.oms import LARGEST_NUMBER, SMALLEST_RUN_NUMBER, OmsRun, whole_run
from app.domain.sources.pull import (
    FailedRun,
    KnownRun,
    Outcome,
    OutcomeKind,
    PullerReport,
    PullState,
    PullStatus,
)
from app.sync.back_off import Wait
from app.sync.elected_loop import ElectedLoop, LoopOptions, in_thread
from app.sync.election import Election
from app.sync.oms import OmsClient, fill_number_of
from app.sync.oms_requests import OmsSettings, OmsUnavailable
from app.sync.supervisor import outcome_of

logger = logging.getLogger(__name__)

# One run that OMS can't give is that run's trouble; several in a row are OMS's.
_UNAVAILABLE_IN_A_ROW = 3


class ElectionLost(Unavailable):
    """The lock of the puller is no longer ours."""


class PullStore(Protocol):
    """Where a pull writes to: called from any thread; all may wait and raise `Unavailable`."""

    def known_runs(self, run_numbers: Sequence[int]) -> Mapping[int, KnownRun]:
        """Those of the runs that are recorded already."""

    def apply(self, oms_run: OmsRun) -> Outcome:
        """Creates or updates the run. Raises `Refused` when this run can't be recorded."""

    def remember_failure(self, run_number: int, reason: str) -> None: ...

    def forget_failure(self, run_number: int) -> None: ...

    def failed_runs(self) -> Sequence[FailedRun]: ...

    def fill(self, fill_number: int) -> JsonObject | None:
        """The attributes of a fill that was asked for before."""

    def remember_fill(self, fill_number: int, attributes: JsonObject) -> None: ...

    def report(self, status: PullStatus) -> None:
        """Keeps what the elected puller does, for the other clients to show."""

    def reported(self) -> PullerReport | None:
        """What the elected puller said last."""


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far a pull is."""

    activity: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class PullReport:
    """What one pull did; `problems` are records of OMS that name no run."""

    outcomes: tuple[tuple[int, Outcome], ...] = ()
    failed: tuple[FailedRun, ...] = ()
    problems: tuple[str, ...] = ()
    pages: int = 0

    def runs(self, kind: OutcomeKind) -> tuple[int, ...]:
        """The runs with that outcome, in the order they were done."""
        return tuple(number for number, outcome in self.outcomes if outcome.kind is kind)


async def pull_once(
    client: OmsClient,
    store: PullStore,
    *,
    only: Sequence[int] | None = None,
    report: Callable[[PullProgress], None] | None = None,
    still_elected: Callable[[], bool] | None = None,
    on_bug: Callable[[Exception], None] | None = None,
) -> PullReport:
    """Brings in the runs that OMS has changed, or `only` those named whether changed or not.

    One that fails is remembered and doesn't stop the others. Raises `RegistryError` when there
    is no list of runs to be had, or neither OMS nor the store answers any longer.
    """
    pull = _Pull(client, store, report, still_elected, on_bug)
    return await (pull.changed_runs() if only is None else pull.these_runs(only))


def pull_now(
    settings: OmsSettings,
    store: PullStore,
    *,
    only: Sequence[int] | None = None,
    report: Callable[[PullProgress], None] | None = None,
) -> PullReport:
    """One pull, waited for; for the command line."""

    async def pull() -> PullReport:
        async with OmsClient(settings) as client:
            return await pull_once(client, store, only=only, report=report)

    return asyncio.run(pull())


def fetch_now(settings: OmsSettings, store: PullStore, run_number: int) -> OmsRun:
    """What OMS says of one run, waited for; for the command line."""

    async def fetch() -> OmsRun:
        async with OmsClient(settings) as client:
            return await read_run(client, store, await client.run_attributes(run_number))

    return asyncio.run(fetch())


async def read_run(client: OmsClient, store: PullStore, attributes: JsonObject) -> OmsRun:
    """The run of that record with its lumisections and its fill; a known fill isn't asked for."""
    run_number = _run_number(attributes)
    lumisections = await client.lumisections(run_number)
    fill_number = fill_number_of(attributes)
    if fill_number is None:
        return whole_run(attributes, lumisections, None)
    fill = await in_thread(store.fill, fill_number)
    if fill is None:
        fill = await client.fill(fill_number)
        # A fill that has just begun may get its scheme later: it is asked for again until then.
        if fill is not None and (fill.get("injection_scheme") or fill.get("end_time")):
            await in_thread(store.remember_fill, fill_number, fill)
    return whole_run(attributes, lumisections, fill)


class _Pull:
    """One pull and what it has done so far."""

    def __init__(
        self,
        client: OmsClient,
        store: PullStore,
        report: Callable[[PullProgress], None] | None,
        still_elected: Callable[[], bool] | None,
        on_bug: Callable[[Exception], None] | None,
    ) -> None:
        self._client = client
        self._store = store
        self._report = report
        self._still_elected = still_elected
        self._on_bug = on_bug
        self._outcomes: list[tuple[int, Outcome]] = []
        self._failed: list[FailedRun] = []
        self._problems: list[str] = []
        self._pages = 0
        self._unavailable_in_a_row = 0

    async def changed_runs(self) -> PullReport:
        """Oldest change first, so that a pull that breaks off leaves nothing that the next
        wouldn't see: what is missing is always newer than what is there."""
        changed = await self._read_list()
        earlier = await in_thread(self._store.failed_runs)
        again = [failed.run_number for failed in earlier if failed.run_number not in changed]
        work: list[tuple[int, JsonObject | None]] = [(number, None) for number in again]
        work += [(number, changed[number]) for number in reversed(changed)]
        return await self._bring_in(work)

    async def these_runs(self, run_numbers: Sequence[int]) -> PullReport:
        for number in run_numbers:
            if number < SMALLEST_RUN_NUMBER:
                raise BadInput(
                    f"Run {number} is not a CMS run: their numbers begin at {SMALLEST_RUN_NUMBER}."
                )
            if number > LARGEST_NUMBER:
                raise BadInput(
                    f"Run {number} is not a CMS run: their numbers end at {LARGEST_NUMBER}."
                )
        return await self._bring_in([(number, None) for number in dict.fromkeys(run_numbers)])

    async def _read_list(self) -> dict[int, JsonObject]:
        """Records of the runs that are new or changed, those changed last first."""
        changed: dict[int, JsonObject] = {}
        self._say("reading the list of runs")
        async with aclosing(self._client.runs_by_last_update()) as pages:
            async for page in pages:
                self._pages += 1
                for number, error in page.problems:
                    await self._fail_record(number, error)
                records = {
                    number: run
                    for run in page.runs
                    if (number := _run_number(run)) >= SMALLEST_RUN_NUMBER
                }
                known = await in_thread(self._store.known_runs, list(records))
                news = {
                    number: run
                    for number, run in records.items()
                    if _what_is_known(run) != known.get(number)
                }
                for number, run in news.items():
                    changed.setdefault(number, run)
                if records and not news and not page.problems:
                    break
                self._say(f"reading the list of runs, page {self._pages + 1}")
        return changed

    async def _bring_in(self, work: Sequence[tuple[int, JsonObject | None]]) -> PullReport:
        for done, (number, attributes) in enumerate(work):
            if self._still_elected is not None and not await in_thread(self._still_elected):
                raise ElectionLost("The lock of the puller is lost: another client may pull now.")
            self._say(f"run {number}", done, len(work))
            result = await outcome_of(self._bring_in_run(number, attributes))
            if isinstance(result, Outcome):
                self._unavailable_in_a_row = 0
                self._outcomes.append((number, result))
                if result.kind is not OutcomeKind.UNCHANGED:
                    logger.info("%s", result.text)
                await in_thread(self._store.forget_failure, number)
            else:
                await self._sort(number, result)
        return PullReport(
            tuple(self._outcomes), tuple(self._failed), tuple(self._problems), self._pages
        )

    async def _bring_in_run(self, number: int, attributes: JsonObject | None) -> Outcome:
        if attributes is None:
            attributes = await self._client.run_attributes(number)
        oms_run = await read_run(self._client, self._store, attributes)
        return await in_thread(self._store.apply, oms_run)

    async def _sort(self, number: int, error: Exception) -> None:
        """Whose move it is: of this run, of OMS, of the database, or of whoever mends bugs."""
        if isinstance(error, Unavailable) and not isinstance(error, OmsUnavailable):
            raise error
        if isinstance(error, RegistryError):
            reason = str(error)
        else:
            reason = f"an error in the program, {type(error).__name__}: {error}"
            if self._on_bug is None:
                logger.error("Run %d: %s", number, reason, exc_info=error)
            else:
                self._on_bug(error)
        await self._fail(number, reason)
        if isinstance(error, OmsUnavailable):
            self._unavailable_in_a_row += 1
            if self._unavailable_in_a_row >= _UNAVAILABLE_IN_A_ROW:
                raise error
        else:
            self._unavailable_in_a_row = 0

    async def _fail_record(self, number: int | None, error: BadInput) -> None:
        if number is None or number > LARGEST_NUMBER:
            logger.warning("A run record of OMS can't be read: %s", error)
            self._problems.append(str(error))
        elif number >= SMALLEST_RUN_NUMBER:
            await self._fail(number, str(error))

    async def _fail(self, number: int, reason: str) -> None:
        reason = masked(reason)
        logger.warning("Run %d could not be pulled: %s", number, reason)
        self._failed.append(FailedRun(number, reason, server_now()))
        await in_thread(self._store.remember_failure, number, reason)

    def _say(self, activity: str, done: int = 0, total: int = 0) -> None:
        if self._report is not None:
            self._report(PullProgress(activity, done, total))


class PullLoop(ElectedLoop[OmsClient, PullStatus]):
    """The puller of one client, in its own thread: waits for its election, pulls, waits.

    `on_status` is called in that thread. `make_client` is given the callback that hears of
    back-offs. Switched off, `fetch` still works.
    """

    def __init__(
        self,
        make_client: Callable[[Callable[[Wait | None], None]], OmsClient],
        store: PullStore,
        election: Election,
        *,
        interval_s: float = 60.0,
        longest_interval_s: float = 600.0,
        **options: Unpack[LoopOptions[PullStatus]],
    ) -> None:
        super().__init__(
            "puller",
            PullStatus(),
            (OmsUnavailable,),
            make_client,
            election,
            interval_s=interval_s,
            longest_interval_s=longest_interval_s,
            **options,
        )
        self._store = store
        self._client: OmsClient | None = None
        self._fetches: set[asyncio.Task[None]] = set()

    def fetch(self, run_number: int) -> Future[OmsRun]:
        """What OMS says of one run now, by the same client with its manners."""
        future: Future[OmsRun] = Future()

        def begin() -> None:
            if self._supervisor.stopping:
                future.set_exception(Unavailable("OMS wasn't asked: the program is closing."))
                return
            task = asyncio.get_running_loop().create_task(self._fetch(run_number, future))
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)

        if not self._supervisor.post(begin):
            future.set_exception(Unavailable("OMS can't be asked: its worker isn't running."))
        return future

    def _begin(self, client: OmsClient) -> None:
        self._client = client

    async def _end(self) -> None:
        self._client = None
        for task in self._fetches:
            task.cancel()
        await asyncio.gather(*self._fetches, return_exceptions=True)

    async def _pull(self, client: OmsClient) -> None:
        report = await pull_once(
            client,
            self._store,
            report=self._on_progress,
            still_elected=self._election.held,
            on_bug=self._on_bug,
        )
        failed = tuple(await in_thread(self._store.failed_runs))
        status = self._status
        self._succeeded(
            activity="; ".join(report.problems),
            created=status.created + len(report.runs(OutcomeKind.CREATED)),
            updated=status.updated + len(report.runs(OutcomeKind.UPDATED)),
            unchanged=status.unchanged + len(report.runs(OutcomeKind.UNCHANGED)),
            flagged=status.flagged + len(report.runs(OutcomeKind.FLAGGED)),
            failed=failed,
        )

    def _report(self, status: PullStatus) -> None:
        self._store.report(status)

    def _reported(self) -> PullerReport | None:
        return self._store.reported()

    async def _fetch(self, run_number: int, future: Future[OmsRun]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = await outcome_of(self._read(run_number))
        except asyncio.CancelledError:
            future.set_exception(Unavailable("OMS wasn't asked: the program is closing."))
            raise
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)

    async def _read(self, run_number: int) -> OmsRun:
        client = self._client
        if client is None:
            raise Unavailable("OMS can't be asked: look at the settings of its client.")
        return await read_run(client, self._store, await client.run_attributes(run_number))

    def _on_progress(self, progress: PullProgress) -> None:
        of_how_many = f" ({progress.done + 1} of {progress.total})" if progress.total else ""
        self._set(state=PullState.PULLING, activity=progress.activity + of_how_many)


def _what_is_known(attributes: JsonObject) -> KnownRun:
    last_update, end_time = attributes.get("last_update"), attributes.get("end_time")
    assert last_update is None or isinstance(last_update, str)
    assert end_time is None or isinstance(end_time, str)
    return KnownRun(last_update, end_time)


def _run_number(attributes: JsonObject) -> int:
    number = attributes["run_number"]
    assert isinstance(number, int)
    return number
