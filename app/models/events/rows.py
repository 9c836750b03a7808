"""Rows of runs and datasets, read for a decision."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection

from app.domain.certification.second_eyes import Protected
from app.domain.errors import NotFound
from app.domain.json_value import JsonObject, folded_object, texts_in
from app.domain.keys import DatasetKey
from app.domain.text.names import no_dataset
from app.models.events.second_eyes import ANYTHING, protected
from app.models.statements import text

_OF_RUN = "run_number, oms_attributes, rr_attributes, deleted, version"
_OF_DATASET = "run_number, name, dataset_attributes, datasets_in_gui, deleted, version"
_OF_RUNS = "WHERE run_number = ANY(:runs)"


class RunRow(Struct, frozen=True):
    """The fold of a run's attributes."""

    run_number: int
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    deleted: bool
    version: int

    @property
    def state(self) -> str:
        """OPEN, SIGNOFF or COMPLETED."""
        return str(self.rr_attributes.get("state", ""))

    @property
    def class_(self) -> str:
        """Class of the run, "" when it has none."""
        return str(self.rr_attributes.get("class") or "")


class DatasetRow(Struct, frozen=True):
    """The fold of a dataset's attributes."""

    run_number: int
    name: str
    attributes: JsonObject
    datasets_in_gui: tuple[str, ...]
    deleted: bool
    version: int


class Held(Struct, frozen=True):
    """What is verified or frozen of runs whose rows are held; where that was asked for also those
    rows, as they are now that nobody else changes them."""

    protected: Protected
    runs: Mapping[int, RunRow] | None = None
    datasets: Mapping[DatasetKey, DatasetRow] | None = None


def lock(
    connection: Connection,
    run_numbers: Collection[int],
    *,
    record: bool = False,
    reads: bool = False,
) -> Held:
    """Holds the rows of these runs and their datasets for the rest of the transaction; with
    `record`, also says what is verified or frozen of them, with `reads`, what is in the rows.

    The web service knows none of our locks, but whoever stores an event refers to its dataset's
    row and then updates it: this waits for such a transaction, and lets no other begin. Datasets
    come first, because that is the order in which the web service touches the two when it edits.
    Who freezes a cycle holds its datasets, so what is read with the runs is what holds now.
    """
    wanted = {"runs": sorted(set(run_numbers))}
    if reads:
        return _lock_and_read(connection, wanted, record=record)
    is_any = False
    for table, key in (("Dataset", "run_number, name"), ("Run", "run_number")):
        also = f", {ANYTHING}" if record and table == "Run" else ", false"
        row = connection.execute(text(f"SELECT {_held(table, key)}{also}"), wanted).one()
        is_any = bool(row[1])
    return Held(protected(connection, run_numbers) if is_any else Protected())


def _held(table: str, key: str) -> str:
    """Holds the rows of these runs in a table, in one order; their number."""
    return (
        f'(SELECT count(*) FROM (SELECT FROM "{table}" {_OF_RUNS} ORDER BY {key} FOR UPDATE)'
        " AS held)"
    )


def _lock_and_read(
    connection: Connection, wanted: Mapping[str, list[int]], *, record: bool
) -> Held:
    """The same in as many statements: the first holds the rows of both tables, the second reads
    them. Read by the first, a dataset would be missing that came while it waited."""
    # CASE has the datasets held before the runs.
    held = f"""CASE WHEN {_held("Dataset", "run_number, name")} >= 0
        THEN {_held("Run", "run_number")} END"""
    connection.execute(text(f"SELECT {held}"), wanted)
    also = ANYTHING if record else "false"
    rows = connection.execute(
        text(
            "SELECT run_number, NULL AS name, oms_attributes, rr_attributes, deleted, version,"
            f' {also} FROM "Run" {_OF_RUNS}'
            " UNION ALL SELECT run_number, name, dataset_attributes, datasets_in_gui, deleted,"
            f' version, false FROM "Dataset" {_OF_RUNS} ORDER BY 1, 2'
        ),
        wanted,
    ).all()
    runs = [row for row in rows if row[1] is None]
    return Held(
        protected(connection, wanted["runs"]) if any(row[-1] for row in runs) else Protected(),
        {row[0]: _run(row[0], *row[2:-1]) for row in runs},
        _datasets(row[:-1] for row in rows if row[1] is not None),
    )


def find_run(connection: Connection, run_number: int) -> RunRow | None:
    """The run, None when it doesn't exist."""
    return run_states(connection, [run_number]).get(run_number)


def get_run(connection: Connection, run_number: int) -> RunRow:
    """The run; NotFound when it doesn't exist or is hidden."""
    run = find_run(connection, run_number)
    if run is None or run.deleted:
        raise NotFound(f"Run {run_number} is not in the Run Registry.")
    return run


