"""The columnar state equals the plain fold, keeps what it is given, and finds what differs."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.json_value import JsonValue, js_stringify
from app.domain.lumisections import LumiRange
from app.domain.state.compact import CompactState, compact
from app.domain.state.differences import changes
from app.domain.state.grid import (
    DatasetState,
    Grid,
    ValueList,
    as_objects,
    grid_of_objects,
    with_changes,
)
from app.domain.state.summaries import luminosity_numbers
from app.domain.triplets import Triplet

KEYS = st.sampled_from(["a", "b", "c", "recorded"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 3),
    st.floats(0, 100).map(lambda x: round(x, 3)),
    st.sampled_from(["1", "x"]),
)
PAYLOADS = st.dictionaries(KEYS, VALUES, max_size=3)
RANGES = st.tuples(st.integers(1, 40), st.integers(0, 12)).map(
    lambda pair: LumiRange(pair[0], pair[0] + pair[1])
)
EVENTS = st.lists(st.tuples(PAYLOADS, st.lists(RANGES, min_size=1, max_size=2)), max_size=8)


OF_ONE_TYPE = [st.booleans(), st.integers(0, 3), st.floats(0, 2), st.sampled_from(["1", "x"])]


@given(st.lists(st.one_of(st.lists(each, max_size=6) for each in [VALUES, *OF_ONE_TYPE])))
def test_that_many_values_are_coded_as_each_by_itself(columns):
    together: ValueList[JsonValue] = ValueList()
    alone: ValueList[JsonValue] = ValueList()
    for column in columns:
        assert together.codes(column) == [alone.code(value) for value in column]
    assert repr(together.values) == repr(alone.values)


def naive_fold(events):
    """One dictionary per lumisection, event after event."""
    state = {}
    for payload, ranges in events:
        for first, last in ranges:
            for number in range(first, last + 1):
                state[number] = {**state.get(number, {}), **payload}
    return state


def text(objects):
    return {number: js_stringify(dict(sorted(each.items()))) for number, each in objects.items()}


def of_grid(grid):
    return {
        number: each for number, each in enumerate(as_objects(grid), start=1) if each is not None
    }


@given(EVENTS)
def test_that_a_grid_holds_what_the_plain_fold_holds(events):
    grid = with_changes(Grid.empty(), events)
    assert text(of_grid(grid)) == text(naive_fold(events))


ALIKE = st.tuples(VALUES, VALUES).map(lambda pair: {"a": pair[0], "b": pair[1]})


@given(EVENTS, st.lists(st.tuples(ALIKE, st.lists(RANGES, max_size=2)), min_size=16, max_size=30))
def test_that_many_events_of_the_same_keys_fold_as_one_after_the_other(before, alike):
    # With a third key none of the many is left out because later ones set all there is.
    events = [*before, ({"c": 1}, (LumiRange(1, 1),)), *alike]
    assert text(of_grid(with_changes(Grid.empty(), events))) == text(naive_fold(events))


@given(EVENTS, EVENTS)
def test_that_folding_in_two_steps_is_folding_at_once(first, second):
    at_once = with_changes(Grid.empty(), [*first, *second])
    in_steps = with_changes(with_changes(Grid.empty(), first), second)
    assert text(of_grid(at_once)) == text(of_grid(in_steps))


@given(EVENTS, EVENTS)
def test_that_appending_the_differences_gives_the_new_values_and_then_nothing_differs(old, new):
    before, wanted = with_changes(Grid.empty(), old), with_changes(Grid.empty(), new)
    found = changes(before, wanted)
    after = with_changes(before, [(payload, (each,)) for payload, each in found])
    expected = {**of_grid(before)}
    for number, payload in of_grid(wanted).items():
        if payload or number in expected:
            expected[number] = {**expected.get(number, {}), **payload}
    assert text(of_grid(after)) == text(expected)
    assert changes(after, wanted) == []
    for (one, first), (other, second) in pairwise(found):
        touching = first.last + 1 == second.first
        assert not (touching and js_stringify(one) == js_stringify(other))
        assert first.last < second.first


@given(EVENTS, EVENTS, st.lists(st.booleans(), max_size=45))
def test_that_a_compact_state_survives_being_written_and_expanded(rr, oms, own):
    triplets = [
        ({key: Triplet(str(value)) for key, value in payload.items()}, ranges)
        for payload, ranges in rr
    ]
    rr_grid = with_changes(Grid.empty(), triplets)
    oms_grid = with_changes(Grid.empty(), oms)
    own_oms = np.array(own, np.bool_)[: oms_grid.length]
    state = DatasetState(355100, "/x", rr_grid, oms_grid, own_oms)
    small = compact(state)
    again = CompactState.from_bytes(small.to_bytes()).expand()
    assert of_grid(again.rr) == of_grid(rr_grid)
    assert text(of_grid(again.oms)) == text(of_grid(oms_grid))
    assert again.participating.tolist()[: state.length] == state.participating.tolist()


def test_that_luminosity_is_kept_number_by_number():
    payload = [({"recorded": 0.1 * n, "bit": n > 50}, (LumiRange(n, n),)) for n in range(1, 101)]
    payload.append(({"recorded": None}, (LumiRange(7, 8),)))
    payload.append(({"recorded": "1.5"}, (LumiRange(9, 9),)))
    grid = with_changes(Grid.empty(), payload)
    state = DatasetState(1, "online", Grid.empty(), grid, grid.covered)
    small = CompactState.from_bytes(compact(state).to_bytes())
    assert small.starts.tolist() == [0, 50]
    assert small.dense["recorded"][0] == 0.1
    assert np.isnan(small.dense["recorded"][6])
    assert small.odd["recorded"] == {6: None, 7: None, 8: "1.5"}
    assert text(of_grid(small.expand().oms)) == text(of_grid(grid))


def test_that_true_and_one_are_different_values_and_one_and_one_point_nought_are_not():
    grid = with_changes(
        Grid.empty(), [({"a": True}, (LumiRange(1, 1),)), ({"a": 1}, (LumiRange(2, 2),))]
    )
    assert len(grid.ranges()) == 2
    other = with_changes(Grid.empty(), [({"a": 1.0}, (LumiRange(2, 2),))])
    assert changes(grid, other) == []
    assert json.dumps(grid.at(1)) == '{"a": true}'


def test_that_a_state_with_other_columns_is_cut_as_if_it_was_made_anew() -> None:
    random = np.random.default_rng(3)
    whole = (LumiRange(1, 60),)
    rr = with_changes(Grid.empty(), [({"a": Triplet("GOOD"), "b": Triplet("BAD", "x")}, whole)])
    oms: Grid[JsonValue] = with_changes(
        Grid.empty(),
        [
            ({"bit": True}, whole),
            ({"bit": False}, (LumiRange(20, 30),)),
            *(({"recorded": 0.25 * n}, (LumiRange(n, n),)) for n in range(1, 61)),
            ({"recorded": "0.5", "bit": None}, (LumiRange(40, 40),)),
        ],
    )
    small = compact(DatasetState(1, "online", rr, oms, np.ones(60, np.bool_)))
    for _ in range(30):
        state = small.expand()
        first = int(random.integers(1, 60))
        edit = (LumiRange(first, int(random.integers(first, 61))),)
        changed = with_changes(state.rr, [({"a": Triplet("STANDBY", str(first))}, edit)])
        again = state.with_columns(changed)
        full = DatasetState(1, "online", changed, oms, state.own_oms)
        small = compact(again)
        assert small.expand().rr.same_as(changed)
        assert small.expand().oms.same_as(oms)
        assert small.starts.tolist() == compact(full).starts.tolist()
        assert again.length == full.length
        assert luminosity_numbers(again, "recorded").tolist() == (
            luminosity_numbers(full, "recorded").tolist()
        )


def a_grid(*values, key="a"):
    """A value in each lumisection, none where it is None."""
    return grid_of_objects(
        {n: {} if each is None else {key: each} for n, each in enumerate(values, start=1)}
    )


@given(EVENTS)
def test_that_the_ranges_of_a_column_are_its_values_in_order(events):
    grid = with_changes(Grid.empty(), [({"a": 1}, (LumiRange(2, 3),)), *events])
    seen = [grid.values[code] for each, code in grid.runs("a") for _ in range(each[0], each[1] + 1)]
    assert seen == [grid.value("a", number) for number in range(1, grid.length + 1)]
    codes = [code for _, code in grid.runs("a")]
    assert all(one != other for one, other in pairwise(codes))


def test_that_a_column_of_no_lumisection_has_no_ranges():
    empty = a_grid(1, 2).within(np.zeros(2, np.bool_))
    assert [(each, empty.values[code]) for each, code in empty.runs("a")] == [
        (LumiRange(1, 2), None)
    ]
    nothing = Grid(0, ("a",), (None,), np.zeros((1, 0), np.int32), np.zeros(0, np.bool_))
    assert [*nothing.runs("a")] == nothing.ranges() == []
    assert nothing.segment_starts().size == 0


def test_that_a_null_is_a_value_and_a_hole_is_none():
    grid = grid_of_objects({1: {"a": None}, 2: {}})
    assert [grid.has("a", number) for number in (0, 1, 2, 3)] == [False, True, False, False]
    assert not grid.has("b", 1)
    assert [grid.value(key, number) for key, number in (("a", 0), ("a", 3), ("b", 1))] == [None] * 3
    assert grid.at(3) == {}


def test_that_nothing_is_left_outside_of_some_lumisections():
    within = a_grid(1, 2, 3, 4).within(np.array([False, True, True]))
    assert as_objects(within) == [None, {"a": 2}, {"a": 3}, None]


def test_that_only_cells_that_the_other_lacks_stay():
    grid = with_changes(a_grid(1, 2, 3), [({"b": 9}, (LumiRange(1, 3),))])
    assert as_objects(grid.where_missing_in(a_grid(None, 7))) == [
        {"a": 1, "b": 9},
        {"b": 9},
        {"a": 3, "b": 9},
    ]


def test_that_a_copy_has_the_same_values_under_whatever_codes():
    one, other = a_grid(1, 2, 1), a_grid(2, 1, 2)
    swapped = Grid(3, ("a",), (None, 2, 1), np.array([[2, 1, 2]], np.int32), one.covered)
    assert one.is_copy_of(swapped)
    assert not one.is_copy_of(other)
    assert not one.is_copy_of(a_grid(1, 2))
    assert not one.is_copy_of(a_grid(1, 2, 1, key="b"))
    holes = Grid(3, ("a",), one.values, one.codes, np.array([True, False, True]))
    assert not one.is_copy_of(holes)


def test_that_a_state_takes_other_columns_or_bits_and_keeps_the_rest():
    state = DatasetState(1, "online", a_grid(Triplet("GOOD")), a_grid(True), np.array([True]))
    columns = state.with_columns(a_grid(Triplet("BAD"), Triplet("BAD")))
    assert (columns.length, columns.oms, columns.participating.tolist()) == (
        2,
        state.oms,
        [True, False],
    )
    bits = state.with_oms(a_grid(True, False))
    assert (bits.rr, bits.own_oms.tolist()) == (state.rr, [True])
    assert state.with_oms(a_grid(True), np.array([False])).participating.tolist() == [False]


def test_that_an_expanded_state_knows_the_compact_one_it_is_of():
    values = [({"recorded": 0.1 * n, "bit": True}, (LumiRange(n, n),)) for n in range(1, 41)]
    oms = with_changes(Grid.empty(), values)
    rr = a_grid(*[Triplet("GOOD")] * 40)
    small = compact(DatasetState(1, "online", rr, oms, oms.covered))
    state = small.expand()
    assert compact(state) is small
    assert state.only_oms("recorded").same_as(oms.of_keys(["recorded"]))
    assert state.takes_part_as_before
    other = state.with_columns(a_grid(*[Triplet("BAD")] * 40))
    assert other.takes_part_as_before
    assert not other.with_columns(a_grid(Triplet("BAD"))).takes_part_as_before
    longer = other.with_columns(a_grid(*[Triplet("BAD")] * 50))
    assert longer.length == compact(longer).length == 50


def test_that_bytes_of_another_format_are_refused():
    data = compact(
        DatasetState(1, "online", Grid.empty(), a_grid(True), np.array([True]))
    ).to_bytes()
    with pytest.raises(ValueError, match="unknown format 9"):
        CompactState.from_bytes(data.replace(b'"format":1', b'"format":9'))


def with_numbers(numbers: list[float], name: str = "online") -> bytes:
    payload = [
        ({"recorded": value, "bit": True}, (LumiRange(n, n),)) for n, value in enumerate(numbers, 1)
    ]
    grid = with_changes(Grid.empty(), payload)
    return compact(DatasetState(1, name, a_grid(Triplet("BAD")), grid, grid.covered)).to_bytes()


def test_that_states_share_what_is_the_same():
    numbers = [0.1 * n for n in range(60)]
    online = CompactState.from_bytes(with_numbers(numbers))
    same = CompactState.from_bytes(with_numbers(numbers, "/x"), online)
    assert same.dense["recorded"] is online.dense["recorded"]
    assert same.bits is online.bits
    assert same.triplets[1] is online.triplets[1]
    shorter = CompactState.from_bytes(with_numbers(numbers[:40], "/x"), online)
    assert shorter.dense["recorded"].base is online.dense["recorded"]
    assert shorter.dense["recorded"].tolist() == numbers[:40]
    for other in (numbers[::-1], [*numbers, 1.0]):
        alone = CompactState.from_bytes(with_numbers(other, "/x"), online)
        assert alone.dense["recorded"].tolist() == other
        assert not np.shares_memory(alone.dense["recorded"], online.dense["recorded"])


def test_that_nothing_of_the_bytes_is_kept():
    data = with_numbers([0.1 * n for n in range(60)])
    state = CompactState.from_bytes(data)
    whole = np.frombuffer(data, np.uint8)
    for each in (state.starts, state.rr_codes, state.oms_codes, state.dense["recorded"]):
        assert not np.shares_memory(each, whole)
    assert state.to_bytes() == data


def test_that_codes_that_stand_for_nothing_are_refused():
    data = with_numbers([1.0])
    # A column and two bits of 16 bits in one segment, then what is covered.
    before, code, after = data[:-9], data[-9:-7], data[-7:]
    assert code == b"\x01\x00"
    for wrong in (b"\x02\x00", b"\x01\x01"):
        with pytest.raises(ValueError, match="stands for nothing"):
            CompactState.from_bytes(before + wrong + after)
