"""The columnar selection is the plain one, and says what it couldn't find."""

import dataclasses
import json
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import NotFound
from app.domain.json_logic import Rule, parse
from app.domain.lumisections import LumiRange
from app.domain.progress import Cancelled, Progress
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState, Grid, with_changes
from app.domain.triplets import GOOD, Triplet
from app.golden.document import document_of
from app.golden.leaves import column_at, combinations
from app.golden.season import Season, SeasonDataset
from app.golden.selection import select
from app.golden.variables import values_of
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


@settings(max_examples=2 * settings().max_examples)
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


@given(st.integers(0, 2**32))
def test_that_a_season_shows_each_lumisection_as_a_rule_sees_it(seed):
    datasets = season_datasets(Random(seed))
    season = Season(datasets)
    for dataset in datasets:
        for number, data in objects_of(dataset).items():
            assert season.lumisection(dataset.run_number, dataset.name, number) == data


def lumisections(number, run_number=1, name="online", **values):
    """A dataset whose lumisections all have the same values."""
    everywhere = [LumiRange(1, number)]
    rr = with_changes(Grid.empty(), [({"dt-dt": Triplet(GOOD)}, everywhere)])
    oms = with_changes(Grid.empty(), [({"dt_ready": True, **values}, everywhere)])
    state = DatasetState(run_number, name, rr, oms, np.ones(number, np.bool_))
    attributes = {"global_state": "OPEN", "appeared_in": ["DBS"]}
    return SeasonDataset(run_number, name, attributes, {"energy": 6800}, {}, compact(state))


GOOD_DT = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}


def test_that_a_season_without_datasets_gives_an_empty_answer():
    selection = select(Season([]), parse(GOOD_DT))
    assert selection.document == {}
    assert selection.min_run_number is None
    assert selection.total == (0.0, 0.0)
    assert selection.losses == ()
    assert selection.warnings == ()


def test_that_runs_without_a_lumisection_that_takes_part_still_count_in_the_run_range():
    season = Season([lumisections(5, 7), lumisections(0, 3), lumisections(0, 9)])
    selection = select(season, parse(GOOD_DT))
    assert (selection.min_run_number, selection.max_run_number) == (3, 9)
    assert selection.document == {7: (LumiRange(1, 5),)}


def test_that_a_variable_nothing_has_is_named_with_the_nearest_that_exist():
    rule = parse(
        {
            "and": [
                {"==": [{"var": "lumisection.rr.dt_dt"}, "GOOD"]},
                {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]},
                {"==": [{"var": "zzz"}, 1]},
                {"==": [{"var": "run.oms.energy.high"}, 1]},
                {"==": [{"var": "dataset.appeared_in.0"}, "DBS"]},
                {"==": [{"var": "dataset.appeared_in.1"}, "DBS"]},
                {"!!": [{"var": "lumisection.oms"}]},
                {">": [{"var": "lumisection.lumisection_number"}, 0]},
                {">": [{"var": "lumisection.lumisection_number.first"}, 0]},
            ]
        }
    )
    warnings = select(Season([lumisections(3)]), rule).warnings
    assert [each.name for each in warnings] == [
        "dataset.appeared_in.1",
        "lumisection.lumisection_number.first",
        "lumisection.rr.dt_dt",
        "run.oms.energy.high",
        "zzz",
    ]
    assert warnings[2].nearest[0] == "lumisection.rr.dt-dt"
    assert str(warnings[2]).endswith("; did you mean lumisection.rr.dt-dt?")
    assert str(warnings[4]) == 'No lumisection of the selection has "zzz".'


def test_that_a_null_is_a_value_that_is_there():
    season = Season([lumisections(3, cms_active=None)])
    assert select(season, parse({"!": [{"var": "lumisection.oms.cms_active"}]})).warnings == ()
    assert values_of(season, "lumisection.oms.cms_active") == [None]
    assert values_of(season, "lumisection.oms.dt_ready") == [True]
    assert values_of(season, "run.oms") == values_of(season, "nowhere") == []
    assert "lumisection.oms.cms_active" in season.names


def test_that_a_leaf_is_computed_once_for_all_rules_over_a_season(monkeypatch):
    computed = []
    holds = Rule.holds

    def counted(rule, data):
        computed.append(rule.source)
        return holds(rule, data)

    monkeypatch.setattr(Rule, "holds", counted)
    season = Season([lumisections(400, run) for run in range(1, 20)])
    select(season, parse({"and": [GOOD_DT, {"var": "lumisection.oms.dt_ready"}]}))
    assert len(computed) == 2
    select(season, parse({"or": [GOOD_DT, GOOD_DT]}))
    assert len(computed) == 2


def test_that_more_leaves_than_a_machine_word_has_bits_are_told_apart():
    leaves = [
        {"!=": [{"var": "lumisection.lumisection_number"}, number]} for number in range(1, 151)
    ]
    selection = select(Season([lumisections(151, recorded=0.5)]), parse({"and": leaves}))
    assert selection.document == {1: (LumiRange(151, 151),)}
    assert {loss.leaves for loss in selection.losses} == {(number,) for number in range(150)}
    assert set(selection.luminosity_by_leaf.values()) == {0.5}


