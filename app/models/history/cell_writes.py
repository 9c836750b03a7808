"""Lumisection events with the action behind each, of which only those are made into writes that
somebody asks for: of a run of 700 lumisections nearly all events are its luminosity."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, cast

import numpy as np
from sqlalchemy import Connection

from app.domain.history.cells import Write
from app.domain.json_value import JsonObject, JsonValue, as_object, stored_value
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import (
    LAST_LUMISECTION,
    LumiRange,
    Mask,
    mask_of_ranges,
    possible,
    ranges_of_mask,
    ranges_of_numbers,
)
from app.domain.state.grid import Value
from app.domain.state.payloads import Indices
from app.domain.triplets import Triplet, triplet_from_json
from app.models.events.event_columns import arrays
from app.models.statements import text


@dataclass(frozen=True)
class _Side(Generic[Value]):
    """RR columns or OMS attributes: their table, whose word counts more, what an object says."""

    table: str
    manual: str
    parsed: Callable[[JsonObject], Mapping[str, Value]]


def _triplets(content: JsonObject) -> Mapping[str, Triplet]:
    return {column: triplet_from_json(each) for column, each in content.items()}


def _values(content: JsonObject) -> Mapping[str, JsonValue]:
    return content


_RR: _Side[Triplet] = _Side("LumisectionEvent", "e.manual_change", _triplets)
_OMS: _Side[JsonValue] = _Side("OMSLumisectionEvent", "false", _values)


@dataclass(frozen=True, eq=False)
class _Events(Generic[Value]):
    """All events of some datasets: the place of the dataset in `keys`, number, version, whether by
    hand, the object, and the first, the last, and the number of the lumisections of each."""

    side: _Side[Value]
    keys: Sequence[DatasetKey]
    of: Indices
    event: Indices
    version: Indices
    manual: Indices
    payload: Indices
    first: Indices
    last: Indices
    number: Indices

    def of_versions(self, versions: Collection[int]) -> Mask:
        """Those of these versions."""
        return np.isin(self.version, np.array(sorted(versions), np.intp))

    def meeting(self, within: Mask) -> Mask:
        """Those that may cover any of these lumisections."""
        before = np.concatenate([[0], np.cumsum(within)])
        covered = before[np.clip(self.last, 0, within.size)]
        covered = covered - before[np.clip(self.first - 1, 0, within.size)]
        return cast("Mask", (self.number > 0) & (covered > 0))

    def lengths(self) -> dict[DatasetKey, int]:
        """The last lumisection that any event of each dataset covers, 0 without any."""
        longest = np.zeros(len(self.keys), np.intp)
        np.maximum.at(longest, self.of, np.where(self.number > 0, self.last, 0))
        return dict(zip(self.keys, longest.tolist(), strict=True))

    def ranges(self, connection: Connection, which: Indices) -> list[tuple[LumiRange, ...]]:
        """The lumisections of some of the events, without those that no run can have, which the web
        service lets through."""
        first, last, number = self.first[which], self.last[which], self.number[which]
        scattered = (number > 0) & (number != last - first + 1)
        apart = _scattered(connection, self.side.table, self.event[which[scattered]].tolist())
        return [
            apart.get(event, ()) if of_many else (possible(begin, end) if count else ())
            for event, begin, end, count, of_many in zip(
                self.event[which].tolist(),
                first.tolist(),
                last.tolist(),
                number.tolist(),
                scattered.tolist(),
                strict=True,
            )
        ]


@dataclass(frozen=True)
class WritesAround(Generic[Value]):
    """What some versions wrote into datasets, with all that tells what they changed there: writes
    of each dataset, in no particular order, and how many lumisections it has."""

    writes: Mapping[DatasetKey, Sequence[Write[Value]]]
    lengths: Mapping[DatasetKey, int]


def rr_writes(
    connection: Connection,
    keys: Collection[DatasetKey],
    *,
    as_of: int | None = None,
    setting: Collection[str] | None = None,
    within: Sequence[LumiRange] | None = None,
) -> dict[DatasetKey, list[Write[Triplet]]]:
    """RR writes of each of these datasets, up to and with a version if given: those that set any of
    the columns `setting`, and that may cover any of the lumisections `within`."""
    events = _read(connection, _RR, keys, as_of)
    return _by_key(keys, _made(connection, events, _where(events, within), setting))


def oms_writes(
    connection: Connection,
    keys: Collection[DatasetKey],
    *,
    as_of: int | None = None,
    setting: Collection[str] | None = None,
    within: Sequence[LumiRange] | None = None,
    bare: bool = False,
) -> dict[DatasetKey, list[Write[JsonValue]]]:
    """OMS writes that make the values of each dataset, its own and those of `online`: those that
    set any of the attributes `setting`, and that may cover any of the lumisections `within`; with
    `bare` the others too, without values."""
    events = _read(connection, _OMS, _with_online(keys), as_of)
    found = _made(connection, events, _where(events, within), setting, bare=bare)
    return _following_online(keys, _by_key(events.keys, found))


def rr_around(
    connection: Connection,
    keys: Collection[DatasetKey],
    versions: Collection[int],
    *,
    as_of: int | None = None,
) -> WritesAround[Triplet]:
    """RR writes around those of some versions."""
    events = _read(connection, _RR, keys, as_of)
    found = _by_key(events.keys, _around(connection, events, versions))
    return WritesAround({key: found[key] for key in keys}, events.lengths())


def oms_around(
    connection: Connection,
    keys: Collection[DatasetKey],
    versions: Collection[int],
    *,
    as_of: int | None = None,
) -> WritesAround[JsonValue]:
    """OMS writes around those of some versions, of each dataset also those of `online`."""
    events = _read(connection, _OMS, _with_online(keys), as_of)
    found = _by_key(events.keys, _around(connection, events, versions))
    own = events.lengths()
    return WritesAround(
        _following_online(keys, found),
        {(run, name): max(own[run, name], own[run, ONLINE]) for run, name in keys},
    )


def came_with(
    connection: Connection, keys: Collection[DatasetKey], version: int
) -> dict[DatasetKey, tuple[LumiRange, ...]]:
    """Lumisections that came to each dataset with a version: OMS events of the dataset, or those of
    `online`, cover them since then."""
    events = _read(connection, _OMS, _with_online(keys), None)
    until = np.flatnonzero((events.version <= version) & (events.number > 0))
    of, versions = events.of[until].tolist(), events.version[until].tolist()
    length = int(events.last[until].max(initial=0))
    there = np.zeros((len(events.keys), 2, length), np.bool_)
    for place, made, ranges in zip(of, versions, events.ranges(connection, until), strict=True):
        for first, last in ranges:
            there[place, int(made == version), first - 1 : last] = True
    new = there[:, 1] & ~there[:, 0]
    place_of = {key: place for place, key in enumerate(events.keys)}
    return {
        (run, name): ranges_of_mask(new[place_of[run, name]] | new[place_of[run, ONLINE]])
        for run, name in keys
    }


def _with_online(keys: Collection[DatasetKey]) -> set[DatasetKey]:
    return {*keys, *((run_number, ONLINE) for run_number, _ in keys)}


def _following_online(
    keys: Collection[DatasetKey], own: Mapping[DatasetKey, list[Write[JsonValue]]]
) -> dict[DatasetKey, list[Write[JsonValue]]]:
    return {
        (run, name): [*own[run, ONLINE], *(own[run, name] if name != ONLINE else ())]
        for run, name in keys
    }


def _by_key(
    keys: Collection[DatasetKey], found: Sequence[tuple[DatasetKey, Write[Value]]]
) -> dict[DatasetKey, list[Write[Value]]]:
    by_key: dict[DatasetKey, list[Write[Value]]] = {key: [] for key in keys}
    for key, write in found:
        by_key[key].append(write)
    return by_key


def _where(events: _Events[Value], within: Sequence[LumiRange] | None) -> Indices:
    if within is None:
        return np.arange(events.event.size)
    # Somebody may ask for lumisections far beyond the last one.
    asked = max((each.last for each in within), default=0)
    length = min(max(asked, 0), int(events.last.max(initial=0)))
    return np.flatnonzero(events.meeting(mask_of_ranges(within, length)))


def _around(
    connection: Connection, events: _Events[Value], versions: Collection[int]
) -> list[tuple[DatasetKey, Write[Value]]]:
    """The writes of the versions, and all others that set any of what these set, where they did."""
    chosen = events.of_versions(versions)
    found = _made(connection, events, np.flatnonzero(chosen), None)
    written = [each for _, write in found for each in write.ranges]
    within = mask_of_ranges(written, max((each.last for each in written), default=0))
    setting = {key for _, write in found for key in write.values}
    others = np.flatnonzero(events.meeting(within) & ~chosen)
    return found + _made(connection, events, others, setting)


def _read(
    connection: Connection, side: _Side[Value], keys: Collection[DatasetKey], as_of: int | None
) -> _Events[Value]:
    ordered = sorted(keys)
    if not ordered:
        nothing = np.zeros(0, np.intp)
        return _Events(side, ordered, *(nothing for _ in range(8)))
    in_time = "" if as_of is None else " AND atomic_version <= :as_of"
    columns = ("place", "event", "version", "manual", "payload", "first", "last", "number")
    found = arrays(
        connection,
        # OFFSET has the version of each event looked up, and nothing else of its table read.
        f"SELECT (k.place - 1)::int AS place, e.version AS event, action.atomic_version AS version,"
        f" ({side.manual})::int AS manual, e.lumisection_metadata_id AS payload,"
        " coalesce(a.first, 0) AS first, least(coalesce(a.last, 0), :greatest) AS last,"
        " a.number::int AS number"
        " FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]))"
        "  WITH ORDINALITY AS k(run_number, name, place)"
        f' JOIN "{side.table}" e USING (run_number, name)'
        ' CROSS JOIN LATERAL (SELECT atomic_version FROM "Event"'
        f"  WHERE version = e.version{in_time} OFFSET 0) AS action CROSS JOIN LATERAL ("
        "  SELECT min(lumisection_number) AS first, max(lumisection_number) AS last,"
        f'   count(*) AS number FROM "{side.table}Assignation" WHERE version = e.version) a',
        columns,
        {
            "runs": [run for run, _ in ordered],
            "names": [name for _, name in ordered],
            "greatest": LAST_LUMISECTION,
            **({} if as_of is None else {"as_of": as_of}),
        },
    )
    return _Events(side, ordered, *found)


def _made(
    connection: Connection,
    events: _Events[Value],
    which: Indices,
    setting: Collection[str] | None,
    *,
    bare: bool = False,
) -> list[tuple[DatasetKey, Write[Value]]]:
    """Writes of some of the events, each with its dataset: those that set any of the keys if
    given; with `bare` all events there are, without values where they aren't among these."""
    # A set: NumPy's own way brings its masked arrays along, and the start of a window waits for it.
    ids = sorted(set(events.payload[which].tolist()))
    values_of = {
        id_: events.side.parsed(content)
        for id_, content in _payloads(connection, ids, setting).items()
    }
    known = np.isin(events.payload, np.array(sorted(values_of), np.intp))
    told = np.zeros(events.event.size, np.bool_)
    told[which] = True
    told &= known
    places = np.arange(told.size) if bare else np.flatnonzero(told)
    nothing: Mapping[str, Value] = {}
    found = []
    for of, event, version, manual, payload, is_told, ranges in zip(
        events.of[places].tolist(),
        events.event[places].tolist(),
        events.version[places].tolist(),
        events.manual[places].tolist(),
        events.payload[places].tolist(),
        told[places].tolist(),
        events.ranges(connection, places),
        strict=True,
    ):
        key = events.keys[of]
        values = values_of[payload] if is_told else nothing
        found.append((key, Write(event, version, key[1], manual > 0, values, ranges)))
    return found


