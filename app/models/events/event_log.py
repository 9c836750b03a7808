"""Appending to the event tables: one action, its versions, its events, all in one transaction.

Every function here writes with a fixed number of statements, whatever the number of lumisections.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import TypeAlias, cast

from msgspec import Struct
from sqlalchemy import Connection

from app.domain.errors import Refused
from app.domain.identity import is_manual
from app.domain.json_value import (
    JsonObject,
    JsonValue,
    js_number,
    js_stringify,
    text_hash,
)
from app.domain.lumisections import LumiRange, join
from app.domain.triplets import Triplet
from app.models.database import outcome
from app.models.database.engine import GUARDED
from app.models.database.identity import PULLER
from app.models.database.listen import CHANNEL
from app.models.events import projections
from app.models.statements import text

LumisectionPayload = tuple[Mapping[str, object], Sequence[LumiRange]]
"""Values of one event and the lumisections it covers."""

_NAMED = 10


@dataclass(frozen=True)
class RunChange:
    """Attributes of a run that get a new value; `deleted` stays as it is when None."""

    run_number: int
    oms: JsonObject = field(default_factory=dict)
    rr: JsonObject = field(default_factory=dict)
    deleted: bool | None = None


@dataclass(frozen=True)
class DatasetChange:
    """Attributes of a dataset that get a new value; `deleted` stays as it is when None."""

    run_number: int
    name: str
    attributes: JsonObject = field(default_factory=dict)
    datasets_in_gui: tuple[str, ...] = ()
    deleted: bool | None = None


class LumisectionChange(Struct, frozen=True):
    """New values of columns (`oms` false) or of OMS attributes (`oms` true) of one dataset."""

    run_number: int
    name: str
    events: Sequence[LumisectionPayload]
    oms: bool = False


Change = RunChange | DatasetChange | LumisectionChange


StoredObjects: TypeAlias = dict[int, tuple[Mapping[str, object], int]]
"""Values of events by their `id()`, each with its row in `JSONBDeduplication`."""


def append(
    connection: Connection,
    by: str,
    comment: str,
    changes: Sequence[Change],
    stored: StoredObjects | None = None,
) -> int:
    """Writes one version with the events of `changes`, in order, and the folds of the runs and
    datasets they touch; returns its `atomic_version`.

    A lumisection change also bumps its dataset. The caller holds the locks of the runs and
    afterwards brings the lumisection summaries up to date (`projections.store`). `stored` are
    values that came before in the same transaction, such as those that every dataset of a run
    takes over from `online`; those of this version are added.
    """
    stored = {} if stored is None else stored
    manual = is_manual(by)
    runs = [each for each in changes if isinstance(each, RunChange)]
    lumisections = [each for each in changes if isinstance(each, LumisectionChange) and each.events]
    datasets = [each for each in changes if isinstance(each, DatasetChange)]
    named = {(each.run_number, each.name) for each in datasets}
    bumped = {(each.run_number, each.name) for each in lumisections} - named
    datasets.extend(DatasetChange(*key) for key in sorted(bumped))

    count = sum(len(each.events) for each in lumisections)
    atomic_version, versions = _new_version(
        connection, by, comment, len(runs) + count + len(datasets)
    )
    # A dataset's own event comes last, so that its version says which lumisection events it saw.
    lumisections_from, datasets_from = len(runs), len(runs) + count
    _append_runs(connection, runs, versions[:lumisections_from], manual=manual)
    _append_datasets(connection, datasets, versions[datasets_from:])
    at = lumisections_from
    for oms in (False, True):
        chosen = [each for each in lumisections if each.oms is oms]
        count = sum(len(each.events) for each in chosen)
        _append_lumisections(
            connection, chosen, versions[at : at + count], stored, oms=oms, manual=manual
        )
        at += count
    return atomic_version


def _new_version(
    connection: Connection, by: str, comment: str, events: int
) -> tuple[int, list[int]]:
    """Makes a version with so many events, and announces it; its number and theirs, ascending.

    One statement instead of three. The events come from the row of the version, so they and their
    triggers follow it and its own.
    """
    atomic_version, written_at, versions, _ = connection.execute(
        text(
            'WITH made AS (INSERT INTO "Version" ("by", "comment", "createdAt")'
            '  VALUES (:by, :comment, now()) RETURNING atomic_version, "createdAt"),'
            ' numbered AS (INSERT INTO "Event" (version, atomic_version)'
            """  SELECT nextval('"Event_version_seq"'), made.atomic_version"""
            "  FROM made, generate_series(1, :events) RETURNING version)"
            ' SELECT atomic_version, "createdAt",'
            "  ARRAY(SELECT version FROM numbered ORDER BY version),"
            "  pg_notify(:channel, atomic_version::text) FROM made"
        ),
        {"by": by, "comment": comment, "events": events, "channel": CHANNEL},
    ).one()
    mark = {"atomic_version": atomic_version, "by": by, "createdAt": written_at}
    outcome.leave(connection, '"Version"', mark)
    return int(atomic_version), [int(version) for version in versions]


def _append_runs(
    connection: Connection, runs: Sequence[RunChange], versions: Sequence[int], *, manual: bool
) -> None:
    if not runs:
        return
    connection.execute(
        text(
            'INSERT INTO "RunEvent"'
            " (version, run_number, oms_metadata, rr_metadata, deleted, manual_change)"
            " SELECT new.version, new.run_number, new.oms::jsonb, new.rr::jsonb,"
            '  coalesce(new.deleted, (SELECT deleted FROM "Run" known'
            "   WHERE known.run_number = new.run_number), false), :manual"
            " FROM unnest(CAST(:versions AS int[]), CAST(:runs AS int[]), CAST(:oms AS text[]),"
            "  CAST(:rr AS text[]), CAST(:deleted AS boolean[]))"
            "  AS new(version, run_number, oms, rr, deleted)"
        ),
        {
            "versions": list(versions),
            "runs": [each.run_number for each in runs],
            "oms": [js_stringify(each.oms) for each in runs],
            "rr": [js_stringify(each.rr) for each in runs],
            "deleted": [each.deleted for each in runs],
            "manual": manual,
        },
    )
    projections.fold_runs(connection, {each.run_number for each in runs})


def _append_datasets(
    connection: Connection, datasets: Sequence[DatasetChange], versions: Sequence[int]
) -> None:
    if not datasets:
        return
    connection.execute(
        text(
            'INSERT INTO "DatasetEvent"'
            " (version, run_number, name, dataset_metadata, datasets_in_gui, deleted)"
            " SELECT new.version, new.run_number, new.name, new.attributes::jsonb, new.gui::jsonb,"
            '  coalesce(new.deleted, (SELECT deleted FROM "Dataset" known'
            "   WHERE known.run_number = new.run_number AND known.name = new.name), false)"
            " FROM unnest(CAST(:versions AS int[]), CAST(:runs AS int[]), CAST(:names AS text[]),"
            "  CAST(:attributes AS text[]), CAST(:gui AS text[]), CAST(:deleted AS boolean[]))"
            "  AS new(version, run_number, name, attributes, gui, deleted)"
        ),
        {
            "versions": list(versions),
            "runs": [each.run_number for each in datasets],
            "names": [each.name for each in datasets],
            "attributes": [js_stringify(each.attributes) for each in datasets],
            "gui": [js_stringify(each.datasets_in_gui) for each in datasets],
            "deleted": [each.deleted for each in datasets],
        },
    )
    projections.fold_datasets(connection, {(each.run_number, each.name) for each in datasets})


def _append_lumisections(
    connection: Connection,
    changes: Sequence[LumisectionChange],
    versions: Sequence[int],
    stored: StoredObjects,
    *,
    oms: bool,
    manual: bool,
) -> None:
    if not changes:
        return
    flat = [(each.run_number, each.name, *event) for each in changes for event in each.events]
    ids = _ids_of(connection, [payload for _, _, payload, _ in flat], stored)
    table, manual_column, manual_value = (
        ("OMSLumisectionEvent", "", "")
        if oms
        else ("LumisectionEvent", ", manual_change", ", CAST(:manual AS boolean)")
    )
    connection.execute(
        text(
            f'INSERT INTO "{table}"'
            f" (version, run_number, name, lumisection_metadata_id{manual_column})"
            f" SELECT new.version, new.run_number, new.name, new.metadata_id{manual_value}"
            " FROM unnest(CAST(string_to_array(:versions, ',') AS int[]),"
            "  CAST(string_to_array(:runs, ',') AS int[]), CAST(:names AS text[]),"
            "  CAST(string_to_array(:ids, ',') AS int[]))"
            "  AS new(version, run_number, name, metadata_id)"
        ),
        {
            "versions": _joined(versions),
            "runs": _joined(run_number for run_number, *_ in flat),
            "names": [name for _, name, *_ in flat],
            "ids": _joined(ids),
            **({} if oms else {"manual": manual}),
        },
    )
    covered = [
        (version, first, last)
        for version, (_, _, _, ranges) in zip(versions, flat, strict=True)
        for first, last in (ranges if len(ranges) == 1 else join(ranges))
    ]
    connection.execute(
        text(
            f'INSERT INTO "{table}Assignation" (version, lumisection_number)'
            " SELECT new.version, generate_series(new.first, new.last)"
            " FROM unnest(CAST(string_to_array(:versions, ',') AS int[]),"
            "  CAST(string_to_array(:firsts, ',') AS int[]),"
            "  CAST(string_to_array(:lasts, ',') AS int[])) AS new(version, first, last)"
        ),
        {
            "versions": _joined(version for version, _, _ in covered),
            "firsts": _joined(first for _, first, _ in covered),
            "lasts": _joined(last for _, _, last in covered),
        },
    )


def _ids_of(
    connection: Connection, payloads: Sequence[Mapping[str, object]], stored: StoredObjects
) -> list[int]:
    """Rows of `JSONBDeduplication` that hold these values; each object is written once."""
    new = {id(payload): payload for payload in payloads if id(payload) not in stored}
    ids = deduplicated(connection, texts_of(new.values())) if new else []
    stored.update((key, (new[key], row)) for key, row in zip(new, ids, strict=True))
    return [stored[id(payload)][1] for payload in payloads]


def _joined(numbers: Iterable[int]) -> str:
    """Numbers as the server takes them apart, ten times quicker than as an array."""
    return ",".join(map(str, numbers))


def canonical(payload: Mapping[str, object]) -> JsonObject:
    """The object in our one key order: names sorted, a triplet as status, comment, cause."""
    return {
        key: cast("JsonValue", value.as_json() if isinstance(value, Triplet) else value)
        for key, value in sorted(payload.items())
    }


def texts_of(payloads: Iterable[Mapping[str, object]]) -> list[str]:
    """The text of each in our one key order; names and values, which come again and again, are
    sorted and written once."""
    orders: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    numbered: set[str] = set()
    texts: dict[str, str] = {}
    triplets: dict[Triplet, str] = {}
    found = []
    for payload in payloads:
        parts = []
        shape = tuple(payload)
        order = orders.get(shape)
        if order is None:
            order = orders[shape] = [(name, f"{js_stringify(name)}:") for name in sorted(shape)]
            numbered.update(name for name in shape if name[:1].isdigit())
        for name, written in order:
            value = payload[name]
            if value is True:
                text_ = "true"
            elif value is False:
                text_ = "false"
            elif value.__class__ is str:
                known = texts.get(value)
                if known is None:
                    known = texts[value] = js_stringify(value)
                text_ = known
            elif value.__class__ is float and isfinite(value):
                text_ = js_number(value)
            elif isinstance(value, Triplet):
                known = triplets.get(value)
                if known is None:
                    known = triplets[value] = js_stringify(value.as_json())
                text_ = known
            else:
                text_ = js_stringify(value)
            parts.append(written + text_)
        # JavaScript puts names that are numbers before all others.
        if numbered and not numbered.isdisjoint(payload):
            found.append(js_stringify(canonical(payload)))
        else:
            found.append(f"{{{','.join(parts)}}}")
    return found


def deduplicated(connection: Connection, texts: Sequence[str]) -> list[int]:
    """Ids in `JSONBDeduplication` of objects, in their order; new ones are stored once.

    Two writers of the same object end with one row: the second waits for the first and reads it.
    Raises Refused when a row has the hash of one of them and holds something else.
    """
    if connection.get_execution_options().get(GUARDED) not in {None, PULLER}:
        ids = connection.execute(
            text("SELECT guard.json_ids(CAST(:texts AS text[]))"), {"texts": list(texts)}
        ).scalar_one()
        return [int(id_) for id_ in ids]
    hashes = [text_hash(each) for each in texts]
    by_hash = dict(zip(hashes, texts, strict=True))
    known = _stored(connection, by_hash)
    # Those that somebody else has stored since the statement began: it couldn't see them.
    meanwhile = {each: by_hash[each] for each in by_hash if each not in known}
    if meanwhile:
        known.update(_stored(connection, meanwhile))
    return [known[each] for each in hashes]


class StoredObject(Struct, frozen=True):
    """A row of `JSONBDeduplication`; `content` is None where it is longer than was asked for."""

    id: int
    hash: str
    content: str | None


def stored_objects(
    connection: Connection, *, after: int | None, limit: int, longest: int
) -> list[StoredObject]:
    """Rows that can be found by hash, by ascending id, `limit` at most, behind `after`."""
    rows = connection.execute(
        text(
            # OFFSET 0 keeps the server from making the text of each object twice.
            "SELECT id, hash, CASE WHEN length(content) <= :longest THEN content END"
            ' FROM (SELECT id, left(unique_hash, 100) AS hash, "jsonb"::text AS content'
            '  FROM "JSONBDeduplication"'
            f"  {'' if after is None else 'WHERE id > :after'} ORDER BY id LIMIT :limit OFFSET 0)"
            " AS found ORDER BY id"
        ),
        {"limit": limit, "longest": longest, **({} if after is None else {"after": after})},
    )
    return [StoredObject(*row) for row in rows]


def newest_object(connection: Connection) -> int:
    """The greatest id of `JSONBDeduplication`, 0 while it is empty."""
    return int(
        connection.execute(text('SELECT coalesce(max(id), 0) FROM "JSONBDeduplication"')).scalar()
        or 0
    )


def _stored(connection: Connection, by_hash: Mapping[str, str]) -> dict[str, int]:
    """Ids by hash of these objects, those that weren't there stored now.

    Whoever may insert can put any content behind the hash of an object, and so change what others
    say under their own name. So what is found is compared.
    """
    # In one order everywhere, so that two writers of overlapping sets can't wait for each other.
    hashes = sorted(by_hash)
    # One document instead of an array of texts: ten thousands of them are escaped slowly.
    rows = connection.execute(
        text(
            "WITH new AS (SELECT object, hash, place"
            "  FROM ROWS FROM (jsonb_array_elements(CAST(:objects AS jsonb)),"
            "   unnest(string_to_array(:hashes, ',')))"
            "  WITH ORDINALITY AS new(object, hash, place)),"
            ' known AS (SELECT new.hash, found.id, found."jsonb" = new.object AS same'
            '  FROM new JOIN "JSONBDeduplication" AS found ON found.unique_hash = new.hash),'
            ' added AS (INSERT INTO "JSONBDeduplication" ("jsonb", unique_hash)'
            "  SELECT object, hash FROM new"
            "  WHERE NOT EXISTS (SELECT FROM known WHERE known.hash = new.hash) ORDER BY place"
            "  ON CONFLICT (unique_hash) DO NOTHING RETURNING unique_hash, id)"
            " SELECT hash, id, same FROM known UNION ALL SELECT unique_hash, id, true FROM added"
        ),
        {
            "objects": f"[{','.join(by_hash[each] for each in hashes)}]",
            "hashes": ",".join(hashes),
        },
    ).all()
    false = sorted(int(id_) for _, id_, same in rows if not same)
    if false:
        raise Refused(_says_something_else(false))
    return {str(unique_hash): int(id_) for unique_hash, id_, _ in rows}


def _says_something_else(ids: Sequence[int]) -> str:
    which = (
        f"The row {ids[0]} of JSONBDeduplication has"
        if len(ids) == 1
        else f"The rows {', '.join(map(str, ids[:_NAMED]))}{' ...' if len(ids) > _NAMED else ''}"
        " of JSONBDeduplication have"
    )
    return (
        f"{which} the hash of what was to be stored, but other content. Nothing was stored: it"
        " would have said something else in your name. Tell the administrator of the database;"
        " run-registry db check --deep names all such rows."
    )
