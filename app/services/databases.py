"""The database that is opened: recognised, made ready, looked over."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from app.domain.clock import server_ahead, set_server_ahead
from app.domain.errors import NotPermitted, Refused, RegistryError
from app.domain.filters import RUN
from app.domain.keys import ONLINE
from app.domain.progress import SILENT, Progress
from app.domain.sources import deduplication
from app.domain.sources.deduplication import Finding
from app.models import configuration
from app.models.database import clock, session
from app.models.database.engine import Database
from app.models.events import event_log, rows, states
from app.models.lists.tables import pages
from app.models.lists.tables.query import Sort, TableQuery
from app.models.lists.tables.stale import stale_summaries
from app.models.schemas import desk, record, seal
from app.models.schemas import indexes as optional
from app.models.schemas import shared_schema as schema
from app.models.schemas.indexes import OptionalIndex
from app.models.schemas.shared_schema import SchemaKind, SchemaState
from app.services.acting import Acting
from app.services.configuration import in_force as configurations

SHOWN_SUMMARIES = 1000
"""So many stale summaries are counted at most."""

NAMED_OBJECTS = 1000
"""So many false objects are named at most."""

_PAGE = 1000
_LONGEST = 65_536  # characters of an object that is looked at


def answers(acting: Acting) -> bool:
    """Whether the server of the database answers within two seconds."""
    return acting.db.answers()


def give_up(acting: Acting) -> None:
    """The program ends: whoever waits for the database gets Unavailable at once."""
    acting.db.give_up()


@dataclass(frozen=True)
class Initialised:
    """What was missing and made; `desk`, `record`, `seal`: whether our own schemas can be used."""

    created: bool
    configured: bool
    desk: bool
    record: bool
    seal: bool


@dataclass(frozen=True)
class Examined:
    """What a database holds and what somebody should look at; `server` is what is unlike what
    the program relies on and can't be set by it."""

    database: str
    schema: SchemaState
    desk: bool = False
    desk_reason: str = ""
    record: bool = False
    record_reason: str = ""
    seal: bool = False
    seal_reason: str = ""
    keeps_roots: bool = False
    guard: str = ""
    settings_id: int = 0
    problems: tuple[str, ...] = ()
    stale_summaries: tuple[tuple[int, str], ...] = ()
    server: tuple[str, ...] = ()


@dataclass(frozen=True)
class ExaminedObjects:
    """What was found of the objects that are kept once and found by their hash.

    `false` are the ids of the first of those `false_number` whose hash isn't that of their
    content; of `undecided` ones that can't be said.
    """

    looked_at: int = 0
    false_number: int = 0
    false: tuple[int, ...] = ()
    undecided: int = 0


@dataclass(frozen=True)
class IndexState:
    """An optional index and whether it is there."""

    index: OptionalIndex
    present: bool


def recognise(db: Database) -> SchemaState:
    """Compares what the login sees with the shared schema; changes nothing."""
    with db.primary.read() as connection:
        return schema.recognise(connection)


def command_line(db: Database, words: str) -> str:
    """How a command on this database is typed, without its password."""
    return f"run-registry {words} --dsn {shlex.quote(db.dsn_without_password)}"


def is_empty(db: Database) -> bool:
    """Whether nothing at all is in the database."""
    return recognise(db).kind is SchemaKind.EMPTY


def open_existing(db: Database, state: SchemaState | None = None) -> None:
    """Makes a database that holds the shared schema ready to work with; `state` where somebody has
    just looked.

    Refused, with what is missing, when it holds anything else. To the shared tables
    only what is optional is added, our own schema is made, both where the login may.
    """
    state = recognise(db) if state is None else state
    if state.kind is SchemaKind.EMPTY:
        raise Refused(
            f"The database {db.dsn_without_password} is empty. To create the tables of Run"
            f" Registry there: {command_line(db, 'db init')}"
        )
    if state.kind is SchemaKind.FOREIGN:
        raise Refused(f"{db.dsn_without_password}: {state.explanation}")
    db.prepare()
    measure_clock(db)


def server_version(db: Database) -> str:
    """What the server calls itself, such as `18.4 (Debian 18.4-1)`."""
    with db.read() as connection:
        return session.server_version(connection)


def measure_clock(db: Database) -> timedelta:
    """Measures how far the server's clock is ahead of this machine's, for all ages; returns it."""
    with db.primary.read() as connection:
        ahead = clock.ahead(connection)
    if ahead is not None:
        set_server_ahead(ahead)
    return server_ahead()


def standby_words(db: Database) -> str:
    """That a standby is read, and how far behind the primary it is; empty while none is."""
    behind_s = db.standby_behind_s
    if behind_s is None:
        return ""
    return f"standby, {behind_s:.0f} s behind" if behind_s >= 1 else "standby, up to date"


