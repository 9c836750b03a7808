"""Filters and orders by summaries, on counts that the server keeps beside them.

A whole table is read in a tenth of the time that it takes to unpack the summaries. Comments and
causes are asked of the summaries themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, FromClause

from app.domain.filters import (
    BIT_COUNTS,
    Field,
    Source,
    fields_of,
)
from app.domain.filters.fields import COUNTED_SOURCES, REMARKS
from app.domain.triplets import STATUSES
from app.models.lists.computed_summaries import counted_and_computed
from app.models.lists.filter_sql import Counted, Whole
from app.models.lists.tables.query import TableQuery
from app.models.schemas import desk
from app.models.statements import text

_KINDS: Mapping[Source, str] = {Source.COLUMN: "column", Source.BIT: "bit"}
_NAMES: Mapping[Source, tuple[str, ...]] = {Source.COLUMN: STATUSES, Source.BIT: BIT_COUNTS}


@dataclass(frozen=True)
class Places:
    """Where the counts are of the columns and bits that a query asks for."""

    of: tuple[tuple[Field, int], ...] = ()

    def values(self, counts: FromClause) -> Iterator[tuple[Field, Whole]]:
        """What the query asks for, where the summary is that of the dataset."""
        arrays = {Source.COLUMN: counts.c.columns, Source.BIT: counts.c.bits}
        for field, place in self.of:
            yield (
                field,
                Counted(arrays[field.source], place, _NAMES[field.source], counts.c.is_current),
            )
        yield Field(Source.RECORDED), counts.c.recorded
        yield Field(Source.DELIVERED), counts.c.delivered


def places_of(connection: Connection, query: TableQuery) -> Places | None:
    """The places of what the query asks for; None where the counts can't answer it, or aren't all
    there."""
    asked = {sort.field for sort in query.sort}.union(fields_of(query.filter))
    if any(field.part in REMARKS for field in asked):
        return None
    wanted = sorted(
        {field.whole for field in asked if field.source in COUNTED_SOURCES},
        key=lambda field: (field.source.value, field.name),
    )
    found = connection.execute(
        text(
            "SELECT kind, key, place FROM desk.counting LEFT JOIN desk.counted_key"
            " ON (kind, key) IN"
            "  (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:keys AS text[])))"
            " WHERE below_run IS NULL AND NOT EXISTS (SELECT FROM desk.uncounted)"
        ),
        {"kinds": [_KINDS[each.source] for each in wanted], "keys": [each.name for each in wanted]},
    ).all()
    places = {(kind, key): place for kind, key, place in found}
    known = [(field, places.get((_KINDS[field.source], field.name))) for field in wanted]
    if not found or any(place is None for _, place in known):
        return None
    return Places(tuple((field, int(place)) for field, place in known if place is not None))


def counts(*, computes: bool) -> FromClause:
    """The counts of each dataset; those that were `computed` instead of what is kept."""
    return counted_and_computed() if computes else desk.counts


def count_older(connection: Connection, runs: int) -> bool:
    """Counts what could not be counted when it was written, then the datasets of so many more runs
    whose summaries were there before the counts; whether there are others."""
    more = connection.execute(
        text(
            "SELECT CASE WHEN below_run IS NULL AND NOT EXISTS (SELECT FROM desk.uncounted)"
            " THEN false ELSE NOT desk.count_older(:runs) END FROM desk.counting"
        ),
        {"runs": runs},
    ).scalar_one_or_none()
    return bool(more)
