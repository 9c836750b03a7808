import random

import pytest

from app.domain.json_logic import explain, parse
from app.domain.json_value import js_stringify
from app.golden.explain import causes
from app.golden.season import Season
from app.golden.selection import select
from tests.golden.seasons import rule_source, season_datasets


@pytest.mark.parametrize("seed", range(60))
def test_that_the_deciding_conditions_are_those_the_list_blames(seed):
    chance = random.Random(seed)
    season = Season(season_datasets(chance))
    rule = parse(rule_source(chance))
    selection = select(season, rule)
    segments = selection.segments
    first_causes = causes(selection)
    for at in range(segments.size):
        dataset = season.datasets[int(segments.dataset[at])]
        first = int(segments.first[at])
        tree = explain(rule, season.lumisection(dataset.run_number, dataset.name, first))
        assert tree.holds == bool(selection.good[at])
        assert [leaf.text for leaf in tree.leaves] == [js_stringify(x.source) for x in rule.leaves]
        if tree.holds:
            continue
        loss = selection.losses[int(selection.loss[at])]
        blamed = {selection.leaves[leaf] for leaf in loss.leaves}
        assert {leaf.text for leaf in tree.leaves if leaf.deciding} == blamed
        assert all(not leaf.holds for leaf in tree.leaves if leaf.deciding)
        (cause,) = [
            cause.condition
            for cause in first_causes[dataset.run_number, dataset.name]
            if any(a <= first <= b for a, b in cause.ranges)
        ]
        assert cause == next((x for x in selection.leaves if x in blamed), selection.leaves[0])