def initialise(db: Database, *, default_configuration: bool) -> Initialised:
    """Creates what is missing in an empty database: the shared schema, our own where it may.

    With `default_configuration` a database in which nobody configured anything gets the shipped
    one. What is there already stays. Refused when the database holds something else.
    """
    created = recognise(db).kind is not SchemaKind.RUN_REGISTRY
    if created:
        with db.transaction() as connection:
            schema.create(connection)
    configured = default_configuration and configurations.install_default(Acting(db))
    return Initialised(created, configured, db.prepare(), db.record, db.seal)


def examine(db: Database) -> Examined:
    """Looks over a database; one that isn't of Run Registry is described, not refused."""
    state = recognise(db)
    where = db.dsn_without_password
    if state.kind is not SchemaKind.RUN_REGISTRY:
        return Examined(where, state)
    guard = ""
    try:
        ready = db.prepare()
    except NotPermitted as refused:
        # Who administers a guarded database need not be known to it.
        ready, guard = db.desk, str(refused)
    if db.guard is not None:
        guard = f"proved by the database: {db.guard.login} is {db.guard.email or db.guard.kind}"
    # Where it is written: that a standby is read besides is no fault of the database.
    with db.primary.read() as connection:
        return Examined(
            where,
            state,
            ready,
            "" if ready else desk.why_not(connection, record=db.record),
            db.record,
            "" if db.record else record.OWN.why_not(connection),
            db.seal,
            "" if db.seal else seal.OWN.why_not(connection),
            db.keeps_roots,
            guard,
            configuration.settings_in_force(connection),
            configuration.in_force(connection).problems,
            stale_summaries(connection, SHOWN_SUMMARIES, desk=ready),
            (
                *session.problems(connection, has_direct=db.has_direct),
                *filter(None, (of_direct(db),)),
            ),
        )


def of_direct(db: Database) -> str:
    """What is wrong with the server itself, where it was named beside a pooler; else empty."""
    if not db.has_direct:
        return ""
    try:
        with db.line.used():
            return ""
    except RegistryError as error:
        return str(error)


def examine_objects(db: Database, progress: Progress = SILENT) -> ExaminedObjects:
    """Looks for objects that change what others say: found by a hash that isn't theirs.

    Goes through the table page by page, so its size doesn't matter. Raises Cancelled when
    `progress` says so.
    """
    looked_at = undecided = false_number = 0
    false: list[int] = []
    after: int | None = None
    with db.read() as connection:
        newest = event_log.newest_object(connection)
    while True:
        progress.at(min(1.0, max(after or 0, 0) / newest) if newest > 0 else 0.0)
        with db.read() as connection:
            page = event_log.stored_objects(connection, after=after, limit=_PAGE, longest=_LONGEST)
        if not page:
            return ExaminedObjects(looked_at, false_number, tuple(false), undecided)
        for each in page:
            progress.checkpoint()
            found = Finding.UNDECIDED
            if each.content is not None:
                found = deduplication.examine(each.content, each.hash)
            undecided += found is Finding.UNDECIDED
            if found is Finding.FALSE:
                false_number += 1
                if len(false) < NAMED_OBJECTS:
                    false.append(each.id)
        looked_at += len(page)
        after = page[-1].id


def has_runs(db: Database) -> bool:
    """Whether there is any run."""
    with db.read() as connection:
        return rows.has_runs(connection)


def newest_run(db: Database) -> tuple[int, int] | None:
    """The greatest run number and the last lumisection that OMS gave it; None without runs."""
    newest = TableQuery("runs", sort=(Sort(RUN, descending=True),), limit=1, include_deleted=True)
    with db.read() as connection:
        found = pages.page(connection, newest).rows
        if not found:
            return None
        key = (found[0].run_number, ONLINE)
        loaded = states.load(connection, [key], desk=db.desk)[key]
        return found[0].run_number, loaded.state.oms.length


def indexes(db: Database) -> tuple[IndexState, ...]:
    """The optional indexes, each with whether it is there."""
    with db.read() as connection:
        known = optional.present(connection)
    return tuple(IndexState(each, each.name in known) for each in optional.INDEXES)


def add_indexes(db: Database, *, told: Callable[[str], None] | None = None) -> tuple[str, ...]:
    """Makes the optional indexes that are missing, beside those who write; returns their names.

    `told` takes the name of each before it is made. Raises Refused when the login may not.
    """
    missing = [each.index for each in indexes(db) if not each.present]
    with db.translated(), db.raw_connection("index") as connection:
        for index in missing:
            if told is not None:
                told(index.name)
            optional.add(connection, index)
    return tuple(index.name for index in missing)
