"""Drafted cells: what is wanted where, against sets of cells; what changed between two states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.editing.draft_cells import DraftCells, TripletChange, changed_cells
from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.editing.selection import Selection
from app.domain.lumisections import LumiRange
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import EMPTY_TRIPLET, SETTABLE_STATUSES, Triplet

LENGTH = 12
COLUMNS = ("csc-csc", "dt-dt", "gem-gem")
BITS = ("dt0_ready", "bpix_ready")
GOOD, BAD = Triplet("GOOD"), Triplet("BAD", "HV trip", "hv")


def a_state(length: int = LENGTH) -> DatasetState:
    """dt-dt is BAD in LS 4-6, gem-gem is without any event, a bit is false in LS 2."""
    rr: Grid[Triplet] = with_changes(
        Grid.empty(),
        [
            ({"csc-csc": GOOD, "dt-dt": GOOD}, (LumiRange(1, length),)),
            ({"dt-dt": BAD}, (LumiRange(4, 6),)),
        ],
    )
    oms = with_changes(
        Grid.empty(),
        [
            ({"dt0_ready": True, "physics_flag": True}, (LumiRange(1, length),)),
            ({"dt0_ready": False}, (LumiRange(2, 2),)),
        ],
    )
    return DatasetState(1, "online", rr, oms, np.ones(length, np.bool_))


def chosen(*rows: tuple[str, int, int]) -> Selection:
    found = Selection.empty(LENGTH)
    for key, first, last in rows:
        found = found | Selection.of([key], [(first, last)], LENGTH)
    return found


NOTHING = DraftCells(LENGTH)


def test_that_a_status_takes_away_the_comment_of_another_one():
    cells, left_out = NOTHING.set_columns(a_state(), chosen(("dt-dt", 3, 5)), TripletChange("GOOD"))
    assert {cells.value("dt-dt", n) for n in (3, 4, 5)} == {GOOD}
    assert not left_out
    assert cells.value("dt-dt", 6) is None


def test_that_another_status_keeps_the_comment_that_is_drafted():
    where = chosen(("dt-dt", 1, 2))
    cells, _ = NOTHING.set_columns(a_state(), where, TripletChange("BAD", "noise", "fed"))
    cells, _ = cells.set_columns(a_state(), where, TripletChange("STANDBY"))
    assert cells.value("dt-dt", 1) == Triplet("STANDBY", "noise", "fed")


def test_that_a_comment_keeps_each_cells_status_and_cause():
    cells, _ = NOTHING.set_columns(
        a_state(), chosen(("dt-dt", 3, 4)), TripletChange(comment="seen")
    )
    assert cells.value("dt-dt", 3) == Triplet("GOOD", "seen")
    assert cells.value("dt-dt", 4) == Triplet("BAD", "seen", "hv")


def test_that_a_comment_without_a_status_to_go_with_is_left_out():
    where = chosen(("gem-gem", 3, 4), ("dt-dt", 3, 3))
    cells, left_out = NOTHING.set_columns(a_state(), where, TripletChange(comment="seen"))
    assert left_out == chosen(("gem-gem", 3, 4))
    assert cells.rows.keys() == {"dt-dt"}
    cells, left_out = cells.set_columns(a_state(), where, TripletChange("GOOD"))
    assert (cells.value("gem-gem", 3), bool(left_out)) == (GOOD, False)


def test_that_columns_and_bits_are_kept_apart():
    where = chosen(("dt-dt", 1, 1), ("dt0_ready", 1, 1), ("physics_flag", 1, 1))
    cells, _ = NOTHING.set_columns(a_state(), where, TripletChange("NOTSET"))
    cells = cells.set_bits(where, value=False)
    assert cells.edits(7, "online") == (
        ColumnEdit(7, "online", "dt-dt", (LumiRange(1, 1),), Triplet("NOTSET")),
        BitEdit(7, "online", "dt0_ready", (LumiRange(1, 1),), value=False),
    )


def test_that_cells_with_a_condition_are_found():
    cells, _ = NOTHING.set_columns(a_state(), chosen(("dt-dt", 3, 5)), TripletChange("BAD", "off"))
    cells, _ = cells.set_columns(a_state(), chosen(("csc-csc", 1, 2)), TripletChange("BAD"))
    missing = cells.where(lambda word: isinstance(word, Triplet) and not word.comment)
    assert missing == chosen(("csc-csc", 1, 2))


def test_that_a_draft_grows_with_its_dataset_and_is_cut_with_it():
    cells = NOTHING.set_bits(chosen(("dt0_ready", 11, 12)), value=True)
    assert cells.resized(20).value("dt0_ready", 12) is True
    assert cells.resized(11).cells == 1
    assert not cells.resized(5)


_steps = st.lists(
    st.tuples(
        st.sampled_from([*SETTABLE_STATUSES, True, False, "leave out"]),
        st.sampled_from([*COLUMNS, *BITS]),
        st.integers(1, LENGTH),
        st.integers(1, LENGTH),
    ),
    max_size=12,
)


@given(_steps)
def test_that_any_steps_want_what_a_dictionary_of_cells_does(
    steps: list[tuple[str | bool, str, int, int]],
):
    cells = NOTHING
    expected: dict[tuple[str, int], Triplet | bool] = {}
    for what, key, one, other in steps:
        first, last = sorted((one, other))
        where = chosen((key, first, last))
        here = [(key, number) for number in range(first, last + 1)]
        if what == "leave out":
            cells = cells.without(where)
            for cell in here:
                expected.pop(cell, None)
        elif isinstance(what, bool):
            cells = cells.set_bits(where, what)
            expected.update(dict.fromkeys(here, what) if key in BITS else {})
        else:
            cells, _ = cells.set_columns(a_state(), where, TripletChange(what))
            expected.update(dict.fromkeys(here, Triplet(what)) if key in COLUMNS else {})
    found = {
        (key, number): word
        for key in cells.rows
        for number in range(1, LENGTH + 1)
        if (word := cells.value(key, number)) is not None
    }
    assert found == expected
    assert cells.cells == len(expected)
    assert DraftCells.of_edits(cells.edits(1, "online"), LENGTH) == cells


@pytest.mark.parametrize("longer", [LENGTH, LENGTH + 3])
def test_that_changed_cells_are_those_that_show_something_else(longer: int):
    before, after = a_state(), a_state(longer)
    rr = with_changes(after.rr, [({"dt-dt": GOOD, "gem-gem": EMPTY_TRIPLET}, (LumiRange(6, 7),))])
    oms = with_changes(
        after.oms, [({"dt0_ready": False, "physics_flag": False}, (LumiRange(2, 3),))]
    )
    changed = changed_cells(before, DatasetState(1, "online", rr, oms, after.own_oms))
    grown = set(range(LENGTH + 1, longer + 1))
    found = {key: set((np.flatnonzero(mask) + 1).tolist()) for key, mask in changed.rows.items()}
    assert found == {
        key: numbers
        for key, numbers in {
            "dt-dt": {6} | grown,
            "csc-csc": grown,
            "gem-gem": {6, 7},
            "dt0_ready": {3} | grown,
        }.items()
        if numbers
    }


def test_that_the_cells_of_two_drafts_that_are_equal_are_found():
    one = NOTHING.set_bits(chosen(("dt0_ready", 1, 4), ("bpix_ready", 2, 2)), value=True)
    one, _ = one.set_columns(a_state(), chosen(("dt-dt", 1, 3)), TripletChange("BAD", "off"))
    other = NOTHING.set_bits(chosen(("dt0_ready", 3, 6)), value=True)
    other = other.set_bits(chosen(("bpix_ready", 2, 2)), value=False)
    other, _ = other.set_columns(a_state(), chosen(("dt-dt", 3, 5)), TripletChange("BAD", "off"))
    assert one.equal(other) == other.equal(one)
    assert one.equal(other) == chosen(("dt0_ready", 3, 4), ("dt-dt", 3, 3))
    assert not one.equal(NOTHING)


def test_that_the_cells_of_a_draft_can_be_chosen():
    where = chosen(("dt0_ready", 1, 4), ("bpix_ready", 2, 2))
    cells = NOTHING.set_bits(where, value=True)
    assert cells.chosen == where
    assert cells.value("dt0_ready", 0) is None
    assert cells.value("dt0_ready", LENGTH + 1) is None
    assert list(cells.values_of("csc-csc")) == []


def test_that_what_is_left_out_twice_is_left_out_once():
    dim, empty = Triplet("NO VALUE FOUND"), Triplet("EMPTY")
    state = a_state()
    rr = with_changes(
        state.rr, [({"dt-dt": dim}, (LumiRange(1, 2),)), ({"dt-dt": empty}, (LumiRange(3, 3),))]
    )
    where = chosen(("dt-dt", 1, 4))
    cells, left_out = NOTHING.set_columns(state.with_columns(rr), where, TripletChange(comment="x"))
    assert left_out == chosen(("dt-dt", 1, 3))
    assert cells.chosen == chosen(("dt-dt", 4, 4))
