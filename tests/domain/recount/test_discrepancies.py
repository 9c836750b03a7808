"""What differs between a derived row and the events, told by its parts."""

from dataclasses import replace

import numpy as np

from app.domain.lumisections import LumiRange
from app.domain.recount.discrepancies import (
    MOST,
    Discrepancy,
    first_of,
    of_attributes,
    of_states,
    of_summaries,
)
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.state.summaries import summarise
from app.domain.triplets import Triplet


def a_state(rr, oms, own: int) -> DatasetState:
    return DatasetState(
        1,
        "online",
        with_changes(Grid.empty(), [(values, (LumiRange(*where),)) for values, where in rr]),
        with_changes(Grid.empty(), [(values, (LumiRange(*where),)) for values, where in oms]),
        np.ones(own, np.bool_),
    )


GOOD = [({"dt-dt": Triplet("GOOD")}, (1, 10))]
BITS = [({"bpix_ready": True, "recorded": 0.5}, (1, 10))]
WHOLE = a_state(GOOD, BITS, 10)
STATE = compact(WHOLE)


def test_that_equal_states_differ_in_nothing():
    assert [*of_states(STATE, STATE)] == []
    # The same cells, come to in another way, are kept in other bytes.
    roundabout = a_state([({"dt-dt": Triplet("BAD")}, (1, 10)), *GOOD], [*BITS, *BITS], 10)
    assert [*of_states(STATE, compact(roundabout))] == []
    dense = a_state(GOOD, [({"recorded": n / 7}, (n, n)) for n in range(1, 41)], 40)
    assert [*of_states(compact(dense), compact(dense))] == []
    other = a_state(GOOD, [({"recorded": n / 7}, (n, n)) for n in range(1, 40)], 39)
    assert [each.part for each in of_states(compact(dense), compact(other))] == [
        "recorded",
        "covered by events",
        "taking part",
    ]
    split = replace(STATE, triplets=(None, Triplet("X"), Triplet("GOOD")))
    split = replace(split, rr_codes=np.where(split.rr_codes, 2, 0).astype(np.uint16))
    assert [*of_states(STATE, split)] == []


def test_that_cells_that_differ_are_told_in_ranges():
    rr = [
        *GOOD,
        ({"dt-dt": Triplet("BAD", "hv", "trip")}, (2, 3)),
        ({"dt-dt": Triplet("BAD", "hv", "trip")}, (6, 6)),
    ]
    oms = [*BITS, ({"bpix_ready": None}, (4, 5)), ({"beam1_stable": [1, "a"]}, (1, 1))]
    assert [*of_states(compact(a_state(rr, oms, 10)), STATE)] == [
        Discrepancy("dt-dt", "BAD: hv: trip", "GOOD", "2-3, 6"),
        Discrepancy("beam1_stable", '[1,"a"]', "nothing", "1"),
        Discrepancy("bpix_ready", "null", "true", "4-5"),
    ]


def test_that_lumisections_too_many_are_told():
    longer = a_state([({"dt-dt": Triplet("GOOD")}, (1, 12))], BITS, 12)
    assert [*of_states(STATE, compact(longer))] == [
        Discrepancy("dt-dt", "nothing", "GOOD", "11-12"),
        Discrepancy("covered by events", "10 LS", "12 LS", "11-12"),
        Discrepancy("taking part", "none", "own OMS events", "11-12"),
    ]
    assert [*of_states(compact(longer), STATE)][-1] == Discrepancy(
        "taking part", "own OMS events", "none", "11-12"
    )


def test_that_attributes_are_compared_as_json():
    assert [*of_attributes("rr.", {"a": 1, "b": [1], "c": True}, {"c": 1, "b": [1.0], "d": 2})] == [
        Discrepancy("rr.a", "1", "nothing"),
        Discrepancy("rr.c", "true", "1"),
        Discrepancy("rr.d", "nothing", "2"),
    ]


def test_that_long_values_are_cut():
    (told,) = of_attributes("", {"a": "x" * 500}, {})
    assert len(told.expected) == 120
    assert told.expected.endswith(" ...")


def test_that_summaries_are_compared_by_their_parts_and_sums_roughly():
    made = summarise(WHOLE)
    assert [*of_summaries(made, replace(made, recorded=made.recorded * (1 + 1e-12)))] == []
    forged = replace(made, triplet_summary={}, recorded=7.0)
    assert [*of_summaries(made, forged)] == [
        Discrepancy(
            "counts of columns: dt-dt",
            '{"EMPTY":0,"GOOD":10,"comments":[],"causes":[]}',
            "nothing",
        ),
        Discrepancy("recorded luminosity", repr(made.recorded), "7.0"),
    ]


def test_that_no_more_than_the_first_are_named():
    every = [Discrepancy(str(number), "", "") for number in range(MOST + 5)]
    named = first_of(iter(every))
    assert named == (*every[:MOST], Discrepancy("more", "", ""))
    assert first_of(iter(every[:MOST])) == tuple(every[:MOST])
