"""The loop that pulls while its client is elected, in a thread of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.demo.simulated_oms import SimulatedOms
from app.domain.clock import server_now
from app.domain.errors import Refused, Unavailable
from app.domain.sources.pull import PullerReport, PullState, PullStatus
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings
from app.sync.worker import (
    PullLoop,
)
from tests.sync.memory_store import FakeElection, Lock, MemoryStore, settings_of
from tests.sync.misbehaving_oms import (
    Answer,
    MisbehavingOms,
)

_AT_ONCE_S = 30.0
"""Much for a machine with other work, little beside the 250 s that would be waited out."""

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
    assert [status.state for status in store.reports] == [PullState.PULLING, PullState.WAITING]


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


def test_that_a_client_that_stands_by_tells_the_trouble_of_the_one_that_pulls(
    simulated: SimulatedOms,
) -> None:
    lock = Lock()
    first, second = Watcher(), Watcher()
    store, heard = MemoryStore(), MemoryStore()
    now = server_now()
    heard.said = PullerReport("desk-1", "", now, "no connection to OMS", now, now)
    first_election = FakeElection(lock, "desk-1")
    with (
        a_loop(simulated.url, store, first, election=first_election),
        a_loop_after(first, simulated.url, heard, second, FakeElection(lock, "desk-2")),
    ):
        standby = second.wait_for(lambda status: status.state is PullState.STANDBY)
        assert standby.trouble == "no connection to OMS"
        assert (standby.last_success, standby.next_try) == (now, now)
        first_election.die()
        assert second.wait_for(waiting).trouble == ""


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


@pytest.mark.expected_log("asked again in", "the turn broke off")
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
        assert loop.stop(_AT_ONCE_S)


def test_that_stopping_while_oms_says_nothing_takes_no_time(oms: MisbehavingOms) -> None:
    oms.on("/runs", Answer(hangs=True))
    settings = replace(settings_of(oms.url), request_limit_s=250.0)
    with a_loop(oms.url, MemoryStore(), Watcher(), settings=settings) as loop:
        assert oms.hanging.wait(60)
        assert loop.stop(_AT_ONCE_S)


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
