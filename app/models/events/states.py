"""Reading the folded state of datasets: from our read model where it is fresh, else from events."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

import numpy as np
from msgspec import Struct
from sqlalchemy import Connection

from app.domain.json_value import JsonObject, JsonValue, as_object, stored_value
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import (
    LAST_LUMISECTION,
    LumiRange,
    possible,
    ranges_of_numbers,
)
from app.domain.state.compact import CompactState
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import Triplet, triplet_from_json
from app.models.database.engine import BINARY, KEPT, READS
from app.models.database.kept import Kept
from app.models.events import event_columns, pending
from app.models.events.ground import WITH_DESK, WITHOUT_DESK, ground
from app.models.events.pending import Moment
from app.models.statements import key_arrays, text

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EventCounts:
    """How many lumisection events a state was folded from: RR, OMS of its own, OMS of `online`.

    Events are only ever added, so equal numbers mean the same events.
    """

    rr: int
    oms: int
    online_oms: int


class Loaded(Struct, frozen=True):
    """A folded state and what it was folded from."""

    state: DatasetState
    counts: EventCounts


class StoredEvent(Struct, frozen=True):
    """One lumisection event as stored: what it sets, where, and by which kind of author."""

    version: int
    run_number: int
    name: str
    manual: bool
    values: JsonObject
    ranges: tuple[LumiRange, ...]


Counted = tuple[CompactState, EventCounts]
"""A compact state and what it was folded from."""


class _Seen(Struct, frozen=True):
    """How many events a dataset had when all up to a number were there."""

    event: int
    counts: EventCounts


_SEEN, _SEEN_BYTES = "seen", 300
_MOST_SINCE = 20_000
"""So many newer events of everybody are looked through instead of counting those of datasets."""


def load(
    connection: Connection, keys: Collection[DatasetKey], *, desk: bool, as_of: int | None = None
) -> dict[DatasetKey, Loaded]:
    """Folded states of these datasets, at `atomic_version` `as_of` if given."""
    found, _ = load_compact(connection, keys, desk=desk, as_of=as_of)
    return {key: Loaded(found[key][0].expand(), found[key][1]) for key in keys}


def load_compact(
    connection: Connection, keys: Collection[DatasetKey], *, desk: bool, as_of: int | None = None
) -> tuple[dict[DatasetKey, Counted], dict[DatasetKey, Counted]]:
    """Compact states of these datasets, and those that had to be folded from events."""
    if as_of is not None:
        folded = fold_compact(connection, keys, as_of=as_of)
        return folded, folded
    return _load(connection, keys, desk=desk)


def load_since(
    connection: Connection, keys: Collection[DatasetKey], now: Moment
) -> dict[DatasetKey, Counted]:
    """The same for whoever looks again and again, in a transaction that only reads after the moment
    `now`: events of datasets that got none since the last look aren't counted again."""
    kept = _kept(connection)
    kept.know(now.ground)
    unchanged = _unchanged(connection, keys, kept, now)
    found, _ = _load(connection, [key for key in keys if key not in unchanged], desk=True)
    found |= unchanged
    if now.settled:
        for key, (_, counts) in found.items():
            kept.put((_SEEN, key), _Seen(now.event, counts), _SEEN_BYTES, ground=now.ground)
    return found


def _unchanged(
    connection: Connection, keys: Collection[DatasetKey], kept: Kept[object], now: Moment
) -> dict[DatasetKey, Counted]:
    """States that are kept, of datasets without an event since all of theirs were seen."""
    known: dict[DatasetKey, tuple[Counted, int]] = {}
    for key in keys:
        seen, counted = kept.get((_SEEN, key)), cast("Counted | None", kept.get(key))
        # What a slower thread has put there since may be older.
        if not isinstance(seen, _Seen) or counted is None or counted[1] != seen.counts:
            continue
        if 0 <= now.event - seen.event <= _MOST_SINCE:
            known[key] = counted, seen.event
    if not known:
        return {}
    newer = " UNION ".join(
        f'SELECT run_number, name FROM "{table}" WHERE version > :event'
        for table in ("LumisectionEvent", "OMSLumisectionEvent")
    )
    event = min(event for _, event in known.values())
    changed = {
        (run_number, name) for run_number, name in connection.execute(text(newer), {"event": event})
    }
    return {
        key: counted for key, (counted, _) in known.items() if not changed & {key, (key[0], ONLINE)}
    }


