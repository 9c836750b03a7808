"""Generated JSONs: the datasets they are made from, and their rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text
from sqlalchemy import exc as sa_exc

from app.domain.errors import BadInput, NotFound
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.summaries import luminosity
from app.models import states

Key = tuple[int, str]
ONLINE = "online"

_JSON_COLUMNS = (
    "json_logic",
    "generated_json",
    "generated_json_with_dataset_names",
    "generated_anti_json",
    "generated_anti_json_with_dataset_names",
    "rules_flagged_false_quantity_luminosity",
    "rules_flagged_false_combination_luminosity",
    "runs_lumisections_responsible_for_rule",
)
_LUMINOSITY_COLUMNS = (
    "total_delivered_luminosity",
    "total_recorded_luminosity",
    "recorded_luminosity_in_json",
    "delivered_luminosity_in_json",
    "total_recorded_luminosity_lost",
    "total_delivered_luminosity_lost",
    "total_recorded_luminosity_from_run_range",
    "total_delivered_luminosity_from_run_range",
)


@dataclass(frozen=True)
class MatchedDataset:
    """A dataset whose name matches, with its own and its run's attributes."""

    run_number: int
    name: str
    attributes: JsonObject
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    version: int


@dataclass(frozen=True)
class JsonEntry:
    """One generated JSON as a list shows it; luminosities in pb^-1."""

    id: int
    dataset_name_filter: str
    tags: str
    created_by: str
    official: bool
    version: int
    created_at: datetime
    min_run_number: int
    max_run_number: int
    runs: int
    recorded_in_json: float
    recorded_total: float


def newest_version(connection: Connection) -> int:
    """Greatest `atomic_version` this transaction sees, 0 when there is none."""
    return int(
        connection.execute(
            text('SELECT coalesce(max(atomic_version), 0) FROM "Version"')
        ).scalar_one()
    )


def matching_datasets(
    connection: Connection, pattern: str, *, as_of: int | None = None
) -> list[MatchedDataset]:
    """Datasets that aren't hidden and whose name is similar to the SQL pattern, by run and name."""
    source = (
        'SELECT d.run_number, d.name, d.dataset_attributes, d.version FROM "Dataset" d'
        ' JOIN "Run" r USING (run_number) WHERE NOT d.deleted AND d.name SIMILAR TO :pattern'
        if as_of is None
        else "SELECT run_number, name, mergejsonb(dataset_metadata ORDER BY version)"
        "  AS dataset_attributes, max(version) AS version"
        ' FROM "DatasetEvent" JOIN "Event" USING (version)'
        " WHERE name SIMILAR TO :pattern AND atomic_version <= :as_of GROUP BY run_number, name"
        " HAVING NOT (array_agg(deleted ORDER BY version DESC))[1]"
    )
    parameters = {"pattern": pattern, **({} if as_of is None else {"as_of": as_of})}
    try:
        found = connection.execute(text(f"{source} ORDER BY run_number, name"), parameters).all()
    except sa_exc.DataError as error:
        reason = str(error.orig).splitlines()[0]
        raise BadInput(
            f'"{pattern}" is no pattern of dataset names: {reason}.'
            " _ stands for one character, % for any, (A|B) for either."
        ) from error
    runs = _runs(connection, sorted({row.run_number for row in found}), as_of)
    return [
        MatchedDataset(number, name, attributes, *runs[number], version)
        for number, name, attributes, version in found
    ]


def names_matching(connection: Connection, pattern: str, limit: int = 200) -> list[tuple[str, int]]:
    """Dataset names that match, with the number of runs of each."""
    try:
        rows = connection.execute(
            text(
                'SELECT name, count(*) FROM "Dataset" WHERE NOT deleted'
                " AND name SIMILAR TO :pattern GROUP BY name ORDER BY name LIMIT :limit"
            ),
            {"pattern": pattern, "limit": limit},
        )
        return [(name, number) for name, number in rows]
    except sa_exc.DataError:
        return []


def _runs(
    connection: Connection, run_numbers: Sequence[int], as_of: int | None
) -> dict[int, tuple[JsonObject, JsonObject]]:
    rows = connection.execute(
        text(
            "SELECT run_number, oms_attributes, rr_attributes"
            ' FROM "Run" WHERE run_number = ANY(:runs)'
            if as_of is None
            else "SELECT run_number, mergejsonb(oms_metadata ORDER BY version),"
            " mergejsonb(rr_metadata ORDER BY manual_change, version)"
            ' FROM "RunEvent" JOIN "Event" USING (version)'
            " WHERE run_number = ANY(:runs) AND atomic_version <= :as_of GROUP BY run_number"
        ),
        {"runs": list(run_numbers), **({} if as_of is None else {"as_of": as_of})},
    )
    return {number: (oms, rr) for number, oms, rr in rows}


