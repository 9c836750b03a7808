"""Choosing cells: rectangles added, taken away and cut; by what they hold; and what they weigh."""

import numpy as np
import pytest

from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.editing.selection import (
    Selection,
    same_as,
    same_everywhere,
    where_bit,
    where_status,
)
from app.domain.lumisections import LumiRange
from app.domain.state.grid import DatasetState, Grid, grid_of_objects
from app.domain.triplets import Triplet

GOOD, BAD = Triplet("GOOD"), Triplet("BAD", "HV trip")


@pytest.fixture
def state() -> DatasetState:
    """Six LS: dt-dt good, bad in 3 and 4, missing in 6; a bit false in 2 and null in 5."""
    rr: Grid[Triplet] = grid_of_objects(
        {n: {"dt-dt": BAD if n in {3, 4} else GOOD} if n < 6 else {} for n in range(1, 7)}
    )
    bits = {2: False, 5: None}
    oms = grid_of_objects(
        {n: {"dt0_ready": bits.get(n, True), "recorded": 0.5, "delivered": 1} for n in range(1, 7)}
    )
    return DatasetState(1, "online", rr, oms, np.ones(5, np.bool_))


def test_that_rectangles_are_added_taken_away_and_intersected():
    one = Selection.of(["a", "b"], [(1, 4)], 10)
    other = Selection.of(["b", "c"], [(3, 6)], 10)
    assert dict((one | other).ranges()) == {
        "a": (LumiRange(1, 4),),
        "b": (LumiRange(1, 6),),
        "c": (LumiRange(3, 6),),
    }
    assert dict((one - other).ranges()) == {"a": (LumiRange(1, 4),), "b": (LumiRange(1, 2),)}
    assert dict((one & other).ranges()) == {"b": (LumiRange(3, 4),)}
    assert one - one == Selection.empty(10)
    assert not one - one


def test_that_a_selection_weighs_only_lumisections_that_take_part(state: DatasetState):
    size = Selection.of(["dt-dt", "dt0_ready"], [(4, 6)], 6).size(state)
    assert size == (6, 3, 1.0, 2.0)


def test_that_cells_are_chosen_by_what_they_hold(state: DatasetState):
    assert dict(same_as(state, "dt-dt", 2).ranges()) == {"dt-dt": (LumiRange(1, 2),)}
    assert dict(same_everywhere(state, "dt-dt", 2).ranges()) == {
        "dt-dt": (LumiRange(1, 2), LumiRange(5, 5))
    }
    assert dict(same_as(state, "dt0_ready", 1).ranges()) == {"dt0_ready": (LumiRange(1, 1),)}
    assert where_bit(state, "dt0_ready", value=False).tolist() == [False, True] + [False] * 4
    assert where_bit(state, "dt0_ready", value=None).tolist() == [False] * 4 + [True, False]
    assert where_status(state, "dt-dt", ["EMPTY"]).tolist() == [False] * 5 + [True]
    column = Selection.of(["dt-dt"], [(1, 6)], 6)
    cut = column.within(where_bit(state, "dt0_ready", value=False))
    assert dict(cut.ranges()) == {"dt-dt": (LumiRange(2, 2),)}


def test_that_a_selection_becomes_edits_of_its_columns_or_of_its_bits():
    selection = Selection.of(["dt-dt", "dt0_ready"], [(1, 2), (5, 5)], 6)
    ranges = (LumiRange(1, 2), LumiRange(5, 5))
    assert selection.edits(1, "online", BAD) == [ColumnEdit(1, "online", "dt-dt", ranges, BAD)]
    assert selection.edits(1, "online", to=False) == [
        BitEdit(1, "online", "dt0_ready", ranges, value=False)
    ]


def test_that_a_selection_outlives_the_growth_of_its_dataset():
    grown = Selection.of(["dt-dt"], [(2, 6)], 6).resized(9)
    assert (grown.length, dict(grown.ranges())) == (9, {"dt-dt": (LumiRange(2, 6),)})
    assert dict(grown.resized(3).ranges()) == {"dt-dt": (LumiRange(2, 3),)}
