"""The database that is opened: recognised and made ready."""

import shlex
from datetime import timedelta

from msgspec import Struct

from app.domain.clock import server_ahead, set_server_ahead
from app.domain.errors import Refused
from app.domain.filters import RUN
from app.domain.keys import ONLINE
from app.models.database import clock, session
from app.models.database.engine import Database
from app.models.events import rows, states
from app.models.lists.tables import pages
from app.models.lists.tables.query import Sort, TableQuery
from app.models.schemas import shared_schema as schema
from app.models.schemas.shared_schema import SchemaKind, SchemaState
from app.services.acting import Acting
from app.services.configuration import in_force as configurations


def answers(acting: Acting) -> bool:
    """Whether the server of the database answers within two seconds."""
    return acting.db.answers()


def give_up(acting: Acting) -> None:
    """The program ends: whoever waits for the database gets Unavailable at once."""
    acting.db.give_up()


class Initialised(Struct, frozen=True):
    """What was missing and made; `desk`, `record`, `seal`: whether our own schemas can be used."""

    created: bool
    configured: bool
    desk: bool
    record: bool
    seal: bool


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
