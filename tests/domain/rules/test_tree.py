"""A rule as a tree: the same rule comes back, and every change does what it says."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Refused
from app.domain.json_logic import RuleError, parse
from app.domain.json_value import JsonValue, js_stringify
from app.domain.rules import tree
from app.domain.rules.tree import (
    Comparison,
    Condition,
    Group,
    Opposite,
    Raw,
    node_of,
    source_of,
)
from app.domain.rules.vocabulary import Variable, VariableKind

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9999)
    | st.floats(allow_nan=False, allow_infinity=False)
    # A rule that holds NUL or half a character can't be stored.
    | st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=5)
)
NAMES = st.sampled_from(["a", "run.oms.b", "lumisection.rr.dt-dt", ""])
VARS = NAMES.map(lambda name: {"var": name}) | SCALARS.map(lambda value: {"var": [value]})
LEAVES: st.SearchStrategy[JsonValue] = st.one_of(
    SCALARS,
    VARS,
    st.tuples(
        st.sampled_from(["==", "!=", "===", "!==", "<", "<=", ">", ">=", "in", "+", "missing"]),
        st.lists(SCALARS | VARS | st.lists(SCALARS, max_size=2), max_size=3),
    ).map(lambda pair: {pair[0]: pair[1]}),
    st.tuples(st.sampled_from(["==", "!="]), SCALARS, VARS, SCALARS).map(
        lambda parts: {parts[0]: [{"in": [parts[1], parts[2]]}, parts[3]]}
    ),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or", "!", "if"]), st.lists(inner, max_size=3)).map(
            lambda pair: {pair[0]: pair[1]}
        ),
        st.tuples(st.sampled_from(["and", "!"]), inner).map(lambda pair: {pair[0]: pair[1]}),
        inner.map(lambda rule: {"if": [rule, True, False]}),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
    ),
    max_leaves=12,
)


def a_rule() -> tree.Node:
    return node_of(
        {
            "and": [
                {"==": [{"var": "a"}, 1]},
                {"or": [{"==": [{"var": "b"}, 2]}, {"==": [{"var": "c"}, 3]}]},
                {"!": {"==": [{"var": "d"}, 4]}},
            ]
        }
    )


@given(RULES)
def test_that_the_tree_of_any_rule_gives_the_same_rule_back(rule: JsonValue) -> None:
    assert json.dumps(source_of(node_of(rule))) == json.dumps(rule)


@pytest.mark.parametrize(
    "table",
    [
        "JsonClassifier",
        "ClassClassifier",
        "ComponentClassifier",
        "DatasetClassifier",
        "OfflineDatasetClassifier",
    ],
)
def test_that_every_real_rule_comes_back_and_its_leaves_are_conditions(
    shared_data: Path, table: str
) -> None:
    rows = json.loads((shared_data / f"data/configuration/{table}.json").read_text("utf-8"))
    raw = 0
    for row in rows:
        rule = row["classifier"]
        rule = json.loads(rule) if isinstance(rule, str) else rule
        node = node_of(rule)
        assert json.dumps(source_of(node)) == json.dumps(rule)
        raw += len(_raw(node))
    # What is left are plain `true`, a comparison of a whole `or`, and faulty rules.
    assert raw <= 90


def _raw(node: tree.Node) -> list[Raw]:
    if isinstance(node, Raw):
        return [node]
    return [found for child in tree.children_of(node) for found in _raw(child)]


@pytest.mark.parametrize(
    ("rule", "condition"),
    [
        ({"==": [{"var": "a"}, "GOOD"]}, Condition("a", Comparison.EQUAL, "GOOD")),
        ({">=": [{"var": "a"}, 6.5]}, Condition("a", Comparison.AT_LEAST, 6.5)),
        ({"in": ["25ns", {"var": "a"}]}, Condition("a", Comparison.CONTAINS, "25ns")),
        ({"in": [{"var": "a"}, ["x", "y"]]}, Condition("a", Comparison.ONE_OF, ["x", "y"])),
        (
            {"==": [{"in": ["WMass", {"var": "a"}]}, False]},
            Condition("a", Comparison.NOT_CONTAINS, "WMass"),
        ),
        (
            {"==": [{"in": ["25ns", {"var": "a"}]}, True]},
            Condition("a", Comparison.CONTAINS_TRUE, "25ns"),
        ),
        ({"<=": [1, {"var": "a"}, 2]}, Condition("a", Comparison.BETWEEN, [1, 2])),
        ({"<": [1, {"var": "a"}, 2]}, Condition("a", Comparison.STRICTLY_BETWEEN, [1, 2])),
        ({"var": "a"}, Condition("a", Comparison.HOLDS)),
    ],
)
def test_that_a_condition_has_variable_comparison_and_value(
    rule: JsonValue, condition: Condition
) -> None:
    assert node_of(rule) == condition
    assert source_of(condition) == rule


@pytest.mark.parametrize("comparison", tree.OFFERED)
@pytest.mark.parametrize("value", ["GOOD", True, 3, ["x", "y"], [], [1]])
def test_that_any_comparison_can_follow_any_value(comparison: Comparison, value: JsonValue) -> None:
    changed = tree.compared(Condition("a", Comparison.EQUAL, value), comparison)
    rule = source_of(changed)
    parse(rule)
    assert source_of(node_of(rule)) == rule


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"==": [{"var": "a"}, 1]}, ()),
        ({"!": [{"and": [{"==": [{"var": "a"}, 1]}]}]}, (0, 0)),
    ],
)
def test_that_a_rule_keeps_one_condition(rule: JsonValue, path: tree.Path) -> None:
    with pytest.raises(Refused, match="at least one"):
        tree.remove(node_of(rule), path)


def test_that_a_group_without_conditions_goes_with_its_last() -> None:
    root = node_of({"and": [{"or": [{"var": "a"}]}, {"var": "b"}]})
    assert source_of(tree.remove(root, (0, 0)).root) == {"and": [{"var": "b"}]}


def test_that_a_node_is_added_into_a_group_or_behind() -> None:
    new = Condition("new", Comparison.EQUAL, 0)
    root, path = tree.add(a_rule(), (1,), new)
    assert path == (1, 2)
    assert tree.at(root, path) == new
    root, path = tree.add(a_rule(), (0,), new)
    assert path == (1,)
    assert tree.at(root, path) == new
    root, path = tree.add(a_rule(), (2, 0), new)
    assert path == (3,)
    root, path = tree.add(node_of({"if": [{"var": "a"}, True, False]}), (), new)
    assert source_of(root) == {
        "if": [{"and": [{"var": "a"}, {"==": [{"var": "new"}, 0]}]}, True, False]
    }
    assert tree.at(root, path) == new


def test_that_negating_twice_changes_nothing() -> None:
    for path in ((), (0,), (1,), (1, 0)):
        once = tree.negate(a_rule(), path)
        assert once.root != a_rule()
        assert tree.negate(once.root, once.path).root == a_rule()


def test_that_the_opposite_of_equal_is_short() -> None:
    assert source_of(tree.negate(node_of({"==": [{"var": "a"}, 1]}), ()).root) == {
        "!=": [{"var": "a"}, 1]
    }
    assert tree.negate(node_of({"<": [{"var": "a"}, 1]}), ()).root == Opposite(
        Condition("a", Comparison.LESS, 1)
    )


def test_that_wrapping_and_dissolving_are_opposites() -> None:
    for path in ((0,), (1,), (1, 1), (2, 0)):
        wrapped = tree.wrap(a_rule(), path, "or")
        assert tree.dissolve(wrapped.root, wrapped.path).root == a_rule()
    assert source_of(tree.dissolve(a_rule(), (1,)).root) == {
        "and": [
            {"==": [{"var": "a"}, 1]},
            {"==": [{"var": "b"}, 2]},
            {"==": [{"var": "c"}, 3]},
            {"!": {"==": [{"var": "d"}, 4]}},
        ]
    }
    for path in ((0,), ()):
        with pytest.raises(Refused):
            tree.dissolve(a_rule(), path)


def test_that_moving_there_and_back_changes_nothing() -> None:
    there = tree.move(a_rule(), (0,), 1)
    assert there.path == (1,)
    assert tree.move(there.root, there.path, -1).root == a_rule()
    out = tree.move(a_rule(), (1, 0), -1)
    assert out.path == (1,)
    assert tree.move_in(out.root, out.path).root == a_rule()
    behind = tree.move(a_rule(), (1, 1), 1)
    assert behind.path == (2,)
    assert tree.at(behind.root, behind.path) == Condition("c", Comparison.EQUAL, 3)


def test_that_a_group_disappears_when_its_last_node_moves_out() -> None:
    root = node_of({"and": [{"or": [{"var": "a"}]}, {"var": "b"}]})
    moved = tree.move_out(root, (0, 0))
    assert source_of(moved.root) == {"and": [{"var": "a"}, {"var": "b"}]}
    assert moved.path == (0,)
    with pytest.raises(Refused):
        tree.move_out(root, (1,))


CHANGES = st.sampled_from(
    ["add", "remove", "negate", "and", "or", "dissolve", "up", "down", "out", "in"]
)


def _paths(node: tree.Node, path: tree.Path = ()) -> list[tree.Path]:
    inner = [
        found
        for index, child in enumerate(tree.children_of(node))
        for found in _paths(child, (*path, index))
    ]
    return [path, *inner]


@given(RULES, st.lists(st.tuples(CHANGES, st.integers(0, 99)), max_size=6))
def test_that_changes_keep_a_rule_a_rule_and_its_conditions(
    rule: JsonValue, changes: list[tuple[str, int]]
) -> None:
    try:
        parse(rule)
    except RuleError:
        return
    root = node_of(rule)
    for change, number in changes:
        paths = _paths(root)
        path = paths[number % len(paths)]
        try:
            match change:
                case "add":
                    edited = tree.add(root, path, Condition("x", Comparison.EQUAL, 1))
                case "remove":
                    edited = tree.remove(root, path)
                case "negate":
                    edited = tree.negate(root, path)
                case "and" | "or":
                    edited = tree.wrap(root, path, "and" if change == "and" else "or")
                case "dissolve":
                    edited = tree.dissolve(root, path)
                case "up" | "down":
                    edited = tree.move(root, path, -1 if change == "up" else 1)
                case "out":
                    edited = tree.move_out(root, path)
                case "in":
                    edited = tree.move_in(root, path)
                case _:
                    raise AssertionError(change)
        except Refused:
            continue
        tree.at(edited.root, edited.path)
        source = source_of(edited.root)
        parse(source)
        # What the text says is read as the same tree again.
        assert js_stringify(source_of(node_of(source))) == js_stringify(source)
        if change in ("and", "or", "dissolve", "up", "down", "out", "in"):
            assert _conditions(edited.root) == _conditions(root)
        root = node_of(source)


def _conditions(node: tree.Node) -> list[str]:
    children = tree.children_of(node)
    if not children:
        return [js_stringify(source_of(node))]
    return sorted(found for child in children for found in _conditions(child))


@given(SCALARS)
def test_that_a_value_is_read_as_it_is_shown(value: JsonValue) -> None:
    assert tree.read_value(tree.value_text(value)) == value


@given(st.lists(SCALARS, max_size=4))
def test_that_a_list_of_values_is_read_as_it_is_shown(values: list[JsonValue]) -> None:
    assert tree.read_values(tree.value_text(list(values))) == values


def test_that_a_text_needs_no_quotes() -> None:
    assert tree.value_text("GOOD") == "GOOD"
    assert tree.value_text("true") == '"true"'
    assert tree.value_text(["GOOD", "BAD"]) == "GOOD, BAD"
    assert tree.read_values("GOOD, BAD") == ["GOOD", "BAD"]
    assert tree.text_of(Group("and", (Condition("a", Comparison.EQUAL, 1),))) == "all of 1"


@given(RULES)
def test_that_every_node_has_its_place_in_the_rule(rule: JsonValue) -> None:
    root = node_of(rule)
    for path in _paths(root):
        part: JsonValue = rule
        for step in tree.place_of(root, path):
            assert isinstance(part, dict | list)
            part = part[step]  # type: ignore[call-overload,index]
        assert js_stringify(part) == js_stringify(source_of(tree.at(root, path)))


@pytest.mark.parametrize(
    ("variable", "condition"),
    [
        (Variable("a", VariableKind.NUMBER), Condition("a", Comparison.AT_LEAST, 0)),
        (
            Variable("a", VariableKind.LIST, "", ("GUI",)),
            Condition("a", Comparison.CONTAINS, "GUI"),
        ),
        (Variable("a", VariableKind.STATUS), Condition("a", Comparison.EQUAL, "GOOD")),
    ],
)
def test_that_a_new_condition_suits_its_variable(variable: Variable, condition: Condition) -> None:
    assert tree.condition_about(variable) == condition


def test_that_a_condition_that_just_held_is_compared_with_true() -> None:
    holds = Condition("a", Comparison.HOLDS)
    assert tree.compared(holds, Comparison.EQUAL) == Condition("a", Comparison.EQUAL, True)
    assert tree.compared(holds, Comparison.HOLDS) == holds


def test_that_a_place_that_is_not_there_can_not_be_changed() -> None:
    with pytest.raises(IndexError):
        tree.put(Condition("a", Comparison.HOLDS), (0,), Raw(True))


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (Condition("dt-dt", Comparison.EQUAL, "GOOD"), "dt-dt == GOOD"),
        (Condition("dt_ready", Comparison.HOLDS), "dt_ready counts as true"),
        (Group("and", (Raw(True), Raw(False))), "all of 2"),
        (Group("or", (Raw(True),)), "any of 1"),
        (Raw({"+": [1, 2]}), '{"+": [1, 2]}'),
        (Opposite(Raw(True)), "not"),
        (tree.Decision(Raw(True)), "if ... then true, else false"),
    ],
)
def test_that_a_node_is_a_line(node: tree.Node, text: str) -> None:
    assert tree.text_of(node) == text


def test_that_the_opposite_of_a_stored_decision_is_that_of_its_condition() -> None:
    stored = node_of({"if": [{"==": [{"var": "a"}, 1]}, True, False]})
    negated = tree.negate(stored, ())
    assert source_of(negated.root) == {"if": [{"!=": [{"var": "a"}, 1]}, True, False]}
    assert negated.path == (0,)
