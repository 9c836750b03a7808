"""The pull and its loop: what is read, what stops it, who pulls."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from app.demo.simulated_oms import SimulatedOms
from app.domain.errors import BadInput, Refused, Unavailable
from app.domain.json_value import JsonObject
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import FailedRun, KnownRun, Outcome, OutcomeKind, PullState, PullStatus
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings, OmsUnavailable
from app.sync.worker import (
    PullLoop,
    PullProgress,
    PullReport,
    PullStore,
    fetch_now,
    pull_now,
    pull_once,
)
from tests.sync.misbehaving_oms import (
    Answer,
    MisbehavingOms,
    Request,
    a_run,
    document,
    some_lumisections,
)


@dataclass
class MemoryStore:
    """A store that keeps what it is given, refuses runs that get shorter, and can be broken."""

    known: dict[int, KnownRun] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    applied: list[OmsRun] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)
    fills: dict[int, JsonObject] = field(default_factory=dict)
    reported: list[PullStatus] = field(default_factory=list)
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
        self.reported.append(status)
        if status.state is PullState.WAITING:
            self.reported_to_wait.set()

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


@pytest.fixture
def simulated() -> Iterator[SimulatedOms]:
    """Seven runs, the higher numbers changed later, two lumisections each."""
    numbers = range(355100, 355107)
    oms = SimulatedOms(
        runs=[a_run(number, last_update=at(number - 355100)) for number in numbers],
        lumisections={
            number: [{"lumisection_number": position, "run_number": number} for position in (1, 2)]
            for number in numbers
        },
    )
    with oms:
        yield oms


# One pull


def test_that_new_runs_are_brought_in_oldest_change_first(simulated: SimulatedOms) -> None:
    store = MemoryStore()
    report = pull(simulated.url, store)
    assert store.numbers() == list(range(355100, 355107))
    assert report.runs(OutcomeKind.CREATED) == tuple(range(355100, 355107))
    assert report.failed == ()


def test_that_nothing_changed_means_nothing_is_read_but_one_page(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    store.applied.clear()
    report = pull(simulated.url, store)
    assert store.applied == []
    assert report.pages == 1


def test_that_pages_are_read_until_one_holds_only_known_runs(simulated: SimulatedOms) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    store.applied.clear()
    # Page 1: 106 105 104, page 2: 103 102 101, page 3: 100.
    simulated.set_run(a_run(355103, last_update=at(3), end_time=at(59)))
    report = pull(simulated.url, store)
    assert store.applied == []
    assert report.pages == 1
    simulated.set_run(a_run(355105, last_update=at(5), end_time=at(59)))
    report = pull(simulated.url, store)
    assert store.numbers() == [355103, 355105]
    assert report.pages == 3


def test_that_a_changed_last_update_brings_the_run_in_again(simulated: SimulatedOms) -> None:
    store = MemoryStore()
    simulated.set_run(a_run(355106, last_update=at(6), end_time=None))
    pull(simulated.url, store)
    store.applied.clear()
    simulated.set_run(a_run(355106, last_update=at(9), end_time=None))
    simulated.add_lumisections(355106, [{"lumisection_number": 3}])
    report = pull(simulated.url, store)
    assert report.runs(OutcomeKind.UPDATED) == (355106,)
    assert len(store.applied[0].lumisections) == 3


def test_that_runs_below_100000_are_ignored_and_do_not_end_the_list(
    simulated: SimulatedOms,
) -> None:
    for number in (7, 8, 99_999):
        simulated.set_run(a_run(number, last_update=at(50)))
    store = MemoryStore()
    pull(simulated.url, store)
    assert store.numbers() == list(range(355100, 355107))


@pytest.mark.expected_log("could not be pulled")
def test_that_a_run_that_is_refused_does_not_stop_the_others_and_is_tried_again(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore(errors={355102: Refused("This run makes no sense.")})
    report = pull(simulated.url, store)
    assert store.numbers() == [355100, 355101, 355103, 355104, 355105, 355106]
    assert [(failed.run_number, failed.reason) for failed in report.failed] == [
        (355102, "This run makes no sense.")
    ]
    assert store.failures == {355102: "This run makes no sense."}
    store.errors.clear()
    store.applied.clear()
    report = pull(simulated.url, store)
    assert store.numbers() == [355102]
    assert store.failures == {}


def test_that_a_failed_run_is_tried_again_although_its_page_is_not_reached(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    store.applied.clear()
    store.remember_failure(355100, "500 from OMS")
    report = pull(simulated.url, store)
    assert report.pages == 1
    assert store.numbers() == [355100]
    assert store.failures == {}


@pytest.mark.expected_log("could not be pulled")
def test_that_a_bug_in_one_run_is_reported_and_does_not_stop_the_others(
    simulated: SimulatedOms,
) -> None:
    bugs: list[Exception] = []
    store = MemoryStore(errors={355102: KeyError("hlt_key")})
    report = pull(simulated.url, store, on_bug=bugs.append)
    assert len(store.applied) == 6
    assert "an error in the program, KeyError" in report.failed[0].reason
    assert [type(bug) for bug in bugs] == [KeyError]


def test_that_a_lost_database_ends_the_pull_and_blames_no_run(simulated: SimulatedOms) -> None:
    store = MemoryStore(errors={355102: Unavailable("The database is gone.")})
    with pytest.raises(Unavailable, match="database is gone"):
        pull(simulated.url, store)
    assert store.numbers() == [355100, 355101]
    assert store.failures == {}


def test_that_a_pull_that_broke_off_misses_nothing_the_next_time(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore(errors={355104: Unavailable("The database is gone.")})
    with pytest.raises(Unavailable):
        pull(simulated.url, store)
    store.errors.clear()
    pull(simulated.url, store)
    assert sorted(store.numbers()) == list(range(355100, 355107))


@pytest.mark.expected_log("could not be pulled")
def test_that_fewer_lumisections_than_before_are_left_to_the_store_to_refuse(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    simulated.set_run(a_run(355106, last_update=at(30)))
    simulated.set_lumisections(355106, [{"lumisection_number": 1}])
    report = pull(simulated.url, store)
    assert report.failed[0].run_number == 355106
    assert "can't be deleted" in report.failed[0].reason


def test_that_only_the_named_runs_are_pulled_changed_or_not(simulated: SimulatedOms) -> None:
    store = MemoryStore()
    pull(simulated.url, store)
    store.applied.clear()
    report = pull(simulated.url, store, only=[355103, 355101, 355103])
    assert store.numbers() == [355103, 355101]
    assert report.pages == 0


@pytest.mark.expected_log("could not be pulled")
def test_that_a_named_run_oms_does_not_have_fails_with_its_number(
    simulated: SimulatedOms,
) -> None:
    report = pull(simulated.url, MemoryStore(), only=[399999])
    assert report.failed[0].reason == "OMS doesn't know run 399999."


def test_that_a_named_run_below_100000_is_refused(simulated: SimulatedOms) -> None:
    with pytest.raises(BadInput, match="begin at 100000"):
        pull(simulated.url, MemoryStore(), only=[7])


def test_that_a_pull_without_a_list_of_runs_fails_as_a_whole(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"<html>"))
    with pytest.raises(BadInput, match="HTML"):
        pull(oms.url, MemoryStore())


@pytest.mark.expected_log("could not be pulled")
def test_that_runs_whose_lumisections_are_malformed_fail_alone(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355100 + position) for position in range(5)], total=5))
    answers = {
        "355101": Answer(b"<html>"),
        "355102": Answer(b'{"data": [{"attri'),
        "355103": document(some_lumisections(1, cms_active="no")),
    }

    def lumisections(request: Request) -> Answer:
        run_number = request.query["filter[run_number]"]
        return answers.get(run_number, document(some_lumisections(1)))

    oms.on("/lumisections", lumisections)
    store = MemoryStore()
    report = pull(oms.url, store)
    assert sorted(store.numbers()) == [355100, 355104]
    assert sorted(failed.run_number for failed in report.failed) == [355101, 355102, 355103]


@pytest.mark.expected_log("could not be pulled", "A run record of OMS can't be read")
def test_that_a_bad_record_in_the_list_fails_alone(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355101, end_time=7), a_run(355100), None], total=3))
    oms.on("/lumisections", document(some_lumisections(1)))
    store = MemoryStore()
    report = pull(oms.url, store)
    assert store.numbers() == [355100]
    assert list(store.failures) == [355101]
    assert "without attributes" in report.problems[0]


@pytest.mark.expected_log("asked again in", "could not be pulled")
def test_that_one_run_oms_is_out_of_order_for_fails_alone(oms: MisbehavingOms) -> None:
    oms.on("/runs", document([a_run(355100 + position) for position in range(4)], total=4))
    oms.on(
        "/lumisections",
        lambda request: (
            Answer(b"", 500)
            if request.query["filter[run_number]"] in {"355101", "355102"}
            else document(some_lumisections(1))
        ),
    )
    store = MemoryStore()
    pull(oms.url, store)
    assert sorted(store.numbers()) == [355100, 355103]
    assert sorted(store.failures) == [355101, 355102]


@pytest.mark.expected_log("asked again in", "could not be pulled")
def test_that_oms_out_of_order_for_several_runs_in_a_row_ends_the_pull(
    oms: MisbehavingOms,
) -> None:
    oms.on("/runs", document([a_run(355100 + position) for position in range(9)], total=9))
    oms.on("/lumisections", Answer(b"", 500))
    store = MemoryStore()
    with pytest.raises(OmsUnavailable):
        pull(oms.url, store)
    assert len(store.failures) == 3


def test_that_a_fill_is_asked_for_once_and_kept(oms: MisbehavingOms) -> None:
    runs = [a_run(355100 + position, fill_number=7963) for position in range(3)]
    oms.on("/runs", document(runs, total=3))
    oms.on("/lumisections", document(some_lumisections(1)))
    oms.on("/fills", document([{"fill_number": 7963, "injection_scheme": "25ns_2413b"}]))
    store = MemoryStore()
    pull(oms.url, store)
    assert oms.paths().count("/fills") == 1
    assert [run.fill and run.fill["injection_scheme"] for run in store.applied] == [
        "25ns_2413b"
    ] * 3


def test_that_a_fill_whose_scheme_is_not_known_yet_is_asked_for_again(
    oms: MisbehavingOms,
) -> None:
    oms.on("/runs", document([a_run(355100, fill_number=7963)], total=1))
    oms.on("/lumisections", document(some_lumisections(1)))
    oms.on("/fills", document([{"fill_number": 7963, "injection_scheme": None}]))
    store = MemoryStore()
    pull(oms.url, store)
    pull(oms.url, store, only=[355100])
    assert oms.paths().count("/fills") == 2


def test_that_a_pull_says_how_far_it_is(simulated: SimulatedOms) -> None:
    said: list[PullProgress] = []
    pull(simulated.url, MemoryStore(), report=said.append)
    assert said[0] == PullProgress("reading the list of runs")
    assert said[-1] == PullProgress("run 355106", 6, 7)


def test_that_a_pull_ends_when_the_lock_is_lost(simulated: SimulatedOms) -> None:
    answers = iter([True, True, False])
    store = MemoryStore()
    with pytest.raises(Unavailable, match="lock of the puller is lost"):
        pull(simulated.url, store, still_elected=lambda: next(answers))
    assert len(store.applied) == 2


def test_that_the_command_line_pulls_and_fetches_without_a_loop(
    simulated: SimulatedOms,
) -> None:
    store = MemoryStore()
    report = pull_now(settings_of(simulated.url), store, only=[355103])
    assert report.runs(OutcomeKind.CREATED) == (355103,)
    assert fetch_now(settings_of(simulated.url), store, 355104).run_number == 355104


# The loop


class Watcher:
    """Collects what a loop says and waits for facts."""

    def __init__(self) -> None:
        self.statuses: list[PullStatus] = []
        self.bugs: list[Exception] = []
        self._changed = threading.Condition()

    def on_status(self, status: PullStatus) -> None:
        with self._changed:
            self.statuses.append(status)
            self._changed.notify_all()

    def on_bug(self, error: Exception) -> None:
        self.bugs.append(error)

    def wait_for(self, holds: Callable[[PullStatus], bool]) -> PullStatus:
        """The first status from the last one on of which it holds."""
        found: list[PullStatus] = []
        seen = max(0, len(self.statuses) - 1)

        def arrived() -> bool:
            found[:] = [status for status in self.statuses[seen:] if holds(status)]
            return bool(found)

        with self._changed:
            assert self._changed.wait_for(arrived, 15), [s.state for s in self.statuses]
        return found[0]


@contextmanager
def a_loop(
    url: str,
    store: MemoryStore,
    watcher: Watcher,
    *,
    election: FakeElection | None = None,
    settings: OmsSettings | None = None,
    name: str = "desk-1",
    enabled: bool = True,
    interval_s: float = 3600.0,
) -> Iterator[PullLoop]:
    used = settings or settings_of(url)
    loop = PullLoop(
        lambda on_wait: OmsClient(used, on_wait=on_wait),
        store,
        election or FakeElection(Lock(), name),
        on_status=watcher.on_status,
        on_bug=watcher.on_bug,
        client_name=name,
        enabled=enabled,
        interval_s=interval_s,
        election_interval_s=0.01,
    )
    loop.start()
    try:
        yield loop
    finally:
        assert loop.stop(10)


def waiting(status: PullStatus) -> bool:
    return status.state is PullState.WAITING


@pytest.mark.expected_log("could not be pulled")
def test_that_the_loop_pulls_and_says_what_it_did(simulated: SimulatedOms) -> None:
    watcher, store = Watcher(), MemoryStore(errors={355102: Refused("No.")})
    with a_loop(simulated.url, store, watcher):
        status = watcher.wait_for(waiting)
        assert store.reported_to_wait.wait(10)
    assert status.pulls == 1
    assert status.created == 6
    assert status.puller == "desk-1"
    assert status.last_success is not None
    assert status.next_try is not None
    assert [failed.run_number for failed in status.failed] == [355102]
    assert PullState.PULLING in [status.state for status in watcher.statuses]
    assert [status.state for status in store.reported] == [PullState.PULLING, PullState.WAITING]


def test_that_the_loop_never_works_in_the_thread_that_made_it(simulated: SimulatedOms) -> None:
    threads: list[threading.Thread] = []
    store = MemoryStore(before_apply=lambda _: threads.append(threading.current_thread()))
    watcher = Watcher()
    with a_loop(simulated.url, store, watcher):
        watcher.wait_for(waiting)
    assert threads
    assert threading.current_thread() not in threads


def test_that_waking_pulls_before_the_interval_is_over(simulated: SimulatedOms) -> None:
    watcher, store = Watcher(), MemoryStore()
    with a_loop(simulated.url, store, watcher) as loop:
        watcher.wait_for(waiting)
        loop.wake()
        watcher.wait_for(lambda status: waiting(status) and status.pulls == 2)


def test_that_the_interval_wakes_the_loop_by_itself(simulated: SimulatedOms) -> None:
    watcher, store = Watcher(), MemoryStore()
    with a_loop(simulated.url, store, watcher, interval_s=0.01):
        watcher.wait_for(lambda status: status.pulls >= 3)


def test_that_a_loop_switched_off_pulls_nothing_and_holds_no_lock(
    simulated: SimulatedOms,
) -> None:
    watcher, store, lock = Watcher(), MemoryStore(), Lock()
    election = FakeElection(lock, "desk-1")
    with a_loop(simulated.url, store, watcher, election=election, enabled=False) as loop:
        assert loop.fetch(355103).result(10).run_number == 355103
        assert lock.owner is None
        assert store.applied == []


def test_that_one_client_pulls_and_another_takes_over_when_it_dies(
    simulated: SimulatedOms,
) -> None:
    lock = Lock()
    first, second = Watcher(), Watcher()
    store = MemoryStore()
    first_election = FakeElection(lock, "desk-1")
    with (
        a_loop(simulated.url, store, first, election=first_election),
        a_loop_after(
            first, simulated.url, store, second, FakeElection(lock, "desk-2")
        ) as second_loop,
    ):
        standby = second.wait_for(lambda status: status.state is PullState.STANDBY)
        assert standby.puller == "desk-1"
        assert standby.activity == "desk-1 pulls"
        first_election.die()
        taken_over = second.wait_for(waiting)
        assert taken_over.puller == "desk-2"
        assert second_loop.status.state is PullState.WAITING


@contextmanager
def a_loop_after(
    watcher: Watcher, url: str, store: MemoryStore, own: Watcher, election: FakeElection
) -> Iterator[PullLoop]:
    """A second client that starts once the first has pulled."""
    watcher.wait_for(waiting)
    with a_loop(url, store, own, election=election, name="desk-2") as loop:
        yield loop


def test_that_a_stopped_loop_gives_the_lock_up(simulated: SimulatedOms) -> None:
    lock, watcher = Lock(), Watcher()
    with a_loop(simulated.url, MemoryStore(), watcher, election=FakeElection(lock, "desk-1")):
        watcher.wait_for(waiting)
        assert lock.owner == "desk-1"
    assert lock.owner is None


def test_that_a_lost_database_is_shown_and_heals_by_itself(simulated: SimulatedOms) -> None:
    watcher, store, election = Watcher(), MemoryStore(), FakeElection(Lock(), "desk-1")
    election.down = store.down = True
    with a_loop(simulated.url, store, watcher, election=election):
        status = watcher.wait_for(lambda status: status.state is PullState.UNAVAILABLE)
        assert status.activity == "The database is gone."
        election.down = False
        watcher.wait_for(lambda status: status.state is PullState.PULLING)
        store.down = False
        watcher.wait_for(waiting)
    assert len(store.applied) == 7


@pytest.mark.expected_log("asked again in", "The pull broke off")
def test_that_oms_out_of_order_is_shown_with_the_next_try(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"", 500))
    watcher = Watcher()
    with a_loop(oms.url, MemoryStore(), watcher):
        backing_off = watcher.wait_for(lambda status: status.state is PullState.BACKING_OFF)
        assert "500" in backing_off.activity
        status = watcher.wait_for(lambda status: status.state is PullState.UNAVAILABLE)
        assert status.next_try is not None
        assert status.last_success is None


@pytest.mark.expected_log("asked again in")
def test_that_stopping_in_a_long_back_off_takes_no_time(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(b"", 429, {"Retry-After": "250"}))
    watcher = Watcher()
    with a_loop(oms.url, MemoryStore(), watcher) as loop:
        watcher.wait_for(lambda status: status.state is PullState.BACKING_OFF)
        began = time.monotonic()
        assert loop.stop(5)
        assert time.monotonic() - began < 0.2


def test_that_stopping_while_oms_says_nothing_takes_no_time(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(hangs=True))
    with a_loop(oms.url, MemoryStore(), Watcher()) as loop:
        assert oms.hanging.wait(10)
        began = time.monotonic()
        assert loop.stop(5)
        assert time.monotonic() - began < 0.2


def test_that_a_bug_outside_of_a_pull_is_reported_and_the_work_begins_anew(
    simulated: SimulatedOms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sync.elected_loop._RESTART_AFTER_S", 0.01)
    watcher = Watcher()
    failing = iter([KeyError("no such lock")])
    real = FakeElection.try_acquire

    def try_acquire(election: FakeElection) -> bool:
        for error in failing:
            raise error
        return real(election)

    monkeypatch.setattr(FakeElection, "try_acquire", try_acquire)
    with a_loop(simulated.url, MemoryStore(), watcher):
        watcher.wait_for(waiting)
    assert [type(bug) for bug in watcher.bugs] == [KeyError]
    assert any("stopped by an error" in status.activity for status in watcher.statuses)


def test_that_an_address_that_is_none_is_shown_and_not_retried() -> None:
    watcher = Watcher()
    with a_loop("", MemoryStore(), watcher, settings=OmsSettings(url="nowhere")) as loop:
        status = watcher.wait_for(lambda status: status.state is PullState.UNAVAILABLE)
        assert "address of OMS" in status.activity
        with pytest.raises(Unavailable):
            loop.fetch(355100).result(10)


def test_that_a_run_is_fetched_by_the_loop_for_a_person_who_asks(
    simulated: SimulatedOms,
) -> None:
    watcher = Watcher()
    with a_loop(simulated.url, MemoryStore(), watcher) as loop:
        run = loop.fetch(355104).result(10)
    assert run.run_number == 355104
    assert len(run.lumisections) == 2


def test_that_a_fetch_that_fails_says_why(simulated: SimulatedOms) -> None:
    with a_loop(simulated.url, MemoryStore(), Watcher()) as loop, pytest.raises(Refused):
        loop.fetch(399999).result(10)


def test_that_a_fetch_is_answered_although_the_loop_stops(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(hangs=True))
    with a_loop(oms.url, MemoryStore(), Watcher(), enabled=False) as loop:
        asked = loop.fetch(355100)
        assert oms.hanging.wait(10)
    with pytest.raises(Unavailable, match="closing"):
        asked.result(1)
    with pytest.raises(Unavailable, match="isn't running"):
        loop.fetch(355100).result(1)
