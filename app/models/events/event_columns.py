"""Lumisection events read whole, as arrays: what states are folded from."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

import numpy as np
from msgspec import Struct
from sqlalchemy import Connection

from app.domain.json_value import JsonValue, as_object, stored_value
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LAST_LUMISECTION
from app.domain.state.compact import CompactState
from app.domain.state.folding import EventColumns, fold_states
from app.domain.state.payloads import Indices, PayloadGroup
from app.domain.triplets import Triplet, triplet_from_json
from app.models.statements import integers, text

_DATASETS = 100
"""Datasets folded in one go, and those of a run that is begun."""
_PAYLOADS = 50_000
"""Stored objects read in one go."""
_EVENTS = 10_000
"""Events whose lumisections are read in one go: few beside those of all tables."""

RECORDED, DELIVERED = "recorded", "delivered"
# Of RR events, which are few and long. What OMS says differs in nearly each lumisection: to look up
# how far each of so many events goes takes several times as long as to read their lumisections.
_TOLD = (
    ", e.manual_change::int AS manual, coalesce(a.first, 0) AS first, coalesce(a.last, 0) AS last,"
    " a.number::int AS number"
)
_EXTENT = """
    CROSS JOIN LATERAL (
        SELECT min(lumisection_number) AS first, max(lumisection_number) AS last,
            count(*) AS number FROM "{table}Assignation" WHERE version = e.version
    ) a
"""
_PLAIN = """
    SELECT "jsonb"::text, int4send(id), NULL, NULL
    FROM "JSONBDeduplication" WHERE id = ANY(CAST(:ids AS int[]))
"""
_NUMBER = """CASE WHEN jsonb_typeof("jsonb" -> '{key}') = 'number' THEN "jsonb" ->> '{key}' END"""
# The subselects are fences: what they make would else be made again wherever it is named.
_NUMERIC = f"""
    SELECT rest, string_agg(int4send(id), ''), string_agg(recorded, ','),
        string_agg(delivered, ',')
    FROM (
        SELECT id, recorded, delivered,
            (CASE WHEN recorded IS NULL AND delivered IS NULL THEN "jsonb"
                ELSE "jsonb" - ARRAY[CASE WHEN recorded IS NOT NULL THEN '{RECORDED}' END,
                    CASE WHEN delivered IS NOT NULL THEN '{DELIVERED}' END] END)::text
                COLLATE "C" AS rest
        FROM (
            SELECT id, "jsonb", {_NUMBER.format(key=RECORDED)} AS recorded,
                {_NUMBER.format(key=DELIVERED)} AS delivered
            FROM "JSONBDeduplication" WHERE id = ANY(CAST(:ids AS int[])) OFFSET 0
        ) AS given OFFSET 0
    ) AS parted GROUP BY rest, recorded IS NULL, delivered IS NULL
"""

Value = TypeVar("Value")


class Folded(Struct, frozen=True):
    """A state with the numbers of events it was folded from, RR, OMS of its own, OMS of `online`,
    and with the newest of these, 0 without any."""

    state: CompactState
    numbers: tuple[int, int, int]
    newest: int
    odd: tuple[int, ...] = ()
    """Rows of `JSONBDeduplication` that can't be read, or not whole: all the rest counts."""


def fold(
    connection: Connection, keys: Collection[DatasetKey], *, as_of: int | None = None
) -> dict[DatasetKey, Folded]:
    """States of these datasets, folded a few runs after the other: events are most of the memory it
    takes."""
    found: dict[DatasetKey, Folded] = {}
    some: list[DatasetKey] = []
    for _, of_run in groupby(sorted(set(keys)), key=itemgetter(0)):
        some += of_run
        if len(some) >= _DATASETS:
            found |= _fold(connection, some, as_of)
            some = []
    return found | _fold(connection, some, as_of) if some else found


