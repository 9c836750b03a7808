"""Writers of the same run wait for each other; one client is the elected puller."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.domain.errors import Unavailable
from app.models.database import locks
from app.models.database.engine import Database
from app.models.database.locks import PullerLock, lock_runs


@pytest.fixture
def other_client(dsn: str) -> Iterator[Database]:
    """The database as another program sees it."""
    database = Database(dsn)
    yield database
    database.close()


def test_that_a_second_writer_of_a_run_waits_and_then_sees_what_the_first_wrote(
    database: Database, other_client: Database
) -> None:
    seen: list[int] = []
    waiting = threading.Event()

    def second() -> None:
        with other_client.transaction() as connection:
            waiting.set()
            lock_runs(connection, [2, 1])
            seen.append(connection.execute(sa.text('SELECT count(*) FROM "Version"')).scalar_one())

    thread = threading.Thread(target=second)
    with database.transaction() as connection:
        lock_runs(connection, [1])
        thread.start()
        waiting.wait()
        connection.execute(
            sa.text("""INSERT INTO "Version" (by, "createdAt") VALUES ('a@b', now())""")
        )
        assert seen == []
    thread.join()
    assert seen == [1]


def test_that_writers_of_other_runs_do_not_wait(database: Database, other_client: Database) -> None:
    with database.transaction() as first, other_client.transaction() as second:
        lock_runs(first, [1, 3])
        lock_runs(second, [2, 4])


def test_that_writers_in_opposite_order_never_block_each_other_for_good(
    database: Database, other_client: Database
) -> None:
    def write(client: Database, runs: list[int]) -> None:
        for _ in range(20):
            with client.transaction() as connection:
                lock_runs(connection, runs)

    threads = [
        threading.Thread(target=write, args=(database, list(range(50)))),
        threading.Thread(target=write, args=(other_client, list(reversed(range(50))))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_that_waiting_for_a_run_ends_with_a_plain_sentence(
    database: Database, other_client: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_PATIENCE", "50ms")

    def impatient() -> None:
        with other_client.transaction() as connection:
            lock_runs(connection, [1])

    with database.transaction() as connection:
        lock_runs(connection, [1])
        with pytest.raises(Unavailable, match="somebody else"):
            impatient()


def test_that_one_client_is_elected_and_named(database: Database, other_client: Database) -> None:
    first = PullerLock(database, "alice@one")
    second = PullerLock(other_client, "bob@two")
    assert first.holder() is None
    assert first.try_acquire()
    assert not second.try_acquire()
    assert (first.held(), second.held()) == (True, False)
    assert second.holder() == "alice@one"
    first.release()
    assert not first.held()
    assert second.try_acquire()
    assert first.holder() == "bob@two"
    second.release()


def test_that_different_sources_have_their_own_puller(database: Database) -> None:
    oms, gui = PullerLock(database), PullerLock(database, source="dqm gui")
    assert oms.try_acquire()
    assert gui.try_acquire()
    oms.release()
    gui.release()


def test_that_a_puller_whose_connection_died_knows_and_another_takes_over(
    database: Database, other_client: Database
) -> None:
    first, second = PullerLock(database), PullerLock(other_client)
    assert first.try_acquire()
    with database.raw_connection("disconnects") as control:
        control.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    assert not first.held()
    assert second.try_acquire()
    assert not first.try_acquire()
    second.release()


def test_that_a_client_that_may_only_read_keeps_nobody_from_pulling(dsn, database):
    looks = Database(f"{dsn}&options=-c%20default_transaction_read_only%3Don")
    reader, puller = PullerLock(looks), PullerLock(database)
    assert not reader.try_acquire()
    assert "may only read" in reader.nobody
    assert puller.try_acquire()
    assert puller.nobody == ""
    assert reader.holder() is not None
    puller.release()
    looks.close()


def test_that_another_takes_over_when_the_puller_is_killed(database: Database, dsn: str) -> None:
    program = (
        "import sys, signal; from app.models.database.engine import Database;"
        "from app.models.database.locks import PullerLock;"
        "lock = PullerLock(Database(sys.argv[1]));"
        "print(lock.try_acquire(), flush=True); signal.pause()"
    )
    puller = subprocess.Popen(
        [sys.executable, "-c", program, dsn], stdout=subprocess.PIPE, text=True
    )
    assert puller.stdout is not None
    with puller.stdout:
        assert puller.stdout.readline() == "True\n"
        lock = PullerLock(database)
        assert not lock.try_acquire()
        puller.send_signal(signal.SIGKILL)
        puller.wait()
    deadline = time.monotonic() + 10
    while not lock.try_acquire():
        assert time.monotonic() < deadline
    lock.release()


def test_that_the_server_drops_a_puller_that_is_cut_off_within_ten_seconds(
    database: Database,
) -> None:
    lock = PullerLock(database)
    assert lock.try_acquire()
    with database.line.used() as connection:
        asked = connection.execute(
            "SELECT name, setting::int FROM pg_settings WHERE name LIKE 'tcp%'"
        ).fetchall()
    found = {str(name): int(str(value)) for name, value in asked}
    assert (
        found["tcp_keepalives_idle"]
        + found["tcp_keepalives_interval"] * found["tcp_keepalives_count"]
        < 10
    )
    assert 0 < found["tcp_user_timeout"] < 10_000
    lock.release()


def test_that_an_election_without_a_database_is_unavailable() -> None:
    lock = PullerLock(Database("postgresql://a@127.0.0.1:1/b"))
    with pytest.raises(Unavailable, match="can't be reached"):
        lock.try_acquire()
    assert not lock.held()
