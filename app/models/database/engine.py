"""The way to a database: connections, transactions, and errors sorted by whose move it is."""

import copy
import logging
import math
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy import exc as sa_exc
from sqlalchemy.dialects.postgresql.psycopg import PGExecutionContext_psycopg
from sqlalchemy.engine.interfaces import DBAPICursor

from app.domain.connections.faults import Fault, fault_of
from app.domain.connections.protection import Protection, is_here
from app.domain.errors import RegistryError
from app.domain.json_value import json_text, stored_value
from app.models.database import identity, outcome, session, times
from app.models.database.addresses import Address
from app.models.database.driver_errors import explain, why_lost
from app.models.database.identity import DOOR, WEB, Guarded
from app.models.database.kept import Kept
from app.models.database.line import Line, NoLine
from app.models.database.patience import Patience
from app.models.database.standby import Standby
from app.models.database.under_way import UnderWay
from app.models.schemas import desk, record, seal
from app.models.schemas.own_schema import NOT_LOOKED_FOR, Unused

logger = logging.getLogger(__name__)

POOLED = 2
"""Connections that one client has for its transactions, beside its line."""

_TURN_S = 60.0
"""How long a thread waits until another one is done with a connection."""

_NO_TURN_S = 0.05
"""The same for a connection to a standby, instead of which the primary can be asked."""

READS = "run_registry_reads"
"""Option of a connection that is in a READ ONLY transaction."""
KEPT = "run_registry_kept"
"""Option of a connection: what this process keeps of what it has folded."""
BINARY = "run_registry_binary"
"""Option of a statement whose rows come in binary."""
_NEVER_WRITES = "run_registry_never_writes"
GUARDED = "run_registry_guarded"
"""Option of a connection on which the guard folds runs and datasets: the kind of the login."""
RECORDS_WRITERS = "run_registry_records_writers"
"""Option of a connection on which a guard recorded who really wrote each version."""
JUDGE = "run_registry_judge"
"""Option of a connection: on a guarded database, which e-groups may act at a path."""


class _LostAnswer(Exception):
    """The connection was lost while a transaction was being committed."""


