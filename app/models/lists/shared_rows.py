"""Whole rows of the shared tables, as the web service's clients get to see them."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection

from app.domain.json_value import JsonObject
from app.domain.keys import DatasetKey
from app.domain.state.summaries import Summary, summarise
from app.models.events import states
from app.models.statements import text

Stored: TypeAlias = Mapping[str, object]
"""A row by its column names; times are still times."""

_WANTED = (
    "unnest(CAST(:runs AS int[]), CAST(:names AS text[]))"
    " WITH ORDINALITY AS wanted(run_number, name, place)"
)


def runs(connection: Connection, numbers: Sequence[int]) -> list[Stored]:
    """Rows of these runs in this order, deleted ones too; what doesn't exist is left out."""
    return _rows(
        connection,
        "SELECT run.* FROM unnest(CAST(:runs AS int[]))"
        " WITH ORDINALITY AS wanted(run_number, place)"
        ' JOIN "Run" run USING (run_number) ORDER BY place',
        {"runs": list(numbers)},
    )


def datasets(connection: Connection, keys: Sequence[DatasetKey]) -> list[Stored]:
    """Rows of these datasets in this order, hidden ones too; what doesn't exist is left out."""
    return _rows(
        connection,
        f'SELECT dataset.* FROM {_WANTED} JOIN "Dataset" dataset USING (run_number, name)'
        " ORDER BY place",
        _keys(keys),
    )


def runs_of(connection: Connection, keys: Collection[DatasetKey]) -> dict[int, Stored]:
    """Rows of the runs of these datasets, by number."""
    numbers = list(dict.fromkeys(number for number, _ in keys))
    return {int(str(row["run_number"])): row for row in runs(connection, numbers)}


def summaries(
    connection: Connection, keys: Sequence[DatasetKey], columns: Sequence[str], *, desk: bool
) -> dict[DatasetKey, Stored]:
    """Columns of the summaries of these datasets; one that is behind its dataset is made anew."""
    chosen = ", ".join(f"summary.{column}" for column in columns)
    rows = connection.execute(
        text(
            f"SELECT wanted.run_number, wanted.name, {chosen} FROM {_WANTED}"
            ' JOIN "Dataset" dataset USING (run_number, name)'
            ' JOIN "DatasetTripletCache" summary USING (run_number, name)'
            " WHERE summary.version = dataset.version"
        ),
        _keys(keys),
    )
    found: dict[DatasetKey, Stored] = {
        (row[0], row[1]): dict(zip(columns, row[2:], strict=True)) for row in rows
    }
    behind = [key for key in keys if key not in found]
    return found | made_summaries(connection, behind, desk=desk)


def made_summaries(
    connection: Connection, keys: Sequence[DatasetKey], *, desk: bool
) -> dict[DatasetKey, Stored]:
    """Whole summaries of these datasets, made from their lumisections."""
    return {
        key: _summary(key, summarise(loaded.state))
        for key, loaded in states.load(connection, keys, desk=desk).items()
    }


def _summary(key: DatasetKey, made: Summary) -> Stored:
    return {
        "run_number": key[0],
        "name": key[1],
        "triplet_summary": made.triplet_summary,
        "dcs_summary": made.dcs_summary,
        "rr_ranges": made.rr_ranges,
        "dcs_ranges": made.dcs_ranges,
        "brilcalc_recorded_luminosity": made.recorded,
        "brilcalc_delivered_luminosity": made.delivered,
        "version": 0,
    }


def names_of_run(connection: Connection, run_number: int) -> list[str]:
    """Names of the datasets of a run that aren't hidden, in the order in which they were made."""
    rows = connection.execute(
        text(
            'SELECT dataset.name FROM "Dataset" dataset WHERE run_number = :run AND NOT deleted'
            ' ORDER BY (SELECT min(version) FROM (SELECT version FROM "DatasetEvent" event'
            "  WHERE event.run_number = dataset.run_number AND event.name = dataset.name"
            # Without this the server may look for the smallest from the beginning of the table on.
            "  OFFSET 0) AS events), dataset.name"
        ),
        {"run": run_number},
    )
    return [name for (name,) in rows]


