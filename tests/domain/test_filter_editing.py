"""Steps on the tree of a filter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.filters import RUN, And, Comparison, Node, Operator, Or, format, parse  # noqa: A004
from app.domain.filters.editing import (
    Path,
    joined,
    negated,
    node_at,
    parts_of,
    replaced,
    switched,
)
from tests.filter_trees import comparison_of, trees

COMPARISONS = st.sampled_from([Operator.EQUAL, Operator.IN, Operator.LESS]).flatmap(
    lambda operator: comparison_of(RUN, operator, st.integers(1, 9))
)
NEW = Comparison(RUN, Operator.EQUAL, 77)


@st.composite
def places(draw: st.DrawFn) -> tuple[Node, Path]:
    """A tree and a path in it."""
    root = draw(trees(COMPARISONS, 8))
    path: Path = ()
    while (parts := parts_of(node_at(root, path))) and draw(st.booleans()):
        path = (*path, draw(st.integers(0, len(parts) - 1)))
    return root, path


def shape(text: str) -> Node:
    node = parse(text)
    assert node is not None
    return node


@given(places(), st.sampled_from([And, Or]))
def test_that_every_step_leads_to_a_filter_that_can_be_written(place, kind):
    root, path = place
    whole, at = joined(root, path, NEW, kind)
    assert node_at(whole, at) == NEW
    assert replaced(whole, at, None) == root
    again = [negated(root, path), switched(root, path), replaced(root, path, NEW), whole]
    for each in (*again, replaced(root, path, None)):
        assert format(parse(format(each))) == format(each)
    assert switched(switched(root, path), path) == root


@given(trees(COMPARISONS, 8))
def test_that_every_part_of_a_filter_is_reached(root):
    reached, waiting = [], [()]
    while waiting:
        path = waiting.pop()
        reached.append(node_at(root, path))
        waiting += [(*path, place) for place in range(len(parts_of(reached[-1])))]
    assert any(isinstance(each, Comparison) for each in reached)
    assert root in reached


@pytest.mark.parametrize(
    ("before", "path", "kind", "after"),
    [
        ("run = 1", (), And, "run = 1 and run = 77"),
        ("run = 1 and run = 2", (0,), And, "run = 1 and run = 77 and run = 2"),
        ("run = 1 and run = 2", (), And, "run = 1 and run = 2 and run = 77"),
        ("run = 1 and run = 2", (1,), Or, "run = 1 and (run = 2 or run = 77)"),
        ("not run = 1", (0,), Or, "not (run = 1 or run = 77)"),
    ],
)
def test_that_a_condition_joins_the_group_it_is_put_into(before, path, kind, after):
    assert format(joined(shape(before), path, NEW, kind)[0]) == after


def test_that_a_group_of_one_is_no_group():
    assert format(replaced(shape("run = 1 and (run = 2 or run = 3)"), (1, 0), None)) == (
        "run = 1 and run = 3"
    )
    assert replaced(shape("not run = 1"), (0,), None) is None
    assert format(negated(shape("not run = 1"), ())) == "run = 1"