def _load(
    connection: Connection, keys: Collection[DatasetKey], *, desk: bool
) -> tuple[dict[DatasetKey, Counted], dict[DatasetKey, Counted]]:
    kept = cast("Kept[Counted]", _kept(connection))
    unknown = [key for key in keys if desk and kept.get(key) is None]
    numbers, now, stored = _counted(connection, keys, desk=desk, stored_of=unknown)
    kept.know(now)
    remembered = {
        key: known
        for key in keys
        if (known := kept.get(key)) is not None and known[1] == numbers[key]
    }
    found = stored | remembered
    asked = {*unknown, *found}
    if desk and (stale := [key for key in keys if key not in asked]):
        found |= _counted(connection, stale, desk=True, stored_of=stale)[2]
    left = [key for key in keys if key not in found]
    # All that is folded into `online` is read for the others of its run in any case.
    folded = fold_compact(connection, {*left, *((run_number, ONLINE) for run_number, _ in left)})
    found |= folded
    # What a transaction has read of its own events may never be there for others.
    if connection.get_execution_options().get(READS):
        for key in found.keys() - remembered.keys():
            kept.put(key, found[key], found[key][0].nbytes, ground=now)
    return found, folded


def moment(connection: Connection) -> Moment:
    """That of the primary, for whoever reads in a transaction after this one."""
    # The order counts: first the newest event, then who is writing.
    on, event = connection.execute(
        text(f'SELECT {WITH_DESK}, (SELECT coalesce(max(version), 0) FROM "Event")')
    ).one()
    return Moment(on, event, pending.nobody_writes(connection))


def checksum(key: DatasetKey, counts: EventCounts, content: bytes) -> bytes:
    """What the row of a state is known by: whose it is, what it was folded from, what it holds.

    A row that somebody changes by itself no longer fits, and is folded again.
    """
    said = f"{key[0]} {counts.rr} {counts.oms} {counts.online_oms} {key[1]}"
    return sha256(content + said.encode()).digest()


def fresh_compact(
    connection: Connection, keys: Collection[DatasetKey]
) -> dict[DatasetKey, Counted]:
    """States of our read model that were folded from just the events there are, and that are as
    they were written."""
    return _counted(connection, keys, desk=True, stored_of=keys)[2] if keys else {}


def event_counts(
    connection: Connection, keys: Collection[DatasetKey]
) -> dict[DatasetKey, EventCounts]:
    """How many events each of these datasets has now."""
    return _counted(connection, keys, desk=False)[0]


# Counted by scalars: grouped, the server would put aside every event to count those of its dataset.
_NUMBERS = """
    SELECT wanted.run_number, wanted.name,
      (SELECT count(*) FROM "LumisectionEvent" AS event
       WHERE event.run_number = wanted.run_number AND event.name = wanted.name) AS rr,
      (SELECT count(*) FROM "OMSLumisectionEvent" AS event
       WHERE event.run_number = wanted.run_number AND event.name = wanted.name) AS oms
"""
_COUNTED = f"""
    {_NUMBERS}, {WITHOUT_DESK} AS ground FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]))
      AS wanted(run_number, name)
"""
# One statement instead of three: an edit waits for each of them.
_COUNTED_AND_STORED = f"""
    {_NUMBERS}, {WITH_DESK} AS ground,
      stored.rr_events, stored.oms_events, stored.online_oms_events, stored.state, stored.checksum
    FROM ROWS FROM (unnest(CAST(:runs AS int[])), unnest(CAST(:names AS text[])),
      unnest(CAST(:with_state AS boolean[]))) AS wanted(run_number, name, with_state)
    LEFT JOIN LATERAL (
      SELECT * FROM desk.lumisection_state AS kept WHERE wanted.with_state
        AND kept.run_number = wanted.run_number AND kept.name = wanted.name OFFSET 0
    ) AS stored ON true
"""


def _counted(
    connection: Connection,
    keys: Collection[DatasetKey],
    *,
    desk: bool,
    stored_of: Collection[DatasetKey] = (),
) -> tuple[dict[DatasetKey, EventCounts], str, dict[DatasetKey, Counted]]:
    """How many events each of these datasets has now, the `ground` of these numbers, and where
    there is a desk the states of `stored_of` that fit them."""
    if not keys:
        return {}, ground(connection, desk=desk), {}
    both = sorted({*keys, *((run_number, ONLINE) for run_number, _ in keys)})
    given: dict[str, object] = {**key_arrays(both)}
    if desk:
        stored_of = {*stored_of}
        given["with_state"] = f"{{{','.join('t' if key in stored_of else 'f' for key in both)}}}"
    # A state takes half the bytes in binary, and isn't spelled out and read again.
    rows = connection.execute(
        text(_COUNTED_AND_STORED if desk else _COUNTED), given, execution_options={BINARY: True}
    ).all()
    found = {(row.run_number, row.name): (row.rr, row.oms) for row in rows}
    numbers = {key: EventCounts(*found[key], found[key[0], ONLINE][1]) for key in keys}
    if not desk:
        return numbers, rows[0].ground, {}
    stored: dict[DatasetKey, Counted] = {}
    last: CompactState | None = None
    for run_number, name, _, _, _, *counts, content, written in rows:
        key = (run_number, name)
        if content is None or EventCounts(*counts) != numbers[key]:
            continue
        like = last if last is not None and last.run_number == run_number else None
        if (state := _as_written(key, numbers[key], content, written, like)) is not None:
            stored[key] = state, numbers[key]
            last = state
    return numbers, rows[0].ground, stored


