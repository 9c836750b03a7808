"""Ranges of lumisections in which all that is looked at is equal."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.state.equal_ranges import Side, bits_of, equal_ranges
from app.domain.state.grid import DatasetState, grid_of_objects
from app.domain.triplets import EMPTY_TRIPLET, Triplet

TRIPLETS = st.sampled_from([Triplet("GOOD"), Triplet("BAD"), Triplet("BAD", "HV")])
LUMIS = st.integers(1, 12)
STATES = st.builds(
    lambda rr, oms: DatasetState(
        1, "online", grid_of_objects(rr), grid_of_objects(oms), np.zeros(12, np.bool_)
    ),
    st.dictionaries(LUMIS, st.dictionaries(st.sampled_from(["dt-dt", "rpc-rpc"]), TRIPLETS)),
    st.dictionaries(
        LUMIS,
        st.fixed_dictionaries(
            {},
            optional={
                "cms_active": st.booleans() | st.none(),
                "recorded": st.floats(0, 1),
            },
        ),
    ),
)


@pytest.mark.parametrize("side", list(Side))
@given(state=STATES)
def test_that_ranges_say_what_each_lumisection_says(side: Side, state: DatasetState):
    found = equal_ranges(state, side)
    columns = state.rr.keys if side is not Side.OMS else ()
    bits = bits_of(state) if side is not Side.RR else ()
    said = {
        number: (each.columns, each.bits)
        for each in found
        for number in range(each.range.first, each.range.last + 1)
    }
    wanted = range(1, state.length + 1) if columns or bits else ()
    assert said == {
        number: (
            {key: state.rr.value(key, number) or EMPTY_TRIPLET for key in columns},
            {key: state.oms.value(key, number) for key in bits if state.oms.has(key, number)},
        )
        for number in wanted
    }
    for before, after in pairwise(found):
        assert (before.columns, before.bits) != (after.columns, after.bits)
        assert after.range.first == before.range.last + 1


def test_that_luminosity_breaks_no_range():
    oms = {number: {"cms_active": True, "recorded": number / 10} for number in range(1, 6)}
    state = DatasetState(1, "online", grid_of_objects({}), grid_of_objects(oms), np.ones(5, bool))
    assert [each.range for each in equal_ranges(state, Side.BOTH)] == [(1, 5)]


def test_that_only_the_columns_of_a_workspace_break_ranges():
    good, bad = Triplet("GOOD"), Triplet("BAD")
    rr = {1: {"dt-dt": good, "rpc-rpc": good}, 2: {"dt-dt": good, "rpc-rpc": bad}}
    state = DatasetState(1, "online", grid_of_objects(rr), grid_of_objects({}), np.ones(2, bool))
    assert [each.range for each in equal_ranges(state, Side.RR, ["dt-dt"])] == [(1, 2)]
    assert len(equal_ranges(state, Side.RR)) == 2
