"""The columnar selection is the plain one, and says what it couldn't find."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.json_logic import parse
from app.golden.season import Season
from app.golden.selection import select
from tests.golden.naive import naive_row, objects_of
from tests.golden.seasons import rule_source, season_datasets

LUMINOSITY = [
    "rules_flagged_false_quantity_luminosity",
    "rules_flagged_false_combination_luminosity",
]


def assert_same_row(row, expected):
    assert row.keys() == expected.keys()
    for name, value in expected.items():
        if name in LUMINOSITY:
            assert row[name].keys() == value.keys(), name
            for key in value:
                assert row[name][key] == pytest.approx(value[key], rel=1e-12), (name, key)
        elif name.startswith("total_") or "luminosity_in_json" in name:
            assert row[name] == pytest.approx(value, rel=1e-12), name
        else:
            assert row[name] == value, name


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_that_a_selection_is_what_plain_evaluation_gives(seed):
    random = Random(seed)
    datasets = season_datasets(random)
    season = Season(datasets)
    for _ in range(4):
        rule = parse(rule_source(random))
        row = select(season, rule).as_row()
        assert_same_row(row, naive_row(datasets, rule))
        json.dumps(row)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_that_a_season_shows_each_lumisection_as_a_rule_sees_it(seed):
    datasets = season_datasets(Random(seed))
    season = Season(datasets)
    for dataset in datasets:
        for number, data in objects_of(dataset).items():
            assert season.lumisection(dataset.run_number, dataset.name, number) == data