def _as_written(
    key: DatasetKey,
    counts: EventCounts,
    content: bytes,
    written: bytes,
    like: CompactState | None,
) -> CompactState | None:
    """The state of a row, or None when it isn't what was written; it shares with `like` what is the
    same."""
    if written == checksum(key, counts, content):
        return _readable(content, like)
    logger.warning(
        "What is kept of %s of run %d isn't what was written; it is folded again", key[1], key[0]
    )
    return None


def _kept(connection: Connection) -> Kept[object]:
    kept = connection.get_execution_options()[KEPT]
    assert isinstance(kept, Kept)
    return kept


def _readable(content: bytes, like: CompactState | None) -> CompactState | None:
    """The state, or None when another version of the program wrote it in its own format."""
    try:
        return CompactState.from_bytes(content, like)
    except (ValueError, KeyError):
        return None


def fold(
    connection: Connection, keys: Collection[DatasetKey], *, as_of: int | None = None
) -> dict[DatasetKey, Loaded]:
    """States of these datasets folded from their events."""
    return {
        key: Loaded(state.expand(), counts)
        for key, (state, counts) in fold_compact(connection, keys, as_of=as_of).items()
    }


def fold_compact(
    connection: Connection, keys: Collection[DatasetKey], *, as_of: int | None = None
) -> dict[DatasetKey, Counted]:
    """The same, in segments."""
    return {
        key: (each.state, EventCounts(*each.numbers))
        for key, each in event_columns.fold(connection, keys, as_of=as_of).items()
    }


def fold_events(
    key: DatasetKey,
    rr: Sequence[StoredEvent],
    own: Sequence[StoredEvent],
    online: Sequence[StoredEvent],
) -> Loaded:
    """State of one dataset from its RR events, its own OMS events and those of `online`."""
    run_number, name = key
    both = sorted(own if name == ONLINE else [*online, *own], key=lambda event: event.version)
    oms_grid: Grid[JsonValue] = with_changes(
        Grid.empty(), [(event.values, event.ranges) for event in both]
    )
    last = max((each.last for event in own for each in event.ranges), default=0)
    own_mask = np.zeros(last, np.bool_)
    for event in own:
        for first, last_of_range in event.ranges:
            own_mask[first - 1 : last_of_range] = True
    return Loaded(
        DatasetState(run_number, name, fold_rr(rr), oms_grid, own_mask),
        EventCounts(len(rr), len(own), len(online)),
    )


def fold_rr(events: Iterable[StoredEvent], *, ignore_manual: bool = False) -> Grid[Triplet]:
    """Fold of RR events: a person's word after every automatic one, then by version; by version
    alone with `ignore_manual`."""
    ordered = sorted(events, key=lambda event: (event.manual and not ignore_manual, event.version))
    parsed: dict[int, Mapping[str, Triplet]] = {}
    folded = []
    for event in ordered:
        values = parsed.get(id(event.values))
        if values is None:
            values = {column: triplet_from_json(each) for column, each in event.values.items()}
            parsed[id(event.values)] = values
        folded.append((values, event.ranges))
    return with_changes(Grid.empty(), folded)


