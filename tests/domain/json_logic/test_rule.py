"""A rule is checked when it is parsed, and says what it reads and what it is made of."""

import logging
import math

import pytest

from app.domain.errors import Refused
from app.domain.json_logic import EvaluationError, Place, Rule, RuleError, parse, truthy
from app.domain.json_value import JsonValue, js_stringify
from tests.domain.json_logic.generated_rules import Generator

FLAG: JsonValue = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
BIT: JsonValue = {"==": [{"var": "lumisection.oms.cms_active"}, True]}
ENERGY: JsonValue = {">": [{"var": "run.oms.energy"}, 6000]}


def refusal(rule: object) -> RuleError:
    with pytest.raises(RuleError) as caught:
        parse(rule)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("rule", "place", "text"),
    [
        (
            {"and": [True, {"==": [{"vra": "a"}, 1]}]},
            ("and", 1, "==", 0, "vra"),
            'Argument 2 of "and", argument 1 of "==": "vra" is not an operator; '
            'did you mean "var"?',
        ),
        ({"=": [1, 1]}, ("=",), 'At the top of the rule: "=" is not an operator; did you mean '
         '"=="?'),
        ({"AND": [True]}, ("AND",), 'did you mean "and"?'),
        ({"like": ["a", "b"]}, ("like",), 'did you mean "in"?'),
        ({"&&": ["a", "b"]}, ("&&",), 'did you mean "and"?'),
        ({"!": {"filtr": [1, 2]}}, ("!", "filtr"), 'The argument of "!": "filtr" is not an'),
        ({"if": [[1, {"mapp": []}]]}, ("if", 0, 1, "mapp"), 'Argument 1 of "if", item 2: "mapp"'),
        ({"hf": "x"}, ("hf",), '"hf" is not an operator. Operators are var missing'),
        ({"var.name": 1}, ("var.name",), '"var.name" is not an operator'),
        ({"==": [1]}, ("==",), '"==" takes 2 arguments, here it has 1.'),
        ({"or": {"and": []}}, ("or", "and"), '"and" takes at least 1 argument, here it has none.'),
        ({"<": [1, 2, 3, 4]}, ("<",), '"<" takes 2 to 3 arguments, here it has 4.'),
        ({">": [3, 2, 1]}, (">",), '">" takes 2 arguments, here it has 3.'),
        ({"missing_some": [1, None]}, ("missing_some", 1), 'the keys of "missing_some" are null'),
        ({"==": [1, {2}]}, ("==", 1), 'Argument 2 of "==": a set is not a JSON value.'),
        ({"a": 1, 2: 3}, (), "the key 2 is not a text"),
        ({"filter": [[1], {"and": [{"==": [{"x": 1}, 1]}]}]},
         ("filter", 1, "and", 0, "==", 0, "x"), 'Argument 2 of "filter", argument 1 of "and",'),
    ],
)  # fmt: skip
def test_that_a_fault_is_found_at_parsing_and_named_with_its_place(
    rule: object, place: Place, text: str
) -> None:
    error = refusal(rule)

    assert error.place == place
    assert text in str(error)
    assert isinstance(error, Refused)


def test_that_a_rule_nested_too_deep_is_refused_and_a_deep_one_works() -> None:
    def nested(levels: int) -> JsonValue:
        rule: JsonValue = {"var": "a"}
        for _ in range(levels - 1):
            rule = {"!": rule}
        return rule

    assert "nested deeper than 200 levels" in str(refusal(nested(201)))
    assert len(str(refusal(nested(201)))) < 400
    assert parse(nested(200)).evaluate({"a": True}) is False


def test_that_every_operator_of_json_logic_js_is_known() -> None:
    names = (
        "var missing missing_some if ?: and or ! !! == === != !== < <= > >= + - * / % min max cat "
        "substr in merge map filter reduce all none some log"
    )
    text = str(refusal({"§": 1}))

    assert set(names.split()) == set(
        text.split("Operators are ")[1].split(";", maxsplit=1)[0].split()
    )


def test_that_an_object_without_exactly_one_key_is_a_plain_value_that_counts_as_true() -> None:
    several: JsonValue = {"==": [1, 2], "and": [{"no operator": 1}]}

    assert parse(several).evaluate({}) == several
    assert parse(several).holds({})
    assert parse({}).holds({})
    assert parse({"if": [{}, "yes", "no"]}).evaluate({}) == "yes"


def test_that_the_source_is_a_copy_that_the_caller_cannot_change() -> None:
    written: JsonValue = {"==": [{"var": "a"}, [1]]}
    rule = parse(written)
    written["=="][1].append(2)  # type: ignore[index, call-overload, union-attr]

    assert rule.source == {"==": [{"var": "a"}, [1]]}


