"""From OMS over HTTP into PostgreSQL: the loop with the real store and the real lock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from app.demo.season import DemoSeason
from app.demo.simulated_oms import SimulatedOms
from app.domain.identity import Actor
from app.domain.sources.pull import OutcomeKind, PullState, PullStatus
from app.models.database.engine import Database
from app.models.database.locks import PullerLock
from app.services.acting import Acting
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.pulling.store import PullStore
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings
from app.sync.worker import PullLoop, PullReport, pull_now


def politely_at(oms: SimulatedOms) -> OmsSettings:
    return OmsSettings(url=oms.url, pause_s=0.0)


def runs_of(database: Database) -> dict[int, tuple[object, object]]:
    """Class and number of lumisections of the runs that are recorded."""
    with database.read() as connection:
        rows = connection.execute(
            sa.text(
                """SELECT run_number, rr_attributes->>'class', oms_attributes->'ls_duration'
                FROM "Run" ORDER BY run_number"""
            )
        )
        return {number: (class_, length) for number, class_, length in rows}


def versions_of(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.text('SELECT count(*) FROM "Version"')).scalar_one())


def test_that_the_real_runs_are_pulled_and_classified_as_they_should(
    database: Database, shared_data: Path
) -> None:
    configuration.import_folder(
        Acting(database, Actor("person@example.org")), shared_data / "data" / "configuration"
    )
    with SimulatedOms.from_folder(shared_data / "data" / "oms") as oms:
        report = pull_now(politely_at(oms), PullStore(database), only=[315265, 319579])
        assert report.failed == ()
        assert report.runs(OutcomeKind.CREATED) == (315265, 319579)
        versions = versions_of(database)
        again = pull_now(politely_at(oms), PullStore(database), only=[315265, 319579])
    assert runs_of(database) == {
        315265: ("Collisions22", 63),
        319579: ("Collisions22", 3259),
    }
    assert again.runs(OutcomeKind.UNCHANGED) == (315265, 319579)
    assert versions_of(database) == versions


def test_that_a_prescale_index_that_is_written_as_2_0_is_2(
    database: Database, shared_data: Path
) -> None:
    with SimulatedOms.from_folder(shared_data / "cases" / "oms_one") as oms:
        report = pull_now(politely_at(oms), PullStore(database), only=[392006])
        assert report.runs(OutcomeKind.CREATED) == (392006,)
        again = pull_now(politely_at(oms), PullStore(database), only=[392006])
    assert again.runs(OutcomeKind.UNCHANGED) == (392006,)
    state = lumisections.dataset_state(Acting(database), 392006, "online").oms
    indices = [state.at(number).get("prescale_index") for number in (1, 2, 3)]
    assert [(type(each), each) for each in indices if each is not None] == [(int, 2)] * 3


def test_that_runs_with_holes_come_in_with_their_holes(
    database: Database, shared_data: Path
) -> None:
    configuration.install_default(Acting(database))
    with SimulatedOms.from_folder(shared_data / "cases" / "oms") as oms:
        report = pull_now(politely_at(oms), PullStore(database))
    assert (report.failed, report.problems) == ((), ())
    assert {run: length for run, (_, length) in runs_of(database).items()} == {
        392008: 4,
        392009: 8,
    }
    covered = lumisections.dataset_state(Acting(database), 392008, "online").oms.covered
    assert covered.tolist() == [True, True, False, False, True, True]


def test_that_a_season_is_pulled_and_its_live_run_grows_in_the_database(
    database: Database,
) -> None:
    season = DemoSeason(7, 0.0, history=5, lumisection_s=1.0)
    with SimulatedOms() as oms:
        season.tell(oms)

        def pull() -> PullReport:
            return pull_now(politely_at(oms), PullStore(database))

        assert pull().failed == ()
        before = runs_of(database)
        assert tuple(before) == season.run_numbers
        season.advance(8.0)
        season.tell_news(oms)
        report = pull()
        assert report.failed == ()
        # Between two fills nothing else changes than the live run.
        assert [number for number, _ in report.outcomes] == [season.live_run]


# Two clients and one lock


class Watcher:
    """Waits for a status of one client's loop."""

    def __init__(self) -> None:
        self.status = PullStatus()
        self._changed = threading.Condition()

    def on_status(self, status: PullStatus) -> None:
        with self._changed:
            self.status = status
            self._changed.notify_all()

    def wait_for(self, holds: Callable[[PullStatus], bool], seconds: float = 15) -> PullStatus:
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.status), seconds), self.status
            return self.status


@contextmanager
def a_client(dsn: str, oms: SimulatedOms, name: str) -> Iterator[Watcher]:
    """A client with its own connections, as another process would have."""

    def fail(error: Exception) -> None:
        pytest.fail(f"a bug in the loop: {error!r}")

    watcher = Watcher()
    database = Database(dsn)
    database.prepare()
    loop = PullLoop(
        lambda on_wait: OmsClient(politely_at(oms), on_wait=on_wait),
        PullStore(database),
        PullerLock(database, name),
        on_status=watcher.on_status,
        on_bug=fail,
        client_name=name,
        interval_s=0.05,
    )
    loop.start()
    try:
        yield watcher
    finally:
        assert loop.stop(10)
        database.close()


def test_that_another_client_takes_over_within_10_s_when_the_puller_loses_its_session(
    dsn: str,
) -> None:
    with SimulatedOms() as oms, ExitStack() as clients:
        first = clients.enter_context(a_client(dsn, oms, "desk-1"))
        first.wait_for(lambda status: status.pulls > 0)
        second = clients.enter_context(a_client(dsn, oms, "desk-2"))
        standby = second.wait_for(lambda status: status.state is PullState.STANDBY)
        assert standby.puller == "desk-1"
        clients.enter_context(held_back(dsn, oms))
        second.wait_for(lambda status: status.pulls > 0, 10)


@contextmanager
def held_back(dsn: str, oms: SimulatedOms) -> Iterator[None]:
    """Ends the session of desk-1 until desk-2 has the lock: desk-1 would take it back at once."""
    stop = threading.Event()

    def end() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            while not stop.is_set():
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'desk-1'"
                )

    thread = threading.Thread(target=end)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_that_a_client_that_closes_hands_over(dsn: str) -> None:
    with SimulatedOms() as oms, ExitStack() as later:
        with a_client(dsn, oms, "desk-1") as first:
            first.wait_for(lambda status: status.pulls > 0)
            second = later.enter_context(a_client(dsn, oms, "desk-2"))
            second.wait_for(lambda status: status.state is PullState.STANDBY)
        taken_over = second.wait_for(lambda status: status.pulls > 0, 10)
        assert taken_over.puller == "desk-2"