def newest_edit(
    connection: Connection, key: DatasetKey, *, oms: bool, atomic_version: int | None
) -> Stored | None:
    """The newest lumisection event of a dataset: of a version if one is named, else of all."""
    table = "OMSLumisectionEvent" if oms else "LumisectionEvent"
    manual = "" if oms else ", manual_change"
    found = _rows(
        connection,
        f"SELECT run_number, name, lumisection_metadata_id, version{manual}"
        f' FROM (SELECT * FROM "{table}" WHERE run_number = :run AND name = :name OFFSET 0)'
        ' AS event JOIN "Event" USING (version)'
        " WHERE CAST(:atomic AS int) IS NULL OR atomic_version = :atomic"
        " ORDER BY version DESC LIMIT 1",
        {"run": key[0], "name": key[1], "atomic": atomic_version},
    )
    return found[0] if found else None


def golden_json(connection: Connection, id_: int) -> Stored | None:
    """A generated list, deleted ones too; None when there is none of that number."""
    found = _rows(connection, 'SELECT * FROM "GeneratedJson" WHERE id = :id', {"id": id_})
    return found[0] if found else None


def golden_jsons(
    connection: Connection,
    *,
    created_by: str | None,
    official: bool,
    below: int | None,
    limit: int,
) -> list[Stored]:
    """Generated lists that aren't deleted, the newest first."""
    return _rows(
        connection,
        'SELECT * FROM "GeneratedJson" WHERE NOT deleted'
        " AND (CAST(:by AS text) IS NULL OR created_by = :by) AND (NOT :official OR official)"
        " AND (CAST(:below AS int) IS NULL OR id < :below) ORDER BY id DESC LIMIT :limit",
        {"by": created_by, "official": official, "below": below, "limit": limit},
    )


def cycles(connection: Connection) -> list[Stored]:
    """Cycles that aren't deleted, the earliest deadline first."""
    return _rows(
        connection, 'SELECT * FROM "Cycle" WHERE NOT deleted ORDER BY deadline, id_cycle', {}
    )


def members(connection: Connection, cycle_ids: Sequence[int]) -> list[Stored]:
    """Which dataset is in which of these cycles, by run and name."""
    return _rows(
        connection,
        'SELECT * FROM "CycleDataset" WHERE id_cycle = ANY(:ids) ORDER BY run_number, name',
        {"ids": list(cycle_ids)},
    )


def workspaces(connection: Connection, where: str) -> list[Stored]:
    """Rows of the workspaces for online or offline work, by name."""
    return _rows(
        connection,
        'SELECT * FROM "Workspace" WHERE online_or_offline = :where ORDER BY workspace',
        {"where": where},
    )


def workspace_columns(connection: Connection, ids: Sequence[int]) -> list[Stored]:
    """Rows of the columns of workspaces, by name."""
    return _rows(
        connection,
        'SELECT * FROM "WorkspaceColumn" WHERE id_workspace = ANY(:ids) ORDER BY name',
        {"ids": list(ids)},
    )


def datasets_accepted(connection: Connection) -> list[tuple[Stored, int, Stored]]:
    """The accepted datasets in force, each with its list and the settings that name the list."""
    settings = _rows(connection, 'SELECT * FROM "Settings" ORDER BY id DESC LIMIT 1', {})
    if not settings:
        return []
    list_id = int(str(settings[0]["DAL_id"]))
    accepted = _rows(
        connection,
        'SELECT accepted.* FROM "DatasetsAcceptedEntries" entry'
        ' JOIN "DatasetsAccepted" accepted USING (id) WHERE entry."DAL_id" = :list ORDER BY id',
        {"list": list_id},
    )
    return [(row, list_id, settings[0]) for row in accepted]


def _rows(connection: Connection, statement: str, parameters: Mapping[str, object]) -> list[Stored]:
    return [dict(row) for row in connection.execute(text(statement), parameters).mappings()]


def _keys(keys: Sequence[DatasetKey]) -> JsonObject:
    return {"runs": [number for number, _ in keys], "names": [name for _, name in keys]}
