"""Datasets as a CSV file."""

from collections.abc import Sequence

from app.domain.errors import BadInput
from app.domain.json_value import JsonValue, js_stringify
from app.domain.keys import DatasetKey
from app.domain.progress import SILENT, Progress
from app.domain.text import csv_text as csv_lines
from app.domain.text.names import not_found
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import Row
from app.services.configuration import in_force as configurations

_FIRST = ("run_number", "dataset_name", "class", "stop_reason", "short_run", "ls_duration")
_BLOCK = 50
"""Datasets between two checkpoints."""


def csv_text(
    acting: Acting,
    keys: Sequence[DatasetKey],
    columns: Sequence[str],
    *,
    progress: Progress = SILENT,
) -> str:
    """The datasets as CSV, in the order given: run, attributes, summaries of columns as JSON."""
    known = configurations.current(acting)
    known_columns = {*known.offline_columns, *known.online_columns}
    for column in columns:
        if column not in known_columns:
            raise not_found(f"No workspace has a column {column}", column, known_columns, BadInput)
    distinct_keys = list(dict.fromkeys(keys))
    rows: list[Row] = []
    for start in range(0, len(distinct_keys), _BLOCK):
        progress.at(start / len(distinct_keys))
        rows.extend(tables.rows(acting, "datasets", distinct_keys[start : start + _BLOCK]))
    progress.checkpoint()
    if not rows:
        raise BadInput("No datasets were given: select at least one.")
    attributes = sorted({name for row in rows for name in row.dataset_attributes})
    heads = [*_FIRST, *attributes, *columns, "oms_attributes"]
    return csv_lines.csv_text(
        [heads, *([_cell(value) for value in _values(row, attributes, columns)] for row in rows)]
    )


def _values(row: Row, attributes: Sequence[str], columns: Sequence[str]) -> list[JsonValue]:
    summary = row.triplet_summary or {}
    return [
        row.run_number,
        row.name,
        *(row.rr_attributes.get(name) for name in ("class", "stop_reason", "short_run")),
        row.oms_attributes.get("ls_duration"),
        *(row.dataset_attributes.get(name) for name in attributes),
        *(summary.get(column) for column in columns),
        row.oms_attributes,
    ]


def _cell(value: JsonValue) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else js_stringify(value)
