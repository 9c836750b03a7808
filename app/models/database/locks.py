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

from app.domain.errors import RegistryError
from app.models.database.engine import Database
from app.models.database.line import DriverConnection, NoLine
from app.models.statements import text

_RUNS = 0x52524452
"""First key of the locks of runs; the second is the run number."""
_SESSIONS = 0x52524453
"""First key of the locks of sessions; the second is a hash of the name."""
_PATIENCE = "30s"
_READS_ALONE = "Nobody pulls, and this client can't: it may only read this database."
_BEHIND_POOLER = "Nobody pulls, and this client can't behind a pooler: set direct_dsn."


def lock_runs(connection: Connection, run_numbers: Iterable[int]) -> None:
    """Holds these runs for the rest of the transaction; waits while another writer has one.

    Everybody takes them in ascending order, so that no two writers wait for each other. What is
    read after this is what the writers before have committed. Unavailable after 30 s.
    """
    wanted = sorted(set(run_numbers))
    if not wanted:
        return
    connection.execute(
        text(
            # The patience is set with each row before the lock of the row is asked for.
            "SELECT count(pg_advisory_xact_lock(:family, run_number)) FROM (SELECT run_number,"
            f" set_config('lock_timeout', '{_PATIENCE}', true) FROM"
            "  unnest(CAST(:runs AS int[])) AS run_number ORDER BY run_number) AS wanted"
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
    """A lock that a client holds on its line; it falls when that is lost.

    Any thread may use it.
    """

    def __init__(self, db: Database, name: str, client: str | None = None) -> None:
        self._db = db
        self._name = name
        self._client = client or f"{getpass.getuser()}@{socket.gethostname()} ({os.getpid()})"
        self._guard = Lock()
        self._held_on: int | None = None

    def try_acquire(self) -> bool:
        """True when the lock is ours now, or was already; False while another session has it.

        Behind a pooler nobody is elected. Raises Unavailable when the database can't be reached.
        """
        try:
            with self._guard, self._db.translated(), self._db.line.used() as connection:
                return self._acquired(connection)
        except NoLine:
            return False

    def _acquired(self, connection: DriverConnection) -> bool:
        line = self._db.line
        if self._held_on == line.number:
            connection.execute("SELECT 1")
            return True
        self._held_on = None
        # A session can take a lock twice, and it would be held by two of this client. Asking the
        # server for all locks there are costs it more than the election.
        if self._name in line.held:
            return False
        answer = connection.execute(
            "SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_SESSIONS, self._name]
        ).fetchone()
        if not (answer and answer[0]):
            return False
        line.held.add(self._name)
        # By this name others see who holds it.
        connection.execute("SELECT set_config('application_name', %s, false)", [self._client])
        self._held_on = line.number
        return True

    def held(self) -> bool:
        """Asks the server; False as soon as the line, and with it the lock, is lost."""
        with self._guard:
            if self._held_on is None or self._held_on != self._db.line.number:
                self._held_on = None
                return False
            try:
                with self._db.line.used() as connection:
                    connection.execute("SELECT 1")
            except (psycopg.Error, RegistryError):
                self._held_on = None
            if self._held_on != self._db.line.number:
                self._held_on = None
            return self._held_on is not None

    def holder(self) -> str | None:
        """Name of the client that holds the lock, ours or another's; None when nobody does."""
        with self._db.primary.read() as connection:
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
            held_on, self._held_on = self._held_on, None
            if held_on is None or held_on != self._db.line.number:
                return
            # Where it can't be said the line is lost, and the lock with it.
            with (
                contextlib.suppress(psycopg.Error, RegistryError),
                self._db.line.used() as connection,
            ):
                if held_on == self._db.line.number:
                    connection.execute(
                        "SELECT pg_advisory_unlock(%s, hashtext(%s))", [_SESSIONS, self._name]
                    )
                    self._db.line.held.discard(self._name)


class PullerLock(SessionLock):
    """Elects the one client that pulls from `source`, e.g. `oms`; never one that may only read: it
    would keep the others from pulling."""

    @property
    def nobody(self) -> str:
        """What to tell when nobody is elected and this client can't be."""
        if not self._db.writes_automatically:
            return _READS_ALONE
        return _BEHIND_POOLER if self._db.line.is_impossible else ""

    def __init__(self, db: Database, client: str | None = None, *, source: str = "oms") -> None:
        super().__init__(db, f"puller {source}", client)

    def try_acquire(self) -> bool:
        """The same, where what was pulled can be written."""
        return self._db.writes_automatically and super().try_acquire()