def luminosity_of_run_range(
    connection: Connection, first: int, last: int, *, desk: bool
) -> tuple[float, float]:
    """Recorded and delivered luminosity of the `online` datasets of a run range [pb^-1].

    Sums that are older than their dataset, or missing, are computed again.
    """
    rows = connection.execute(
        text(
            "SELECT d.run_number, c.brilcalc_recorded_luminosity,"
            "  c.brilcalc_delivered_luminosity, c.version = d.version AS fresh"
            ' FROM "Dataset" d LEFT JOIN "DatasetTripletCache" c USING (run_number, name)'
            " WHERE d.name = :online AND d.run_number BETWEEN :first AND :last"
        ),
        {"online": ONLINE, "first": first, "last": last},
    ).all()
    recorded = sum(row[1] for row in rows if row.fresh)
    delivered = sum(row[2] for row in rows if row.fresh)
    stale = [(row.run_number, ONLINE) for row in rows if not row.fresh]
    for loaded in states.load(connection, stale, desk=desk).values():
        state = loaded.state
        recorded += luminosity(state.oms, "recorded", state.participating)
        delivered += luminosity(state.oms, "delivered", state.participating)
    return recorded, delivered


def insert(connection: Connection, values: Mapping[str, JsonValue]) -> int:
    """Stores a generated JSON; returns its id."""
    columns = [
        "dataset_name_filter",
        "tags",
        "created_by",
        "official",
        "runregistry_version",
        "min_run_number",
        "max_run_number",
        *_JSON_COLUMNS,
        *_LUMINOSITY_COLUMNS,
    ]
    given = ", ".join(
        f"CAST(:{column} AS jsonb)" if column in _JSON_COLUMNS else f":{column}"
        for column in columns
    )
    names = ", ".join(f'"{column}"' for column in columns)
    return int(
        connection.execute(
            text(
                f'INSERT INTO "GeneratedJson" ({names}, deleted, "createdAt", "updatedAt")'
                f" VALUES ({given}, false, now(), now()) RETURNING id"
            ),
            {
                column: js_stringify(values[column]) if column in _JSON_COLUMNS else values[column]
                for column in columns
            },
        ).scalar_one()
    )


def remember_provenance(
    connection: Connection,
    id_: int,
    *,
    program_version: str,
    sha256: str,
    datasets: JsonValue,
) -> None:
    """Keeps what makes the list exact: the state of each dataset it was made from."""
    connection.execute(
        text(
            "INSERT INTO desk.generated_json_provenance"
            " (generated_json_id, program_version, sha256, datasets)"
            " VALUES (:id, :program_version, :sha256, CAST(:datasets AS jsonb))"
        ),
        {
            "id": id_,
            "program_version": program_version,
            "sha256": sha256,
            "datasets": json.dumps(datasets),
        },
    )


def entries(
    connection: Connection,
    *,
    created_by: str | None = None,
    official: bool = False,
    words: str = "",
    before: int | None = None,
    limit: int = 50,
) -> list[JsonEntry]:
    """Generated JSONs, newest first: those of one person, the official ones, or all."""
    rows = connection.execute(
        text(
            "SELECT id, dataset_name_filter, tags, created_by, official, runregistry_version,"
            ' "createdAt", min_run_number, max_run_number,'
            " (SELECT count(*) FROM jsonb_object_keys(generated_json)),"
            " recorded_luminosity_in_json, total_recorded_luminosity"
            ' FROM "GeneratedJson" WHERE NOT deleted'
            " AND (CAST(:created_by AS text) IS NULL OR created_by = :created_by)"
            " AND (NOT :official OR official)"
            " AND (:words = '' OR position(lower(:words) IN lower("
            "   dataset_name_filter || ' ' || tags || ' ' || created_by || ' #' || id)) > 0)"
            " AND (CAST(:before AS int) IS NULL OR id < :before)"
            " ORDER BY id DESC LIMIT :limit"
        ),
        {
            "created_by": created_by,
            "official": official,
            "words": words,
            "before": before,
            "limit": limit,
        },
    )
    return [JsonEntry(*row) for row in rows]


def row(connection: Connection, id_: int) -> RowMapping:
    """The whole row of a generated JSON."""
    found = (
        connection.execute(
            text('SELECT * FROM "GeneratedJson" WHERE id = :id AND NOT deleted'), {"id": id_}
        )
        .mappings()
        .one_or_none()
    )
    if found is None:
        raise NotFound(f"There is no generated JSON {id_}.")
    return found
