"""Datasets whose summary is missing or older than they are."""

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from app.domain.filters import RUN, And, Comparison, Operator, all_of
from app.domain.keys import ONLINE, DatasetKey
from app.models.lists.tables.asked import OF_SUMMARY, asks_summaries, sources_of
from app.models.lists.tables.matching import Statement
from app.models.lists.tables.query import TableQuery
from app.models.lists.tables.rows import NAMED_ONLINE, same_dataset
from app.models.schemas.desk import ALL_COUNTED, counts
from app.models.schemas.tables import dataset, dataset_triplet_cache

_FEW = 200
"""Datasets that are stale, up to which they are looked up one by one."""

Stale: TypeAlias = tuple[tuple[DatasetKey, int], ...]
"""Datasets, each with its version."""


def stale_of(
    connection: Connection,
    query: TableQuery,
    limit: int,
    late: Collection[DatasetKey] = (),
    *,
    desk: bool = False,
) -> Stale:
    """Datasets that the query may let pass as far as one can say without summaries, whose summary
    is missing or older than they are, or that are `late`: the newest runs first, each with its
    version. With a `desk` the counts tell which these are."""
    parts = query.filter.parts if isinstance(query.filter, And) else (query.filter,)
    known = [part for part in parts if part is not None and not sources_of(part) & OF_SUMMARY]
    counted = desk and connection.execute(ALL_COUNTED).first() is not None
    if counted:
        some = connection.execute(_COUNTED_STALE.limit(_FEW + 1)).all()
        if len(some) <= _FEW:
            # Their runs alone are looked at, whatever the filter lets pass.
            keys = [*((row.run_number, row.name) for row in some), *late]
            if query.kind == "runs":
                keys = [(number, name) for number, name in keys if name == ONLINE]
            if not keys:
                return ()
            numbers = tuple(sorted({number for number, _ in keys}))
            known.append(Comparison(RUN, Operator.IN, numbers))
            stale = _counts_of(keys)
        else:
            stale = _stale_counts(late)
    elif not late and connection.execute(_IS_STALE).first() is None:
        return ()
    else:
        stale = _stale(late)
    if query.kind == "runs":
        stale = stale.where(stale.selected_columns.name == NAMED_ONLINE)
    everything = replace(query, filter=all_of(known), sort=())
    # Each for itself: the server, which takes a filter for more than it is, would else look at all
    # runs anew for each dataset to find the first that are stale, of which there may be none.
    all_stale = stale.cte("stale").prefix_with("MATERIALIZED", dialect="postgresql")
    matched = Statement(everything).matched().prefix_with("MATERIALIZED", dialect="postgresql")
    found = connection.execute(
        sa.select(all_stale.c.run_number, all_stale.c.name, all_stale.c.version)
        .select_from(all_stale.join(matched, same_dataset(all_stale, matched)))
        .order_by(all_stale.c.run_number.desc(), all_stale.c.name)
        .limit(limit)
    )
    return tuple(((number, name), version) for number, name, version in found)


def stale_for(
    connection: Connection,
    query: TableQuery,
    limit: int,
    late_of: Callable[[Connection, int], Collection[DatasetKey]],
    *,
    desk: bool,
) -> Stale:
    """The same if the query asks for summaries; `late_of` finds what has changed under the same
    version, where there is a `desk`."""
    if not asks_summaries(query):
        return ()
    late = late_of(connection, limit) if desk else ()
    return stale_of(connection, query, limit, late, desk=desk)


def stale_summaries(
    connection: Connection, limit: int = 100, *, desk: bool = False
) -> tuple[DatasetKey, ...]:
    """Datasets whose summary is missing or older than they are, the newest runs first. With a
    `desk` only those are looked at of which the counts say so."""
    stale = _stale()
    if desk and connection.execute(ALL_COUNTED).first() is not None:
        # More than these there aren't; of some the summary is only no numbers.
        known = connection.execute(_COUNTED_STALE.limit(limit + 1)).all()
        if len(known) <= limit:
            keys = [(row.run_number, row.name) for row in known]
            stale = stale.where(sa.tuple_(dataset.c.run_number, dataset.c.name).in_(keys))
    order = (dataset.c.run_number.desc(), dataset.c.name)
    found = connection.execute(stale.order_by(*order).limit(limit))
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


# In the order of their index, with what no index has: the server doesn't know how few they are, and
# would go through all, as another index has them.
_COUNTED_STALE = (
    sa.select(counts.c.run_number, counts.c.name, counts.c.version, sa.literal_column("ctid"))
    .where(counts.c.summary_version.is_distinct_from(counts.c.version))
    .order_by(counts.c.run_number.desc(), counts.c.name)
)


def _stale_counts(late: Collection[DatasetKey]) -> Select[Any]:
    """The same as `_stale`, as the counts have it: without reading all datasets."""
    stale = _COUNTED_STALE.subquery("stale_counts")
    of_stale = sa.select(stale.c.run_number, stale.c.name, stale.c.version)
    if not late:
        return of_stale
    both = sa.union(of_stale, _counts_of(late)).subquery("both")
    return sa.select(both.c.run_number, both.c.name, both.c.version)


def _counts_of(keys: Collection[DatasetKey]) -> Select[Any]:
    """Run number, name and version of datasets that are known."""
    return sa.select(counts.c.run_number, counts.c.name, counts.c.version).where(
        sa.tuple_(counts.c.run_number, counts.c.name).in_(sorted(keys))
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
        .select_from(dataset.outerjoin(cache, same_dataset(dataset, cache)))
        .where(stale)
    )