@pytest.mark.parametrize(
    ("rule", "variables"),
    [
        (FLAG, {"lumisection.rr.dt-dt"}),
        ({"and": [FLAG, {"or": [BIT, ENERGY]}]},
         {"lumisection.rr.dt-dt", "lumisection.oms.cms_active", "run.oms.energy"}),
        ({"var": 1}, {"1"}),
        ({"var": ["a.b", {"var": "c"}]}, {"a.b", "c"}),
        (True, set()),
        ({"not": 1, "logic": {"var": "a"}}, set()),
        ({"if": [{"var": "a"}, {"var": "b"}, [{"var": "c"}]]}, {"a", "b", "c"}),
        ({"var": ""}, None),
        ({"var": None}, None),
        ({"var": []}, None),
        ({"var": {"toString": 1, "b": 2}}, None),
        ({"var": {"var": "a"}}, None),
        ({"and": [FLAG, {"var": {"cat": ["a.", "b"]}}]}, None),
        ({"missing": ["a", "b.c"]}, {"a", "b.c"}),
        ({"missing": [["a", "b"]]}, {"a", "b"}),
        ({"missing": "a"}, {"a"}),
        ({"missing": ["a", ["b", "default"]]}, {"a", "b"}),
        ({"missing": [""]}, None),
        ({"missing": {"merge": ["a", "b"]}}, None),
        ({"missing_some": [1, ["a", "b"]]}, {"a", "b"}),
        ({"missing_some": [{"var": "n"}, ["a"]]}, {"n", "a"}),
        ({"missing_some": [1, {"var": "keys"}]}, None),
        ({"filter": [{"var": "list"}, {">": [{"var": "inner"}, 1]}]}, {"list"}),
        ({"map": [{"var": "list"}, {"var": ""}]}, {"list"}),
        ({"all": [[{"var": "a"}], {"var": ["", 1]}]}, {"a"}),
        ({"reduce": [{"var": "list"}, {"+": [{"var": "current"}, {"var": "accumulator"}]},
                     {"var": "start"}]}, {"list", "start"}),
        ({"some": [{"map": [{"var": "x"}, {"var": "y"}]}, {"var": "z"}]}, {"x"}),
    ],
)  # fmt: skip
def test_that_the_variables_are_the_paths_read_outside_of_inner_scopes(
    rule: JsonValue, variables: set[str] | None
) -> None:
    assert parse(rule).variables == variables


def test_that_a_rule_is_shown_as_it_is_written() -> None:
    assert repr(parse({"var": "a"})) == "Rule({'var': 'a'})"


def test_that_nothing_but_the_variables_is_read() -> None:
    generator = Generator(seed=2022)
    compared = 0
    for _ in range(5000):
        source, data = generator.pair()
        try:
            rule = parse(source)
        except RuleError:
            continue
        if rule.variables is None or not isinstance(data, dict):
            continue
        first_steps = {path.split(".")[0] for path in rule.variables}
        reduced: JsonValue = {key: value for key, value in data.items() if key in first_steps}
        assert answer(rule, reduced) == answer(rule, data), source
        compared += 1

    assert compared > 2000


def answer(rule: Rule, data: JsonValue) -> str:
    try:
        return js_stringify(rule.evaluate(data))
    except EvaluationError as error:
        return str(error)


def test_that_leaves_are_reached_through_and_and_or_only() -> None:
    negated: JsonValue = {"!": {"and": [FLAG, BIT]}}
    source: JsonValue = {"and": [FLAG, {"or": [BIT, {"and": [ENERGY, True]}]}, negated]}
    rule = parse(source)

    assert [leaf.source for leaf in rule.leaves] == [FLAG, BIT, ENERGY, True, negated]
    assert rule.skeleton == ("and", (0, ("or", (1, ("and", (2, 3)))), 4))
    assert rule.source == source


def test_that_a_leaf_is_a_rule_of_its_own() -> None:
    leaf = parse({"or": [ENERGY, FLAG]}).leaves[1]

    assert leaf.variables == {"lumisection.rr.dt-dt"}
    assert leaf.leaves == (leaf,)
    assert leaf.skeleton == 0
    assert leaf.holds({"lumisection": {"rr": {"dt-dt": "GOOD"}}})
    assert not leaf.holds({})


@pytest.mark.parametrize("rule", [FLAG, True, None, [FLAG], {"if": [{"and": [FLAG]}, 1, 0]}, {}])
def test_that_a_rule_that_is_no_and_or_or_is_its_own_only_leaf(rule: JsonValue) -> None:
    parsed = parse(rule)

    assert parsed.leaves == (parsed,)
    assert parsed.skeleton == 0


