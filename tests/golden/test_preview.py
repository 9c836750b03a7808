"""The figures of a rule are those of the list that it makes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.json_logic import EvaluationError, parse
from app.golden.document import Document
from app.golden.preview import preview
from app.golden.season import Season
from app.golden.selection import select
from tests.golden.seasons import rule_source, season_datasets


def count(document: Document) -> int:
    return sum(last - first + 1 for ranges in document.values() for first, last in ranges)


@given(st.integers(0, 2**32))
def test_that_figures_are_those_of_the_lists(seed: int) -> None:
    chance = random.Random(seed)
    season, rule = Season(season_datasets(chance)), parse(rule_source(chance))
    try:
        selection = select(season, rule)
    except EvaluationError:
        return
    shown = preview(season, rule)
    inside, lost = selection.document, selection.anti_document
    assert (shown.inside.runs, shown.inside.lumisections) == (len(inside), count(inside))
    assert (shown.lost.runs, shown.lost.lumisections) == (len({*lost} - {*inside}), count(lost))
    assert shown.inside.luminosity == selection.in_json
    assert shown.lost.luminosity == selection.lost
    assert {each.condition: each.failed.luminosity.recorded for each in shown.costs} == (
        pytest.approx(selection.luminosity_by_leaf)
    )
    alone = {
        selection.leaves[loss.leaves[0]]: loss.lumisections
        for loss in selection.losses
        if len(loss.leaves) == 1
    }
    assert {
        each.condition: each.alone.lumisections for each in shown.costs if each.alone.lumisections
    } == {leaf: number for leaf, number in alone.items() if number}
    assert shown.total.unmeasured == int(season.unmeasured.sum())


def test_that_missing_luminosity_is_counted_and_not_taken_for_zero() -> None:
    chance = random.Random(1)
    while True:
        season = Season(season_datasets(chance))
        if season.size and season.unmeasured.all():
            break
    shown = preview(season, parse(True))
    assert shown.inside.lumisections == shown.inside.unmeasured > 0
    assert not shown.inside.measured
    assert not shown.lost.measured
