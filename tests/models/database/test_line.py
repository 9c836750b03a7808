"""A client has three connections to its server: two for transactions, and its line."""

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.domain.errors import Unavailable
from app.models.database.engine import POOLED, Database
from app.models.database.listen import Change, ChangeListener
from app.models.database.locks import PullerLock

JOBS = ("oms", "dqm gui", "seal", "recount", "intake")


@pytest.fixture
def client(dsn: str) -> Iterator[Database]:
    """A program of somebody."""
    db = Database(dsn)
    yield db
    db.close()


def sessions(database: Database) -> int:
    """How many sessions the others have here."""
    with database.read() as connection:
        return connection.execute(
            sa.text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND application_name NOT LIKE :ours"
            ),
            {"ours": f"%{database.instance}%"},
        ).scalar_one()


def test_that_a_client_with_everything_on_has_three_connections(
    database: Database, client: Database
) -> None:
    listening, busy = threading.Event(), threading.Barrier(6)
    listener = ChangeListener(client, lambda _: None, lambda *_: listening.set())
    listener.start()
    locks = [PullerLock(client, source=job) for job in JOBS]
    assert all(lock.try_acquire() for lock in locks)
    assert listening.wait(10)
    seen: list[int] = []

    def read() -> None:
        busy.wait()
        with client.read() as connection:
            connection.execute(sa.text("SELECT pg_sleep(0.05)"))

    readers = [threading.Thread(target=read) for _ in range(5)]
    for each in readers:
        each.start()
    busy.wait()
    while any(each.is_alive() for each in readers):
        seen.append(sessions(database))
    assert max(seen) == POOLED + 1 == 3
    listener.stop()


def test_that_who_stands_by_takes_no_connection_for_each_attempt(
    database: Database, client: Database
) -> None:
    elected = PullerLock(database)
    assert elected.try_acquire()
    standing_by = PullerLock(client)
    for _ in range(3):
        assert not standing_by.try_acquire()
    assert client.line.number == 1
    elected.release()


def test_that_two_of_one_client_are_not_elected_for_the_same(client: Database) -> None:
    first, second = PullerLock(client), PullerLock(client)
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    assert not first.held()


def test_that_news_arrive_while_the_line_is_used_for_something_else(
    database: Database, client: Database
) -> None:
    heard: list[Change] = []
    arrived, listening = threading.Event(), threading.Event()

    def hear(change: Change) -> None:
        heard.append(change)
        arrived.set()

    listener = ChangeListener(client, hear, lambda *_: listening.set())
    listener.start()
    assert listening.wait(10)
    lock = PullerLock(client)
    assert lock.try_acquire()
    stopping = threading.Event()

    def ask() -> None:
        while not stopping.is_set():
            assert lock.held()

    asking = threading.Thread(target=ask)
    asking.start()
    with database.transaction() as connection:
        connection.execute(sa.text("SELECT pg_notify('desk_changes', 'golden 7')"))
    assert arrived.wait(10)
    stopping.set()
    asking.join()
    listener.stop()
    assert heard == [Change(None, golden=7)]


@pytest.mark.expected_log("No news from the database")
def test_that_what_was_held_on_a_lost_line_is_lost_and_news_go_on(
    database: Database, client: Database
) -> None:
    told: list[bool] = []
    back = threading.Semaphore(0)

    def tell(live: bool, _reason: str) -> None:
        told.append(live)
        if live:
            back.release()

    listener = ChangeListener(client, lambda _: None, tell)
    listener.start()
    assert back.acquire(timeout=10)
    lock = PullerLock(client)
    assert lock.try_acquire()
    with client.line.used() as connection:
        pid = connection.info.backend_pid
    with database.transaction() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    assert not lock.held()
    assert lock.try_acquire()
    assert back.acquire(timeout=20)
    listener.stop()
    assert told == [True, False, True]


def test_that_who_waited_for_an_attempt_makes_none_of_their_own() -> None:
    db = Database("postgresql://a@127.0.0.1:1/b")
    for _ in range(2):
        with pytest.raises(Unavailable), db.line.used():
            pass
    db.close()


def test_that_work_in_the_background_leaves_a_connection_to_the_person(client: Database) -> None:
    background = client.in_background()
    waiting, let_go = threading.Event(), threading.Event()

    def work() -> None:
        with background.read():
            waiting.set()
            let_go.wait(30)

    workers = [threading.Thread(target=work) for _ in range(POOLED + 1)]
    for each in workers:
        each.start()
    assert waiting.wait(10)
    with client.read() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1
    let_go.set()
    for each in workers:
        each.join()
