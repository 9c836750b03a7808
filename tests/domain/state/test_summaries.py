"""Summaries of a dataset: as counted lumisection by lumisection, and as recorded."""

import json
import lzma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.lumisections import LumiRange
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, Grid, grid_of_objects, with_changes
from app.domain.state.summaries import exact_sum, luminosity_value, summarise, summarise_columns
from app.domain.triplets import Triplet, triplet_from_json
from tests.plain_folds import PlainDataset, plain_summary

COLUMNS = st.sampled_from(["dt-dt", "csc-csc", "tracker-pixel"])
TRIPLETS = st.builds(
    Triplet,
    st.sampled_from(["GOOD", "BAD", "EMPTY", "NO VALUE FOUND", ""]),
    st.sampled_from(["", "tripped", "ä"]),
    st.sampled_from(["", "hv"]),
)
BITS = st.sampled_from(["bpix_ready", "recorded", "delivered", "recorded_lumi", "prescale_name"])
VALUES = st.sampled_from([True, False, None, 0, 1, 0.25, -3.5, "2p0E34"])
NUMBERS = st.integers(1, 12)


@given(
    st.dictionaries(NUMBERS, st.dictionaries(COLUMNS, TRIPLETS, max_size=3), max_size=12),
    st.dictionaries(NUMBERS, st.dictionaries(BITS, VALUES, max_size=4), max_size=12),
    st.sets(NUMBERS),
)
def test_that_a_summary_is_what_counting_lumisection_by_lumisection_gives(rr, oms, own):
    own &= oms.keys()
    own_oms = np.zeros(max(own, default=0), np.bool_)
    own_oms[[number - 1 for number in sorted(own)]] = True
    ours = summarise(DatasetState(1, "online", grid_of_objects(rr), grid_of_objects(oms), own_oms))
    plain = PlainDataset(
        rr={n: {c: t.as_json() for c, t in each.items()} for n, each in rr.items()},
        oms=oms,
        own_oms=own,
    )
    expected = plain_summary(plain)
    assert ours.triplet_summary == expected["triplet_summary"]
    assert ours.dcs_summary == expected["dcs_summary"]
    assert ours.rr_ranges == expected["rr_ranges"]
    assert ours.dcs_ranges == expected["dcs_ranges"]
    assert ours.recorded == pytest.approx(expected["recorded"])
    assert ours.delivered == pytest.approx(expected["delivered"])


def test_that_nothing_is_summarised_of_a_dataset_without_lumisections():
    summary = summarise(
        DatasetState(1, "online", Grid.empty(), Grid.empty(), np.zeros(0, np.bool_))
    )
    assert (summary.triplet_summary, summary.dcs_summary) == ({}, {})
    assert (summary.rr_ranges, summary.dcs_ranges) == ({}, {})
    assert (summary.recorded, summary.delivered) == (0.0, 0.0)


def test_that_comments_and_causes_are_listed_once_in_lumisection_order():
    said = ["b", "a", "b", "", "c", "a"]
    rr = {n: {"dt-dt": Triplet("BAD", each, each)} for n, each in enumerate(said, start=1)}
    oms = {n: {"x": True} for n in rr}
    state = DatasetState(
        1, "online", grid_of_objects(rr), grid_of_objects(oms), np.ones(6, np.bool_)
    )
    assert summarise(state).triplet_summary == {
        "dt-dt": {"BAD": 6, "EMPTY": 0, "comments": ["b", "a", "c"], "causes": ["b", "a", "c"]}
    }


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        (1.5, 1.5),
        (2, 2.0),
        (0, 0.0),
        (-1.5, 0.0),
        (None, 0.0),
        (True, 0.0),
        ("0.25", 0.25),
        ("n/a", 0.0),
        ("-1", 0.0),
        ("inf", 0.0),
        ("nan", 0.0),
        ([1], 0.0),
        ({"a": 1}, 0.0),
    ],
)
def test_that_negative_and_missing_luminosity_counts_nothing_and_text_is_converted(value, counts):
    assert luminosity_value(value) == counts


# --- recorded rows --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded(shared_data) -> list[dict]:
    with lzma.open(shared_data / "conformance" / "datasets.jsonl.xz", "rt") as lines:
        return [json.loads(line) for line in lines]


def rebuilt(dataset: dict) -> DatasetState:
    """The state whose lumisections are the rows of the view, by their numbers."""
    rows = dataset["aggregated_lumisection_rows"]
    rr = {
        row["lumisection_number"]: {
            column: triplet_from_json(each) for column, each in row["rr_lumisection"].items()
        }
        for row in rows
    }
    oms = {row["lumisection_number"]: row["oms_lumisection"] for row in rows}
    grid = grid_of_objects(oms)
    return DatasetState(
        dataset["run_number"], dataset["name"], grid_of_objects(rr), grid, grid.covered
    )


def test_that_the_recorded_cache_rows_are_what_we_make_of_the_recorded_lumisections(recorded):
    assert len(recorded) == 15
    for dataset in recorded:
        (row,) = dataset["DatasetTripletCache"]
        ours = summarise(rebuilt(dataset))
        for name in ("triplet_summary", "dcs_summary", "rr_ranges", "dcs_ranges"):
            assert getattr(ours, name) == row[name], (dataset["file"], name)
        for name, value in (("recorded", ours.recorded), ("delivered", ours.delivered)):
            assert row[f"brilcalc_{name}_luminosity"] == pytest.approx(value, rel=1e-12)


def test_that_columns_alone_are_summarised_as_in_the_whole() -> None:
    random = np.random.default_rng(5)
    statuses = ("GOOD", "BAD", "EMPTY", "")
    for length in (1, 7, 40):
        events = [
            (
                {
                    f"c-{int(random.integers(4))}": Triplet(
                        statuses[int(random.integers(4))],
                        ("", "trip", "noise")[int(random.integers(3))],
                        ("", "hv")[int(random.integers(2))],
                    )
                },
                (LumiRange(int(random.integers(1, length + 1)), length),),
            )
            for _ in range(20)
        ]
        rr = with_changes(Grid.empty(), events)
        oms = with_changes(Grid.empty(), [({"bit": True}, (LumiRange(1, length),))])
        own = random.random(length) < 0.7
        state = DatasetState(1, "online", rr, oms, own)
        whole = summarise(state)
        columns, ranges = summarise_columns(compact(state))
        assert json.dumps(columns) == json.dumps(whole.triplet_summary)
        assert json.dumps(ranges) == json.dumps(whole.rr_ranges)


def test_that_a_sum_that_is_too_large_is_infinite():
    assert exact_sum([1e308, 1e308]) == float("inf")
    assert exact_sum([0.1] * 10) == 1.0