def _fold(
    connection: Connection, wanted: Sequence[DatasetKey], as_of: int | None
) -> dict[DatasetKey, Folded]:
    oms_keys = sorted({*wanted, *((run_number, ONLINE) for run_number, _ in wanted)})
    rr, odd_rr = _columns(connection, "LumisectionEvent", wanted, as_of, _triplets)
    oms, odd_oms = _columns(connection, "OMSLumisectionEvent", oms_keys, as_of, _values, oms=True)
    odd = _by_key(odd_rr, wanted) | _by_key(odd_oms, oms_keys)
    rr_events, oms_events = _known(rr, wanted), _known(oms, oms_keys)
    found = {}
    for key, state in zip(wanted, fold_states(wanted, rr, oms, oms_keys), strict=True):
        of_both = (rr_events[key], oms_events[key], oms_events[key[0], ONLINE])
        (rr_number, own_number, online_number), newest = zip(*of_both, strict=True)
        said = odd.get(key, ()) if odd else ()
        found[key] = Folded(state, (rr_number, own_number, online_number), max(newest), said)
    return found


def _by_key(
    odd: Sequence[tuple[int, int]], keys: Sequence[DatasetKey]
) -> dict[DatasetKey, tuple[int, ...]]:
    """The odd objects of each dataset that has any."""
    found: dict[DatasetKey, tuple[int, ...]] = {}
    for source, id_ in sorted(set(odd)):
        found[keys[source]] = (*found.get(keys[source], ()), id_)
    return found


def _known(
    events: EventColumns[Value], keys: Sequence[DatasetKey]
) -> dict[DatasetKey, tuple[int, int]]:
    """How many events each dataset has, and the newest of them."""
    numbers = events.numbers(len(keys)).tolist()
    return dict(
        zip(keys, zip(numbers, events.newest(len(keys)).tolist(), strict=True), strict=True)
    )


def _columns(
    connection: Connection,
    table: str,
    keys: Sequence[DatasetKey],
    as_of: int | None,
    meaning: Callable[[Mapping[str, JsonValue]], Mapping[str, Value]],
    *,
    oms: bool = False,
) -> tuple[EventColumns[Value], list[tuple[int, int]]]:
    """The events of these datasets; and the odd objects among what they say, each with the place of
    a dataset that has it."""
    in_time = (
        ""
        if as_of is None
        else ' JOIN "Event" v ON v.version = e.version AND v.atomic_version <= :as_of'
    )
    of_each = "" if oms else _EXTENT.format(table=table)
    # As packed numbers: hundreds of thousands of rows would each be looked at here.
    source, version, payload_id, *told = arrays(
        connection,
        "SELECT (k.source - 1)::int AS source, e.version, e.lumisection_metadata_id AS payload"
        f"{'' if oms else _TOLD} FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[]))"
        "  WITH ORDINALITY AS k(run_number, name, source)"
        f' JOIN "{table}" e USING (run_number, name){in_time}{of_each}',
        ("source", "version", "payload", *(() if oms else ("manual", "first", "last", "number"))),
        {
            "runs": [run for run, _ in keys],
            "names": [name for _, name in keys],
            **({} if as_of is None else {"as_of": as_of}),
        },
    )
    ids, place = np.unique(payload_id, return_inverse=True)
    groups, number_of, odd = _payloads(connection, ids, numeric=oms)
    of_odd = np.flatnonzero(np.isin(payload_id, odd)) if odd else ()
    columns = EventColumns(
        source,
        version,
        np.zeros(version.size, np.bool_) if oms else told[0] > 0,
        number_of[place],
        *(
            _ranges(connection, table, version, np.arange(version.size))
            if oms
            else _told_ranges(connection, table, version, *told[1:])
        ),
        [PayloadGroup(meaning(each.values), each.size, each.numbers) for each in groups],
    )
    return columns, [(int(source[at]), int(payload_id[at])) for at in of_odd]


