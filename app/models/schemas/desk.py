"""What we derive or note, in schema `desk`: all of it may be dropped, and is made again.

Without the privilege to create it the program works too, only slower.
"""

import logging
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP

from app.models.schemas import indexes
from app.models.schemas.own_schema import OwnSchema
from app.models.schemas.shared_schema import CREATION_LOCK

logger = logging.getLogger(__name__)

SCHEMA = "desk"
ANNOUNCING_TRIGGER = "desk_announce_version"
_RUNS_AT_ONCE = 50
_WITHOUT_TRUTH = "0005"
"""The first revision that keeps nothing which can't be derived."""

metadata = sa.MetaData(schema=SCHEMA)

_time = TIMESTAMP(timezone=True)

lumisection_state = sa.Table(
    "lumisection_state",
    metadata,
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("rr_events", sa.Integer, nullable=False),
    sa.Column("oms_events", sa.Integer, nullable=False),
    sa.Column("online_oms_events", sa.Integer, nullable=False),
    sa.Column("state", BYTEA, nullable=False),
    sa.Column("checksum", BYTEA),
)
recount = sa.Table(
    "recount",
    metadata,
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("newest_event", sa.Integer, nullable=False),
    sa.Column("checksum", BYTEA),
    sa.Column("recounted", _time, nullable=False),
)
recount_finding = sa.Table(
    "recount_finding",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("table", sa.Text, nullable=False),
    sa.Column("run_number", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("lumisections", sa.Text, nullable=False),
    sa.Column("expected", sa.Text, nullable=False),
    sa.Column("found", sa.Text, nullable=False),
    sa.Column("noticed_by", sa.Text, nullable=False),
    sa.Column("at", _time, nullable=False),
    sa.Column("repaired", sa.Boolean, nullable=False),
)
puller = sa.Table(
    "puller",
    metadata,
    sa.Column("client", sa.Text),
    sa.Column("host", sa.Text),
    sa.Column("pid", sa.Integer),
    sa.Column("since", _time),
    sa.Column("heartbeat", _time),
    sa.Column("last_success", _time),
    sa.Column("last_error", sa.Text),
    sa.Column("next_try", _time),
    sa.Column("activity", sa.Text),
    sa.Column("source", sa.Text, primary_key=True),
)
failed_pull = sa.Table(
    "failed_pull",
    metadata,
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("first_failed", _time, nullable=False),
    sa.Column("last_failed", _time, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
)
fill = sa.Table(
    "fill",
    metadata,
    sa.Column("fill_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attributes", JSONB, nullable=False),
    sa.Column("fetched", _time, nullable=False),
)
sa.Table(
    "taken_in",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.Integer, nullable=False),
    sa.Column("below_run", sa.Integer),
)
told = sa.Table(
    "told",
    metadata,
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("at", _time, nullable=False, server_default=sa.func.now()),
)
counted_key = sa.Table(
    "counted_key",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("place", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, nullable=False),
)
counts = sa.Table(
    "counts",
    metadata,
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("summary_version", sa.Integer),
    sa.Column("columns", ARRAY(sa.SmallInteger, dimensions=2)),
    sa.Column("bits", ARRAY(sa.SmallInteger, dimensions=2)),
    sa.Column("recorded", sa.Double),
    sa.Column("delivered", sa.Double),
)
uncounted = sa.Table(
    "uncounted",
    metadata,
    sa.Column("run_number", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)
counting = sa.Table(
    "counting",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("below_run", sa.Integer),
)
ALL_COUNTED = sa.select(counting.c.id).where(
    counting.c.below_run.is_(None), ~sa.exists().select_from(uncounted)
)
"""Has a row where the counts are all there, and can be believed."""
draft = sa.Table(
    "draft",
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("content", JSONB, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("saved", _time, nullable=False),
)
presence = sa.Table(
    "presence",
    metadata,
    sa.Column("client", sa.Text, primary_key=True),
    sa.Column("run_number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("editing", sa.Boolean, nullable=False),
    sa.Column("since", _time, nullable=False),
    sa.Column("heartbeat", _time, nullable=False),
)


_PRIVILEGES = {
    "lumisection_state": "SELECT, INSERT, UPDATE",
    "recount": "SELECT, INSERT, UPDATE",
    "recount_finding": "SELECT, INSERT",
    "puller": "SELECT, INSERT, UPDATE",
    "failed_pull": "SELECT, INSERT, UPDATE, DELETE",
    "fill": "SELECT, INSERT",
    "taken_in": "SELECT, INSERT, UPDATE",
    "told": "SELECT, INSERT, UPDATE",
    # Written by triggers alone.
    "counted_key": "SELECT",
    "counts": "SELECT",
    "counting": "SELECT",
    "uncounted": "SELECT",
    "draft": "SELECT, INSERT, UPDATE, DELETE",
    "presence": "SELECT, INSERT, UPDATE, DELETE",
}

PULLERS_NOTES = (
    *("puller", "failed_pull", "fill", "recount", "recount_finding", "taken_in"),
    "told",
)
"""Tables that on a guarded database pullers alone write to."""

COUNTS_READ_BY = ("bit_counts(jsonb)", "column_counts(jsonb)", "counts_due(integer[], text[])")
"""Functions that say what counts of lumisections have to be, for whoever reads."""

COUNTS_MADE_BY = ("count_again(integer[], text[])", "count_older(integer)")
"""Functions that write counts; triggers and these call all others."""

OWN = OwnSchema(SCHEMA, metadata, _PRIVILEGES, notes=frozenset(PULLERS_NOTES))


def prepare(
    connection: Connection, *, record: bool, upgrade: bool = True, reads_alone: bool = False
) -> bool:
    """Creates or upgrades the schema if the login may; returns whether it can be used, by one that
    `reads_alone` for reading.

    Raises Refused when a newer program has already upgraded it. What an older one kept here and
    can't be derived moves to the schema `record`: without that one it stays, and nothing is used.
    """
    with connection.begin():
        if not record and _keeps_truth(connection):
            logger.info("The schema %s can't be upgraded without the schema record", SCHEMA)
            return False
        if not OWN.prepare(connection, upgrade=upgrade, reads_alone=reads_alone):
            return False
        left = [
            *([_announce_others] if _missing(connection, (_ANNOUNCING,)) else ()),
            *([_count_summaries, _count_newest] if _missing(connection, _COUNTING) else ()),
            *(partial(indexes.add_one, index=each) for each in indexes.small(connection)),
        ]
    for add in left:
        # Each is over soon: together they would keep whoever writes waiting until the last is. Of
        # two clients that start at once the second finds each done.
        with connection.begin():
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CREATION_LOCK)))
            add(connection)
    return True


def why_not(connection: Connection, *, record: bool) -> str:
    """Why `prepare` found the schema unusable, for the person who looks after the database."""
    if not record and _keeps_truth(connection):
        return "what it keeps has to move to the schema record first"
    return OWN.why_not(connection)


def _keeps_truth(connection: Connection) -> bool:
    found = OWN.revision_of(connection)
    return found is not None and found < _WITHOUT_TRUTH


def _announce_others(connection: Connection) -> None:
    """Has the server announce what the web service appends."""
    if not _missing(connection, (_ANNOUNCING,)):
        return
    _add(connection, [_ANNOUNCING], "Versions of other programs are looked for instead")


def _count_summaries(connection: Connection) -> None:
    """Has the server keep counts of lumisections beside the summaries."""
    if not _missing(connection, _COUNTING):
        return
    # Whatever was written since there were triggers last isn't in what they left.
    again = (
        f"DELETE FROM {SCHEMA}.counts",
        f"DELETE FROM {SCHEMA}.uncounted",
        f"INSERT INTO {SCHEMA}.counting (below_run) VALUES ({2**31 - 1})"
        " ON CONFLICT (id) DO UPDATE SET below_run = EXCLUDED.below_run",
    )
    _add(connection, _COUNTING, "Tables are sorted by whole summaries", again)


def _count_newest(connection: Connection) -> None:
    """Makes the counts of the newest runs at once, where they are kept from now on."""
    if not _missing(connection, _COUNTING):
        connection.exec_driver_sql(f"SELECT {SCHEMA}.count_older({_RUNS_AT_ONCE})")


class _Trigger(Struct, frozen=True):
    """One of ours on a shared table."""

    name: str
    table: str
    when: str
    rows: str
    function: str
    writes: tuple[sa.Table, ...] = ()
    """Tables that its function needs. Its condition, which always holds, names them: so the server
    refuses to drop one of them, or drops the trigger with it, and who writes goes on."""

    @property
    def sql(self) -> str:
        named = " AND ".join(f"NULL::{table.fullname} IS NULL" for table in self.writes)
        condition = f"WHEN ({named}) " if named else ""
        return (
            f'CREATE TRIGGER {self.name} {self.when} ON "{self.table}" {self.rows}'
            f" {condition}EXECUTE FUNCTION {SCHEMA}.{self.function}()"
        )


_ANNOUNCING = _Trigger(
    ANNOUNCING_TRIGGER,
    "Version",
    "AFTER INSERT",
    "REFERENCING NEW TABLE AS added_versions FOR EACH STATEMENT",
    "announce_version",
)
COUNTS_WRITTEN = (counted_key, counts, uncounted)
"""Tables that triggers on the shared ones write to."""
_CHANGES = "AFTER INSERT OR UPDATE OR DELETE"
# Datasets come first, as for whoever writes: the other way round each would wait for the other.
_COUNTING = (
    _Trigger(
        "desk_count_dataset", "Dataset", _CHANGES, "FOR EACH ROW", "count_dataset", COUNTS_WRITTEN
    ),
    _Trigger(
        "desk_count_no_dataset",
        "Dataset",
        "AFTER TRUNCATE",
        "FOR EACH STATEMENT",
        "count_dataset",
        COUNTS_WRITTEN,
    ),
    _Trigger(
        "desk_count_summary",
        "DatasetTripletCache",
        _CHANGES,
        "FOR EACH ROW",
        "count_summary",
        COUNTS_WRITTEN,
    ),
    _Trigger(
        "desk_count_no_summary",
        "DatasetTripletCache",
        "AFTER TRUNCATE",
        "FOR EACH STATEMENT",
        "count_summary",
        COUNTS_WRITTEN,
    ),
)
TRIGGERS = frozenset({ANNOUNCING_TRIGGER, *(each.name for each in _COUNTING)})
"""What we put on the shared tables."""


def _missing(connection: Connection, triggers: Sequence[_Trigger]) -> bool:
    """Whether one of them isn't there as it has to be or is switched off, and the login may add
    them all.

    A trigger runs with the rights of whoever writes, or of who made its function: so only a
    function is called that belongs to the owner of the table, not one that somebody else could
    replace.
    """
    return bool(
        connection.execute(
            sa.text(
                """
                SELECT bool_and(has_table_privilege(pg_class.oid, 'TRIGGER')
                        AND pg_proc.oid IS NOT NULL)
                    AND bool_or(NOT EXISTS (
                        SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid
                        AND tgname = wanted.name AND tgenabled IN ('O', 'A')
                        AND (tgqual IS NOT NULL) = wanted.conditional
                    ))
                FROM unnest(CAST(:names AS text[]), CAST(:tables AS text[]),
                    CAST(:functions AS text[]), CAST(:conditional AS boolean[]))
                    AS wanted(name, relation, function, conditional)
                JOIN pg_class ON pg_class.oid = to_regclass(wanted.relation)
                LEFT JOIN pg_proc ON proowner = relowner
                    AND proname = wanted.function AND pronamespace = to_regnamespace(:schema)
                """
            ),
            {
                "names": [each.name for each in triggers],
                "tables": [f'"{each.table}"' for each in triggers],
                "functions": [each.function for each in triggers],
                "conditional": [bool(each.writes) for each in triggers],
                "schema": SCHEMA,
            },
        ).scalar()
    )


def _is_there(connection: Connection, trigger: _Trigger) -> bool:
    """Whether there is one of that name, whatever it is."""
    found = sa.text(
        "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgname = :name AND tgrelid = to_regclass(:of))"
    )
    given = {"name": trigger.name, "of": f'"{trigger.table}"'}
    return bool(connection.execute(found, given).scalar())


def _add(
    connection: Connection, triggers: Sequence[_Trigger], instead: str, then: Sequence[str] = ()
) -> None:
    """Adds them and does what follows, all or nothing."""
    try:
        with connection.begin_nested():
            # The lock would make everybody wait who appends behind a long transaction. It is given
            # up before the server ends a writer, after a second, where each waits for the other.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
            for each in triggers:
                # To ask for it to be dropped holds even whoever reads, were there none.
                if _is_there(connection, each):
                    connection.exec_driver_sql(f'DROP TRIGGER {each.name} ON "{each.table}"')
                connection.exec_driver_sql(each.sql)
            for statement in then:
                connection.exec_driver_sql(statement)
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise
        logger.info("%s: %s", instead, error)
