"""Whole rows of runs and datasets with their summaries, whose JSON is passed on as it is stored."""

from collections.abc import Sequence

from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.rows import dict_row
from sqlalchemy import Connection

from app.domain.json_value import Unread
from app.domain.keys import ONLINE, DatasetKey
from app.models.database import session
from app.models.lists import shared_rows

OF_RUN = ("triplet_summary",)
OF_DATASET = ("triplet_summary", "dcs_summary")

Row = dict[str, object]

_SUMMARY = (
    ' LEFT JOIN "DatasetTripletCache" AS summary ON summary.run_number = dataset.run_number'
    " AND summary.name = dataset.name AND summary.version = dataset.version"
)
_RUNS = (
    "SELECT run.*, summary.version IS NOT NULL AS is_current, summary.triplet_summary"
    " FROM unnest(%(runs)s::int[]) WITH ORDINALITY AS wanted(run_number, place)"
    ' JOIN "Run" AS run USING (run_number)'
    ' LEFT JOIN "Dataset" AS dataset ON dataset.run_number = run.run_number'
    f" AND dataset.name = '{ONLINE}'{_SUMMARY} ORDER BY place"
)
_DATASETS = (
    "SELECT dataset.*, summary.version IS NOT NULL AS is_current,"
    " summary.triplet_summary, summary.dcs_summary"
    " FROM unnest(%(runs)s::int[], %(names)s::text[])"
    " WITH ORDINALITY AS wanted(run_number, name, place)"
    f' JOIN "Dataset" AS dataset USING (run_number, name){_SUMMARY} ORDER BY place'
)
_ATTRIBUTES = (
    'SELECT run_number, rr_attributes, oms_attributes FROM "Run"'
    " WHERE run_number = ANY(%(runs)s::int[])"
)


class _UnreadLoader(Loader):
    def load(self, data: Buffer) -> Unread:
        return Unread(bytes(data))


def runs(
    connection: Connection, numbers: Sequence[int], *, desk: bool
) -> list[tuple[Row, tuple[object, ...]]]:
    """These runs in this order, deleted ones too, each with `OF_RUN` of its dataset `online`."""
    found = _rows(connection, _RUNS, {"runs": list(numbers)})
    return _with_summaries(connection, found, OF_RUN, desk=desk)


def datasets(
    connection: Connection, keys: Sequence[DatasetKey], *, desk: bool
) -> list[tuple[Row, tuple[object, ...]]]:
    """These datasets in this order, hidden ones too, each with `OF_DATASET`."""
    given = {"runs": [number for number, _ in keys], "names": [name for _, name in keys]}
    found = _rows(connection, _DATASETS, given)
    return _with_summaries(connection, found, OF_DATASET, desk=desk)


def attributes_of_runs(connection: Connection, keys: Sequence[DatasetKey]) -> dict[int, Row]:
    """Attributes of the runs of these datasets, by number."""
    found = _rows(connection, _ATTRIBUTES, {"runs": list({number for number, _ in keys})})
    return {int(str(row.pop("run_number"))): row for row in found}


def _with_summaries(
    connection: Connection, rows: list[Row], columns: Sequence[str], *, desk: bool
) -> list[tuple[Row, tuple[object, ...]]]:
    """The rows, each with the columns of its summary; one that is behind its dataset is made."""
    parts = [(row, row.pop("is_current"), [row.pop(each) for each in columns]) for row in rows]
    behind = [_key(row) for row, is_current, _ in parts if not is_current]
    made = shared_rows.made_summaries(connection, behind, desk=desk) if behind else {}
    return [
        (row, tuple(stored if is_current else [made[_key(row)][each] for each in columns]))
        for row, is_current, stored in parts
    ]


def _key(row: Row) -> DatasetKey:
    return int(str(row["run_number"])), str(row.get("name", ONLINE))


def _rows(connection: Connection, statement: str, given: dict[str, object]) -> list[Row]:
    with session.driver_of(connection).cursor(row_factory=dict_row) as cursor:
        cursor.adapters.register_loader("jsonb", _UnreadLoader)
        return cursor.execute(statement, given).fetchall()