def _scattered(
    connection: Connection, table: str, events: Sequence[int]
) -> dict[int, tuple[LumiRange, ...]]:
    if not events:
        return {}
    rows = connection.execute(
        text(
            "SELECT version, array_agg(lumisection_number)"
            f' FROM "{table}Assignation" WHERE version = ANY(:events)'
            " AND lumisection_number BETWEEN 1 AND :greatest GROUP BY version"
        ),
        {"events": sorted(events), "greatest": LAST_LUMISECTION},
    )
    return {event: ranges_of_numbers(numbers) for event, numbers in rows}


def _payloads(
    connection: Connection, ids: Sequence[int], setting: Collection[str] | None
) -> dict[int, JsonObject]:
    """Stored objects by id, or those among them that have any of the keys."""
    if not ids or (setting is not None and not setting):
        return {}
    which = "" if setting is None else ' AND jsonb_exists_any("jsonb", CAST(:setting AS text[]))'
    rows = connection.execute(
        text(
            f'SELECT id, "jsonb"::text FROM "JSONBDeduplication"'
            f" WHERE id = ANY(CAST(:ids AS int[])){which}"
        ),
        # Its text: the driver would look at each number for what has to be quoted.
        {
            "ids": f"{{{','.join(map(str, ids))}}}",
            **({} if setting is None else {"setting": sorted(setting)}),
        },
    )
    return {id_: as_object(stored_value(content)) for id_, content in rows}