def test_that_many_values_of_many_variables_are_told_apart():
    codes = [(np.arange(50) % size, 2**30) for size in (2, 3, 50)]
    number, examples = combinations(codes)
    assert examples.size == 50
    assert (examples[number] == np.arange(50)).all()


def test_that_losses_stand_in_order_of_luminosity():
    season = Season([lumisections(9, 1, recorded=0.1), lumisections(3, 2, recorded=0.2)])
    selection = select(
        season, parse({"and": [{"<": [{"var": "lumisection.lumisection_number"}, 3]}, GOOD_DT]})
    )
    assert [loss.lumisections for loss in selection.losses] == [8]
    rule = {
        "and": [
            {"==": [{"var": "run.run_number"}, 3]},
            {"<": [{"var": "lumisection.lumisection_number"}, 3]},
        ]
    }
    selection = select(season, parse(rule))
    assert [(loss.leaves, loss.lumisections) for loss in selection.losses] == [
        ((0, 1), 8),
        ((0,), 4),
    ]
    assert selection.lumisections_lost == 12
    assert selection.lumisections == 0
    assert [loss.luminosity.recorded for loss in selection.losses] == pytest.approx([0.9, 0.6])


def test_that_luminosity_of_one_lumisection_counts_once_and_order_changes_nothing():
    datasets = [
        lumisections(5, 1, "/B/DQM", recorded=0.1),
        lumisections(3, 1, "/A/DQM", recorded=0.1),
        lumisections(4, 2, "/A/DQM", recorded="0.3", delivered=-1),
    ]
    forward, backward = Season(datasets), Season(reversed(datasets))
    assert forward.total.recorded == pytest.approx(0.5 + 1.2, rel=1e-15)
    assert forward.total.delivered == 0
    assert forward.total == backward.total
    rule = parse({"==": [{"var": "dataset.name"}, "/B/DQM"]})
    selection = select(forward, rule)
    assert selection.document == {1: (LumiRange(1, 5),)}
    assert selection.anti_document == {2: (LumiRange(1, 4),)}
    assert selection.anti_document_with_names == {
        "1-/A/DQM": (LumiRange(1, 3),),
        "2-/A/DQM": (LumiRange(1, 4),),
    }
    assert selection.in_json.recorded == pytest.approx(0.5, rel=1e-15)
    assert selection.as_row() == select(backward, rule).as_row()


def test_that_the_luminosity_of_a_document_counts_what_takes_part():
    season = Season([lumisections(5, 1, recorded=0.1), lumisections(4, 2, recorded=0.2)])
    document = document_of({1: [(2, 3), (5, 90)], 2: [(1, 1)], 3: [(1, 1)]})
    assert season.luminosity_of(document).recorded == pytest.approx(0.5)
    with pytest.raises(NotFound, match="Lumisection 6 of run 1"):
        season.lumisection(1, "online", 6)


def test_that_progress_ends_at_all_and_that_it_can_be_stopped_anywhere():
    season = Season([lumisections(40, run, recorded=0.1) for run in (1, 2)])
    rule = parse({"and": [GOOD_DT, {"var": ""}, {"!!": [{"var": "run.rr"}]}]})
    shares = []
    whole = select(season, rule, Progress(shares.append))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    for limit in range(5):
        with pytest.raises(Cancelled):
            Season(season.datasets, Progress(is_cancelled=_after(limit)))
        with pytest.raises(Cancelled):
            select(Season(season.datasets), rule, Progress(is_cancelled=_after(limit)))
    assert select(season, rule).as_row() == whole.as_row()


def _after(calls):
    """Says stop once it was called more often than this."""
    answers = iter([False] * calls)
    return lambda: next(answers, True)


def test_that_a_leaf_that_is_a_list_counts_as_true_whatever_it_reads():
    measured = [({"recorded": 0.1 * n}, [LumiRange(n, n)]) for n in range(1, 41)]
    dataset = lumisections(40)
    oms = with_changes(dataset.state.expand().oms, measured)
    state = DatasetState(1, "online", dataset.state.expand().rr, oms, np.ones(40, np.bool_))
    season = Season([dataclasses.replace(dataset, state=compact(state))])
    assert season.is_dense("recorded")
    listed = parse({"and": [[{"var": "lumisection.oms.recorded"}], GOOD_DT]})
    assert select(season, listed).document == {1: (LumiRange(1, 40),)}


def test_that_a_whole_object_has_no_column():
    with pytest.raises(ValueError, match="has no column"):
        column_at(Season([lumisections(5)]), ("lumisection",))


def test_that_good_and_bad_lumisections_are_listed_by_dataset():
    season = Season([lumisections(5, 7, "/A"), lumisections(3, 7, "/B", dt_ready=False)])
    selection = select(season, parse({"==": [{"var": "lumisection.oms.dt_ready"}, True]}))
    assert selection.document_with_names == {"7-/A": (LumiRange(1, 5),)}
    assert selection.anti_document_with_names == {"7-/B": (LumiRange(1, 3),)}
