"""Through pgbouncer in transaction mode a client works as at the server itself."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from app.domain.errors import Refused, Unavailable
from app.models.database import listen
from app.models.database.engine import Database
from app.models.database.listen import Change, ChangeListener
from app.models.database.locks import PullerLock
from app.services import examining
from app.services.acting import Acting
from app.services.pulling import runs as pull
from tests.builders import a_run
from tests.models.events.test_event_log import check_folds
from tests.pooler import needs_pgbouncer, pooler

pytestmark = needs_pgbouncer


@pytest.fixture
def pooled_dsn(dsn: str) -> Iterator[str]:
    """The address of a fresh database behind a pooler."""
    with pooler(dsn) as address:
        yield address


def opened(dsn: str, direct_dsn: str | None = None) -> Database:
    """The database as a program has it."""
    db = Database(dsn, direct_dsn=direct_dsn)
    db.prepare()
    return db


def heard_by(db: Database) -> tuple[ChangeListener, list[Change], threading.Event]:
    """A listener that is at work, what it hears, and that it heard something."""
    heard: list[Change] = []
    something, live = threading.Event(), threading.Event()

    def hear(change: Change) -> None:
        heard.append(change)
        something.set()

    listener = ChangeListener(db, hear, lambda *_: live.set())
    listener.start()
    assert live.wait(20)
    return listener, heard, something


def test_that_news_and_elections_go_to_the_server_itself(dsn: str, pooled_dsn: str) -> None:
    db = opened(pooled_dsn, dsn)
    listener, heard, something = heard_by(db)
    lock = PullerLock(db)
    try:
        assert lock.try_acquire()
        assert lock.holder() is not None
        pull.apply(Acting(db), a_run(390001, 5))
        assert something.wait(20)
        assert heard[0].atomic_version is not None
        assert lock.held()
        assert examining.examine(db).server == ()
        check_folds(db)
    finally:
        lock.release()
        listener.stop()
        db.close()


def test_that_without_the_server_itself_news_are_looked_for_and_nobody_is_elected(
    dsn: str, pooled_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "_LOOK_EVERY_S", 0.1)
    db, other = opened(pooled_dsn), opened(dsn)
    listener, heard, something = heard_by(db)
    lock = PullerLock(db)
    try:
        assert not lock.try_acquire()
        assert "set direct_dsn" in lock.nobody
        pull.apply(Acting(other), a_run(390001, 5))
        assert something.wait(20)
        assert heard[0].atomic_version is not None
        (told,) = examining.examine(db).server
        assert "direct_dsn" in told
    finally:
        listener.stop()
        db.close()
        other.close()


def test_that_a_read_only_address_reads_and_writes_nothing(pooled_dsn: str) -> None:
    db = opened(make_conninfo(pooled_dsn, options="-c default_transaction_read_only=on"))
    try:
        assert db.read_only
        with db.read() as connection:
            assert connection.execute(sa.text('SELECT count(*) FROM "Run"')).scalar_one() == 0
        with pytest.raises(Refused, match="read-only"), db.transaction() as connection:
            connection.execute(
                sa.text("""INSERT INTO "Version" (by, "createdAt") VALUES ('a@b', now())""")
            )
    finally:
        db.close()


def test_that_the_next_client_of_a_session_finds_it_as_it_was(pooled_dsn: str) -> None:
    names = ("default_transaction_read_only", "idle_in_transaction_session_timeout", "search_path")
    shown = f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}"
    with psycopg.connect(pooled_dsn, autocommit=True) as before:
        found = before.execute(shown).fetchone()
    db = opened(make_conninfo(pooled_dsn, options="-c default_transaction_read_only=on"))
    try:
        assert not db.line.is_possible()
        with pytest.raises(Unavailable, match="direct_dsn"):
            db.raw_connection("index")
    finally:
        db.close()
    with psycopg.connect(pooled_dsn, autocommit=True) as after:
        assert after.execute(shown).fetchone() == found


@pytest.mark.parametrize(
    ("direct", "wrong"),
    [
        (None, "is that of a pooler, too"),
        ("postgresql://me:secret-of-mine@127.0.0.1:1/there", "//me@127.0.0.1:1/there can't"),
    ],
)
def test_that_what_is_wrong_with_the_server_itself_is_told(
    pooled_dsn: str, direct: str | None, wrong: str
) -> None:
    db = opened(pooled_dsn, direct or pooled_dsn)
    try:
        (told,) = examining.examine(db).server
        assert wrong in told
        assert "secret-of-mine" not in told
    finally:
        db.close()


def test_that_many_clients_share_few_sessions_and_all_writes_land(
    dsn: str, pooled_dsn: str
) -> None:
    clients = [opened(pooled_dsn, dsn) for _ in range(6)]

    def write(number: int, db: Database) -> None:
        for step in range(3):
            pull.apply(Acting(db), a_run(390001 + 10 * number + step, 5))

    writers = [threading.Thread(target=write, args=each) for each in enumerate(clients)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    with clients[0].read() as connection:
        runs, sessions = connection.execute(
            sa.text(
                'SELECT (SELECT count(*) FROM "Run"), (SELECT count(*) FROM pg_stat_activity'
                " WHERE datname = current_database() AND backend_type = 'client backend')"
            )
        ).one()
    assert runs == 18
    assert sessions <= 5
    check_folds(clients[0])
    for db in clients:
        db.close()
