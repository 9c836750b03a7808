"""Reading on a standby where that is allowed: what one has written or was told of is always seen,
and a query that the standby cancels is asked again."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa

from app.domain.errors import CancelledByStandby, Refused, Unavailable, again_when_cancelled
from app.domain.keys import ONLINE
from app.models.database.engine import Database
from app.models.database.listen import Change, ChangeListener
from app.models.database.locks import PullerLock
from app.models.events import pending
from app.models.history.writes import newest_version
from app.services import databases, examining
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.pulling import runs as pull
from tests.builders import a_run, configure
from tests.replicas import Pair, needs_postgresql, pair

pytestmark = needs_postgresql

VERSION = sa.text('INSERT INTO "Version" (by, comment, "createdAt") VALUES (\'a@b\', :said, now())')


@pytest.fixture(scope="module")
def both() -> Iterator[Pair]:
    """A primary that waits for no replay, its standby, and Run Registry on them."""
    with pair("on") as running:
        db = Database(running.dsn)
        databases.initialise(db, default_configuration=False)
        db.prepare()
        configure(db)
        db.close()
        yield running


@pytest.fixture
def db(both: Pair) -> Iterator[Database]:
    """The database of somebody who allows reading on the standby."""
    database = Database(both.dsn, reads_standby=True)
    database.prepare()
    yield database
    database.close()


@contextmanager
def replay_paused(both: Pair) -> Iterator[None]:
    """The standby takes what comes, and shows none of it."""
    with psycopg.connect(both.standby.dsn, autocommit=True) as control:
        control.execute("SELECT pg_wal_replay_pause()")
        while control.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() != ("paused",):
            pass
        try:
            yield
        finally:
            control.execute("SELECT pg_wal_replay_resume()")


def is_standby(db: Database) -> bool:
    """Whether reading is done on the standby."""
    with db.read() as connection:
        return bool(connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar_one())


def until_on_standby(db: Database) -> None:
    """Waits until the standby has caught up."""
    while not is_standby(db):
        pass


def write(db: Database, comment: str) -> None:
    """Something that can be found again."""
    with db.transaction() as connection:
        connection.execute(VERSION, {"said": comment})


def sees(db: Database, comment: str) -> bool:
    """Whether it is there for a reader."""
    with db.read() as connection:
        return bool(
            connection.execute(
                sa.text('SELECT count(*) FROM "Version" WHERE comment = :said'), {"said": comment}
            ).scalar_one()
        )


def test_that_reading_goes_to_the_standby_and_what_follows_locks_does_not(db: Database) -> None:
    until_on_standby(db)
    assert databases.standby_words(db).startswith("standby, ")
    assert not is_standby(db.primary)
    assert not is_standby(db.in_background())
    assert examining.examine(db).server == ()
    lock = PullerLock(db, "somebody")
    assert lock.try_acquire()
    assert lock.holder() == "somebody"
    lock.release()


def test_that_it_stays_with_the_primary_where_nobody_allowed_it(both: Pair) -> None:
    database = Database(both.dsn)
    assert not is_standby(database)
    assert databases.standby_words(database) == ""
    database.close()


def test_that_one_s_own_write_is_seen_at_once(both: Pair, db: Database) -> None:
    until_on_standby(db)
    with replay_paused(both):
        write(db, "mine")
        assert sees(db, "mine")
        assert not is_standby(db)
        pull.apply(Acting(db), a_run(390001, 5))
    until_on_standby(db)
    assert sees(db, "mine")


def test_that_what_one_is_told_of_is_seen_at_once(both: Pair, db: Database) -> None:
    until_on_standby(db)
    told: queue.Queue[Change] = queue.Queue()
    live = threading.Event()
    listener = ChangeListener(db, told.put, lambda *_: live.set())
    listener.start()
    assert live.wait(20)
    other = Database(both.dsn)
    with replay_paused(both):
        assert not sees(db, "theirs")
        write(other, "theirs")
        told.get(timeout=20)
        assert sees(db, "theirs")
    listener.stop()
    other.close()


def test_that_nothing_is_settled_on_a_standby_while_somebody_writes(
    both: Pair, db: Database
) -> None:
    until_on_standby(db)
    other = Database(both.dsn)
    with other.transaction() as connection:
        # Its number is smaller than that of what is there before it.
        connection.execute(VERSION, {"said": "late"})
        write(db, "early")
        until_on_standby(db)
        assert pending.newest_settled(db) is None
    with replay_paused(both):
        write(other, "newest")
        settled = pending.newest_settled(db)
        # Whoever reads now finds that version, or doesn't take it for the newest there is.
        assert sees(db, "newest")
        with db.read() as connection:
            assert newest_version(connection) == settled
    other.close()
    alone = Database(both.standby.dsn)
    assert pending.newest_settled(alone) is None
    alone.close()


def test_that_a_query_that_the_standby_cancels_is_answered_by_the_primary(db: Database) -> None:
    until_on_standby(db)
    asked: list[bool] = []

    def read() -> bool:
        with db.read() as connection:
            asked.append(
                bool(connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar_one())
            )
            if asked[-1]:
                connection.execute(
                    sa.text(
                        "DO $$BEGIN RAISE 'conflict with recovery' USING ERRCODE = '40001'; END$$"
                    )
                )
        return True

    with pytest.raises(CancelledByStandby):
        read()
    assert again_when_cancelled(read)
    assert asked == [True, False]


def test_that_without_a_standby_the_primary_is_read(both: Pair, db: Database) -> None:
    until_on_standby(db)
    both.standby.stop()
    try:
        assert not again_when_cancelled(lambda: is_standby(db))
        assert databases.standby_words(db) == ""
    finally:
        both.standby.start()


def test_that_a_standby_alone_is_read_and_refuses_to_be_written(both: Pair) -> None:
    database = Database(both.standby.dsn)
    assert database.prepare()
    (told,) = examining.examine(database).server
    assert told == "The server is a standby: nothing can be changed here."
    with pytest.raises(Refused, match="can only be read"):
        pull.apply(Acting(database), a_run(390001, 5))
    database.close()


def test_that_a_season_is_read_on_a_standby_where_nothing_of_it_can_be_kept(
    both: Pair, db: Database
) -> None:
    pull.apply(Acting(db), a_run(390005, 5))
    with db.transaction() as connection:
        connection.execute(sa.text("DELETE FROM desk.lumisection_state"))
    until_on_standby(db)
    rule = {"==": [{"var": "lumisection.oms.beam1_stable"}, True]}
    wanted = golden.preview(Acting(db.primary), ONLINE, rule).document
    with db.transaction() as connection:
        connection.execute(sa.text("DELETE FROM desk.lumisection_state"))
    until_on_standby(db)
    alone = Database(both.standby.dsn)
    assert alone.prepare()
    assert golden.preview(Acting(alone), ONLINE, rule).document == wanted
    alone.close()


def test_that_nobody_writes_where_only_a_standby_is_left(both: Pair) -> None:
    alone = f"127.0.0.1:{both.standby.port}"
    database = Database(f"postgresql://run_registry@{alone},{alone}/run_registry")
    with pytest.raises(Unavailable, match="standbys alone"), database.read():
        pass
    database.close()
