"""Generated JSONs: the datasets they are made from, and their rows."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy import exc as sa_exc

from app.domain.errors import BadInput, NotFound
from app.domain.json_value import (
    JsonObject,
    JsonValue,
    Unread,
    as_object,
    folded_object,
    js_stringify,
    whole_number,
)
from app.domain.keys import ONLINE, DatasetKey
from app.domain.state.compact import CompactState
from app.domain.state.summaries import compact_luminosity
from app.models.database import outcome
from app.models.database.listen import CHANNEL, GOLDEN
from app.models.events import behind
from app.models.events.ground import ground
from app.models.events.states import Counted, EventCounts
from app.models.history.writes import newest_version
from app.models.recount.basis import Basis, states_on

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
_OF_RUNS = _JSON_COLUMNS[1:5]
_BLOCK = 400
"""Datasets read in one go."""

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
    """A dataset whose name matches, with its own and its run's attributes, and the newest events
    of the dataset and of the run."""

    run_number: int
    name: str
    attributes: JsonObject
    oms_attributes: JsonObject
    rr_attributes: JsonObject
    version: int
    run_version: int = 0


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
    lumisections: int
    recorded_in_json: float
    recorded_total: float


@dataclass(frozen=True)
class JsonRow:
    """A stored golden JSON; luminosities in pb^-1."""

    entry: JsonEntry
    json_logic: JsonValue
    generated_json: JsonObject
    generated_json_with_dataset_names: JsonObject
    generated_anti_json: JsonObject
    generated_anti_json_with_dataset_names: JsonObject
    luminosity: Mapping[str, float]
    losses_by_rule: JsonObject


@dataclass(frozen=True)
class SeasonRead:
    """What a golden JSON is made from, all of one moment.

    `reusable`: whatever is written later has a greater version than `version`, so that the
    season is still whole as long as that is the newest; otherwise what is read again tells.
    `folded` are the states that had to be folded from events. `provenance`: run, name and version
    of each dataset with the numbers of RR, OMS and online OMS events, and the newest event of the
    run. `ground` is what it was read on, empty where nothing of it is kept. `left_out`: how many
    more match, of runs with numbers below 1, which no golden JSON can name.
    """

    version: int
    reusable: bool
    datasets: Sequence[MatchedDataset]
    states: Mapping[DatasetKey, CompactState]
    folded: Mapping[DatasetKey, Counted]
    provenance: JsonValue
    ground: str = ""
    left_out: int = 0


def read_season(
    connection: Connection,
    pattern: str,
    *,
    basis: Basis,
    as_of: int | None,
    settled: int | None,
    told: Callable[[float], None],
) -> SeasonRead:
    """The matching datasets and their states; `told` takes the share done and may raise.

    Unless the `basis` is quick, runs and datasets are folded from their events, too. `settled` is
    what `pending.newest_settled` said in a transaction before this one.
    """
    version = newest_version(connection) if as_of is None else as_of
    now = ground(connection, desk=basis is Basis.READ_MODEL)
    # All that this transaction sees has a version up to the newest.
    folds = as_of is None and not basis.is_quick
    matched = matching_datasets(connection, pattern, as_of=version if folds else as_of)
    datasets = nameable(matched)
    keys = [(each.run_number, each.name) for each in datasets]
    found: dict[DatasetKey, CompactState] = {}
    folded: dict[DatasetKey, Counted] = {}
    counts: dict[DatasetKey, EventCounts] = {}
    for begin in range(0, len(keys), _BLOCK):
        told(begin / len(keys))
        block = keys[begin : begin + _BLOCK]
        compacts, here = states_on(connection, block, basis, as_of=as_of)
        for key, (state, number) in compacts.items():
            found[key], counts[key] = state, number
        folded |= here
    provenance: list[JsonValue] = [
        [
            each.run_number,
            each.name,
            each.version,
            number.rr,
            number.oms,
            number.online_oms,
            each.run_version,
        ]
        for each in datasets
        for number in (counts[each.run_number, each.name],)
    ]
    reusable = version == settled and not behind.is_any(connection, pattern)
    left_out = len(matched) - len(datasets)
    return SeasonRead(version, reusable, datasets, found, folded, provenance, now, left_out)


def nameable(datasets: Sequence[MatchedDataset]) -> list[MatchedDataset]:
    """Those that a golden JSON can name: its runs are counted from 1, though others may have stored
    any number."""
    return [each for each in datasets if each.run_number >= 1]


def matching_datasets(
    connection: Connection,
    pattern: str,
    *,
    as_of: int | None = None,
    run_numbers: Sequence[int] | None = None,
    keys: Collection[DatasetKey] | None = None,
) -> list[MatchedDataset]:
    """Datasets that aren't hidden and whose name is similar to the SQL pattern, by run and name;
    only of `run_numbers`, or these, if given."""
    of_runs = "" if run_numbers is None else " AND run_number = ANY(:runs)"
    if keys is not None:
        of_runs += (
            " AND (run_number, name) IN"
            " (SELECT * FROM unnest(CAST(:key_runs AS int[]), CAST(:key_names AS text[])))"
        )
    source = (
        'SELECT d.run_number, d.name, d.dataset_attributes, d.version FROM "Dataset" d'
        ' JOIN "Run" r USING (run_number) WHERE NOT d.deleted AND d.name SIMILAR TO :pattern'
        f"{of_runs}"
        if as_of is None
        else "SELECT run_number, name, mergejsonb(dataset_metadata ORDER BY version)"
        "  AS dataset_attributes, max(version) AS version"
        ' FROM "DatasetEvent" JOIN "Event" USING (version)'
        f" WHERE name SIMILAR TO :pattern AND atomic_version <= :as_of{of_runs}"
        " GROUP BY run_number, name"
        " HAVING NOT (array_agg(deleted ORDER BY version DESC))[1]"
    )
    parameters: dict[str, object] = {"pattern": pattern}
    if as_of is not None:
        parameters["as_of"] = as_of
    if run_numbers is not None:
        parameters["runs"] = list(run_numbers)
    if keys is not None:
        parameters["key_runs"] = [run_number for run_number, _ in keys]
        parameters["key_names"] = [name for _, name in keys]
    try:
        found = connection.execute(text(f"{source} ORDER BY run_number, name"), parameters).all()
    except sa_exc.DataError as error:
        raise _bad_pattern(pattern, error) from error
    runs = _runs(connection, sorted({row.run_number for row in found}), as_of)
    return [
        MatchedDataset(number, name, folded_object(attributes), oms, rr, version, run_version)
        for number, name, attributes, version in found
        for oms, rr, run_version in (runs.get(number, ({}, {}, 0)),)
    ]


def runs_with(connection: Connection, pattern: str) -> list[int]:
    """Runs of which any dataset, hidden or not, has a name that is similar to the SQL pattern."""
    try:
        rows = connection.execute(
            text(
                'SELECT DISTINCT run_number FROM "Dataset" WHERE name SIMILAR TO :pattern'
                " ORDER BY run_number"
            ),
            {"pattern": pattern},
        )
        return [*rows.scalars()]
    except sa_exc.DataError as error:
        raise _bad_pattern(pattern, error) from error


def _bad_pattern(pattern: str, error: sa_exc.DataError) -> BadInput:
    reason = str(error.orig).splitlines()[0]
    return BadInput(
        f'"{pattern}" is not a pattern of dataset names: {reason}.'
        " _ stands for one character, % for any, (A|B) for either."
    )


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
) -> dict[int, tuple[JsonObject, JsonObject, int]]:
    rows = connection.execute(
        text(
            "SELECT run_number, oms_attributes, rr_attributes, version"
            ' FROM "Run" WHERE run_number = ANY(:runs)'
            if as_of is None
            else "SELECT run_number, mergejsonb(oms_metadata ORDER BY version),"
            " mergejsonb(rr_metadata ORDER BY manual_change, version), max(version)"
            ' FROM "RunEvent" JOIN "Event" USING (version)'
            " WHERE run_number = ANY(:runs) AND atomic_version <= :as_of GROUP BY run_number"
        ),
        {"runs": list(run_numbers), **({} if as_of is None else {"as_of": as_of})},
    )
    return {
        number: (folded_object(oms), folded_object(rr), version)
        for number, oms, rr, version in rows
    }


def luminosity_of_run_range(
    connection: Connection, runs: tuple[int, int], basis: Basis, *, as_of: int | None = None
) -> tuple[float, float]:
    """Recorded and delivered luminosity of the `online` datasets of a run range [pb^-1], at a
    version if given.

    Sums that are older than their dataset, or missing, are made from the states; all of them when
    the `basis` has to prove them, or at a version.
    """
    rows = connection.execute(
        text(
            "SELECT d.run_number, c.brilcalc_recorded_luminosity,"
            "  c.brilcalc_delivered_luminosity, c.version = d.version AS fresh"
            ' FROM "Dataset" d LEFT JOIN "DatasetTripletCache" c USING (run_number, name)'
            " WHERE d.name = :online AND d.run_number BETWEEN :first AND :last"
        ),
        {"online": ONLINE, "first": runs[0], "last": runs[1]},
    ).all()
    believed = [row for row in rows if row.fresh and basis.is_quick and as_of is None]
    recorded = sum(row[1] for row in believed)
    delivered = sum(row[2] for row in believed)
    rest = sorted(
        {(row.run_number, ONLINE) for row in rows} - {(row.run_number, ONLINE) for row in believed}
    )
    for begin in range(0, len(rest), _BLOCK):
        found, _ = states_on(connection, rest[begin : begin + _BLOCK], basis, as_of=as_of)
        for state, _ in found.values():
            recorded += compact_luminosity(state, "recorded")
            delivered += compact_luminosity(state, "delivered")
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
    added = connection.execute(
        text(
            f'INSERT INTO "GeneratedJson" ({names}, deleted, "createdAt", "updatedAt")'
            f' VALUES ({given}, false, now(), now()) RETURNING id, "createdAt"'
        ),
        {
            column: js_stringify(values[column]) if column in _JSON_COLUMNS else values[column]
            for column in columns
        },
    ).one()
    outcome.leave_row(connection, '"GeneratedJson"', added)
    return int(added.id)


def announce(connection: Connection, ids: Sequence[int]) -> None:
    """Tells the listening clients, at commit, that lists were made or deleted."""
    connection.execute(
        text("SELECT pg_notify(:channel, news) FROM unnest(CAST(:news AS text[])) AS news"),
        {"channel": CHANNEL, "news": [f"{GOLDEN} {id_}" for id_ in ids]},
    )


def delete(connection: Connection, id_: int) -> None:
    """Takes a list out of all lists, as the web service does: its row stays."""
    gone = connection.execute(
        text(
            'UPDATE "GeneratedJson" SET deleted = true, "updatedAt" = now() WHERE id = :id'
            ' RETURNING id, deleted, "updatedAt"'
        ),
        {"id": id_},
    ).one()
    outcome.leave_row(connection, '"GeneratedJson"', gone)


def remember_provenance(
    connection: Connection,
    id_: int,
    *,
    program_version: str,
    sha256: str,
    datasets: JsonValue,
    by: str,
) -> None:
    """Keeps what makes the list exact: the state of each dataset it was made from."""
    connection.execute(
        text(
            "INSERT INTO record.generated_json_provenance"
            ' (generated_json_id, program_version, sha256, datasets, "by")'
            " VALUES (:id, :program_version, :sha256, CAST(:datasets AS jsonb), :by)"
        ),
        {
            "id": id_,
            "program_version": program_version,
            "sha256": sha256,
            "datasets": json.dumps(datasets),
            "by": by,
        },
    )


_NUMBERS = """
    (SELECT count(*) FROM jsonb_object_keys({list})),
    (SELECT coalesce(sum((pair ->> 1){to_int} - (pair ->> 0){to_int} + 1), 0)
        FROM jsonb_each({list}) AS run, jsonb_array_elements(run.value) AS pair)"""
"""How many runs and lumisections a list has."""
_OF_LISTS = _NUMBERS.format(list="generated_json", to_int="::int")
_OF_ALL = _NUMBERS.format(
    list="""CASE WHEN jsonb_typeof(generated_json) = 'object' AND NOT jsonb_path_exists(
        generated_json, 'strict $.* ? (@.type() != "array" || exists (@[*] ? (
            @.type() != "array" || @[0].type() != "number" || @[1].type() != "number"
            || @[0] < 0 || @[0] >= 2147483648 || @[1] < 0 || @[1] >= 2147483648)))', silent => true)
    THEN generated_json END""",
    to_int="::numeric::int",
)
"""The same where others may have stored what is no list, which has none. It takes the server four
times as long to find that out."""

_SAID = (
    "lower(dataset_name_filter || ' ' || tags || ' ' || created_by || ' #' || id"
    " || CASE WHEN official THEN ' official' ELSE '' END)"
)
"""What is searched for words of a list."""


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
    each_word = {f"word_{place}": word for place, word in enumerate(words.lower().split())}
    conditions = {
        "created_by = :created_by": created_by,
        "official = :official": official or None,
        **{f"strpos({_SAID}, :{name}) > 0": word for name, word in each_word.items()},
        "id < :before": before,
    }
    given = [condition for condition, value in conditions.items() if value is not None]
    return _entries(
        connection,
        " AND ".join(["true", *given]),
        {"created_by": created_by, "official": official, "before": before, **each_word},
        limit=limit,
    )


def row(connection: Connection, id_: int) -> JsonRow:
    """A generated JSON whole; NotFound when it isn't there or was deleted."""
    entry = _entries(connection, "id = :id", {"id": id_}, limit=1)
    if not entry:
        raise NotFound(f"There is no golden JSON {id_}.")
    found = (
        connection.execute(text('SELECT * FROM "GeneratedJson" WHERE id = :id'), {"id": id_})
        .mappings()
        .one()
    )
    for column in _OF_RUNS:
        if not _is_of_runs(found[column]):
            raise unreadable(id_, column)
    if isinstance(found["json_logic"], Unread):
        raise unreadable(id_, "json_logic")
    return JsonRow(
        entry[0],
        found["json_logic"],
        found["generated_json"],
        found["generated_json_with_dataset_names"],
        found["generated_anti_json"],
        found["generated_anti_json_with_dataset_names"],
        {column: found[column] for column in _LUMINOSITY_COLUMNS},
        as_object(found["rules_flagged_false_quantity_luminosity"]),
    )


