"""Who works among the pullers of a guarded database: a lease for each job, told anew all the time.

A person can hold an advisory lock for ever, so the row of a job is what counts, and only pullers
may touch it. A session lock would stay with a puller that is frozen; a lease runs out.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg

from app.domain.errors import RegistryError
from app.models.database import session
from app.models.database.engine import Database
from app.models.statements import text

logger = logging.getLogger(__name__)

NOBODY = "No puller is running."

_LASTS_S = 5.0
_BEATS_S = 1.0
_PATIENCE = "3s"

_Connection = psycopg.Connection[tuple[object, ...]]

_NEW_ROW = (
    "INSERT INTO guard.puller SELECT %(job)s, '', '', now(), '-infinity'"
    " WHERE NOT EXISTS (SELECT FROM guard.puller WHERE job = %(job)s) ON CONFLICT DO NOTHING"
)
_LOCK = (
    "SELECT instance, beat < clock_timestamp() - make_interval(secs => %(lasts)s)"
    " FROM guard.puller WHERE job = %(job)s FOR UPDATE SKIP LOCKED"
)
_TAKE = (
    "UPDATE guard.puller SET instance = %(instance)s, client = %(client)s,"
    " since = clock_timestamp(), beat = clock_timestamp() WHERE job = %(job)s"
)
_BEAT = (
    "UPDATE guard.puller SET beat = clock_timestamp()"
    " WHERE job = ANY(%(jobs)s) AND instance = %(instance)s RETURNING job"
)
_GIVE_UP = (
    "UPDATE guard.puller SET instance = '', beat = '-infinity'"
    " WHERE job = ANY(%(jobs)s) AND instance = %(instance)s"
)
_END_SESSIONS = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND position(%(instance)s IN application_name) > 0"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lease of a job; `alive` while it hasn't run out."""

    job: str
    client: str
    since: datetime
    beat: datetime
    alive: bool


def holders(db: Database) -> tuple[Holder, ...]:
    """Who holds each job, or did until the lease ran out."""
    with db.primary.read() as connection:
        rows = connection.execute(
            text(
                "SELECT job, client, since, beat,"
                " beat >= clock_timestamp() - make_interval(secs => :lasts) FROM guard.puller"
                " WHERE instance <> '' ORDER BY job"
            ),
            {"lasts": _LASTS_S},
        )
        return tuple(Holder(*row) for row in rows)


class Leases:
    """The jobs of one client. A thread of their own keeps those that it holds; it ends with
    `close`, which lets all of them go."""

    def __init__(self, db: Database, client: str) -> None:
        self._db = db
        self._client = client
        self._using = threading.Lock()
        self._held: dict[str, float] = {}
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def of(self, job: str) -> "Lease":
        """The election for a job."""
        return Lease(self, self._db, job)

    def close(self) -> None:
        """Lets all jobs go, and ends the thread."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        with self._using:
            self._give_up([*self._held])

    def holds(self, job: str) -> bool:
        """Whether the job is still ours; the server needn't be asked."""
        beat = self._held.get(job)
        return beat is not None and time.monotonic() - beat < _LASTS_S - _BEATS_S

    def take(self, job: str) -> bool:
        """Takes a job that nobody holds any more. Raises Unavailable."""
        with self._using, self._db.translated():
            before = time.monotonic()
            taken, former = self._taken(job)
            if not taken:
                return False
            self._held[job] = before
            if former:
                self._end_sessions_of(job, former)
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="puller leases", daemon=True)
            self._thread.start()
        return True

    def let_go(self, job: str) -> None:
        """Whoever asks next gets the job."""
        with self._using:
            self._give_up([job])

    def _taken(self, job: str) -> tuple[bool, str]:
        """Whether the job was taken, and from which client that told nothing more."""
        given = {"job": job, "instance": self._db.instance, "client": self._client}
        with self._transaction() as connection:
            connection.execute(_NEW_ROW, given)
            row = connection.execute(_LOCK, {"job": job, "lasts": _LASTS_S}).fetchone()
            if row is None:
                return False, ""
            former, is_over = str(row[0]), bool(row[1])
            if former != self._db.instance and not is_over:
                return False, ""
            connection.execute(_TAKE, given)
        return True, "" if former == self._db.instance else former

    def _end_sessions_of(self, job: str, former: str) -> None:
        """A puller that froze in the middle of a transaction still holds what it has locked."""
        logger.warning("Took over %s: the puller before tells nothing any more", job)
        with suppress(psycopg.Error, RegistryError), self._transaction() as connection:
            connection.execute(_END_SESSIONS, {"instance": former})

    def _keep(self) -> None:
        while not self._closing.wait(_BEATS_S):
            with self._using:
                if self._held:
                    self._beat()

    def _beat(self) -> None:
        before = time.monotonic()
        try:
            with self._transaction() as connection:
                rows = connection.execute(
                    _BEAT, {"jobs": [*self._held], "instance": self._db.instance}
                )
                ours = {str(job) for (job,) in rows}
        except (psycopg.Error, RegistryError) as error:
            logger.info("The leases can't be renewed: %s", error)
            return
        for job in self._held.keys() - ours:
            logger.warning("Another puller has taken over %s", job)
        self._held = dict.fromkeys(ours, before)

    def _give_up(self, jobs: Sequence[str]) -> None:
        ours = [job for job in jobs if self._held.pop(job, None) is not None]
        if ours:
            # Where it can't be said the lease runs out by itself.
            with suppress(psycopg.Error, RegistryError), self._transaction() as connection:
                connection.execute(_GIVE_UP, {"jobs": ours, "instance": self._db.instance})

    @contextmanager
    def _transaction(self) -> Iterator[_Connection]:
        """A short one on the line of this client, or, behind a pooler, like any other; the server
        ends it when it takes long."""
        with self._session() as connection:
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                connection.execute(
                    "SELECT set_config(%s, %s, true)", [name, _PATIENCE], prepare=False
                )
            yield connection

    @contextmanager
    def _session(self) -> Iterator[_Connection]:
        if self._db.line.is_possible():
            with self._db.line.used() as connection, connection.transaction():
                yield connection
        else:
            with self._db.transaction() as pooled:
                yield session.driver_of(pooled)


class Watch:
    """The election for who may not work: it is never won, and says who works."""

    nobody = NOBODY

    def __init__(self, db: Database, job: str) -> None:
        self._db = db
        self._job = job

    def try_acquire(self) -> bool:
        """Never."""
        return False

    def held(self) -> bool:
        """Never."""
        return False

    def holder(self) -> str | None:
        """The client that works at this job; None when none does."""
        return _alive(holders(self._db), self._job)

    def release(self) -> None:
        """There is nothing to give up."""


class Lease(Watch):
    """The election of the puller that works at one job."""

    def __init__(self, leases: Leases, db: Database, job: str) -> None:
        super().__init__(db, job)
        self._leases = leases

    def try_acquire(self) -> bool:
        """Takes the job when nobody holds it; true when it is ours. Raises Unavailable."""
        return self._leases.take(self._job)

    def held(self) -> bool:
        """Whether the job is still ours."""
        return self._leases.holds(self._job)

    def release(self) -> None:
        """Gives the job to whoever asks next."""
        self._leases.let_go(self._job)


def _alive(known: Iterable[Holder], job: str) -> str | None:
    return next((each.client for each in known if each.alive and each.job == job), None)