def check_dataset(connection: Connection, key: DatasetKey) -> None:
    """NotFound when there is no such run, or no such dataset of it."""
    run_number, name = key
    there = connection.execute(
        text(
            'SELECT EXISTS (SELECT FROM "Run" WHERE run_number = :run AND NOT deleted)'
            ' AND EXISTS (SELECT FROM "Dataset" WHERE run_number = :run AND name = :name)'
        ),
        {"run": run_number, "name": name},
    ).scalar_one()
    if there:
        return
    get_run(connection, run_number)
    known = datasets_of_run(connection, run_number)
    if name not in known:
        raise no_dataset(run_number, name, known)


def datasets_of_run(connection: Connection, run_number: int) -> dict[str, DatasetRow]:
    """All datasets of the run by name, hidden ones included."""
    of_runs = datasets_of_runs(connection, [run_number])
    return {name: dataset for (_, name), dataset in of_runs.items()}


def run_states(connection: Connection, run_numbers: Collection[int]) -> dict[int, RunRow]:
    """Runs by number, those that exist."""
    rows = connection.execute(
        text(f'SELECT {_OF_RUN} FROM "Run" {_OF_RUNS} ORDER BY run_number'),
        {"runs": sorted(run_numbers)},
    )
    return {row[0]: _run(*row) for row in rows}


def _run(run_number: int, oms: object, rr: object, deleted: bool, version: int) -> RunRow:
    return RunRow(run_number, folded_object(oms), folded_object(rr), deleted, version)


def datasets_of_runs(
    connection: Connection, run_numbers: Collection[int]
) -> dict[DatasetKey, DatasetRow]:
    """All datasets of these runs, hidden ones included."""
    rows = connection.execute(
        text(f'SELECT {_OF_DATASET} FROM "Dataset" {_OF_RUNS} ORDER BY run_number, name'),
        {"runs": sorted(run_numbers)},
    )
    return _datasets(rows)


def _datasets(rows: Iterable[Any]) -> dict[DatasetKey, DatasetRow]:
    return {
        (run, name): DatasetRow(
            run, name, folded_object(attributes), texts_in(gui), deleted, version
        )
        for run, name, attributes, gui, deleted, version in rows
    }


def names_of_datasets(connection: Connection, names: Collection[str]) -> set[str]:
    """Those of the names that a dataset of any run has, hidden ones included."""
    found = connection.execute(
        text(
            "SELECT name FROM unnest(CAST(:names AS text[])) AS given(name)"
            ' WHERE EXISTS (SELECT FROM "Dataset" d WHERE d.name = given.name)'
        ),
        {"names": sorted(names)},
    )
    return set(found.scalars())


def rr_attributes_by_version(
    connection: Connection, run_number: int, *, by_hand_too: bool
) -> JsonObject:
    """RR attributes folded in version order alone: what automatic values are compared with."""
    return folded_object(
        connection.execute(
            text(
                "SELECT mergejsonb(rr_metadata ORDER BY version)"
                ' FROM "RunEvent" WHERE run_number = :run AND (:by_hand_too OR NOT manual_change)'
            ),
            {"run": run_number, "by_hand_too": by_hand_too},
        ).scalar()
    )


def manual_rr_attributes(connection: Connection, run_number: int) -> JsonObject:
    """What people's words alone make of the RR attributes."""
    return folded_object(
        connection.execute(
            text(
                "SELECT mergejsonb(rr_metadata ORDER BY version)"
                ' FROM "RunEvent" WHERE run_number = :run AND manual_change'
            ),
            {"run": run_number},
        ).scalar()
    )


def has_runs(connection: Connection) -> bool:
    """Whether there is any run, hidden or not."""
    return bool(connection.execute(text('SELECT EXISTS (SELECT FROM "Run")')).scalar_one())


def recent_runs(connection: Connection, limit: int) -> list[int]:
    """The newest runs that aren't hidden, newest first."""
    return [
        *connection.execute(
            text(
                'SELECT run_number FROM "Run" WHERE NOT deleted ORDER BY run_number DESC LIMIT :n'
            ),
            {"n": limit},
        ).scalars()
    ]


def names_by_hand(connection: Connection, run_numbers: Collection[int]) -> dict[int, set[str]]:
    """RR attributes of these runs that a person has given, by run; runs without any left out."""
    found: dict[int, set[str]] = {}
    for run_number, name in connection.execute(
        text(
            "SELECT DISTINCT run_number, jsonb_object_keys("
            "  CASE jsonb_typeof(rr_metadata) WHEN 'object' THEN rr_metadata END)"
            ' FROM "RunEvent" WHERE manual_change AND run_number = ANY(:runs)'
        ),
        {"runs": sorted(run_numbers)},
    ):
        found.setdefault(run_number, set()).add(name)
    return found
