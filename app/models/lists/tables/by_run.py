"""Pages of datasets in the order of attributes of their runs, of which nothing else is asked.

Few of all datasets are looked up: those of the runs that the page is made of.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, Select, Subquery

from app.models.lists.tables.orders import directed, order_of
from app.models.lists.tables.query import TableQuery

NEAR = 500
"""Rows before a page, up to which it is found from the first run on."""

_OFFSET, _LIMIT = (sa.bindparam(name, type_=sa.Integer) for name in ("row_offset", "row_limit"))


def is_near(query: TableQuery) -> bool:
    """Whether the first runs make the page: nearly each has datasets that are shown."""
    return query.offset <= NEAR and not query.only_hidden and query.cycle is None


def far(runs: Subquery, datasets: CTE, query: TableQuery) -> Select[Any]:
    """The keys and sort keys of a page of the runs that it is made of, found by how many datasets
    each run has."""
    # Else all would be kept, for the sake of being named twice.
    datasets = datasets.prefix_with("NOT MATERIALIZED", dialect="postgresql")
    of_run = (
        sa.select(datasets.c.run_number, sa.cast(sa.func.count(), sa.Integer).label("number"))
        .group_by(datasets.c.run_number)
        .subquery("of_run")
    )
    same_run = of_run.c.run_number == runs.c.run_number
    joined = (
        sa.select(runs, of_run.c.number).select_from(runs.join(of_run, same_run)).subquery("joined")
    )
    order = [*directed(joined, query), joined.c.run_number.desc()]
    upto = sa.func.sum(joined.c.number).over(order_by=order)
    placed = sa.select(joined, (upto - joined.c.number).label("before")).subquery("placed")
    end = sa.cast(_OFFSET, sa.BigInteger) + _LIMIT
    on_page = (
        sa.select(placed)
        .where(placed.c.before < end, placed.c.before + placed.c.number > _OFFSET)
        .cte("on_page")
    )
    skipped = sa.select(sa.func.coalesce(_OFFSET - sa.func.min(on_page.c.before), 0))
    found = (
        sa.select(on_page, datasets.c.name)
        .select_from(on_page.join(datasets, datasets.c.run_number == on_page.c.run_number))
        .subquery("found")
    )
    return (
        sa.select(found)
        .order_by(*order_of(found, query))
        .offset(sa.cast(skipped.scalar_subquery(), sa.BigInteger))
        .limit(_LIMIT)
    )
