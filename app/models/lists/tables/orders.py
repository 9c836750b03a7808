"""What rows are ordered by."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause

from app.models.lists.tables.query import TableQuery


def order_of(matched: FromClause, query: TableQuery) -> list[ColumnElement[Any]]:
    """Sort keys of the query, then the key of the table, so that pages never overlap."""
    return [*directed(matched, query), matched.c.run_number.desc(), matched.c.name.asc()]


def directed(matched: FromClause, query: TableQuery) -> list[ColumnElement[Any]]:
    """The sort keys of the query in their directions; what is missing comes last."""
    order: list[ColumnElement[Any]] = []
    for number, sort in enumerate(query.sort):
        for key in sort_columns(matched, number):
            directed = key.desc() if sort.descending else key.asc()
            order.append(directed.nulls_last())
    return order


def sort_columns(matched: FromClause, number: int) -> list[ColumnElement[Any]]:
    """The `sort_keys` of the sort of that number."""
    return [each for each in matched.c if each.name.startswith(f"sort_{number}_")]
