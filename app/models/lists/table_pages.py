"""Pages of the run and dataset tables: filtered, sorted and counted in SQL, without the events.

Every source (runs, datasets, summaries) is read once into a common table expression that takes out
of its JSON only what the filter and the sort ask for; the whole rows are fetched for the page only.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from json import loads
from typing import Any, Literal, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause, Select
from sqlalchemy.dialects.postgresql import JSONB

from app.domain.errors import BadInput
from app.domain.filters import (
    NAME,
    RUN,
    And,
    Comparison,
    Field,
    Node,
    Operator,
    Source,
    all_of,
    fields_of,
)
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE, DatasetKey
from app.models.database.tables import (
    cycle_dataset,
    dataset,
    dataset_triplet_cache,
    run,
)
from app.models.lists.computed_summaries import (
    ComputedSummary,
    parameters,
    stored_and_computed,
)
from app.models.lists.filter_sql import (
    Flag,
    array,
    condition,
    entry,
    part_of,
    sort_keys,
)

TableKind: TypeAlias = Literal["runs", "datasets"]

MOST_ROWS = 1000
"""Rows of one page at most."""

MOST_FIELDS = 200
"""Attributes of one filter and its order at most: each is taken out of the JSON of every row."""

COUNTED_ROWS = 15_000
"""Up to this size a table is filtered whole and counted exactly."""

FIRST_WINDOW = 2_000
"""Runs that are searched first in a larger table sorted by run number."""

FIRST_WINDOW_OF_SUMMARIES = 250
"""The same where summaries are asked for: of each the JSON has to be unpacked."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A field to sort by; what is missing comes last in both directions."""

    field: Field
    descending: bool = False


@dataclass(frozen=True, slots=True)
class TableQuery:
    """What a table shows.

    `states` are states of the run, for datasets of their `workspace`. Datasets named `online` and
    what is deleted are left out unless asked for; `only_hidden` keeps nothing but the datasets
    that are deleted, of runs that aren't. `cycle` keeps the datasets of one cycle.
    """

    kind: TableKind
    filter: Node | None = None
    sort: tuple[Sort, ...] = ()
    offset: int = 0
    limit: int = 50
    significant_only: bool = False
    workspace: str = "global"
    states: tuple[str, ...] = ()
    include_online: bool = False
    include_deleted: bool = False
    only_hidden: bool = False
    cycle: int | None = None


@dataclass(frozen=True)
class Row:
    """A run with its dataset `online`, or a dataset with its run.

    The summaries and luminosities are None while they are missing or older than the dataset.
    """

    run_number: int
    name: str
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    dataset_attributes: JsonObject
    datasets_in_gui: tuple[str, ...]
    triplet_summary: JsonObject | None
    dcs_text: str | None = field(repr=False)
    recorded_luminosity: float | None
    delivered_luminosity: float | None
    run_version: int
    dataset_version: int
    summary_is_current: bool
    needs_manual_update: bool
    deleted: bool

    @property
    def key(self) -> DatasetKey:
        """Run number and dataset name."""
        return self.run_number, self.name

    @cached_property
    def dcs_summary(self) -> JsonObject | None:
        """Lumisections per state of each DCS bit; read from its text when first asked for."""
        return None if self.dcs_text is None else cast("JsonObject", loads(self.dcs_text))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a table, and how many there are in all: at least `count` unless `exact`.

    `uncounted` datasets may pass or not: too many have no summary to say it now.
    """

    rows: tuple[Row, ...]
    count: int
    exact: bool
    uncounted: int = 0


def page(
    connection: Connection, query: TableQuery, computed: Sequence[ComputedSummary] = ()
) -> Page:
    """The rows `offset` to `offset + limit` of what the query describes.

    Filtered and sorted by the summaries that are stored and current, and by `computed` ones.
    """
    if query.offset < 0 or not 0 < query.limit <= MOST_ROWS:
        raise BadInput(f"A page begins at row 0 or later and has 1 to {MOST_ROWS} rows.")
    by_run = not query.sort or query.sort[0].field == RUN
    if _estimated_rows(connection, query.kind) > COUNTED_ROWS and by_run:
        return _page_by_windows(connection, query, computed)
    rows, count = _search(connection, query, computed)
    return Page(rows, count, exact=True)


def rows_by_key(
    connection: Connection, kind: TableKind, keys: Collection[DatasetKey]
) -> tuple[Row, ...]:
    """The rows of these keys that exist, deleted ones too, in the order of the keys."""
    if not keys:
        return ()
    found = connection.execute(_whole_rows(kind, _chosen(keys)))
    return tuple(_row(values) for values in found.mappings())


def attributes_by_key(
    connection: Connection, kind: TableKind, keys: Collection[DatasetKey]
) -> list[tuple[int, str, JsonObject, JsonObject, JsonObject]]:
    """Run, name and the attributes of OMS, of the run and of the dataset, in the order of the
    keys; what doesn't exist is left out."""
    if not keys:
        return []
    chosen = _chosen(keys)
    same = sa.and_(dataset.c.run_number == chosen.c.run_number, dataset.c.name == chosen.c.name)
    join = sa.join(chosen, run, run.c.run_number == chosen.c.run_number).join(
        dataset, same, isouter=kind == "runs"
    )
    found = connection.execute(
        sa.select(
            chosen.c.run_number,
            chosen.c.name,
            run.c.oms_attributes,
            run.c.rr_attributes,
            dataset.c.dataset_attributes,
        )
        .select_from(join)
        .order_by(chosen.c.place)
    )
    return [(number, name, oms, rr, own or {}) for number, name, oms, rr, own in found]


