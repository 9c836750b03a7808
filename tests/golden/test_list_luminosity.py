"""Luminosity of any list: what is unknown is counted as missing, and never as 0."""

import math

import numpy as np
import pytest

from app.domain.lumisections import LumiRange
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.golden.list_luminosity import (
    ListLuminosity,
    RunLuminosity,
    luminosity_by_run,
    numbers_of,
    run_luminosity,
    together,
)


def state_of(*values: object, key: str = "recorded") -> DatasetState:
    """A value in each lumisection."""
    events = [({key: each}, (LumiRange(n, n),)) for n, each in enumerate(values, start=1)]
    oms = with_changes(Grid.empty(), events)
    return DatasetState(1, "online", Grid.empty(), oms, np.ones(oms.length, np.bool_))


def test_that_what_is_not_a_finite_number_is_unknown():
    numbers = numbers_of(compact(state_of(0.5, "0.25", None, True, "x", "1e999", [1])), "recorded")
    assert np.array_equal(numbers, [0.5, 0.25, *[math.nan] * 5], equal_nan=True)


def test_that_a_luminosity_of_many_values_is_read_as_one_of_few():
    many = [round(0.1 + number * 0.01, 3) for number in range(60)]
    assert run_luminosity(compact(state_of(*many))).recorded.tolist() == many
    assert np.isnan(run_luminosity(compact(state_of(*many))).delivered).all()
    assert np.isnan(numbers_of(compact(state_of(True, key="dt_ready")), "recorded")).all()


def test_that_each_run_of_a_list_has_its_sums_and_what_is_missing():
    recorded = np.array([1.0, 2.0, math.nan, -4.0, 8.0])
    runs = {390001: RunLuminosity(recorded, recorded * 2)}
    document = {390001: (LumiRange(1, 1), LumiRange(3, 4)), 390002: (LumiRange(1, 7),)}
    found = luminosity_by_run(document, runs)
    assert found[390001] == ListLuminosity(3, 1.0, 2.0, missing=1)
    assert found[390002] == ListLuminosity(7, missing=7)
    assert together(found.values()) == ListLuminosity(10, 1.0, 2.0, missing=8)
    assert together([]) == ListLuminosity()


@pytest.mark.parametrize(
    ("luminosity", "recorded"),
    [(ListLuminosity(3, 1.5, 2.0, 1), 1.5), (ListLuminosity(7, missing=7), None)],
)
def test_that_a_luminosity_of_which_nothing_is_known_is_null_in_a_document(luminosity, recorded):
    document = luminosity.as_json()
    assert document["recorded"] == recorded
    assert document["lumisections_without_luminosity"] == luminosity.missing
