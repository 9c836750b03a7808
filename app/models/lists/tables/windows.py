"""Large tables in the order of their runs, searched in growing ranges of runs.

A search ends with the range that fills the page, so that a filter that many rows pass costs the
same however large the table is.
"""

import math

import sqlalchemy as sa
from sqlalchemy import Connection

from app.domain.filters import RUN
from app.models.lists.tables.asked import asks_summaries
from app.models.lists.tables.query import TableKind, TableQuery
from app.models.schemas.tables import run

COUNTED_ROWS = 15_000
"""Up to this size a table is filtered whole and counted exactly."""

FIRST_WINDOW = 2_000
"""Runs that are searched first in a larger table sorted by run number."""

FIRST_WINDOW_OF_SUMMARIES = 250
"""The same where summaries are asked for: of each the JSON has to be unpacked."""

_MOST_GROWTH = 8

LEAST, GREATEST = -(2**31), 2**31 - 1


def are_searched(connection: Connection, query: TableQuery) -> bool:
    """Whether the table is large, and asked for in the order of its runs."""
    by_run = not query.sort or query.sort[0].field == RUN
    return by_run and _estimated_rows(connection, query.kind) > COUNTED_ROWS


def first_window(query: TableQuery, *, counted: bool) -> int:
    of_json = asks_summaries(query) and not counted
    return FIRST_WINDOW_OF_SUMMARIES if of_json else FIRST_WINDOW


def next_window(window: int, *, found: int, missing: int) -> int:
    """How many runs are searched after a range of `window` runs that had `found` rows: twice as
    many, or as many as the rest of the page is likely to need, for each search costs its plan."""
    likely = math.ceil(missing / found) if found else _MOST_GROWTH
    return window * min(max(2, likely), _MOST_GROWTH)


def edge_of_window(
    connection: Connection, edge: int | None, window: int, *, descending: bool
) -> int | None:
    """Run number that ends a range of `window` runs from `edge` on; None when it has fewer."""
    number = run.c.run_number
    statement = sa.select(number).order_by(number.desc() if descending else number.asc())
    if edge is not None:
        statement = statement.where(number <= edge if descending else number >= edge)
    return connection.execute(statement.offset(window - 1).limit(1)).scalar_one_or_none()


def _estimated_rows(connection: Connection, kind: TableKind) -> float:
    """Size of the table as the planner knows it; from its pages where nobody analysed it yet."""
    name, bytes_of_row = ('"Run"', 2000) if kind == "runs" else ('"Dataset"', 400)
    known, size = connection.execute(
        sa.text(
            "SELECT reltuples, pg_relation_size(oid) FROM pg_class"
            " WHERE oid = CAST(:name AS regclass)"
        ),
        {"name": name},
    ).one()
    return float(known) if known > 0 else float(size) / bytes_of_row
