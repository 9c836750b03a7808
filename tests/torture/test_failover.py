"""The primary dies in the middle of edits and the standby is promoted: every client goes on by
itself, nothing that was acknowledged is lost, and nothing is written twice."""

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from app.domain.editing.edits import ColumnEdit
from app.domain.errors import Unavailable, Unsure
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.database.listen import ChangeListener
from app.models.database.locks import PullerLock
from app.services import databases
from app.services.acting import Acting
from app.services.editing import bulk
from app.services.pulling import runs as pull
from tests.builders import a_run, configure
from tests.models.events.test_event_log import check_folds
from tests.replicas import Pair, needs_postgresql, pair

pytestmark = [
    needs_postgresql,
    pytest.mark.expected_log("No news from the database", always=False),
    pytest.mark.expected_log("It is there", always=False),
]

EXPERTS = frozenset({"cms-dqm-runregistry-experts"})
WRITERS = 3
_PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    """A primary with its standby, and Run Registry on it."""
    with pair() as running:
        make_runs(running.dsn)
        yield running


class Person:
    """Somebody with a program of their own, who edits as fast as it goes."""

    def __init__(self, dsn: str, number: int) -> None:
        self.db = Database(dsn)
        self.db.prepare()
        self.key = (390001 + number, "online")
        self.acting = Acting(self.db, Actor(f"person{number}@cern.ch", EXPERTS))
        self.acknowledged: list[str] = []
        self.failures: list[Exception] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._edit_on)
        self._thread.start()

    def stop(self) -> None:
        """Finishes the last edit."""
        self._stopping.set()
        self._thread.join()
        self.db.close()

    def _edit_on(self) -> None:
        try:
            while not self._stopping.is_set():
                comment = f"{self.acting.actor.email} {len(self.acknowledged)}"
                self._edit(comment)
                self.acknowledged.append(comment)
        except Exception as error:  # noqa: BLE001
            # The test tells it, whatever it is.
            self.failures.append(error)

    def _edit(self, comment: str) -> None:
        """One edit, until it is there; as scripts do it. That nobody knows whether it is there is a
        failure."""
        edit = ColumnEdit(*self.key, "dt-dt", (LumiRange(1, 20),), Triplet("BAD", comment))
        while True:
            try:
                written = bulk.write(self.acting, [edit], comment=comment)
            except Unsure:
                raise
            except Unavailable:
                time.sleep(0.05)
            else:
                # Without a version it repeats what was said not to be stored.
                assert written.version is not None, comment
                return


def make_runs(dsn: str) -> None:
    """Makes Run Registry there, with a run for everybody."""
    db = Database(dsn)
    databases.initialise(db, default_configuration=False)
    db.prepare()
    configure(db)
    for number in range(WRITERS):
        pull.apply(Acting(db), a_run(390001 + number, 20))
    db.close()


def check_written(dsn: str, people: list[Person]) -> None:
    """Everything that was acknowledged is there, and once."""
    assert [each.failures for each in people] == [[] for _ in people]
    db = Database(dsn)
    with db.read() as connection:
        written = dict(
            connection.execute(
                sa.text(
                    "SELECT comment, count(*) FROM \"Version\" WHERE comment LIKE 'person%'"
                    " GROUP BY comment"
                )
            ).all()
        )
    acknowledged = {comment for each in people for comment in each.acknowledged}
    assert acknowledged - written.keys() == set()
    assert {comment: times for comment, times in written.items() if times > 1} == {}
    check_folds(db)
    db.close()
    sys.stdout.write(f"\n{len(acknowledged)} edits acknowledged, all there, each once\n")


class Watcher:
    """A client that hears news and stands for election."""

    def __init__(self, dsn: str) -> None:
        self.db = Database(dsn)
        self.lock = PullerLock(self.db)
        self.live = threading.Event()
        self.lost = threading.Event()
        self._listener = ChangeListener(self.db, lambda _: None, self._tell)
        self._listener.start()

    def _tell(self, live: bool, _reason: str) -> None:
        (self.live if live else self.lost).set()

    def elected(self) -> bool:
        """Whether this one is, as a loop of jobs asks."""
        try:
            return self.lock.held() or self.lock.try_acquire()
        except Unavailable:
            return False

    def stop(self) -> None:
        """Leaves."""
        self.lock.release()
        self._listener.stop()
        self.db.close()


def until(is_so: Callable[[], bool], what: str) -> None:
    """Waits for a fact."""
    deadline = time.monotonic() + _PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def have_gone_on(people: list[Person]) -> None:
    """Waits until everybody has written twice more."""
    before = [len(each.acknowledged) for each in people]
    until(
        lambda: (
            any(each.failures for each in people)
            or all(
                len(each.acknowledged) >= count + 2
                for each, count in zip(people, before, strict=True)
            )
        ),
        "somebody doesn't go on",
    )
    assert [each.failures for each in people] == [[] for _ in people]


def test_that_nothing_is_lost_or_written_twice_when_the_primary_dies(
    both: Pair, request: pytest.FixtureRequest
) -> None:
    people = [Person(both.dsn, number) for number in range(WRITERS)]
    watchers = [Watcher(both.dsn) for _ in range(2)]
    try:
        have_gone_on(people)
        for number in range(request.config.getoption("--failovers")):
            until(lambda: all(each.live.is_set() for each in watchers), "no news")
            until(lambda: any(each.elected() for each in watchers), "nobody is elected")
            for each in watchers:
                each.live.clear()
            both.primary.kill()
            both.standby.promote()
            have_gone_on(people)
            until(lambda: all(each.live.is_set() for each in watchers), "no news any more")
            until(lambda: any(each.elected() for each in watchers), "nobody is elected any more")
            assert sum(each.elected() for each in watchers) == 1
            both.swap()
            sys.stdout.write(f"\rfailovers: {number + 1}")
    finally:
        for person in people:
            person.stop()
        for watcher in watchers:
            watcher.stop()
    check_written(both.dsn, people)


@pytest.mark.parametrize("first", ["standby", "primary"])
def test_that_one_is_elected_whatever_stands_first_in_the_address(both: Pair, first: str) -> None:
    order = [both.standby, both.primary] if first == "standby" else [both.primary, both.standby]
    at = ",".join(f"127.0.0.1:{each.port}" for each in order)
    ways = [f"postgresql://run_registry@{at}/run_registry", both.dsn]
    clients = [Database(way) for way in ways]
    locks = [PullerLock(db) for db in clients]
    assert [lock.try_acquire() for lock in locks] == [True, False]
    for db in clients:
        db.close()
