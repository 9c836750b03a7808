"""Rows of runs and datasets that are older than their events.

The web service stores an event and folds it into the row a moment later. The row then gets the
number of an event that was there already, so nothing newer tells of the change: what is read before
is remembered only where no row is behind.
"""

from sqlalchemy import Connection

from app.models.statements import text

RECENT = 200_000
"""Event numbers among which those are that somebody is about to fold into the rows. A row that was
left behind longer ago is found by counting again, which tells of it as of one that was false."""

# From the newest events on, one row after the other: else all rows are compared with all their
# events, which takes as long as reading them.
_DATASETS = """
    SELECT newest.run_number, newest.name FROM (
        SELECT run_number, name, max(version) AS version FROM "DatasetEvent"
        WHERE version > (SELECT max(version) FROM "DatasetEvent") - :among{which}
        GROUP BY run_number, name OFFSET 0
    ) AS newest LEFT JOIN LATERAL (
        SELECT version FROM "Dataset" AS dataset
        WHERE dataset.run_number = newest.run_number AND dataset.name = newest.name OFFSET 0
    ) AS found ON true WHERE found.version IS NULL OR found.version < newest.version
"""
DATASETS = _DATASETS.format(which="")
"""SQL for the datasets whose rows are."""
_RUNS = """
    SELECT newest.run_number FROM (
        SELECT run_number, max(version) AS version FROM "RunEvent"
        WHERE version > (SELECT max(version) FROM "RunEvent") - :among
        GROUP BY run_number OFFSET 0
    ) AS newest LEFT JOIN LATERAL (
        SELECT version FROM "Run" AS run WHERE run.run_number = newest.run_number OFFSET 0
    ) AS found ON true WHERE found.version IS NULL OR found.version < newest.version
"""


def is_any(connection: Connection, pattern: str) -> bool:
    """Whether the row of any run is, or of a dataset whose name is similar to the SQL pattern."""
    matching = _DATASETS.format(which=" AND name SIMILAR TO :pattern")
    found = connection.execute(
        # Counted: to find out whether there is one the server would look for the first of them,
        # and go through the events of all datasets from the first on.
        text(
            f"SELECT (SELECT count(*) FROM ({_RUNS}) AS run)"
            f" + (SELECT count(*) FROM ({matching}) AS dataset)"
        ),
        {"among": RECENT, "pattern": pattern},
    )
    return bool(found.scalar_one())


def is_long_ago(connection: Connection, table: str, version: int) -> bool:
    """Whether an event of runs or of datasets (`table`) is none of the recent ones."""
    newest = connection.execute(text(f'SELECT max(version) FROM "{table}"')).scalar_one()
    return newest is not None and version <= int(newest) - RECENT
