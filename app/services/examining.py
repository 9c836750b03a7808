"""A database looked over: what it holds, its objects and optional indexes, and what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors import NotPermitted, RegistryError
from app.domain.progress import SILENT, Progress
from app.domain.sources import deduplication
from app.domain.sources.deduplication import Finding
from app.models import configuration
from app.models.database import session
from app.models.database.engine import Database
from app.models.events import event_log
from app.models.lists.tables.stale import stale_summaries
from app.models.schemas import desk, record, seal
from app.models.schemas import indexes as optional
from app.models.schemas.indexes import OptionalIndex
from app.models.schemas.shared_schema import SchemaKind, SchemaState
from app.services.databases import recognise

SHOWN_SUMMARIES = 1000
"""So many stale summaries are counted at most."""

NAMED_OBJECTS = 1000
"""So many false objects are named at most."""

_PAGE = 1000
_LONGEST = 65_536  # characters of an object that is looked at


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
