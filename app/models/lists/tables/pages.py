"""Pages of the run and dataset tables: filtered, sorted and counted in SQL, without the events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from app.domain.errors import BadInput
from app.domain.keys import DatasetKey
from app.models.lists.computed_summaries import ComputedSummary, parameters
from app.models.lists.tables import by_run, windows
from app.models.lists.tables.asked import Asked, asks_summaries
from app.models.lists.tables.counted import Places, places_of
from app.models.lists.tables.matching import Statement
from app.models.lists.tables.orders import order_of
from app.models.lists.tables.query import MOST_ROWS, TableQuery
from app.models.lists.tables.rows import Row, marked, row_of, whole_rows


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a table, and how many there are in all: at least `count` unless `exact`.

    `to_count`: whoever needs the exact number can ask for it. `uncounted`
    datasets may pass or not: too many have no summary to say it now.
    """

    rows: tuple[Row, ...]
    count: int
    exact: bool
    to_count: bool = False
    uncounted: int = 0


def page(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary] = (),
    *,
    desk: bool = False,
    record: bool = False,
    counts: bool = True,
) -> Page:
    """The rows `offset` to `offset + limit` of what the query describes.

    Filtered and sorted by the summaries that are stored and current, and by `computed` ones; by
    their counts where there is a `desk`. With marks where there is a `record`. The number of a
    large table in the order of its runs is left `to_count`; without `counts` so is every other that
    is a search for itself.
    """
    if query.offset < 0 or not 0 < query.limit <= MOST_ROWS:
        raise BadInput(f"A page begins at row 0 or later and has 1 to {MOST_ROWS} rows.")
    known = known_places(connection, query, desk=desk)
    if windows.are_searched(connection, query):
        found = _page_by_windows(connection, query, computed, known)
    else:
        rows, number = _search(connection, query, computed, known)
        found = _whole_page(connection, query, computed, known, rows, number, counts=counts)
    return replace(found, rows=marked(connection, found.rows)) if record else found


def number_of_rows(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary] = (),
    *,
    desk: bool = False,
) -> int:
    """How many rows the query's filter lets pass; order, offset and limit don't count."""
    return _number(connection, query, computed, known_places(connection, query, desk=desk))


def _number(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary],
    places: Places | None,
) -> int:
    shape = _Shape(_anywhere(query), windowed=False, computes=bool(computed), places=places)
    given = parameters(computed)
    return int(connection.execute(_number_statement(shape), given).scalar_one())


def _whole_page(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary],
    places: Places | None,
    rows: tuple[Row, ...],
    number: int | None,
    *,
    counts: bool,
) -> Page:
    """The rows with their `number`, if the search for them told it."""
    if number is not None:
        return Page(rows, number, exact=True)
    upto = query.offset + len(rows)
    if len(rows) < query.limit and (rows or query.offset == 0):
        return Page(rows, upto, exact=True)
    if counts or not rows:
        return Page(rows, _number(connection, query, computed, places), exact=True)
    return Page(rows, upto, exact=False, to_count=True)


def known_places(connection: Connection, query: TableQuery, *, desk: bool) -> Places | None:
    """Where the counts are that a query asks for, if it asks for any and they can answer it."""
    return places_of(connection, query) if desk and asks_summaries(query) else None


def matching_keys(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary] = (),
    *,
    desk: bool = False,
) -> tuple[DatasetKey, ...]:
    """Keys of everything the query's filter lets pass, sorted; offset and limit don't count."""
    known = known_places(connection, query, desk=desk)
    matched = Statement(query, computes=bool(computed), places=known).matched()
    order = sa.select(matched.c.run_number, matched.c.name).order_by(*order_of(matched, query))
    found = connection.execute(order, parameters(computed))
    return tuple((number, name) for number, name in found)


def matching_page(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary] = (),
    *,
    desk: bool = False,
) -> tuple[tuple[DatasetKey, ...], int]:
    """Keys of the rows `offset` to `offset + limit`, and how many rows pass in all, exactly."""
    shape = _Shape(
        _anywhere(query),
        windowed=False,
        computes=bool(computed),
        places=known_places(connection, query, desk=desk),
    )
    given = {"row_offset": query.offset, "row_limit": query.limit, **parameters(computed)}
    found = connection.execute(_key_statement(shape), given).all()
    keys = tuple((number, name) for _, number, name in found if number is not None)
    return keys, int(found[0][0])


def _page_by_windows(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary],
    places: Places | None,
) -> Page:
    """A page of a large table in the order of its runs, searched in growing ranges of runs.

    The search ends with the range that fills the page, so that a filter that many rows pass costs
    the same however large the table is.
    """
    descending = query.sort[0].descending if query.sort else True
    rows: list[Row] = []
    count = 0
    window, edge = windows.first_window(query, counted=places is not None), None
    while len(rows) < query.limit:
        last = windows.edge_of_window(connection, edge, window, descending=descending)
        ends = (last, edge) if descending else (edge, last)
        rest = replace(query, offset=max(0, query.offset - count), limit=query.limit - len(rows))
        found, passed = _search(connection, rest, computed, places, ends)
        assert passed is not None, "a range of runs is counted with its rows"
        count += passed
        rows.extend(found)
        if last is None:
            return Page(tuple(rows), count, exact=True)
        edge = last + (-1 if descending else 1)
        missing = query.offset + query.limit - count
        window = windows.next_window(window, found=passed, missing=missing)
    return Page(tuple(rows), count, exact=False, to_count=True)


