"""Folding many datasets at once says what folding event after event says."""

import math
import random
from collections.abc import Callable

import numpy as np

from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.state.compact import CompactState, compact
from app.domain.state.folding import EventColumns, fold_states
from app.domain.state.payloads import PayloadGroup
from app.domain.state.summaries import compact_luminosity, luminosity
from app.domain.triplets import Triplet
from app.models.events.states import StoredEvent, fold_events

COPY = "/PromptReco/A/DQM"
KEYS: list[DatasetKey] = [(1, COPY), (1, ONLINE), (2, COPY), (3, ONLINE)]
OMS_KEYS: list[DatasetKey] = [*KEYS, (2, ONLINE)]

ODD = [True, False, None, 0, 1, -2, 0.25, -0.5, math.inf, "1.5", "text", "", [1], {"a": [True]}]


def some_ranges(chance: random.Random) -> tuple[LumiRange, ...]:
    firsts = [chance.randint(1, 40) for _ in range(chance.choice([0, 1, 1, 1, 2, 3]))]
    return tuple(LumiRange(first, first + chance.randint(0, 12)) for first in firsts)


def a_value(chance: random.Random) -> JsonValue:
    return chance.choice([*ODD, chance.random(), float(chance.randint(0, 3)), 2.0**60])


def some_bits(chance: random.Random) -> JsonObject:
    keys = chance.sample(["a", "b", "c", "recorded"], chance.randint(0, 4))
    return {key: a_value(chance) for key in keys}


def some_columns(chance: random.Random) -> JsonObject:
    return {
        column: {
            "status": chance.choice(["GOOD", "BAD", "EMPTY", ""]),
            "comment": chance.choice(["", "HV trip"]),
            "cause": "",
        }
        for column in chance.sample(["dt-dt", "rpc-rpc", "x"], chance.randint(0, 3))
    }


def history(
    chance: random.Random, keys: list[DatasetKey], payload: Callable[[random.Random], JsonObject]
) -> list[StoredEvent]:
    """Events in an order that isn't that of their versions."""
    versions = chance.sample(range(1, 60), chance.randint(0, 18))
    return [
        StoredEvent(
            version,
            *chance.choice(keys),
            payload is some_columns and chance.random() < 0.4,
            payload(chance),
            some_ranges(chance),
        )
        for version in versions
    ]


def as_columns(found: list[StoredEvent], keys: list[DatasetKey], payloads: list) -> EventColumns:
    parts = [(number, each) for number, event in enumerate(found) for each in event.ranges]
    return EventColumns(
        np.array([keys.index((event.run_number, event.name)) for event in found], np.intp),
        np.array([event.version for event in found], np.intp),
        np.array([event.manual for event in found], np.bool_),
        np.arange(len(found)),
        np.array([number for number, _ in parts], np.intp),
        np.array([each.first for _, each in parts], np.intp),
        np.array([each.last for _, each in parts], np.intp),
        payloads,
    )


def folded(rr: list[StoredEvent], oms: list[StoredEvent]) -> list[CompactState]:
    triplets = [
        PayloadGroup({name: Triplet(**value) for name, value in event.values.items()})
        for event in rr
    ]
    groups = [with_numbers(event.values) for event in oms]
    return fold_states(
        KEYS, as_columns(rr, KEYS, triplets), as_columns(oms, OMS_KEYS, groups), OMS_KEYS
    )


def with_numbers(payload: JsonObject) -> PayloadGroup:
    """The object as the server parts it: a number of `recorded` apart from the rest."""
    number = payload.get("recorded")
    if isinstance(number, bool) or not isinstance(number, int | float):
        return PayloadGroup(payload)
    rest = {key: value for key, value in payload.items() if key != "recorded"}
    return PayloadGroup(rest, 1, {"recorded": np.array([float(number)])})


def one_by_one(rr: list[StoredEvent], oms: list[StoredEvent]) -> list[CompactState]:
    def of(key: DatasetKey, found: list[StoredEvent]) -> list[StoredEvent]:
        return [event for event in found if (event.run_number, event.name) == key]

    return [
        compact(fold_events(key, of(key, rr), of(key, oms), of((key[0], ONLINE), oms)).state)
        for key in KEYS
    ]


def assert_same(ours: CompactState, plain: CompactState) -> None:
    for name in ("run_number", "name", "length", "rr_length", "oms_length", "columns", "bits"):
        assert getattr(ours, name) == getattr(plain, name), name
    assert ours.starts.tolist() == plain.starts.tolist()
    for name in ("covered_rr", "covered_oms", "own_oms"):
        assert getattr(ours, name).tolist() == getattr(plain, name).tolist(), name
    assert [*ours.dense] == [*plain.dense]
    for key in ours.dense:
        np.testing.assert_array_equal(ours.dense[key], plain.dense[key])
        assert ours.odd[key] == plain.odd[key]
    whole, before = ours.expand(), plain.expand()
    assert whole.rr.same_as(before.rr)
    assert whole.oms.same_as(before.oms)
    assert whole.own_oms.tolist() == before.own_oms.tolist()
    assert CompactState.from_bytes(ours.to_bytes()).expand().oms.same_as(before.oms)
    for key in ("recorded", "a"):
        assert compact_luminosity(ours, key) == luminosity(before.oms, key, before.participating)


def test_that_any_history_folds_as_event_after_event_does():
    for seed in range(250):
        chance = random.Random(seed)
        rr = history(chance, KEYS, some_columns)
        oms = history(chance, OMS_KEYS, some_bits)
        for ours, plain in zip(folded(rr, oms), one_by_one(rr, oms), strict=True):
            assert_same(ours, plain)


def test_that_many_numbers_fold_as_event_after_event_does():
    for seed in range(20):
        chance = random.Random(seed)
        cells = [(key, at) for key in OMS_KEYS for at in range(1, chance.randint(22, 40))]
        chance.shuffle(cells)
        oms = [
            StoredEvent(version, *key, False, {"recorded": value, "a": value}, (LumiRange(at, at),))
            for version, (key, at) in enumerate(cells)
            for value in (a_value(chance) if chance.random() < 0.3 else chance.random(),)
        ]
        rr = [StoredEvent(1, *KEYS[0], True, {}, (LumiRange(2, 30),))]
        for ours, plain in zip(folded(rr, oms), one_by_one(rr, oms), strict=True):
            assert_same(ours, plain)


def test_that_a_fold_in_several_batches_is_that_of_one(monkeypatch):
    oms = [
        StoredEvent(version, *key, False, {"recorded": version / 7}, (LumiRange(at, at + 3),))
        for version, (key, at) in enumerate((key, at) for key in OMS_KEYS for at in range(1, 30))
    ]
    at_once = folded([], oms)
    monkeypatch.setattr("app.domain.state.folding._MOST_CELLS", 40)
    for ours, plain in zip(folded([], oms), at_once, strict=True):
        assert_same(ours, plain)
    assert all("recorded" in each.dense for each in at_once)


def test_that_nothing_is_folded_of_no_datasets_and_of_none_with_events():
    nothing = as_columns([], KEYS, [])
    assert fold_states([], nothing, nothing, []) == []
    states = fold_states(KEYS, nothing, nothing, OMS_KEYS)
    assert [each.length for each in states] == [0] * len(KEYS)
