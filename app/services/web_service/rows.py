"""Pages and single rows of runs and datasets, as the web service answers them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.models.lists import shared_rows, written_rows
from app.models.lists.tables.query import TableQuery
from app.services.acting import Acting
from app.services.certification.summaries import page_of_keys
from app.services.web_service.shapes import as_text, row_as_object

_BLOCK = 500
"""Rows that are read and shaped at once."""

_ONE = ("triplet_summary",)
_WHOLE = (
    "run_number",
    "name",
    "triplet_summary",
    "dcs_summary",
    "rr_ranges",
    "dcs_ranges",
    "brilcalc_recorded_luminosity",
    "brilcalc_delivered_luminosity",
    "version",
)


@dataclass(frozen=True)
class Found:
    """The keys of a page, and how many rows there are in all."""

    keys: tuple[DatasetKey, ...]
    count: int


def find(acting: Acting, query: TableQuery) -> Found:
    """What a page shows; unlike in the tables of the window the number is always exact."""
    return Found(*page_of_keys(acting, query))


def listed_runs(acting: Acting, keys: Sequence[DatasetKey]) -> Iterator[str]:
    """Texts of runs with the summary of their dataset `online`."""
    for first in range(0, len(keys), _BLOCK):
        numbers = [number for number, _ in keys[first:][:_BLOCK]]
        with acting.db.read() as connection:
            found = written_rows.runs(connection, numbers, desk=acting.db.desk)
        for row, summary in found:
            part = dict(zip(written_rows.OF_RUN, summary, strict=True))
            yield f'{as_text(row)[:-1]},"DatasetTripletCache":{as_text(part)}}}'


def listed_datasets(acting: Acting, keys: Sequence[DatasetKey]) -> Iterator[str]:
    """Texts of datasets with the attributes of their run and their summaries."""
    for first in range(0, len(keys), _BLOCK):
        wanted = keys[first:][:_BLOCK]
        with acting.db.read() as connection:
            found = written_rows.datasets(connection, wanted, desk=acting.db.desk)
            runs = written_rows.attributes_of_runs(connection, wanted)
        # One text for all datasets of a run.
        of_runs = {number: as_text(run) for number, run in runs.items()}
        for row, summary in found:
            part = dict(zip(written_rows.OF_DATASET, summary, strict=True))
            yield (
                f'{as_text(row)[:-1]},"DatasetTripletCache":{as_text(part)},'
                f'"Run":{of_runs[int(str(row["run_number"]))]}}}'
            )


def run(acting: Acting, run_number: int) -> JsonObject | None:
    """A run as the actions on it answer; None when there is none, or when it is deleted."""
    key = run_number, ONLINE
    with acting.db.read() as connection:
        rows = shared_rows.runs(connection, [run_number])
        if not rows or rows[0]["deleted"]:
            return None
        summary = shared_rows.summaries(connection, [key], _ONE, desk=acting.db.desk)[key]
    return row_as_object(rows[0]) | {"DatasetTripletCache": _part(summary, _ONE)}


def dataset(acting: Acting, key: DatasetKey) -> JsonObject | None:
    """A dataset with the whole rows of its run and its summary; None when there is none."""
    with acting.db.read() as connection:
        rows = shared_rows.datasets(connection, [key])
        if not rows:
            return None
        run_row = shared_rows.runs_of(connection, [key])[key[0]]
        summary = shared_rows.summaries(connection, [key], _WHOLE, desk=acting.db.desk)[key]
    return row_as_object(rows[0]) | {
        "Run": row_as_object(run_row),
        "DatasetTripletCache": _part(summary, _WHOLE),
    }


def names_of_run(acting: Acting, run_number: int) -> list[str]:
    """Names of the datasets of a run that aren't hidden; none of a run that isn't there."""
    with acting.db.read() as connection:
        return shared_rows.names_of_run(connection, run_number)


def newest_edit(
    acting: Acting, key: DatasetKey, atomic_version: int | None, *, oms: bool
) -> JsonObject | None:
    """The newest lumisection event of a dataset: of a version, or of all."""
    with acting.db.read() as connection:
        found = shared_rows.newest_edit(connection, key, oms=oms, atomic_version=atomic_version)
    return None if found is None else row_as_object(found)


def _part(summary: Mapping[str, object], columns: Sequence[str]) -> JsonObject:
    return {column: cast("JsonValue", summary[column]) for column in columns}