def _chosen(keys: Collection[DatasetKey]) -> sa.Subquery:
    """The keys, each once, with their places."""
    ordered = list(dict.fromkeys(keys))
    wanted = (
        sa.func.unnest(
            array([number for number, _ in ordered], sa.Integer),
            array([name for _, name in ordered], sa.Text),
        )
        .table_valued(
            sa.column("run_number", sa.Integer),
            sa.column("name", sa.Text),
            with_ordinality="place",
        )
        .render_derived("wanted")
    )
    return sa.select(wanted.c.run_number, wanted.c.name, wanted.c.place).subquery("chosen")


def matching_keys(
    connection: Connection, query: TableQuery, computed: Sequence[ComputedSummary] = ()
) -> tuple[DatasetKey, ...]:
    """Keys of everything the query's filter lets pass, sorted; offset and limit don't count."""
    matched = _Statement(query, computes=bool(computed)).matched()
    order = sa.select(matched.c.run_number, matched.c.name).order_by(*_order(matched, query))
    found = connection.execute(order, parameters(computed))
    return tuple((number, name) for number, name in found)


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
) -> tuple[Place, ...]:
    """Up to `limit` rows that follow a place in the order of the query; the first without one.

    BadInput for a place that is none of such an order.
    """
    by_run = not query.sort or query.sort[0].field == RUN
    if not by_run or _estimated_rows(connection, query.kind) <= COUNTED_ROWS:
        return _places(connection, query, after, computed)
    descending = query.sort[0].descending if query.sort else True
    found: list[Place] = []
    window, edge = _first_window(query), None if after is None else after.run_number
    while len(found) < query.limit:
        last = _edge_of_window(connection, edge, window, descending=descending)
        ends = (last, edge) if descending else (edge, last)
        rest = replace(query, limit=query.limit - len(found))
        found.extend(_places(connection, rest, after, computed, ends))
        if last is None:
            break
        edge, window = last + (-1 if descending else 1), window * 2
    return tuple(found)