def _told_ranges(
    connection: Connection,
    table: str,
    version: Indices,
    first: Indices,
    last: Indices,
    number: Indices,
) -> tuple[Indices, Indices, Indices]:
    """The ranges of events of which the first and last lumisection and their number are known:
    event, first and last of each."""
    scattered = number != last - first + 1
    # The web service lets lumisections through that there can't be.
    whole = np.flatnonzero((number > 0) & ~scattered & (last >= 1) & (first <= LAST_LUMISECTION))
    event, firsts, lasts = _ranges(
        connection, table, version, np.flatnonzero(scattered & (number > 0))
    )
    return (
        np.concatenate([whole, event]),
        np.concatenate([np.maximum(first[whole], 1), firsts]),
        np.concatenate([np.minimum(last[whole], LAST_LUMISECTION), lasts]),
    )


def _ranges(
    connection: Connection, table: str, version: Indices, events: Indices
) -> tuple[Indices, Indices, Indices]:
    """The ranges of these events, made of each of their lumisections."""
    by_version = events[np.argsort(version[events])]
    parts = [(events[:0], events[:0], events[:0])]
    for begin in range(0, by_version.size, _EVENTS):
        some = by_version[begin : begin + _EVENTS]
        of, numbers = arrays(
            connection,
            f'SELECT version, lumisection_number AS number FROM "{table}Assignation"'
            " WHERE version = ANY(CAST(:versions AS int[]))"
            "  AND lumisection_number BETWEEN 1 AND :greatest",
            ("version", "number"),
            {"versions": integers(version[some].tolist()), "greatest": LAST_LUMISECTION},
        )
        order = np.lexsort((numbers, of))
        of, numbers = of[order], numbers[order]
        begins = np.flatnonzero(
            (np.diff(of, prepend=-1) != 0) | (np.diff(numbers, prepend=-1) != 1)
        )
        ends = np.append(begins[1:], of.size)[: begins.size] - 1
        place = np.searchsorted(version[some], of[begins])
        parts.append((some[place], numbers[begins], numbers[ends]))
    event, firsts, lasts = (np.concatenate(each) for each in zip(*parts, strict=True))
    return event, firsts, lasts


def _payloads(
    connection: Connection, ids: Indices, *, numeric: bool
) -> tuple[list[PayloadGroup[JsonValue]], Indices, list[int]]:
    """What these stored objects say, which are given by ascending numbers, and which of the
    objects of the groups each of them is; and those that are none, or can't be read whole.

    With `numeric` the luminosity is taken out by the server: it is what makes the object of nearly
    each lumisection another one.
    """
    groups: list[PayloadGroup[JsonValue]] = []
    numbers: list[Indices] = [np.zeros(0, np.intp)]
    odd: list[int] = []
    for begin in range(0, ids.size, _PAYLOADS):
        rows = connection.execute(
            text(_NUMERIC if numeric else _PLAIN),
            {"ids": integers(ids[begin : begin + _PAYLOADS].tolist())},
        )
        for content, packed, recorded, delivered in rows:
            numbers.append(np.frombuffer(packed, ">i4").astype(np.intp))
            value = stored_value(content)
            if not isinstance(value, dict):
                odd += numbers[-1].tolist()
            groups.append(
                PayloadGroup(
                    as_object(value),
                    numbers[-1].size,
                    {
                        key: np.array([float(value) for value in values.split(",")])
                        for key, values in ((RECORDED, recorded), (DELIVERED, delivered))
                        if values is not None
                    },
                )
            )
    number_of = np.zeros(ids.size, np.intp)
    found = np.concatenate(numbers)
    number_of[np.searchsorted(ids, found)] = np.arange(found.size)
    return groups, number_of, odd


def _triplets(payload: Mapping[str, JsonValue]) -> dict[str, Triplet]:
    return {column: triplet_from_json(value) for column, value in payload.items()}


def _values(payload: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    return payload


def arrays(
    connection: Connection, statement: str, columns: Sequence[str], parameters: Mapping[str, object]
) -> list[Indices]:
    """Columns of integers of a statement."""
    packed = ", ".join(f"string_agg(int4send({column}), '')" for column in columns)
    row = connection.execute(text(f"SELECT {packed} FROM ({statement}) AS found"), parameters).one()
    return [np.frombuffer(each or b"", ">i4").astype(np.intp) for each in row]
