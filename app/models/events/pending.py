"""Who is in the middle of writing events: what they have numbered already may still appear."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from app.domain.errors import Unavailable
from app.models.database.engine import Database
from app.models.statements import text

_TABLES = ("Version", "Event", "LumisectionEvent", "OMSLumisectionEvent")
_WRITERS = """
    SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND relation = ANY(SELECT to_regclass(quote_ident(name))::oid
        FROM unnest(CAST(:tables AS text[])) AS name)
    AND mode = 'RowExclusiveLock' AND granted
"""


@dataclass(frozen=True)
class Moment:
    """What whoever reads in a later transaction sees at least: all events up to `event` that there
    will ever be, unless somebody was writing; then that isn't `settled`."""

    ground: str
    event: int
    settled: bool


def writers(connection: Connection) -> frozenset[str]:
    """The transactions of this database that have written events and aren't over.

    Whoever inserts holds this lock of the table from before the row gets its number until what was
    written is there for all. Transactions of other databases of the server don't matter.
    """
    found = connection.execute(text(_WRITERS), {"tables": list(_TABLES)})
    return frozenset(found.scalars())


def nobody_writes(connection: Connection) -> bool:
    """Whether there are none, as far as the server can tell: a standby knows of nobody."""
    statement = f"SELECT NOT pg_is_in_recovery() AND NOT EXISTS ({_WRITERS})"
    return bool(connection.execute(text(statement), {"tables": list(_TABLES)}).scalar_one())


def sessions(connection: Connection, transactions: Collection[str]) -> list[str]:
    """Whose sessions these transactions are, for somebody who has to end one."""
    found = connection.execute(
        text(
            "SELECT DISTINCT format('%s of %s (%s)', pid, usename, application_name)"
            " FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE virtualtransaction = ANY(:transactions) ORDER BY 1"
        ),
        {"transactions": sorted(transactions)},
    )
    return [*found.scalars()]


def newest_settled(db: Database) -> int | None:
    """The newest version, None when one with a smaller number may still appear.

    Whoever reads in a later transaction and finds that it is still the newest has read all there
    is up to it. The order is what makes that sure: first the version, then who writes. A standby
    knows nothing of who writes, and has what they wrote in the order in which they ended: the
    primary is asked, and the standby is read again once it has all that the primary holds then.
    """
    if not db.reads_standby:
        with db.read() as connection:
            return _settled(connection)
    try:
        with db.primary.read() as connection:
            settled = _settled(connection)
        db.was_told()
    except Unavailable:
        return None
    return settled


def _settled(connection: Connection) -> int | None:
    version = connection.execute(
        text('SELECT coalesce(max(atomic_version), 0) FROM "Version"')
    ).scalar_one()
    return int(version) if nobody_writes(connection) else None
