"""Rows one after the other, from a place on that stays where it is while rows come and go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.errors import BadInput
from app.domain.keys import DatasetKey
from app.models.lists.computed_summaries import ComputedSummary, parameters
from app.models.lists.filter_sql import Flag
from app.models.lists.tables import pages, windows
from app.models.lists.tables.counted import Places
from app.models.lists.tables.matching import Statement
from app.models.lists.tables.orders import sort_columns
from app.models.lists.tables.query import TableQuery
from app.models.schemas.tables import run


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in the order of a query: its sort keys as JSON texts (None where it has
    none), and its own key. It stays where it is while rows around it come and go."""

    sort_keys: tuple[str | None, ...]
    run_number: int
    name: str

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset name."""
        return self.run_number, self.name


def places_after(
    connection: Connection,
    query: TableQuery,
    after: Place | None,
    computed: Sequence[ComputedSummary] = (),
    *,
    desk: bool = False,
) -> tuple[Place, ...]:
    """Up to `limit` rows that follow a place in the order of the query; the first without one. By
    counts where there is a `desk`.

    BadInput for a place that is none of such an order.
    """
    counted = pages.known_places(connection, query, desk=desk)
    if not windows.are_searched(connection, query):
        return _places(connection, query, after, computed, counted)
    descending = query.sort[0].descending if query.sort else True
    found: list[Place] = []
    window = windows.first_window(query, counted=counted is not None)
    edge = None if after is None else after.run_number
    while len(found) < query.limit:
        last = windows.edge_of_window(connection, edge, window, descending=descending)
        ends = (last, edge) if descending else (edge, last)
        rest = replace(query, limit=query.limit - len(found))
        some = _places(connection, rest, after, computed, counted, ends)
        found.extend(some)
        if last is None:
            break
        edge = last + (-1 if descending else 1)
        missing = query.limit - len(found)
        window = windows.next_window(window, found=len(some), missing=missing)
    return tuple(found)


def _places(
    connection: Connection,
    query: TableQuery,
    after: Place | None,
    computed: Sequence[ComputedSummary],
    counted: Places | None,
    ends: tuple[int | None, int | None] | None = None,
) -> tuple[Place, ...]:
    """The same within a range of runs, both ends included."""
    matched = Statement(
        query, windowed=ends is not None, computes=bool(computed), places=counted
    ).matched()
    if query.filter is not None or query.sort:
        # Else the server looks at row after row, joining each, until enough have passed.
        matched = matched.prefix_with("MATERIALIZED", dialect="postgresql")
    # One order for all that can be sorted by: that of JSON, in which a place can be written down.
    keys = [
        (sa.func.to_jsonb(key, type_=JSONB()), sort.descending)
        for number, sort in enumerate(query.sort)
        for key in sort_columns(matched, number)
    ]
    ordered = [(key.desc() if down else key.asc()).nulls_last() for key, down in keys]
    statement = (
        sa.select(matched.c.run_number, matched.c.name, *(sa.cast(key, sa.Text) for key, _ in keys))
        .order_by(*ordered, matched.c.run_number.desc(), matched.c.name.asc())
        .limit(query.limit)
    )
    if after is not None:
        if len(after.sort_keys) != len(keys):
            raise BadInput("A place of another order can't be gone on from.")
        statement = statement.where(_follows(matched, keys, after))
    first, last = ends or (None, None)
    given = {
        "first_run": windows.LEAST if first is None else first,
        "last_run": windows.GREATEST if last is None else last,
        **parameters(computed),
    }
    found = connection.execute(statement, given)
    return tuple(Place(tuple(texts), number, name) for number, name, *texts in found)


def _follows(
    matched: FromClause, keys: Sequence[tuple[ColumnElement[Any], bool]], after: Place
) -> Flag:
    """Whether a row comes after a place: equal in the first keys, and beyond in the next."""
    ways: list[Flag] = []
    equal: list[Flag] = []
    for (key, descending), text in zip(keys, after.sort_keys, strict=True):
        if text is None:
            # What is missing comes last: only what is missing, too, can follow.
            equal.append(key.is_(None))
            continue
        value = sa.cast(sa.literal(text, sa.Text), JSONB())
        beyond = key.bool_op("<" if descending else ">")(value)
        ways.append(sa.and_(*equal, sa.or_(beyond, key.is_(None))))
        equal.append(key.bool_op("=")(value))
    number, name = matched.c.run_number, matched.c.name
    ways.append(sa.and_(*equal, number < after.run_number))
    ways.append(sa.and_(*equal, number == after.run_number, name > after.name))
    return sa.or_(*ways)


def run_numbers_down_from(connection: Connection, greatest: int, limit: int) -> list[int]:
    """Numbers of runs, deleted ones too, from a number on downwards."""
    number = run.c.run_number
    found = sa.select(number).where(number <= greatest).order_by(number.desc()).limit(limit)
    return [*connection.execute(found).scalars()]
