"""A store in memory and an election of one process, for pulls."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.errors import Refused, Unavailable
from app.domain.json_value import JsonObject
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import (
    FailedRun,
    KnownRun,
    Outcome,
    OutcomeKind,
    PullerReport,
    PullState,
    PullStatus,
)
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings
from app.sync.worker import (
    PullProgress,
    PullReport,
    PullStore,
    pull_once,
)


@dataclass
class MemoryStore:
    """A store that keeps what it is given, refuses runs that get shorter, and can be broken."""

    known: dict[int, KnownRun] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    applied: list[OmsRun] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)
    fills: dict[int, JsonObject] = field(default_factory=dict)
    reports: list[PullStatus] = field(default_factory=list)
    said: PullerReport | None = None
    reported_to_wait: threading.Event = field(default_factory=threading.Event)
    errors: dict[int, Exception] = field(default_factory=dict)
    down: bool = False
    before_apply: Callable[[int], None] = lambda _: None

    def known_runs(self, run_numbers: Sequence[int]) -> Mapping[int, KnownRun]:
        if self.down:
            raise Unavailable("The database is gone.")
        return {number: self.known[number] for number in run_numbers if number in self.known}

    def apply(self, oms_run: OmsRun) -> Outcome:
        number = oms_run.run_number
        self.before_apply(number)
        if number in self.errors:
            raise self.errors[number]
        if len(oms_run.lumisections) < self.lengths.get(number, 0):
            raise Refused("Lumisections can't be deleted.")
        attributes = oms_run.attributes
        kind = OutcomeKind.UPDATED if number in self.known else OutcomeKind.CREATED
        self.known[number] = KnownRun(
            attributes["last_update"],  # type: ignore[arg-type]
            attributes["end_time"],  # type: ignore[arg-type]
        )
        self.lengths[number] = len(oms_run.lumisections)
        self.applied.append(oms_run)
        return Outcome(kind)

    def remember_failure(self, run_number: int, reason: str) -> None:
        self.failures[run_number] = reason

    def forget_failure(self, run_number: int) -> None:
        self.failures.pop(run_number, None)

    def failed_runs(self) -> Sequence[FailedRun]:
        return [FailedRun(number, reason) for number, reason in self.failures.items()]

    def fill(self, fill_number: int) -> JsonObject | None:
        return self.fills.get(fill_number)

    def remember_fill(self, fill_number: int, attributes: JsonObject) -> None:
        self.fills[fill_number] = attributes

    def report(self, status: PullStatus) -> None:
        self.reports.append(status)
        if status.state is PullState.WAITING:
            self.reported_to_wait.set()

    def reported(self) -> PullerReport | None:
        return self.said

    def numbers(self) -> list[int]:
        return [run.run_number for run in self.applied]


class Lock:
    """The one lock that the elections of all clients are about."""

    def __init__(self) -> None:
        self.owner: str | None = None
        self.mutex = threading.Lock()


class FakeElection:
    """One client's view of the lock; `die` is what happens when its connection breaks."""

    def __init__(self, lock: Lock, name: str) -> None:
        self._lock = lock
        self._name = name
        self.down = False

    def try_acquire(self) -> bool:
        if self.down:
            raise Unavailable("The database is gone.")
        with self._lock.mutex:
            if self._lock.owner is None:
                self._lock.owner = self._name
            return self._lock.owner == self._name

    def held(self) -> bool:
        return self._lock.owner == self._name

    nobody = ""

    def holder(self) -> str | None:
        return self._lock.owner

    def release(self) -> None:
        with self._lock.mutex:
            if self._lock.owner == self._name:
                self._lock.owner = None

    die = release


def settings_of(url: str) -> OmsSettings:
    return OmsSettings(
        url=url, pause_s=0.0, first_wait_s=0.001, tries=2, request_limit_s=5.0, runs_per_page=3
    )


def pull(
    url: str,
    store: PullStore,
    *,
    only: Sequence[int] | None = None,
    report: Callable[[PullProgress], None] | None = None,
    still_elected: Callable[[], bool] | None = None,
    on_bug: Callable[[Exception], None] | None = None,
) -> PullReport:
    async def go() -> PullReport:
        async with OmsClient(settings_of(url)) as client:
            return await pull_once(
                client,
                store,
                only=only,
                report=report,
                still_elected=still_elected,
                on_bug=on_bug,
            )

    return asyncio.run(go())


def at(minute: int) -> str:
    return f"2025-08-18T10:{minute:02d}:00Z"
