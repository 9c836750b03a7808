"""What is prepared for the grid: runs of equal cells, ranks, luminosity."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lumisections import LumiRange, mask_of_ranges
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import BAD, GOOD, Triplet
from app.views.grid.snapshot import RowKind, prepare
from app.views.widgets.shares import RANKED_STATUSES
from tests.views.builders import BITS, COLUMNS, a_state


def test_that_columns_come_in_the_order_asked_for_and_bits_below() -> None:
    snapshot = prepare(a_state(), order=("tracker-strip", "dt-dt", "no-such"))
    assert snapshot.keys[:2] == ("tracker-strip", "dt-dt")
    assert set(snapshot.keys[: snapshot.columns]) == set(COLUMNS)
    assert set(snapshot.keys[snapshot.columns :]) == set(BITS)
    assert snapshot.keys[snapshot.columns] == "beam1_present"


def test_that_attributes_that_are_no_bits_get_no_row() -> None:
    snapshot = prepare(a_state())
    assert "recorded" not in snapshot.keys
    assert all(row.kind is RowKind.BIT for row in snapshot.rows[snapshot.columns :])


def test_that_every_cell_says_what_the_state_says() -> None:
    state = a_state(length=40)
    snapshot = prepare(state)
    for row, each in enumerate(snapshot.rows):
        for number in range(1, 41):
            if each.kind is RowKind.COLUMN:
                assert snapshot.triplet(row, number) == state.rr.value(each.key, number)
            else:
                assert snapshot.bit(row, number) == state.oms.value(each.key, number)


def test_that_what_no_event_covers_is_empty() -> None:
    rr = with_changes(Grid[Triplet].empty(), [({"dt-dt": Triplet(GOOD)}, (LumiRange(3, 4),))])
    oms = with_changes(Grid[object].empty(), [({"cms_active": True}, (LumiRange(1, 6),))])
    snapshot = prepare(DatasetState(1, "online", rr, oms, np.ones(6, np.bool_)))  # type: ignore[arg-type]
    assert snapshot.length == 6
    assert [snapshot.triplet(0, n).status for n in (1, 3, 5)] == ["EMPTY", GOOD, "EMPTY"]
    assert [snapshot.participating[n - 1] for n in (2, 3, 5)] == [False, True, False]


def test_that_runs_are_cut_where_a_person_s_word_begins() -> None:
    state = a_state(length=50)
    hand = mask_of_ranges([(45, 46)], 50)
    snapshot = prepare(state, by_hand={"dt-dt": hand})
    row = snapshot.keys.index("dt-dt")
    around, place = snapshot.run_at(row, 45)
    assert around == (45, 46)
    assert snapshot.rows[row].by_hand[place]
    assert not snapshot.rows[row].by_hand[place + 1]


def test_that_worse_ranks_are_greater() -> None:
    ranks = [RANKED_STATUSES.index(status) for status in (GOOD, "STANDBY", "EMPTY", BAD)]
    assert ranks == sorted(ranks)


def test_that_unknown_luminosity_is_nan() -> None:
    snapshot = prepare(a_state(length=30))
    assert np.isnan(snapshot.recorded[0])
    assert np.isfinite(snapshot.recorded[-1])


@given(st.lists(st.sampled_from([GOOD, BAD, "STANDBY"]), min_size=1, max_size=60))
def test_that_runs_cover_every_lumisection_once(statuses: list[str]) -> None:
    rr = with_changes(
        Grid[Triplet].empty(),
        [
            ({"dt-dt": Triplet(status)}, (LumiRange(n, n),))
            for n, status in enumerate(statuses, start=1)
        ],
    )
    snapshot = prepare(DatasetState(1, "online", rr, Grid.empty(), np.zeros(0, np.bool_)))
    number = 1
    while number <= len(statuses):
        around, _ = snapshot.run_at(0, number)
        assert around.first == number
        assert len(set(statuses[around.first - 1 : around.last])) == 1
        number = around.last + 1
    assert number == len(statuses) + 1


def test_that_a_dataset_without_lumisections_has_no_rows() -> None:
    empty = DatasetState(1, "online", Grid.empty(), Grid.empty(), np.zeros(0, np.bool_))
    snapshot = prepare(empty)
    assert snapshot.rows == ()
    assert snapshot.length == 0
