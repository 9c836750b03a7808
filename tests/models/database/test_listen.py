"""What others write is heard, once, and again after the connection was lost."""

import queue
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.domain.errors import Unavailable
from app.models.database import listen
from app.models.database.engine import Database
from app.models.database.listen import Change, ChangeListener

_PATIENCE_S = 10.0


class Heard:
    """Collects what a listener reports."""

    def __init__(self) -> None:
        self.changes: queue.Queue[Change] = queue.Queue()
        self.connection: queue.Queue[tuple[bool, str]] = queue.Queue()

    def on_connection(self, connected: bool, reason: str) -> None:
        """Remembers a loss or a return."""
        self.connection.put((connected, reason))

    def next_change(self) -> Change:
        """The next report, waited for."""
        return self.changes.get(timeout=_PATIENCE_S)

    def next_connection(self) -> tuple[bool, str]:
        """The next loss or return, waited for."""
        return self.connection.get(timeout=_PATIENCE_S)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def listener(
    database: Database, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ChangeListener]:
    """A listener that is connected."""
    monkeypatch.setattr(listen, "_LOOK_EVERY_S", 0.1)
    listener = ChangeListener(database, heard.changes.put, heard.on_connection)
    listener.start()
    assert heard.next_connection() == (True, "")
    yield listener
    listener.stop()


def _append(database: Database, version: int | None = None) -> None:
    number = "DEFAULT" if version is None else str(version)
    with database.transaction() as connection:
        connection.execute(
            sa.text(
                'INSERT INTO "Version" (atomic_version, by, "createdAt")'
                f" VALUES ({number}, 'a@b', now())"
            )
        )


def _without_announcements(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("DROP SCHEMA desk CASCADE"))


@pytest.mark.usefixtures("listener")
def test_that_a_version_of_another_program_is_announced_once(
    database: Database, heard: Heard
) -> None:
    _append(database)
    assert heard.next_change() == Change(1)
    _append(database)
    assert heard.next_change() == Change(2)


@pytest.mark.usefixtures("listener")
def test_that_our_own_announcement_is_not_heard_twice(database: Database, heard: Heard) -> None:
    with database.transaction() as connection:
        connection.execute(
            sa.text("""INSERT INTO "Version" (by, "createdAt") VALUES ('a@b', now())""")
        )
        connection.execute(sa.text(f"SELECT pg_notify('{listen.CHANNEL}', '1')"))
    assert heard.next_change() == Change(1)
    _append(database)
    assert heard.next_change() == Change(2)


@pytest.mark.usefixtures("listener")
def test_that_versions_are_found_where_nobody_announces_them(
    database: Database, heard: Heard
) -> None:
    _without_announcements(database)
    _append(database)
    assert heard.next_change() == Change(1)
    _append(database)
    assert heard.next_change() == Change(2)


@pytest.mark.usefixtures("listener")
def test_that_a_version_that_is_committed_after_a_greater_one_is_found(
    database: Database, heard: Heard
) -> None:
    _without_announcements(database)
    _append(database, 8)
    assert heard.next_change() == Change(8)
    _append(database, 7)
    assert heard.next_change() == Change(7)


@pytest.mark.usefixtures("listener")
def test_that_what_is_no_version_is_announced_as_something_else(
    database: Database, heard: Heard
) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text(f"SELECT pg_notify('{listen.CHANNEL}', 'golden json 5')"))
    assert heard.next_change() == Change(None)


@pytest.mark.usefixtures("listener")
@pytest.mark.parametrize("said", ["{}", "golden {}", "presence {} online"])
def test_that_a_number_no_version_has_is_news_of_something(
    database: Database, heard: Heard, said: str
) -> None:
    with database.transaction() as connection:
        connection.execute(
            sa.text(f"SELECT pg_notify('{listen.CHANNEL}', '{said.format('9' * 5_000)}')")
        )
    assert heard.next_change() == Change(None)


@pytest.mark.usefixtures("listener")
@pytest.mark.expected_log("No news from the database")
def test_that_a_lost_connection_is_told_and_what_was_missed_is_reported(
    database: Database, heard: Heard
) -> None:
    with database.raw_connection("disconnects") as control:
        control.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE '%news'"
        )
        control.execute("""INSERT INTO "Version" (by, "createdAt") VALUES ('a@b', now())""")
    connected, reason = heard.next_connection()
    assert not connected
    assert "can't" in reason
    assert heard.next_connection() == (True, "")
    assert heard.next_change() == Change(1)


@pytest.mark.usefixtures("listener")
@pytest.mark.expected_log("No news from the database")
def test_that_news_that_could_not_be_told_are_told_later(
    database: Database, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([Unavailable("gone.")])

    def fail_once() -> None:
        for failure in failures:
            raise failure

    monkeypatch.setattr(database, "was_told", fail_once)
    _append(database)
    assert heard.next_connection() == (False, "gone.")
    assert heard.next_connection() == (True, "")
    assert heard.next_change() == Change(1)


@pytest.mark.expected_log("No news from the database")
def test_that_a_listener_waits_for_a_database_that_is_away_and_not_when_it_is_stopped(
    heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "_FIRST_WAIT_S", 3600.0)
    away = Database("postgresql://a:secret@127.0.0.1:1/b")
    listener = ChangeListener(away, heard.changes.put, heard.on_connection)
    listener.start()
    connected, reason = heard.next_connection()
    assert not connected
    assert "can't be reached" in reason
    assert "secret" not in reason
    listener.stop()
    # It looks four times a second whether it is stopped; on a loaded machine that takes longer.
    until = time.monotonic() + 60
    while "database news" in {thread.name for thread in threading.enumerate()}:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_that_nothing_is_reported_after_the_end(
    database: Database, heard: Heard, listener: ChangeListener
) -> None:
    listener.stop()
    _append(database)
    assert heard.changes.empty()
    assert heard.connection.empty()
    assert "database news" not in {thread.name for thread in threading.enumerate()}


def test_that_a_database_without_tables_can_be_listened_to(
    empty_database: Database, heard: Heard
) -> None:
    listener = ChangeListener(empty_database, heard.changes.put, heard.on_connection)
    listener.start()
    assert heard.next_connection() == (True, "")
    listener.stop()