def _search(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary],
    places: Places | None,
    ends: tuple[int | None, int | None] | None = None,
) -> tuple[tuple[Row, ...], int | None]:
    """The page within a range of runs, both ends included, and how many rows pass there; None where
    that is another search."""
    first, last = ends or (None, None)
    given = {
        "row_offset": query.offset,
        "row_limit": query.limit,
        "page_end": query.offset + query.limit,
        "first_run": windows.LEAST if first is None else first,
        "last_run": windows.GREATEST if last is None else last,
        **parameters(computed),
    }
    shape = _Shape(
        _anywhere(query),
        windowed=ends is not None,
        computes=bool(computed),
        places=places,
        is_near=by_run.is_near(query),
    )
    if shape in _with_room:
        shape = replace(shape, is_near=False)
    rows, number = _found(connection, shape, given)
    if number is None and shape.is_near and len(rows) < query.limit:
        # Among the first runs were some without any row, or not enough rows come first.
        if len(_with_room) > _MOST_REMEMBERED:
            _with_room.clear()
        _with_room.add(shape)
        rows, number = _found(connection, replace(shape, is_near=False), given)
    return rows, number


def _anywhere(query: TableQuery) -> TableQuery:
    """The query without the place of the page, which are parameters of its statement."""
    return replace(query, offset=0, limit=1)


def _found(
    connection: Connection, shape: "_Shape", given: Mapping[str, object]
) -> tuple[tuple[Row, ...], int | None]:
    found = connection.execute(_statement(shape), given).mappings().all()
    rows = tuple(row_of(values) for values in found if values["place"] is not None)
    return rows, int(found[0]["total"]) if found and "total" in found[0] else None


@dataclass(frozen=True, eq=False)
class _Shape:
    """What makes the statement of a query; equal when written equally, for 1 is not true there."""

    query: TableQuery
    windowed: bool
    computes: bool
    places: Places | None
    is_near: bool = True
    """Whether the page is looked for in what comes first."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shape) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


_MOST_REMEMBERED = 64

_with_room: set[_Shape] = set()
"""Queries of which a page had room for more than what comes first: they aren't asked twice again,
which would take twice as long."""


@lru_cache(maxsize=_MOST_REMEMBERED)
def _statement(shape: _Shape) -> Select[Any]:
    """The statement of a page; making it costs as much as answering it on a small database."""
    statement = Statement(
        shape.query, windowed=shape.windowed, computes=shape.computes, places=shape.places
    )
    asked = statement.asked
    if asked.is_by_run and not shape.is_near:
        found = by_run.far(*statement.by_run(), shape.query)
    else:
        has_first = asked.has_first or asked.goes_by_run
        matched = statement.matched(first_alone=shape.is_near and has_first)
        found = (
            sa.select(matched)
            .order_by(*order_of(matched, shape.query))
            .offset(sa.bindparam("row_offset", type_=sa.Integer))
            .limit(sa.bindparam("row_limit", type_=sa.Integer))
        )
    # Numbered only when they are few: the server doesn't stop sorting early for a numbering.
    first = found.subquery("first")
    place = sa.func.row_number().over(order_by=order_of(first, shape.query)).label("place")
    chosen = sa.select(first.c.run_number, first.c.name, place).subquery("chosen")
    if asked.counts_apart:
        return whole_rows(shape.query.kind, chosen)
    number = statement.total().scalar_subquery().label("total")
    return whole_rows(shape.query.kind, chosen, sa.select(number).subquery("total"))


@lru_cache(maxsize=_MOST_REMEMBERED)
def _number_statement(shape: _Shape) -> Select[Any]:
    """How many rows pass, without what only their order asks for."""
    in_order = Asked(
        shape.query, windowed=False, computes=shape.computes, counted=shape.places is not None
    )
    query = shape.query if in_order.is_counted_apart else replace(shape.query, sort=())
    statement = Statement(query, computes=shape.computes, places=shape.places)
    statement.matched()
    return sa.select(statement.total().scalar_subquery())


@lru_cache(maxsize=_MOST_REMEMBERED)
def _key_statement(shape: _Shape) -> Select[Any]:
    """The keys of a page in order, each beside the number of rows that pass."""
    matched = Statement(shape.query, computes=shape.computes, places=shape.places).matched()
    place = sa.func.row_number().over(order_by=order_of(matched, shape.query)).label("place")
    first = (
        sa.select(matched.c.run_number, matched.c.name, place)
        .order_by(*order_of(matched, shape.query))
        .offset(sa.bindparam("row_offset", type_=sa.Integer))
        .limit(sa.bindparam("row_limit", type_=sa.Integer))
        .subquery("first")
    )
    total = sa.select(sa.func.count().label("total")).select_from(matched).subquery("total")
    return (
        sa.select(total.c.total, first.c.run_number, first.c.name)
        .select_from(total.outerjoin(first, sa.true()))
        .order_by(first.c.place)
    )
