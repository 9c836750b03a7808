"""The columnar state equals the plain fold, keeps what it is given, and finds what differs."""

import json
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.domain.json_value import JsonValue, js_stringify
from app.domain.lumisections import LumiRange
from app.domain.state.compact import CompactState, compact
from app.domain.state.differences import changes
from app.domain.state.grid import DatasetState, Grid, as_objects, with_changes
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
