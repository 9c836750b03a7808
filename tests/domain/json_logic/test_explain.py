"""Trees of rules over data."""

import pytest

from app.domain.json_logic import condition_words, explain, parse


def test_that_a_rule_that_holds_hangs_on_what_is_true():
    rule = parse({"or": [{"==": [{"var": "run.a"}, 1]}, {"==": [{"var": "run.b"}, 1]}]})
    tree = explain(rule, {"run": {"a": 1}})
    assert [(leaf.holds, leaf.deciding) for leaf in tree.leaves] == [(True, True), (False, False)]
    assert tree.leaves[0].values[0] == ("run.a", 1, True)
    assert tree.leaves[1].values[0] == ("run.b", None, False)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}, 'dt-dt = "GOOD"'),
        ({"==": [{"var": "lumisection.oms.bpix_ready"}, True]}, "bpix_ready = true"),
        ({">=": [{"var": "run.oms.energy"}, 6000]}, "energy ≥ 6000"),
        ({"in": ["25ns", {"var": "run.oms.injection_scheme"}]}, '"25ns" in injection_scheme'),
        ({"!": [{"in": ["WMass", {"var": "hlt_key"}]}]}, '"WMass" not in hlt_key'),
        ({"==": [{"in": ["WMass", {"var": "a"}]}, False]}, '"WMass" not in a'),
        ({"<": [1, {"var": "dataset.x"}, 3]}, "1 < dataset.x < 3"),
        ({"!": {"var": "a"}}, "not a"),
        ({"==": [{"+": [{"var": "a"}, 1]}, 2]}, "(a + 1) = 2"),
        ({"in": [{"var": "a"}, ["x", {"var": "b"}]]}, 'a in ["x", b]'),
        ({"!!": [{"var": "a"}]}, "a counts as true"),
        (
            {"or": [{"var": "a"}, {"and": [{"var": "b"}, {"!": {"var": "c"}}]}]},
            "a or (b and not c)",
        ),
        ({"and": []}, '{"and":[]}'),
        ({"missing": ["a"]}, '{"missing":["a"]}'),
        ({"var": ""}, '{"var":""}'),
        (True, "true"),
    ],
)
def test_that_conditions_read_as_formulas(rule, words):
    assert condition_words(rule) == words


def test_that_a_condition_that_names_nothing_shows_no_values():
    tree = explain(parse({"missing": ["a"]}), {})
    assert (tree.joint, tree.holds, tree.leaves) == (None, True, (tree,))
    assert explain(parse({"==": [{"var": {"cat": ["a", "b"]}}, 1]}), {}).values == ()
