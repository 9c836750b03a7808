"""What is written so that lumisections of one dataset become those of another."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lumisections import LumiRange, Mask, mask_of_ranges
from app.domain.state import copies
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, Grid, as_objects, with_changes
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from tests.golden.seasons import dataset_state

GOOD, BAD = Triplet("GOOD"), Triplet("BAD", "HV trip", "hv")
NOTHING: Grid[Triplet] = Grid.empty()


def columns(*events: tuple[dict[str, Triplet], int, int]) -> Grid[Triplet]:
    return with_changes(
        Grid.empty(), [(values, (LumiRange(first, last),)) for values, first, last in events]
    )


def folded(grid, events):
    return with_changes(grid, [(values, (each,)) for values, each in events])


def luminous(length: int, own: int, **odd: object) -> DatasetState:
    """Luminosity that differs in each lumisection, with a bit; the first `own` are its own."""
    events = [
        (
            {"dt_ready": True, "recorded": round(0.1 + number * 0.01, 3)},
            (LumiRange(number, number),),
        )
        for number in range(1, length + 1)
    ]
    events += [({"recorded": value}, (LumiRange(3, 3),)) for value in odd.values()]
    rr = columns(({"dt-dt": GOOD}, 1, length))
    oms = with_changes(Grid.empty(), events)
    return DatasetState(1, "online", rr, oms, mask_of_ranges([LumiRange(1, own)], length))


@given(st.integers(0, 2**32))
def test_that_a_copy_folds_to_the_columns_that_it_is_a_copy_of(seed):
    state = dataset_state(Random(seed))
    copy = folded(NOTHING, copies.rr_of(compact(state)))
    assert as_objects(copy) == as_objects(state.rr)


@given(st.integers(0, 2**32))
def test_that_a_copy_has_of_its_own_what_online_does_not_have(seed):
    random = Random(seed)
    online, state = dataset_state(random), dataset_state(random)
    events = copies.oms_of(compact(state), compact(online))
    copy, expected = as_objects(folded(online.oms, events)), as_objects(state.oms)
    for position in np.flatnonzero(state.own_oms).tolist():
        wanted = expected[position] or {}
        assert {**(copy[position] or {}), **wanted} == copy[position]


def test_that_luminosity_is_left_to_online_where_that_has_the_same():
    online = luminous(30, 30)
    assert copies.oms_of(compact(luminous(30, 20)), compact(online)) == [
        ({"dt_ready": True}, LumiRange(1, 20))
    ]


@pytest.mark.parametrize(
    "online",
    [
        luminous(15, 15),
        luminous(26, 26),
        luminous(40, 40, lumisection_3=9.5),
        luminous(40, 40, lumisection_3="x"),
    ],
    ids=["few", "shorter", "another number", "no number"],
)
def test_that_luminosity_is_written_out_where_online_has_another(online):
    state = luminous(40, 30)
    events = copies.oms_of(compact(state), compact(online))
    assert as_objects(folded(Grid.empty(), events)) == as_objects(state.oms)[:30]


def test_that_a_value_that_is_not_a_number_is_written_out_where_online_has_another():
    events = copies.oms_of(
        compact(luminous(40, 30, lumisection_3="x")), compact(luminous(40, 40, lumisection_3=None))
    )
    assert events[2][0]["recorded"] == "x"


def test_that_luminosity_of_lumisections_that_are_not_its_own_does_not_matter():
    assert len(copies.oms_of(compact(luminous(40, 20)), compact(luminous(30, 30)))) == 1


def test_that_columns_are_copied_where_both_datasets_have_lumisections():
    source = columns(({"dt-dt": BAD}, 1, 5), ({"csc-csc": GOOD}, 1, 9))
    target = columns(({"dt-dt": GOOD}, 3, 12))
    assert copies.columns_of(source, target, NOTHING, ["dt-dt"]) == [
        ({"dt-dt": BAD}, LumiRange(3, 5)),
        ({"dt-dt": EMPTY_TRIPLET}, LumiRange(6, 9)),
    ]
    (first, *_) = copies.columns_of(source, target, NOTHING, ["gem-gem", "csc-csc"])
    assert first == ({"csc-csc": GOOD, "gem-gem": EMPTY_TRIPLET}, LumiRange(3, 9))


def test_that_only_what_is_held_by_hand_already_is_no_change():
    source, target = columns(({"dt-dt": BAD}, 1, 9)), columns(({"dt-dt": BAD}, 1, 9))
    by_hand = columns(({"dt-dt": BAD}, 1, 4), ({"dt-dt": GOOD}, 5, 5))
    assert copies.columns_of(source, target, by_hand, ["dt-dt"]) == [
        ({"dt-dt": BAD}, LumiRange(5, 9))
    ]


def test_that_a_status_leaves_comment_and_cause_as_they_are():
    target = columns(({"dt-dt": BAD}, 1, 3), ({"csc-csc": GOOD}, 2, 6))
    events = copies.with_status(target, NOTHING, ["dt-dt"], "STANDBY")
    assert events == [
        ({"dt-dt": Triplet("STANDBY", "HV trip", "hv")}, LumiRange(1, 3)),
        ({"dt-dt": Triplet("STANDBY")}, LumiRange(4, 6)),
    ]
    assert copies.cells(events) == 6
    assert copies.lumisections(events) == 6
    assert copies.with_status(target, folded(target, events), ["dt-dt"], "STANDBY") == []


def test_that_cells_are_columns_times_lumisections():
    events = [({"dt-dt": GOOD, "csc-csc": BAD}, LumiRange(3, 7)), ({"dt-dt": BAD}, LumiRange(9, 9))]
    assert copies.cells(events) == 11
    assert copies.lumisections(events) == 6


def test_that_a_column_without_a_value_anywhere_is_not_present():
    holes: Mask = np.zeros(3, np.bool_)
    grid = columns(({"dt-dt": BAD, "csc-csc": GOOD}, 1, 3)).within(holes)
    assert copies.present(grid, ["dt-dt"]) == set()
    assert copies.present(columns(({"dt-dt": BAD}, 2, 2)), ["dt-dt", "gem-gem"]) == {"dt-dt"}
