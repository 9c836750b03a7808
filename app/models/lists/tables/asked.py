"""What a query asks for, of which sources, and which ways that opens to its page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from app.domain.errors import BadInput
from app.domain.filters import (
    NAME,
    RUN,
    And,
    Comparison,
    Field,
    Node,
    Operator,
    Or,
    Source,
    any_of,
    fields_of,
)
from app.domain.filters.fields import COUNTED_SOURCES
from app.domain.keys import ONLINE
from app.models.lists.tables.query import TableQuery
from app.models.schemas.tables import dataset, dataset_triplet_cache, run

MOST_FIELDS = 200
"""Attributes of one filter and its order at most: each is taken out of the JSON of every row."""

OF_RUN = frozenset({Source.RUN, Source.OMS, Source.RR})

OF_DATASET = frozenset({Source.RUN, Source.NAME, Source.DATASET, Source.IN_GUI, Source.VERIFIED})

OF_SUMMARY = frozenset({Source.COLUMN, Source.BIT, Source.RECORDED, Source.DELIVERED})

OF_COUNTS = OF_SUMMARY | {Source.RUN, Source.NAME}

JSON_COLUMNS: Mapping[Source, sa.Column[Any]] = {
    Source.OMS: run.c.oms_attributes,
    Source.RR: run.c.rr_attributes,
    Source.DATASET: dataset.c.dataset_attributes,
    Source.COLUMN: dataset_triplet_cache.c.triplet_summary,
    Source.BIT: dataset_triplet_cache.c.dcs_summary,
}

_SIGNIFICANT = Field(Source.RR, "significant")

_STATE = Field(Source.RR, "state")


@dataclass(frozen=True, eq=False)
class Either:
    """A condition that holds where one of its parts does: `of_runs`, which ask about runs alone and
    are decided once for each run instead of for each of its datasets, or the `rest`."""

    of_runs: Node
    rest: Node


Condition: TypeAlias = Node | Either


class Asked:
    """What a query asks for: `ranges` of runs and what is `left` of its conditions, which must all
    hold, and `fields`.

    With `counted` summaries are read from the counts; `windowed`: in a range of runs; `computes`:
    some summaries are given. BadInput where it asks for too much.
    """

    def __init__(self, query: TableQuery, *, windowed: bool, computes: bool, counted: bool) -> None:
        self._query = query
        self._windowed = windowed
        self._computes = computes
        self._counted = counted
        self.of_datasets = query.kind == "datasets"
        self._parts = _conditions(query)
        asked = {sort.field for sort in query.sort}.union(*map(fields_of, self._parts))
        if len(asked) > MOST_FIELDS:
            raise BadInput(f"A filter asks about {MOST_FIELDS} attributes at most.")
        self.ranges = [part for part in self._parts if _is_range_of_runs(part)]
        # Ranges of runs every source has.
        left = [part for part in self._parts if part not in self.ranges]
        self.left: list[Condition] = [*map(_halved, left)] if self.of_datasets else [*left]
        self.fields = sorted(
            {field.whole for field in asked} - {RUN, NAME},
            key=lambda field: (field.source.value, field.name),
        )
        self.sources = frozenset(field.source for field in self.fields)
        self.ordered_by = frozenset(sort.field.source for sort in query.sort)

    @property
    def of_names(self) -> list[Node]:
        """Conditions that ask about names alone."""
        return [each for each in self._parts if sources_of(each) == {Source.NAME}]

    @property
    def joins_runs(self) -> bool:
        """Whether the rows of runs are needed: for more than to know which of them pass."""
        if not self.of_datasets or self.is_by_run:
            return True
        asked = self.ordered_by.union(*map(_sources_left, self.left))
        return not asked.isdisjoint(OF_RUN - {Source.RUN})

    @property
    def asks_datasets(self) -> bool:
        """Whether anything is asked that rows of datasets alone have."""
        return bool(self.sources & (OF_DATASET - {Source.RUN, Source.NAME}))

    @property
    def has_first(self) -> bool:
        """Whether what comes first are those with any lumisection of a status: the order is that of
        a column or bit, from the most to the least, of all datasets."""
        sort = self._query.sort
        if not (sort and sort[0].descending and sort[0].field.source in COUNTED_SOURCES):
            return False
        return self.is_counted_apart or (
            self._counted and self._is_of_many_datasets and self._orders_by_counts_alone
        )

    @property
    def looks_up_first(self) -> bool:
        """Whether the counts tell what comes first, and few rows of datasets or runs are looked at
        to find out which of it passes."""
        asks_rows = self.asks_datasets or any(isinstance(each, Either) for each in self.left)
        return asks_rows and self.has_first and self._orders_by_counts_alone

    @property
    def _orders_by_counts_alone(self) -> bool:
        return self.ordered_by <= OF_COUNTS and not self.joins_runs

    @property
    def goes_by_run(self) -> bool:
        """Whether the order is that of attributes of runs, so that the first of these make the
        page, if enough of their datasets pass."""
        return (
            self._is_of_many_datasets
            and self.ordered_by <= OF_RUN
            and bool(self.ordered_by & JSON_COLUMNS.keys())
            and (self._counted or OF_SUMMARY.isdisjoint(self.sources))
        )

    @property
    def is_counted_apart(self) -> bool:
        """Whether what passes is counted for itself, without the arrays that order it."""
        return (
            self._counted
            and self._is_of_many_datasets
            and self._filters_without_arrays
            and not OF_SUMMARY.isdisjoint(self.ordered_by)
        )

    @property
    def _is_of_many_datasets(self) -> bool:
        """Whether datasets of all runs are looked through as they are stored."""
        return (
            self.of_datasets
            and not self._windowed
            and not self._computes
            and not _names_few(self._parts)
        )

    @property
    def _filters_without_arrays(self) -> bool:
        """Whether the filter asks for no column and no bit, and for luminosity only where it needs
        no row of the datasets themselves."""
        asked = OF_SUMMARY & {field.source for field in fields_of(self._query.filter)}
        return not asked or (asked.isdisjoint(COUNTED_SOURCES) and not self.asks_datasets)

    @property
    def is_by_run(self) -> bool:
        """Whether the order is that of attributes of runs, and nothing is asked of datasets."""
        return (
            self.of_datasets
            and not self._windowed
            and self._query.sort != ()
            and self.sources | self.ordered_by <= OF_RUN
            and NAME not in fields_of(self._query.filter)
        )

    @property
    def counts_apart(self) -> bool:
        """Whether a page is found with less than all that passes, which is cheaper to count for
        itself: where it comes in the order of its runs or of what is counted, and where nothing is
        asked but an order."""
        if self.is_by_run or self.goes_by_run or self.has_first or self.is_counted_apart:
            return True
        return (
            self.of_datasets
            and not self._windowed
            and not self.ordered_by.isdisjoint(OF_SUMMARY)
            and self._query.filter is None
        )


def asks_summaries(query: TableQuery) -> bool:
    """Whether the query filters or sorts by summaries, and so passes over what has none."""
    return not OF_SUMMARY.isdisjoint(query.asked)


def sources_of(node: Condition) -> frozenset[Source]:
    return _sources_left(node).union(OF_RUN if isinstance(node, Either) else ())


def _names_few(parts: tuple[Node, ...]) -> bool:
    """Whether names are given, of which an index has all datasets at once."""
    few = (Operator.EQUAL, Operator.IN)
    return any(
        isinstance(part, Comparison) and part.field == NAME and part.operator in few
        for part in parts
    )


def is_of_given_names(node: Condition) -> bool:
    """Whether the condition gives whole names, that are to be found or aren't."""
    given = (Operator.EQUAL, Operator.IN, Operator.NOT_EQUAL, Operator.NOT_IN)
    return isinstance(node, Comparison) and node.field == NAME and node.operator in given


def _halved(node: Node) -> Condition:
    """The condition in two halves, where attributes of runs alone may decide it."""
    parts = node.parts if isinstance(node, Or) else ()
    rest = [part for part in parts if not sources_of(part) <= OF_RUN]
    of_runs = any_of(part for part in parts if sources_of(part) <= OF_RUN)
    half = any_of(rest)
    if of_runs is None or half is None or sources_of(of_runs) == {Source.RUN}:
        return node
    return Either(of_runs, half)


def _sources_left(node: Condition) -> frozenset[Source]:
    return frozenset(field.source for field in fields_left(node))


def fields_left(node: Condition) -> frozenset[Field]:
    """What is still asked for a condition."""
    return fields_of(node.rest if isinstance(node, Either) else node)


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