def lengths(connection: Connection, keys: Collection[DatasetKey]) -> dict[DatasetKey, int]:
    """The last lumisection that any event covers in each of these datasets, 0 without any.

    Those of `online` count for the others, too: its OMS side is theirs.
    """
    if not keys:
        return {}
    parts = [
        f'SELECT e.run_number, e.name, max(a.last) AS last FROM "{table}" e CROSS JOIN LATERAL'
        f' (SELECT max(lumisection_number) AS last FROM "{table}Assignation"'
        "   WHERE version = e.version AND lumisection_number <= :greatest) a"
        " WHERE (e.run_number, e.name) IN (SELECT * FROM wanted) GROUP BY e.run_number, e.name"
        for table in ("LumisectionEvent", "OMSLumisectionEvent")
    ]
    both = {*keys, *((run_number, ONLINE) for run_number, _ in keys)}
    rows = connection.execute(
        text(
            "WITH wanted AS (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])))"
            f" SELECT run_number, name, last, false AS oms FROM ({parts[0]}) AS rr"
            f" UNION ALL SELECT run_number, name, last, true FROM ({parts[1]}) AS oms"
        ),
        {**key_arrays(both), "greatest": LAST_LUMISECTION},
    ).all()
    last: dict[tuple[int, str, bool], int] = {
        (run_number, name, oms): found or 0 for run_number, name, found, oms in rows
    }
    return {
        (run_number, name): max(
            last.get((run_number, name, False), 0),
            last.get((run_number, name, True), 0),
            last.get((run_number, ONLINE, True), 0),
        )
        for run_number, name in keys
    }


def rr_events(
    connection: Connection,
    keys: Collection[DatasetKey],
    *,
    as_of: int | None = None,
    only_manual: bool = False,
) -> list[StoredEvent]:
    """RR lumisection events of these datasets, or only those by hand, in no particular order."""
    manual = "AND e.manual_change" if only_manual else ""
    return _events(connection, "LumisectionEvent", "e.manual_change", keys, as_of, manual)


def oms_events(
    connection: Connection,
    keys: Collection[DatasetKey],
    *,
    as_of: int | None = None,
) -> list[StoredEvent]:
    """OMS lumisection events of just these datasets, in no particular order."""
    return _events(connection, "OMSLumisectionEvent", "false", keys, as_of)


def _events(
    connection: Connection,
    table: str,
    manual: str,
    keys: Collection[DatasetKey],
    as_of: int | None,
    which: str = "",
) -> list[StoredEvent]:
    if not keys:
        return []
    in_time = (
        ""
        if as_of is None
        else ' JOIN "Event" v ON v.version = e.version AND v.atomic_version <= :as_of'
    )
    rows = connection.execute(
        text(
            "SELECT e.version, e.run_number, e.name,"
            f" {manual} AS manual, e.lumisection_metadata_id, a.first, a.last, a.number"
            f' FROM "{table}" e{in_time} CROSS JOIN LATERAL ('
            "  SELECT min(lumisection_number) AS first, max(lumisection_number) AS last,"
            f'   count(*) AS number FROM "{table}Assignation" WHERE version = e.version) a'
            " WHERE (e.run_number, e.name) IN"
            f"  (SELECT * FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]))) {which}"
        ),
        {**key_arrays(keys), **({} if as_of is None else {"as_of": as_of})},
    ).all()
    scattered = {
        row.version for row in rows if row.number and row.number != row.last - row.first + 1
    }
    ranges_of = _scattered_ranges(connection, table, scattered)
    values_of = _payloads(connection, {row.lumisection_metadata_id for row in rows})
    return [
        StoredEvent(
            version,
            run_number,
            name,
            is_manual,
            values_of[metadata_id],
            # Of scattered lumisections there may be none that a run can have.
            ranges_of.get(version, ())
            if version in scattered
            else (possible(first, last) if number else ()),
        )
        for version, run_number, name, is_manual, metadata_id, first, last, number in rows
    ]


def _scattered_ranges(
    connection: Connection, table: str, versions: Collection[int]
) -> dict[int, tuple[LumiRange, ...]]:
    if not versions:
        return {}
    rows = connection.execute(
        text(
            "SELECT version, array_agg(lumisection_number)"
            f' FROM "{table}Assignation" WHERE version = ANY(:versions)'
            " AND lumisection_number BETWEEN 1 AND :greatest GROUP BY version"
        ),
        {"versions": list(versions), "greatest": LAST_LUMISECTION},
    )
    return {version: ranges_of_numbers(numbers) for version, numbers in rows}


def _payloads(connection: Connection, ids: Collection[int]) -> dict[int, JsonObject]:
    """Stored objects by id."""
    if not ids:
        return {}
    rows = connection.execute(
        text('SELECT id, "jsonb"::text FROM "JSONBDeduplication" WHERE id = ANY(:ids)'),
        {"ids": sorted(ids)},
    )
    return {id_: as_object(stored_value(content)) for id_, content in rows}


def grouped(events: Iterable[StoredEvent]) -> dict[DatasetKey, list[StoredEvent]]:
    """Events by dataset."""
    groups: dict[DatasetKey, list[StoredEvent]] = defaultdict(list)
    for event in events:
        groups[event.run_number, event.name].append(event)
    return groups