class Database:
    """One database, shared by all threads; connections are pooled and heal at their next use.

    `is_own`: it is the program's own, which may come back on another port. `direct_dsn`: the
    server itself where `dsn` is the address of a pooler. `reads_standby`: of several servers a
    standby may be read.
    """

    def __init__(
        self,
        dsn: str,
        *,
        is_own: bool = False,
        password: str | None = None,
        direct_dsn: str | None = None,
        pool_size: int = POOLED,
        reads_standby: bool = False,
    ) -> None:
        self.is_own = is_own
        self.instance = secrets.token_hex(6)
        """What all sessions of this client bear in their name."""
        self._address = Address.of(dsn, self.instance, password, direct_dsn)
        standby = self._address.standby if reads_standby else None
        # One for each place: that the standby is silent says nothing of the primary.
        self._patience = Patience(self._address.pooled)
        self._patience_alone = (
            Patience(self._address.direct) if self._address.has_direct else self._patience
        )
        self._patience_standby = Patience(standby or self._address.pooled)
        self.read_only = self._address.read_only
        """Whether the address asks for connections on which nothing can be changed."""
        self._never_writes = self.read_only
        self._was_in = False
        self.line = Line(self._open_line)
        """The session on which news arrive and elections are held."""
        self._protection = Protection()
        self._desk = self._record = self._seal = self._keeps_roots = False
        self._no_record = NOT_LOOKED_FOR
        self._guard: Guarded | None = None
        self._guard_read_at = -math.inf
        self._person: str | None = None
        self._origin: Database | None = None
        self._statement_ms = 0
        self._pool_size = pool_size
        self._turns: AbstractContextManager[object] = nullcontext()
        self._under_way = UnderWay()
        # Each server has its own: what is known of one says nothing of another.
        self._kept: tuple[Kept[object], Kept[object]] = Kept(), Kept()
        kept, kept_of_standby = self._kept
        self._engine = _pool(self._address.pooled, self._patience, pool_size, _TURN_S, kept)
        self._standby = None
        if standby is not None:
            patience = self._patience_standby
            engine = _pool(standby, patience, pool_size, _NO_TURN_S, kept_of_standby)
            self._standby = Standby(engine.execution_options(**{READS: True}))
        self._reading = self._engine.execution_options(**{READS: True})
        if self.read_only:
            self._engine.update_execution_options(**{_NEVER_WRITES: True})

    def __repr__(self) -> str:
        return f"Database({self.dsn_without_password!r})"

    @property
    def dsn_without_password(self) -> str:
        """The address for people: `postgresql://user@host:port/database`."""
        return self._address.without_password

    @property
    def desk(self) -> bool:
        """True when our schema `desk` is there and usable, as `prepare()` found it; for a login
        that may only read, for reading."""
        return self._desk

    @property
    def takes_notes(self) -> bool:
        """Whether what the program notes for itself can be put into `desk`."""
        return self._desk and not self._never_writes

    @property
    def reads_alone(self) -> bool:
        """Whether this login has no right to write, as `prepare()` found it."""
        return self._never_writes and not self.read_only

    @property
    def record(self) -> bool:
        """True when our schema `record` is there and usable, likewise."""
        return self._record

    @property
    def no_record(self) -> Unused:
        """Where the schema `record` isn't used: why, as `prepare()` found it."""
        return self._no_record

    @property
    def seal(self) -> bool:
        """True when our schema `seal` is there and this login may add to it, as `prepare()` found
        it."""
        return self._seal

    @property
    def keeps_roots(self) -> bool:
        """True when this login may keep the root beside a list it makes, as `prepare()` found."""
        return self._keeps_roots

    @property
    def guard(self) -> Guarded | None:
        """Who the login is on a guarded database, as `prepare()` or `renew_guard()` found it; None
        without a guard."""
        return self._guard

    def renew_guard(self, older_than_s: float = 0.0) -> None:
        """Asks a guarded database again who the login is, unless that was asked lately."""
        guard = self._guard
        if guard is None or guard.kind == DOOR:
            return
        if time.monotonic() - self._guard_read_at >= older_than_s:
            with self.primary.read() as connection:
                self._guard = identity.of_person(connection)
            self._guard_read_at = time.monotonic()

    def egroups_for(self, path: str) -> tuple[str, ...]:
        """The e-groups that may act at a path, as a guarded database matches routes."""
        asked = sa.text("SELECT unnest(guard.egroups_for(:path))")
        # Who is in a transaction asks in it: two threads that waited for a second connection each
        # would wait for each other.
        held = self._under_way.connection
        with self.read() if held is None else nullcontext(held) as connection:
            return tuple(sorted(connection.execute(asked, {"path": path}).scalars()))

    @property
    def protection(self) -> Protection:
        """What protects the connection on its way, as `prepare()` found it."""
        return self._protection

    @property
    def writes_automatically(self) -> bool:
        """Whether versions of auto@auto can be written here by this login."""
        return not self._never_writes and (self._guard is None or self._guard.writes_automatically)

    def forget_kept(self) -> None:
        """Has everything read again: what was kept may have come from rows that were false."""
        for each in self._kept:
            each.clear()

    @property
    def origin(self) -> "Database":
        """This database before a person was named: what is remembered of it belongs to that one."""
        return self._origin or self

    def naming(self, email: str) -> "Database":
        """The same database, on which a door acts for a person: each transaction names them.

        `guard` is about that person then. Raises Refused when the guard knows nobody of that
        e-mail.
        """
        named = copy.copy(self)
        named._person = email
        named._origin = self.origin
        with named.transaction() as connection:
            named._guard = identity.of_person(connection)
        return named

    def prepare(self, *, upgrade: bool = False) -> bool:
        """Looks who the login is; creates or upgrades our schemas if it may; returns `desk`.

        Keeps `guard`, `desk`, `record`, `seal`, `keeps_roots`. On a guarded database schemas are
        upgraded only when that is asked for. Raises Refused when a newer program has already
        upgraded one of them, or when the login stands for nobody.
        """
        with self.translated(), self._engine.connect() as connection:
            with connection.begin():
                self._protection = self.protection_of(connection)
                there = identity.is_guarded(connection)
                may = (upgrade or not there) and not self.read_only
                self._guard = None if upgrade else identity.read(connection)
                self._guard_read_at = time.monotonic()
                alone = not there and identity.reads_alone(connection)
                self._never_writes = self.read_only or alone
                self._record = record.OWN.prepare(connection, upgrade=may, reads_alone=alone)
                self._no_record = NOT_LOOKED_FOR if self._record else record.OWN.unused(connection)
                self._seal = seal.OWN.prepare(connection, upgrade=may)
                self._keeps_roots = self._seal or seal.keeps_roots(connection)
            self._desk = desk.prepare(
                connection, record=self._record, upgrade=may, reads_alone=alone
            )
        self._was_in = True
        return self._desk

    @property
    def _of_guard(self) -> Mapping[str, object]:
        """What readers on a connection want to know of the guard."""
        guarded = self._guard is not None
        return {RECORDS_WRITERS: guarded, JUDGE: self.origin.egroups_for if guarded else None}

    @property
    def primary(self) -> "Database":
        """The same database, read where it is written: for locks, and for what follows them."""
        if self._standby is None:
            return self
        primary = copy.copy(self)
        primary._standby = None
        primary._origin = self.origin
        return primary

    @property
    def reads_standby(self) -> bool:
        """Whether a standby may be read."""
        return self._standby is not None

    @property
    def standby_behind_s(self) -> float | None:
        """How far behind the standby was that was read last; None where the primary is read."""
        return None if self._standby is None else self._standby.behind_s

    def was_told(self) -> None:
        """From now on what the primary holds at this moment is read: somebody was told of it."""
        if self._standby is None:
            return
        if self.line.is_possible():
            with self.translated(), self.line.used() as line:
                self._standby.needs(line)
        else:
            with self.primary.read() as connection:
                self._standby.needs(session.driver_of(connection))

    def in_background(self) -> "Database":
        """The same database for work that nobody waits for: all of it together leaves one of the
        pooled connections to the others, and reads where it is written."""
        background = copy.copy(self)
        background._turns = threading.BoundedSemaphore(max(1, self._pool_size - 1))
        background._under_way = self._under_way.apart()
        background._standby = None
        background._origin = self.origin
        return background

    def break_off(self) -> None:
        """Breaks off what threads are at with this, takes it back, and lets nothing begin any more:
        they get Unavailable. Whoever has the same database in another way goes on."""
        self._under_way.break_off()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One READ COMMITTED transaction: committed at the end, rolled back on any exception.

        Where the answer to the COMMIT is lost, the mark that was left in it (`outcome`) tells what
        became of it. Raises Unsure when nobody knows.
        """
        marks: list[outcome.Mark] = []
        with self.translated():
            try:
                with self._turns, self._committed(marks) as connection:
                    yield connection
            except _LostAnswer as error:
                lost = outcome.LostAnswer(marks, self.primary.read, lambda: not self._is_over)
                lost.find_out(self.dsn_without_password, error, why_lost(error.__cause__))
                with suppress(RegistryError):
                    self.was_told()

    @contextmanager
    def _committed(self, marks: list[outcome.Mark]) -> Iterator[Connection]:
        """A transaction, without what is done when the answer to its COMMIT is lost."""
        with (
            self._engine.connect() as connection,
            self._under_way.one(connection),
            connection.begin() as transaction,
        ):
            kind = None if self._guard is None or self._guard.kind == WEB else self._guard.kind
            if self._person is not None:
                identity.name_person(connection, self._person)
            options = {GUARDED: kind, outcome.MARKS: marks, **self._of_guard}
            yield connection.execution_options(**options)
            try:
                with outcome.unsure_when_stopped(self.dsn_without_password, marks):
                    transaction.commit()
            except sa_exc.DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                raise _LostAnswer from error
            if self._standby is not None:
                # What was committed stays so, whatever becomes of the connection.
                with suppress(psycopg.Error):
                    self._standby.needs(session.driver_of(connection))

    @property
    def _is_over(self) -> bool:
        """Whether nobody waits any more for what this is at."""
        return self._patience.has_ended or self._under_way.is_over

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One REPEATABLE READ, READ ONLY transaction: everything read in it fits together."""
        with (
            self.translated(),
            self._turns,
            self._reader() as connection,
            self._under_way.one(connection),
            connection.begin(),
        ):
            if self._statement_ms:
                session.limit_statements(connection, self._statement_ms)
            yield connection.execution_options(**self._of_guard)

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        """A connection to read on: to the standby where it may be read and knows enough."""
        standby = self._standby
        connection = None if standby is None else standby.connection()
        if standby is None or connection is None:
            with self._reading.connect() as connection:
                yield connection
            return
        with connection:
            try:
                yield connection
            except sa_exc.DBAPIError as error:
                if (cancelled := standby.cancelled(error)) is None:
                    raise
                raise cancelled from error

    def limit_reading(self, seconds: float) -> None:
        """From now on the server stops a statement that only reads after so long: for whoever lets
        strangers ask. They get TookTooLong."""
        self._statement_ms = round(1e3 * seconds)

    def raw_connection(self, purpose: str) -> psycopg.Connection[tuple[object, ...]]:
        """A driver connection outside the pool, in autocommit; the caller closes it.

        The server shows it as `purpose`. Raises NoLine where only a pooler is known.
        """
        name = f"{self._address.pooled['application_name']} {purpose}"
        return self._alone({**self._address.direct, "application_name": name})

    @property
    def has_direct(self) -> bool:
        """Whether the server itself was named beside a pooler."""
        return self._address.has_direct

    def _open_line(self) -> psycopg.Connection[tuple[object, ...]]:
        return self._alone(self._address.direct)

    def _alone(self, parameters: Mapping[str, str | int]) -> psycopg.Connection[tuple[object, ...]]:
        with _translated(self._address.of_server, was_in=self._was_in):
            connection = self._patience_alone.connect(parameters, autocommit=True)
            try:
                # What is said for the whole session would be said to the next client of it.
                if session.is_pooled(connection):
                    raise NoLine(_no_session(self._address))
                session.prepare_whole(connection, read_only=self.read_only)
            except (psycopg.Error, NoLine):
                connection.close()
                raise
            return connection

    def give_up(self) -> None:
        """From now on nothing is waited for: whoever waits, or comes, gets Unavailable."""
        for each in (self._patience, self._patience_alone, self._patience_standby):
            each.end()

    @property
    def was_given_up(self) -> bool:
        """Whether nothing is waited for any more."""
        return self._patience.has_ended

    def fault(self) -> Fault | None:
        """Why no connection can be made now; None when one can. Nothing is tried twice."""
        try:
            self._patience.connect(self._address.pooled, autocommit=True).close()
        except psycopg.Error as error:
            return fault_of(str(error))
        return None

    def protection_of(self, connection: Connection) -> Protection:
        """What protects this connection on its way."""
        driver = session.driver_of(connection)
        tls, kerberos = session.encryption(driver)
        sslmode = str(self._address.pooled.get("sslmode", "prefer"))
        here = is_here(driver.info.host) and is_here(driver.info.hostaddr)
        return Protection(tls, sslmode, kerberos, here)

    def answers(self) -> bool:
        """Whether the server answers a new connection within two seconds."""
        return self._patience.answers()

    def close(self) -> None:
        """Closes the connections; pooled ones in use close when they are given back."""
        self.line.close()
        if self._standby is not None:
            self._standby.close()
        self._engine.dispose()

    def translated(self) -> AbstractContextManager[None]:
        """What the driver raises inside becomes an error that says whose move it is."""
        return _translated(self._address, was_in=self._was_in)

    def explain(self, error: BaseException) -> RegistryError | None:
        """What a driver error means to the person, or None when it is a bug of ours."""
        return explain(error, self._address, was_in=self._was_in)