def test_that_a_single_condition_needs_no_array_around_it() -> None:
    rule = parse({"and": FLAG})

    assert rule.skeleton == ("and", (0,))
    assert [leaf.source for leaf in rule.leaves] == [FLAG]


def test_that_and_and_or_give_the_deciding_value() -> None:
    data: JsonValue = {"a": "", "b": 7, "c": [], "d": "0"}

    assert parse({"and": [{"var": "b"}, {"var": "c"}, {"var": "a"}]}).evaluate(data) == []
    assert parse({"and": [{"var": "b"}, {"var": "d"}]}).evaluate(data) == "0"
    assert parse({"or": [{"var": "a"}, {"var": "b"}]}).evaluate(data) == 7
    assert parse({"or": [{"var": "a"}, {"var": "c"}]}).evaluate(data) == []
    assert not parse({"or": [{"var": "a"}, {"var": "c"}]}).holds(data)


@pytest.mark.parametrize("value", [True, 1, -1, 0.5, "0", "false", [0], {}, math.inf])
def test_that_these_count_as_true(value: JsonValue) -> None:
    assert truthy(value)
    assert parse({"!!": {"var": "x"}}).evaluate({"x": value}) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, -0.0, "", None, [], math.nan])
def test_that_these_count_as_false(value: JsonValue) -> None:
    assert not truthy(value)
    assert not parse({"var": "x"}).holds({"x": value})


def test_that_what_javascript_throws_at_names_its_place_in_the_whole_rule() -> None:
    rule = parse({"or": [BIT, {"==": [{"var": "a"}, "x"]}]})
    with pytest.raises(EvaluationError) as caught:
        rule.holds({"a": {"toString": 1}})
    with pytest.raises(EvaluationError) as caught_in_leaf:
        rule.leaves[1].evaluate({"a": {"toString": 1}})

    assert caught.value.place == caught_in_leaf.value.place == ("or", 1, "==")
    assert str(caught.value) == (
        'Argument 2 of "or": an object with a member "toString" can\'t be turned into text or '
        "a number."
    )
    assert isinstance(caught.value, RuleError)


@pytest.mark.parametrize(
    ("rule", "data"),
    [
        ({"!": {"in": ["a", {"var": ""}]}}, {"indexOf": 1}),
        ({"!": {"missing_some": [1, {"var": "keys"}]}}, {}),
        ({"!": {"missing_some": [1, {"var": "keys"}]}}, {"keys": [{"no operator": 1}]}),
        ({"!": {"var": [{"var": "a"}, 1]}}, {"a": {"toString": 1}}),
        ({"!": {"+": [1, {"var": "a"}]}}, {"a": {"toString": 1}}),
    ],
)
def test_that_an_operator_that_cannot_use_its_values_is_refused_at_its_place(
    rule: JsonValue, data: JsonValue
) -> None:
    with pytest.raises(EvaluationError) as caught:
        parse(rule).evaluate(data)

    operator = next(iter(rule["!"]))  # type: ignore[index, call-overload, arg-type]
    assert caught.value.place == ("!", operator)


def test_that_undefined_and_numbers_that_javascript_lacks_come_back_as_json() -> None:
    missing = parse({"missing_some": [1, {"var": "keys"}]})

    assert missing.evaluate({"keys": ["a", ["b", {"and": []}]]}) == ["a", ["b", None]]
    assert parse({"var": "run"}).evaluate({"run": 2**53 + 1}) == 2**53
    assert parse({"+": [1, 2]}).evaluate({}) == 3
    assert isinstance(parse({"/": [6, 2]}).evaluate({}), int)


def test_that_log_writes_to_the_log_and_gives_the_value_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        answer = parse({"log": [[1, {"var": "a"}]]}).evaluate({"a": "x"})

    assert answer == [1, "x"]
    assert caplog.messages == ['A rule logs [1,"x"]']


def test_that_members_which_javascript_objects_inherit_are_no_data() -> None:
    data: JsonValue = {"list": [1], "text": "abc"}

    for path in ("constructor", "toString", "__proto__", "list.map", "text.concat", "list.keys"):
        assert parse({"var": [path, "absent"]}).evaluate(data) == "absent"


def test_that_text_is_counted_in_utf_16_units() -> None:
    data: JsonValue = {"text": "a😀b"}

    assert parse({"var": "text.length"}).evaluate(data) == 4
    assert parse({"substr": [{"var": "text"}, 1, 2]}).evaluate(data) == "😀"
    assert parse({"substr": [{"var": "text"}, -1]}).evaluate(data) == "b"
    assert parse({"cat": [{"var": "text.1"}, {"var": "text.2"}]}).evaluate(data) == "😀"
    assert parse({"<": ["😀", "\uffff"]}).evaluate(data) is True
