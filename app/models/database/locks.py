"""Advisory locks: of the runs that a transaction writes to, and of the one elected puller."""

import contextlib
import getpass
import os
import socket
from collections.abc import Iterable
from threading import Lock

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection

from app.models.database.engine import Database

_RUNS = 0x52524452
"""First key of the locks of runs; the second is the run number."""
_SESSIONS = 0x52524453
"""First key of the locks of sessions; the second is a hash of the name."""
_PATIENCE = "30s"

# Both ends notice within 8 s that the other one is gone without a word.
_CLIENT_NOTICES = {
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 7_000,
}
_SERVER_NOTICES = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "7000",
}


def lock_runs(connection: Connection, run_numbers: Iterable[int]) -> None:
    """Holds these runs for the rest of the transaction; waits while another writer has one.

    Everybody takes them in ascending order, so that no two writers wait for each other. What is
    read after this is what the writers before have committed. Unavailable after 30 s.
    """
    wanted = sorted(set(run_numbers))
    if not wanted:
        return
    connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
    connection.execute(
        sa.text(
            "SELECT count(pg_advisory_xact_lock(:family, run_number))"
            " FROM (SELECT unnest(CAST(:runs AS int[])) AS run_number ORDER BY 1) AS wanted"
        ),
        {"family": _RUNS, "runs": wanted},
    )


def try_lock_run(connection: Connection, run_number: int) -> bool:
    """Holds a run for the rest of the transaction as `lock_runs` does, and its rows and those of
    its datasets against the web service; false, at once, when anybody writes to it."""
    given = {"family": _RUNS, "run": run_number}
    ours = connection.execute(sa.text("SELECT pg_try_advisory_xact_lock(:family, :run)"), given)
    if not ours.scalar():
        return False
    for table in ("Dataset", "Run"):
        held, there = connection.execute(
            sa.text(
                f'WITH held AS (SELECT FROM "{table}" WHERE run_number = :run'
                "  FOR UPDATE SKIP LOCKED)"
                " SELECT (SELECT count(*) FROM held),"
                f'  (SELECT count(*) FROM "{table}" WHERE run_number = :run)'
            ),
            given,
        ).one()
        if held < there:
            return False
    return True


class SessionLock:
    """A lock of a whole session, on a connection of its own; it falls when that connection does.

    Used by one thread at a time; `release` may come from any.
    """

    def __init__(self, db: Database, name: str, client: str | None = None) -> None:
        self._db = db
        self._name = name
        self._client = client or f"{getpass.getuser()}@{socket.gethostname()} ({os.getpid()})"
        self._guard = Lock()
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def try_acquire(self) -> bool:
        """True when the lock is ours now, or was already; False while another session has it.

        Raises Unavailable when the database can't be reached.
        """
        with self._guard:
            if self._connection is not None and self._ask(self._connection):
                return True
            self._drop()
            connection = self._db.raw_connection(
                self._name, {**_CLIENT_NOTICES, "application_name": self._client}
            )
            try:
                self._hasten(connection)
                answer = connection.execute(
                    "SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_SESSIONS, self._name]
                ).fetchone()
            except psycopg.Error as error:
                connection.close()
                raise self._db.explain(error) or error from error
            if not (answer and answer[0]):
                connection.close()
                return False
            self._connection = connection
            return True

    def held(self) -> bool:
        """Asks the server; False as soon as the connection, and with it the lock, is lost."""
        with self._guard:
            if self._connection is None:
                return False
            if self._ask(self._connection):
                return True
            self._drop()
            return False

    def holder(self) -> str | None:
        """Name of the client that holds the lock, ours or another's; None when nobody does."""
        with self._db.read() as connection:
            return connection.execute(
                sa.text(
                    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
                    " WHERE locktype = 'advisory' AND granted AND objsubid = 2"
                    " AND pg_locks.database = (SELECT oid FROM pg_database"
                    " WHERE pg_database.datname = current_database())"
                    " AND classid = :family AND objid = hashtext(:name)::bit(32)::bigint"
                ),
                {"family": _SESSIONS, "name": self._name},
            ).scalar()

    def release(self) -> None:
        """Gives the lock to whoever asks next."""
        with self._guard:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @staticmethod
    def _ask(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
        try:
            connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    @staticmethod
    def _hasten(connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """Has the server drop us soon when we are cut off, where its system can."""
        for name, value in _SERVER_NOTICES.items():
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT set_config(%s, %s, false)", [name, value])


class PullerLock(SessionLock):
    """Elects the one client that pulls from `source`, e.g. `oms`."""

    nobody = ""

    def __init__(self, db: Database, client: str | None = None, *, source: str = "oms") -> None:
        super().__init__(db, f"puller {source}", client)