@contextmanager
def _translated(address: Address, *, was_in: bool) -> Iterator[None]:
    try:
        yield
    except (
        sa_exc.StatementError,
        psycopg.Error,
        sa_exc.TimeoutError,
        UnicodeEncodeError,
    ) as error:
        meant = explain(error, address, was_in=was_in)
        if meant is None:
            raise
        raise meant from error


def _no_session(address: Address) -> str:
    """Why a client has no line there."""
    if address.has_direct:
        return (
            "The direct address (direct_dsn) is that of a pooler, too. Give there the address of"
            " the server itself."
        )
    return (
        f"{address.without_password} is the address of a pooler, where no session can wait. Give"
        " the address of the server itself, too: direct_dsn, or the direct address of the"
        " connection."
    )


def _pool(
    parameters: Mapping[str, str | int],
    patience: Patience,
    size: int,
    turn_s: float,
    kept: Kept[object],
) -> sa.Engine:
    """A pool of so many connections with these parameters; a turn is waited for so long."""
    times.read_all_times()

    def connect(
        _dialect: object, _record: object, _words: object, given: dict[str, Any]
    ) -> psycopg.Connection[tuple[object, ...]]:
        # SQLAlchemy has added to the parameters how JSON is written.
        return patience.connect(given)

    engine = sa.create_engine(
        "postgresql+psycopg://",
        connect_args=parameters,
        pool_size=size,
        max_overflow=0,
        pool_timeout=turn_s,
        pool_pre_ping=True,
        # The driver begins nothing by itself: `_begin` does, with all a transaction needs.
        isolation_level="AUTOCOMMIT",
        json_serializer=_json_text,
        json_deserializer=stored_value,
        execution_options={KEPT: kept},
    )
    engine.dialect.execution_ctx_cls = _Execution
    sa.event.listen(engine, "do_connect", connect)
    sa.event.listen(engine, "connect", _connected)
    sa.event.listen(engine, "begin", _begin)
    return engine


class _Execution(PGExecutionContext_psycopg):
    """One statement, whose rows come in binary where it asks for it."""

    def create_default_cursor(self) -> DBAPICursor:
        cursor = super().create_default_cursor()
        if BINARY in self.execution_options:
            assert isinstance(cursor, psycopg.Cursor)
            cursor.format = psycopg.pq.Format.BINARY
        return cursor


def _connected(driver: object, _: object) -> None:
    """Keeps a new connection of the pool from preparing statements in sessions of others."""
    assert isinstance(driver, psycopg.Connection)
    if session.is_pooled(driver):
        driver.prepare_threshold = None


def _begin(connection: Connection) -> None:
    """Begins the transaction of a pooled connection."""
    driver = session.driver_of(connection)
    options = connection.get_execution_options()
    if options.get(READS):
        session.begin_reading(driver)
    elif options.get(_NEVER_WRITES):
        session.begin_never_writing(driver)
    else:
        session.begin_writing(driver)


def _json_text(value: object) -> str:
    return json_text(value, compact=True)
