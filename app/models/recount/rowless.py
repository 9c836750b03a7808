"""What has events and no row at all, however long ago: nothing else tells of it.

Each run and dataset is looked up once, from one to the next in the order of an index, so that a
look costs the same however many events there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.domain.keys import RowKey
from app.models.statements import text

# The server takes the next key from the index as often as it is asked for one.
_RUNS = """
    WITH RECURSIVE known AS (
        (SELECT run_number FROM "RunEvent" WHERE run_number > :run
            ORDER BY run_number LIMIT 1)
        UNION ALL
        SELECT next.run_number FROM known CROSS JOIN LATERAL (
            SELECT run_number FROM "RunEvent" AS event WHERE event.run_number > known.run_number
            ORDER BY run_number LIMIT 1
        ) AS next
    )
    SELECT run_number, '' AS name,
        EXISTS (SELECT FROM "Run" AS found WHERE found.run_number = walked.run_number) AS has_row
    FROM (SELECT run_number FROM known LIMIT :limit) AS walked
"""
_DATASETS = """
    WITH RECURSIVE known AS (
        (SELECT run_number, name FROM "DatasetEvent" WHERE (run_number, name) > (:run, :name)
            ORDER BY run_number, name LIMIT 1)
        UNION ALL
        SELECT next.run_number, next.name FROM known CROSS JOIN LATERAL (
            SELECT run_number, name FROM "DatasetEvent" AS event
            WHERE (event.run_number, event.name) > (known.run_number, known.name)
            ORDER BY run_number, name LIMIT 1
        ) AS next
    )
    SELECT run_number, name, EXISTS (
        SELECT FROM "Dataset" AS found
        WHERE found.run_number = walked.run_number AND found.name = walked.name
    ) AS has_row FROM (SELECT run_number, name FROM known LIMIT :limit) AS walked
"""
_BEGIN: RowKey = (-(2**31), "")


@dataclass(frozen=True)
class Walk:
    """How far runs and datasets have been looked through; after the last one it begins again."""

    run: RowKey = _BEGIN
    dataset: RowKey = _BEGIN

    def next(self, connection: Connection, limit: int) -> tuple[list[RowKey], "Walk"]:
        """Those of the next so many runs and datasets that have no row, and how far it is then."""
        runs = _found(connection, _RUNS, self.run, limit)
        datasets = _found(connection, _DATASETS, self.dataset, limit)
        missing = [(row[0], row[1]) for row in (*runs, *datasets) if not row.has_row]
        return missing, Walk(_last(runs, limit), _last(datasets, limit))


def _found(connection: Connection, statement: str, after: RowKey, limit: int) -> Sequence[Any]:
    run_number, name = after
    given = {"run": run_number, "name": name, "limit": limit}
    return connection.execute(text(statement), given).all()


def _last(rows: Sequence[Any], limit: int) -> RowKey:
    return (rows[-1][0], rows[-1][1]) if len(rows) == limit else _BEGIN