def _places(
    connection: Connection,
    query: TableQuery,
    after: Place | None,
    computed: Sequence[ComputedSummary],
    ends: tuple[int | None, int | None] | None = None,
) -> tuple[Place, ...]:
    """The same within a range of runs, both ends included."""
    matched = _Statement(query, windowed=ends is not None, computes=bool(computed)).matched()
    if query.filter is not None or query.sort:
        # Else the server looks at row after row, joining each, until enough have passed.
        matched = matched.prefix_with("MATERIALIZED", dialect="postgresql")
    # One order for all that can be sorted by: that of JSON, in which a place can be written down.
    keys = [
        (sa.func.to_jsonb(key, type_=JSONB()), sort.descending)
        for number, sort in enumerate(query.sort)
        for key in _sort_columns(matched, number)
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
        "first_run": _LEAST if first is None else first,
        "last_run": _GREATEST if last is None else last,
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


def asks_summaries(query: TableQuery) -> bool:
    """Whether the query filters or sorts by summaries, and so passes over what has none."""
    asked = {sort.field for sort in query.sort}
    asked |= fields_of(query.filter) if query.filter is not None else set()
    return any(field.source in _OF_SUMMARY for field in asked)


def stale_of(
    connection: Connection, query: TableQuery, limit: int, late: Collection[DatasetKey] = ()
) -> tuple[tuple[DatasetKey, int], ...]:
    """Datasets that the query may let pass as far as one can say without summaries, whose summary
    is missing or older than they are, or that are `late`: the newest runs first, each with its
    version."""
    parts = query.filter.parts if isinstance(query.filter, And) else (query.filter,)
    known = [part for part in parts if part is not None and not _sources(part) & _OF_SUMMARY]
    everything = replace(query, filter=all_of(known), sort=())
    if not late and connection.execute(_IS_STALE).first() is None:
        return ()
    stale = _stale(late)
    if query.kind == "runs":
        stale = stale.where(dataset.c.name == ONLINE)
    # Each for itself: the server, which takes a filter for more than it is, would else look at all
    # runs anew for each dataset to find the first that are stale, of which there may be none.
    all_stale = stale.cte("stale").prefix_with("MATERIALIZED", dialect="postgresql")
    matched = _Statement(everything).matched().prefix_with("MATERIALIZED", dialect="postgresql")
    found = connection.execute(
        sa.select(all_stale.c.run_number, all_stale.c.name, all_stale.c.version)
        .select_from(all_stale.join(matched, _same_dataset(all_stale, matched)))
        .order_by(all_stale.c.run_number.desc(), all_stale.c.name)
        .limit(limit)
    )
    return tuple(((number, name), version) for number, name, version in found)


def matching_page(
    connection: Connection, query: TableQuery, computed: Sequence[ComputedSummary] = ()
) -> tuple[tuple[DatasetKey, ...], int]:
    """Keys of the rows `offset` to `offset + limit`, and how many rows pass in all, exactly."""
    shape = _Shape(replace(query, offset=0, limit=1), windowed=False, computes=bool(computed))
    given = {"row_offset": query.offset, "row_limit": query.limit, **parameters(computed)}
    found = connection.execute(_key_statement(shape), given).all()
    keys = tuple((number, name) for _, number, name in found if number is not None)
    return keys, int(found[0][0])


def stale_summaries(connection: Connection, limit: int = 100) -> tuple[DatasetKey, ...]:
    """Datasets whose summary is missing or older than they are, the newest runs first."""
    order = (dataset.c.run_number.desc(), dataset.c.name)
    found = connection.execute(_stale().order_by(*order).limit(limit))
    return tuple((number, name) for number, name, _ in found)


# The version of a dataset is the number of an event of its own, so two indexes of numbers tell
# whether any is without a summary; reading both tables takes ten times as long.
_IS_STALE = (
    sa.select(sa.literal(1))
    .select_from(dataset)
    .where(
        ~sa.exists()
        .select_from(dataset_triplet_cache)
        .where(dataset_triplet_cache.c.version == dataset.c.version)
    )
    .limit(1)
)


def _stale(late: Collection[DatasetKey] = ()) -> Select[Any]:
    """Run number, name and version of datasets whose summary is missing or older than they are, or
    that are `late`."""
    cache = dataset_triplet_cache
    stale = cache.c.version.is_distinct_from(dataset.c.version)
    if late:
        stale |= sa.tuple_(dataset.c.run_number, dataset.c.name).in_(sorted(late))
    return (
        sa.select(dataset.c.run_number, dataset.c.name, dataset.c.version)
        .select_from(dataset.outerjoin(cache, _same_dataset(dataset, cache)))
        .where(stale)
    )


def _page_by_windows(
    connection: Connection, query: TableQuery, computed: Sequence[ComputedSummary]
) -> Page:
    """A page of a large table in the order of its runs, searched in growing ranges of runs.

    The search ends with the range that fills the page, so that a filter that many rows pass costs
    the same however large the table is.
    """
    descending = query.sort[0].descending if query.sort else True
    rows: list[Row] = []
    count = 0
    window, edge = _first_window(query), None
    while len(rows) < query.limit:
        last = _edge_of_window(connection, edge, window, descending=descending)
        ends = (last, edge) if descending else (edge, last)
        rest = replace(query, offset=max(0, query.offset - count), limit=query.limit - len(rows))
        found, passed = _search(connection, rest, computed, ends)
        count += passed
        rows.extend(found)
        if last is None:
            return Page(tuple(rows), count, exact=True)
        edge, window = last + (-1 if descending else 1), window * 2
    return Page(tuple(rows), count, exact=False)


def _first_window(query: TableQuery) -> int:
    return FIRST_WINDOW_OF_SUMMARIES if asks_summaries(query) else FIRST_WINDOW


def _edge_of_window(
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


def _search(
    connection: Connection,
    query: TableQuery,
    computed: Sequence[ComputedSummary],
    ends: tuple[int | None, int | None] | None = None,
) -> tuple[tuple[Row, ...], int]:
    """The page within a range of runs, both ends included, and how many rows pass there."""
    first, last = ends or (None, None)
    given = {
        "row_offset": query.offset,
        "row_limit": query.limit,
        "first_run": _LEAST if first is None else first,
        "last_run": _GREATEST if last is None else last,
        **parameters(computed),
    }
    shape = _Shape(
        replace(query, offset=0, limit=1), windowed=ends is not None, computes=bool(computed)
    )
    found = connection.execute(_statement(shape), given).mappings().all()
    rows = tuple(_row(values) for values in found if values["place"] is not None)
    return rows, int(found[0]["total"])


@dataclass(frozen=True, eq=False)
class _Shape:
    """What makes the statement of a query; equal when written equally, for 1 is not true there."""

    query: TableQuery
    windowed: bool
    computes: bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shape) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


@lru_cache(maxsize=64)
def _statement(shape: _Shape) -> Select[Any]:
    """The statement of a page; making it costs as much as answering it on a small database."""
    matched = _Statement(shape.query, windowed=shape.windowed, computes=shape.computes).matched()
    # Numbered only when they are few: the server doesn't stop sorting early for a numbering.
    first = (
        sa.select(matched)
        .order_by(*_order(matched, shape.query))
        .offset(sa.bindparam("row_offset", type_=sa.Integer))
        .limit(sa.bindparam("row_limit", type_=sa.Integer))
        .subquery("first")
    )
    place = sa.func.row_number().over(order_by=_order(first, shape.query)).label("place")
    chosen = sa.select(first.c.run_number, first.c.name, place).subquery("chosen")
    total = sa.select(sa.func.count().label("total")).select_from(matched).subquery("total")
    return _whole_rows(shape.query.kind, chosen, total)


@lru_cache(maxsize=64)
def _key_statement(shape: _Shape) -> Select[Any]:
    """The keys of a page in order, each beside the number of rows that pass."""
    matched = _Statement(shape.query, computes=shape.computes).matched()
    place = sa.func.row_number().over(order_by=_order(matched, shape.query)).label("place")
    first = (
        sa.select(matched.c.run_number, matched.c.name, place)
        .order_by(*_order(matched, shape.query))
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


def _order(matched: FromClause, query: TableQuery) -> list[ColumnElement[Any]]:
    """Sort keys of the query, then the key of the table, so that pages never overlap."""
    order: list[ColumnElement[Any]] = []
    for number, sort in enumerate(query.sort):
        for key in _sort_columns(matched, number):
            directed = key.desc() if sort.descending else key.asc()
            order.append(directed.nulls_last())
    return [*order, matched.c.run_number.desc(), matched.c.name.asc()]


def _sort_columns(matched: FromClause, number: int) -> list[ColumnElement[Any]]:
    """The `sort_keys` of the sort of that number."""
    return [each for each in matched.c if each.name.startswith(f"sort_{number}_")]


def _whole_rows(
    kind: TableKind, chosen: FromClause, total: FromClause | None = None
) -> Select[Any]:
    """All that a row shows, for the keys `chosen`, in the order of their `place`."""
    cache = dataset_triplet_cache
    join = sa.join(chosen, run, run.c.run_number == chosen.c.run_number).join(
        dataset,
        sa.and_(
            dataset.c.run_number == chosen.c.run_number,
            dataset.c.name == (chosen.c.name if kind == "datasets" else ONLINE),
        ),
        isouter=kind == "runs",
    )
    join = join.join(cache, _same_dataset(dataset, cache), isouter=True)
    current = cache.c.version == dataset.c.version
    columns: list[ColumnElement[Any]] = [
        chosen.c.place,
        chosen.c.run_number,
        chosen.c.name,
        run.c.oms_attributes,
        run.c.rr_attributes,
        run.c.version.label("run_version"),
        sa.func.coalesce(dataset.c.version, 0).label("dataset_version"),
        dataset.c.dataset_attributes,
        dataset.c.datasets_in_gui,
        sa.case((current, cache.c.triplet_summary)).label("triplet_summary"),
        sa.case((current, sa.cast(cache.c.dcs_summary, sa.Text))).label("dcs_text"),
        sa.case((current, cache.c.brilcalc_recorded_luminosity)).label("recorded"),
        sa.case((current, cache.c.brilcalc_delivered_luminosity)).label("delivered"),
        sa.func.coalesce(current, sa.false()).label("current"),
        (run.c.deleted if kind == "runs" else dataset.c.deleted).label("deleted"),
    ]
    if total is None:
        return sa.select(*columns).select_from(join).order_by(chosen.c.place)
    # The count is there even when the page is beyond the last row.
    rows = sa.select(*columns).select_from(join).subquery("rows")
    return (
        sa.select(total.c.total, rows)
        .select_from(total.outerjoin(rows, sa.true()))
        .order_by(rows.c.place)
    )


def _row(values: Mapping[Any, Any]) -> Row:
    rr = cast("JsonObject", values["rr_attributes"])
    in_gui = values["datasets_in_gui"]
    return Row(
        run_number=values["run_number"],
        name=values["name"],
        oms_attributes=values["oms_attributes"],
        rr_attributes=rr,
        dataset_attributes=values["dataset_attributes"] or {},
        datasets_in_gui=tuple(map(str, in_gui)) if isinstance(in_gui, list) else (),
        triplet_summary=values["triplet_summary"],
        dcs_text=values["dcs_text"],
        recorded_luminosity=values["recorded"],
        delivered_luminosity=values["delivered"],
        run_version=values["run_version"],
        dataset_version=values["dataset_version"],
        summary_is_current=values["current"],
        needs_manual_update=rr.get("run_needs_to_be_updated_manually") is True,
        deleted=values["deleted"],
    )


def _same_dataset(one: FromClause, other: FromClause) -> Flag:
    return sa.and_(one.c.run_number == other.c.run_number, one.c.name == other.c.name)


# --- the statement --------------------------------------------------------------------------------

_OF_RUN = frozenset({Source.RUN, Source.OMS, Source.RR})
_OF_DATASET = frozenset({Source.RUN, Source.NAME, Source.DATASET, Source.IN_GUI})
_OF_SUMMARY = frozenset({Source.COLUMN, Source.BIT, Source.RECORDED, Source.DELIVERED})
_JSON_COLUMNS: Mapping[Source, sa.Column[Any]] = {
    Source.OMS: run.c.oms_attributes,
    Source.RR: run.c.rr_attributes,
    Source.DATASET: dataset.c.dataset_attributes,
    Source.COLUMN: dataset_triplet_cache.c.triplet_summary,
    Source.BIT: dataset_triplet_cache.c.dcs_summary,
}
_PLAIN_COLUMNS: Mapping[Source, sa.Column[Any]] = {
    Source.IN_GUI: dataset.c.datasets_in_gui,
    Source.RECORDED: dataset_triplet_cache.c.brilcalc_recorded_luminosity,
    Source.DELIVERED: dataset_triplet_cache.c.brilcalc_delivered_luminosity,
}
_LEAST, _GREATEST = -(2**31), 2**31 - 1
_SIGNIFICANT = Field(Source.RR, "significant")
_STATE = Field(Source.RR, "state")


class _Statement:
    """The keys and sort keys of everything that passes a query, as one table expression."""

    def __init__(
        self, query: TableQuery, *, windowed: bool = False, computes: bool = False
    ) -> None:
        self._query = query
        self._summaries = stored_and_computed() if computes else dataset_triplet_cache
        self._of_datasets = query.kind == "datasets"
        self._windowed = windowed
        self._few_runs: Select[int] | None = None
        self._parts = _conditions(query)
        self._ranges = [part for part in self._parts if _is_range_of_runs(part)]
        asked = {sort.field for sort in query.sort}.union(*map(fields_of, self._parts))
        if len(asked) > MOST_FIELDS:
            raise BadInput(f"A filter asks about {MOST_FIELDS} attributes at most.")
        self._values: dict[Field, ColumnElement[Any]] = {}
        self._extracted = sorted(
            {field.whole for field in asked} - {RUN, NAME},
            key=lambda field: (field.source.value, field.name),
        )

    def matched(self) -> sa.CTE:
        """Run number, name and sort keys of what passes."""
        joined, left = self._joined()
        keys: list[ColumnElement[Any]] = [
            self._values[RUN].label("run_number"),
            self._values[NAME].label("name"),
        ]
        for number, sort in enumerate(self._query.sort):
            of_sort = sort_keys(sort.field, self._value(sort.field))
            keys.extend(each.label(f"sort_{number}_{part}") for part, each in enumerate(of_sort))
        return (
            sa.select(*keys).select_from(joined).where(*map(self._unguessed, left)).cte("matched")
        )

    def _joined(self) -> tuple[FromClause, list[Node]]:
        """The sources that are needed, joined, and the conditions that no source took already."""
        left = [part for part in self._parts if part not in self._ranges]
        sources = {field.source for field in self._extracted}
        of_datasets = self._of_datasets
        runs, left = self._source("runs", run, _OF_RUN, left, pushes=True)
        joined: FromClause = runs
        name: ColumnElement[Any] = sa.literal(ONLINE, sa.Text)
        if of_datasets or sources & (_OF_DATASET | _OF_SUMMARY):
            datasets, left = self._source(
                "datasets", dataset, _OF_DATASET, left, pushes=of_datasets
            )
            same_run = datasets.c.run_number == runs.c.run_number
            joined = joined.join(datasets, same_run, isouter=not of_datasets)
            name = datasets.c.name if of_datasets else name
            if sources & _OF_SUMMARY:
                cache = self._summaries
                summaries, left = self._source("summaries", cache, _OF_SUMMARY, left, pushes=False)
                current = summaries.c.version == datasets.c.version
                same = sa.and_(_same_dataset(summaries, datasets), current)
                joined = joined.join(summaries, same, isouter=True)
        self._values[RUN], self._values[NAME] = runs.c.run_number, name
        return joined, left

    def _source(
        self,
        name: str,
        table: FromClause,
        sources: frozenset[Source],
        conditions: list[Node],
        *,
        pushes: bool,
    ) -> tuple[sa.CTE, list[Node]]:
        """One table with the values that are asked of it, read once; conditions that ask nothing
        else are applied there when it `pushes`."""
        self._values[RUN] = table.c.run_number
        keys: list[ColumnElement[Any]] = [table.c.run_number, table.c.version]
        where = [self._condition(each) for each in self._ranges]
        if self._windowed:
            first, last = (sa.bindparam(end, type_=sa.Integer) for end in ("first_run", "last_run"))
            where.append(table.c.run_number.between(first, last))
        if table is not run:
            self._values[NAME] = table.c.name
            keys.append(table.c.name)
            where.extend(self._narrowed(table))
        if table is dataset and self._query.only_hidden:
            where.append(table.c.deleted.is_(sa.true()))
        elif not self._query.include_deleted and (
            table is run or (table is dataset and self._of_datasets)
        ):
            where.append(table.c.deleted.is_(sa.false()))
        own = [field for field in self._extracted if field.source in sources]
        self._values.update((field, _extraction(field, table)) for field in own)
        taken = [each for each in conditions if pushes and _sources(each) <= sources]
        where.extend(map(self._unguessed, taken))
        values = [self._values[field].label(f"value_{place}") for place, field in enumerate(own)]
        source = sa.select(*keys, *values).where(*where).cte(name)
        if own:
            # Else each use of a value would take it out of its JSON anew.
            source = source.prefix_with("MATERIALIZED", dialect="postgresql")
        if table is run and taken:
            self._few_runs = sa.select(source.c.run_number)
        self._values.update((field, source.c[f"value_{place}"]) for place, field in enumerate(own))
        return source, [each for each in conditions if each not in taken]

    def _narrowed(self, table: FromClause) -> Iterator[Flag]:
        """Conditions that spare a table the reading of JSON that can't count."""
        if not self._of_datasets:
            yield table.c.name == ONLINE
        if table is self._summaries and self._few_runs is not None:
            yield table.c.run_number.in_(self._few_runs)
        if table is self._summaries and self._of_datasets:
            by_name = (each for each in self._parts if _sources(each) == {Source.NAME})
            yield from map(self._condition, by_name)
        if table is dataset and self._query.cycle is not None:
            yield _in_cycle(self._query.cycle)

    def _value(self, field: Field) -> ColumnElement[Any]:
        """The value of a field; counts and remarks are taken out of their column or bit."""
        return part_of(field, self._values[field.whole])

    def _unguessed(self, node: Node) -> Flag:
        """The condition in a form that the planner takes for true of every second row.

        It knows nothing of what is in JSON, guesses that one row of two hundred is equal, and
        would then look up thousands of rows one by one.
        """
        return sa.func.coalesce(self._condition(node), sa.false())

    def _condition(self, node: Node) -> Flag:
        return condition(node, self._value)


def _conditions(query: TableQuery) -> tuple[Node, ...]:
    """Conditions that must all hold: those of the filter and those of the table itself."""
    own: list[Node] = []
    if query.significant_only:
        own.append(Comparison(_SIGNIFICANT, Operator.EQUAL, True))
    if query.states:
        of_datasets = query.kind == "datasets"
        state = Field(Source.DATASET, f"{query.workspace}_state") if of_datasets else _STATE
        own.append(Comparison(state, Operator.IN, query.states))
    if query.kind == "datasets" and not query.include_online:
        own.append(Comparison(NAME, Operator.NOT_EQUAL, ONLINE))
    if query.filter is None:
        return tuple(own)
    return (*own, *(query.filter.parts if isinstance(query.filter, And) else (query.filter,)))


def _is_range_of_runs(node: Node) -> bool:
    """Whether a condition limits the run number in a way that an index can follow."""
    indexable = (
        Operator.EQUAL,
        Operator.IN,
        Operator.BETWEEN,
        Operator.LESS,
        Operator.LESS_OR_EQUAL,
        Operator.GREATER,
        Operator.GREATER_OR_EQUAL,
    )
    return isinstance(node, Comparison) and node.field == RUN and node.operator in indexable


def _sources(node: Node) -> frozenset[Source]:
    return frozenset(field.source for field in fields_of(node))


def _extraction(field: Field, table: FromClause) -> ColumnElement[Any]:
    plain = _PLAIN_COLUMNS.get(field.source)
    if plain is not None:
        return table.c[plain.name]
    return entry(table.c[_JSON_COLUMNS[field.source].name], field.name)


def _in_cycle(cycle: int) -> Flag:
    return sa.tuple_(dataset.c.run_number, dataset.c.name).in_(
        sa.select(cycle_dataset.c.run_number, cycle_dataset.c.name).where(
            cycle_dataset.c.id_cycle == cycle
        )
    )
