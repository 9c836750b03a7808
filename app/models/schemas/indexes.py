"""Indexes on shared tables that make log and reports quick; none is needed or changes an answer."""

import logging

import psycopg
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from app.models.statements import text

logger = logging.getLogger(__name__)

BY_AUTHOR = "desk_version_author"
BY_PEOPLE = "desk_version_people"
BY_AGENTS = "desk_version_machines"
EVENTS_OF_VERSION = "desk_event_version"
EVENTS_OF_NAME = "desk_dataset_event_name"
RUNS_BY_START = "desk_run_start"
LISTS_OF_RUN = "desk_generated_json_run"

RUNS_OF_LIST = "jsonb_path_query_array(generated_json, '$.keyvalue().key', '{}', true)"
"""The runs that a list holds, as JSON; nothing of a list that isn't an object."""

_EXPECTED = (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege)
_AT_ONCE_MB = 64
"""Tables up to this size get their indexes without being asked: it takes less than a second."""


class OptionalIndex(Struct, frozen=True):
    """One of them: its table, what stands behind its name, and what it is good for."""

    name: str
    table: str
    columns: str
    purpose: str


INDEXES = (
    OptionalIndex(BY_AUTHOR, "Version", '("by", atomic_version)', "the log of one author"),
    OptionalIndex(
        BY_PEOPLE,
        "Version",
        "(atomic_version) WHERE \"by\" NOT LIKE 'auto@auto%'",
        "the log of people",
    ),
    OptionalIndex(
        BY_AGENTS,
        "Version",
        "(atomic_version) WHERE \"by\" LIKE 'auto@auto - %'",
        "the log of agents",
    ),
    OptionalIndex(
        EVENTS_OF_VERSION, "Event", "(atomic_version, version)", "what a version changed"
    ),
    OptionalIndex(
        EVENTS_OF_NAME, "DatasetEvent", "(name, version)", "the log of datasets of one name"
    ),
    OptionalIndex(
        RUNS_BY_START, "Run", "((oms_attributes ->> 'start_time'))", "the report of a shift"
    ),
    OptionalIndex(
        LISTS_OF_RUN, "GeneratedJson", f"USING gin (({RUNS_OF_LIST}))", "the golden lists of a run"
    ),
)


def present(connection: Connection) -> frozenset[str]:
    """Names of those that are there and can be used."""
    found = connection.execute(
        text(
            "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid"
            " WHERE indisvalid AND indrelid IN ("
            "  SELECT to_regclass(name) FROM unnest(CAST(:tables AS text[])) AS of(name))"
            " AND relname = ANY(:names)"
        ),
        {
            "tables": sorted({f'"{each.table}"' for each in INDEXES}),
            "names": [each.name for each in INDEXES],
        },
    )
    return frozenset(found.scalars())


def small(connection: Connection) -> list[OptionalIndex]:
    """Those that are missing on tables that are small, where the login may make them."""
    known = present(connection)
    return [
        index
        for index in INDEXES
        if index.name not in known and _may_add(connection, index, _AT_ONCE_MB * 2**20)
    ]


def add_one(connection: Connection, index: OptionalIndex) -> None:
    """Makes one of these, unless somebody has made it or holds the table."""
    if index.name in present(connection):
        return
    try:
        with connection.begin_nested():
            # Who appends shall not have to wait behind a lock that waits for others.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
            connection.execute(sa.text(_statement(index)))
    except sa.exc.DBAPIError as error:
        if not isinstance(error.orig, _EXPECTED):
            raise
        logger.info("The index %s was not made: %s", index.name, error)


def add(connection: "psycopg.Connection[tuple[object, ...]]", index: OptionalIndex) -> None:
    """Makes one beside those who write, outside a transaction; takes minutes on a large table."""
    # What an interrupted attempt left behind is there, and of no use.
    connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}".encode())
    connection.execute(_statement(index, concurrently=True).encode())


def _statement(index: OptionalIndex, *, concurrently: bool = False) -> str:
    beside = " CONCURRENTLY" if concurrently else ""
    return f'CREATE INDEX{beside} {index.name} ON "{index.table}" {index.columns}'


def _may_add(connection: Connection, index: OptionalIndex, most_bytes: int) -> bool:
    return bool(
        connection.execute(
            text(
                "SELECT pg_has_role(relowner, 'USAGE') AND pg_table_size(pg_class.oid) <= :most"
                "  AND has_schema_privilege(relnamespace, 'CREATE')"
                " FROM pg_class WHERE oid = to_regclass(:table)"
            ),
            {"table": f'"{index.table}"', "most": most_bytes},
        ).scalar()
    )