def _is_of_runs(value: object) -> bool:
    """Whether a stored value has ranges of lumisections by run."""
    return isinstance(value, dict) and all(
        isinstance(ranges, list)
        and all(
            isinstance(pair, list)
            and len(pair) == 2
            and all(whole_number(number) is not None for number in pair)
            for pair in ranges
        )
        for ranges in value.values()
    )


def unreadable(id_: int, column: str) -> BadInput:
    """A list of which others have stored something else than a list is; an empty one in its place
    would be taken for what was certified."""
    return BadInput(
        f"Golden JSON {id_} can't be read: in its row of \"GeneratedJson\", {column} isn't what a"
        " list has there. Ask who made it to make it again, and to delete this one."
    )


def is_official(connection: Connection, id_: int) -> bool:
    """Whether a list is official; NotFound when it isn't there or was deleted."""
    found = connection.execute(
        text('SELECT official FROM "GeneratedJson" WHERE id = :id AND NOT deleted'), {"id": id_}
    ).scalar_one_or_none()
    if found is None:
        raise NotFound(f"There is no golden JSON {id_}.")
    return bool(found)


def _entries(
    connection: Connection, condition: str, parameters: Mapping[str, object], *, limit: int
) -> list[JsonEntry]:
    statement = (
        "SELECT id, dataset_name_filter, tags, created_by, official, runregistry_version,"
        ' "createdAt", min_run_number, max_run_number, {},'
        " recorded_luminosity_in_json, total_recorded_luminosity"
        f' FROM "GeneratedJson" WHERE NOT deleted AND {condition} ORDER BY id DESC LIMIT :limit'
    )
    given = {**parameters, "limit": limit}
    try:
        with connection.begin_nested():
            rows = connection.execute(text(statement.format(_OF_LISTS)), given).all()
    except sa_exc.DataError:
        rows = connection.execute(text(statement.format(_OF_ALL)), given).all()
    return [JsonEntry(*each) for each in rows]
