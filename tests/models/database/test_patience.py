"""A server that answers nothing is given up, one that works is waited for."""

import signal
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import text

from app.domain.errors import Unavailable, Unsure
from app.models.database import patience
from app.models.database.engine import POOLED, Database
from app.models.database.listen import ChangeListener
from tests.silence import Tunnel


@pytest.fixture
def tunnel(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunnel]:
    """The way to a fresh database; silence is asked after soon."""
    monkeypatch.setattr(patience, "_SILENT_S", 0.3)
    monkeypatch.setattr(patience, "_SILENT_AGAIN_S", 0.2)
    monkeypatch.setattr(patience, "_ANSWER_S", 2)
    with Tunnel(dsn) as tunnel:
        yield tunnel


@pytest.fixture
def db(tunnel: Tunnel) -> Iterator[Database]:
    """The database behind the tunnel; whoever connects gives up soon."""
    db = Database(make_conninfo(tunnel.dsn, connect_timeout=2))
    db.prepare()
    yield db
    db.close()


def sleep(db: Database, seconds: float) -> None:
    with db.read() as connection:
        connection.execute(text("SELECT pg_sleep(:s)"), {"s": seconds})


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - looked at by the test
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, caught


def wait_until_at_work(dsn: str, what: str, *, is_so: bool = True) -> None:
    """Waits until the server is at such a statement, or, where is_so is False, until it isn't."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        while is_so is not bool(
            connection.execute(
                "SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE %s"
                " AND pid <> pg_backend_pid()",
                [f"%{what}%"],
            ).rowcount
        ):
            pass


def test_that_a_long_statement_of_a_server_that_works_is_waited_for(db: Database) -> None:
    sleep(db, 1.5)


def test_that_a_statement_without_an_answer_ends(db: Database, tunnel: Tunnel, dsn: str) -> None:
    thread, caught = in_thread(lambda: sleep(db, 3600))
    wait_until_at_work(dsn, "pg_sleep")
    tunnel.fall_silent()
    thread.join()
    assert isinstance(caught[0], Unavailable)
    assert "has answered nothing for" in str(caught[0])
    for _ in range(2):  # with a connection of the pool, and with a new one
        with pytest.raises(Unavailable):
            sleep(db, 0)
    tunnel.speak()
    sleep(db, 0)


def test_that_who_found_the_server_silent_connects_anew_for_a_moment_only(tunnel: Tunnel) -> None:
    db = Database(make_conninfo(tunnel.dsn, connect_timeout=60))
    sleep(db, 0)
    tunnel.fall_silent()
    asking, caught = in_thread(lambda: sleep(db, 0))
    asking.join(20)
    is_over = not asking.is_alive()
    db.give_up()
    asking.join()
    assert is_over
    assert isinstance(caught[0], Unavailable)
    db.close()


def test_that_a_silent_way_beside_the_pooler_breaks_nothing_off(tunnel: Tunnel, dsn: str) -> None:
    db = Database(dsn, direct_dsn=make_conninfo(tunnel.dsn, connect_timeout=2))
    tunnel.fall_silent()
    thread, caught = in_thread(lambda: sleep(db, 3))
    wait_until_at_work(dsn, "pg_sleep")
    with pytest.raises(Unavailable):
        db.line.is_possible()
    thread.join()
    assert not caught
    db.close()


def test_that_an_answer_that_was_lost_on_the_way_is_not_waited_for(
    db: Database, tunnel: Tunnel
) -> None:
    def ask() -> None:
        with db.read() as connection:
            tunnel.fall_silent(old_only=True)
            connection.execute(text("SELECT 1"))

    with pytest.raises(Unavailable, match="has answered nothing"):
        ask()
    sleep(db, 0)


def test_that_a_lost_answer_to_a_commit_says_that_nobody_knows(
    db: Database, tunnel: Tunnel
) -> None:
    with pytest.raises(Unsure, match="Look whether it is there") as caught, db.transaction():
        tunnel.fall_silent()
    assert "Nothing was written" not in caught.value.advised
    assert "Nothing was written" in Unavailable("gone.").advised


def test_that_whoever_waits_is_let_go_when_the_program_ends(
    db: Database, tunnel: Tunnel, dsn: str
) -> None:
    at_work, caught = in_thread(lambda: sleep(db, 3600))
    wait_until_at_work(dsn, "pg_sleep")
    db.give_up()
    at_work.join()
    assert "waits for it no longer" in str(caught[0])
    with pytest.raises(Unavailable, match="waits for it no longer"):
        db.raw_connection("late")
    assert not db.answers()


def test_that_connecting_is_let_go_when_the_program_ends(db: Database, tunnel: Tunnel) -> None:
    assert db.answers()
    tunnel.fall_silent()
    connecting, caught = in_thread(lambda: db.raw_connection("new"))
    db.give_up()
    connecting.join()
    assert "waits for it no longer" in str(caught[0])


@pytest.mark.parametrize("silent", [True, False])
def test_that_ctrl_c_ends_a_wait(
    db: Database, tunnel: Tunnel, dsn: str, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    monkeypatch.setattr(patience, "_SILENT_S", 3600)

    def interrupt() -> None:
        wait_until_at_work(dsn, "pg_sleep")
        if silent:
            tunnel.fall_silent()
        signal.raise_signal(signal.SIGINT)

    interrupting, caught = in_thread(interrupt)
    with pytest.raises(KeyboardInterrupt):
        sleep(db, 3600)
    interrupting.join()
    assert not caught
    tunnel.speak()
    sleep(db, 0)


@pytest.mark.expected_log("No news from the database")
def test_that_the_news_tell_of_silence_and_of_its_end(db: Database, tunnel: Tunnel) -> None:
    told: list[tuple[bool, str]] = []
    heard = threading.Condition()

    def on_connection(live: bool, reason: str) -> None:
        with heard:
            told.append((live, reason))
            heard.notify()

    listener = ChangeListener(db, lambda _: None, on_connection)
    listener.start()
    try:
        with heard:
            assert heard.wait_for(lambda: [live for live, _ in told] == [True], 60)
            tunnel.fall_silent()
            assert heard.wait_for(lambda: [live for live, _ in told] == [True, False], 60)
            assert "has answered nothing" in told[-1][1]
            tunnel.speak()
            assert heard.wait_for(lambda: [live for live, _ in told] == [True, False, True], 60)
    finally:
        listener.stop()


def test_that_a_pool_whose_server_is_silent_refuses_in_the_end(
    db: Database, tunnel: Tunnel, dsn: str
) -> None:
    waiting = [in_thread(lambda: sleep(db, 3600)) for _ in range(POOLED + 2)]
    wait_until_at_work(dsn, "pg_sleep")
    tunnel.fall_silent()
    for thread, caught in waiting:
        thread.join()
        assert isinstance(caught[0], Unavailable)


def test_that_work_behind_a_window_is_broken_off_and_nothing_else(db: Database, dsn: str) -> None:
    behind = db.in_background()
    at_work, caught = in_thread(lambda: sleep(behind, 3600))
    wait_until_at_work(dsn, "pg_sleep")
    waiting, caught_waiting = in_thread(lambda: sleep(behind, 0))
    behind.break_off()
    at_work.join()
    waiting.join()
    for error in (*caught, *caught_waiting):
        assert isinstance(error, Unavailable)
        assert "waits for it no longer" in str(error)
    with pytest.raises(Unavailable, match="waits for it no longer"):
        sleep(behind, 0)
    # Whoever gave it up doesn't wait for the server to have stopped.
    wait_until_at_work(dsn, "pg_sleep", is_so=False)
    sleep(db, 0)


def test_that_work_of_many_short_statements_is_broken_off(db: Database) -> None:
    behind = db.in_background()
    begun = threading.Event()

    def work() -> None:
        with behind.transaction() as connection:
            connection.execute(text("CREATE TABLE left_behind (x int)"))
            for _ in range(20_000):
                connection.execute(text("SELECT 1"))
                begun.set()

    at_work, caught = in_thread(work)
    begun.wait()
    behind.break_off()
    at_work.join()
    assert "waits for it no longer" in str(caught[0])
    with db.read() as connection:
        assert connection.scalar(text("SELECT to_regclass('left_behind')")) is None
