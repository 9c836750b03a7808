"""The text of a rule: where its fault is, how it is written, which names nothing has."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.json_value import JsonValue, stored_value
from app.domain.rules import text
from app.domain.rules.text import RuleTextError, line_and_column, pretty, read, span_of, tokens_of
from app.domain.rules.vocabulary import Variable, VariableKind, vocabulary_of

WORDS = vocabulary_of(
    [
        Variable("run.oms.energy", VariableKind.NUMBER),
        Variable("lumisection.rr.dt-dt", VariableKind.STATUS),
    ]
)
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9999) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=20,
)


def fault(source: str) -> RuleTextError:
    with pytest.raises(RuleTextError) as caught:
        read(source)
    return caught.value


def blamed(source: str) -> str:
    """The part of a text that is at fault."""
    error = fault(source)
    return source[error.start : error.end]


def test_that_an_empty_text_is_asked_for() -> None:
    assert str(fault(" \n")) == "Choose a rule, or write one."
    assert fault("").line is None


def test_that_a_fault_of_the_json_has_its_place() -> None:
    error = fault('{"and": [\n  {"==": [1 2]}]}')
    assert str(error) == "The rule is not JSON: line 2, column 13: expecting ',' delimiter."
    assert (error.line, error.column) == (2, 13)
    assert blamed('{"and": [\n  {"==": [1 2]}]}') == "2"
    assert blamed('{"and": ') == ":"
    assert blamed('{"a": "b\nc"}') == '"b'


def test_that_what_only_python_reads_is_refused_at_its_place() -> None:
    source = '{"==": [1, NaN]}'
    assert blamed(source) == "NaN"
    assert str(fault(source)) == "The rule is not JSON: NaN is not a JSON value."
    assert (fault(source).line, fault(source).column) == (1, 12)


def test_that_a_text_that_no_parser_may_be_given_is_refused_as_a_whole() -> None:
    error = fault("[" * 5000)
    assert error.line is None
    assert "it can't be read" in str(error)


def test_that_a_key_that_stands_twice_is_shown_where_it_stands_again() -> None:
    source = '{"if": [{"==": [1, 1]}, true,\n false], "a": {"if": 2}, "if": true}'
    error = fault(source)
    assert (error.line, error.column) == (2, 26)
    assert blamed(source) == '"if"'
    assert str(error) == (
        'Line 2, column 26: "if" appears twice in one object; only one would count.'
    )


def test_that_a_fault_of_the_logic_is_shown_where_it_is() -> None:
    source = '{"and": [\n  {"==": [1, 1]},\n  {"equals": [1, 1]}\n]}'
    error = fault(source)
    assert error.line == 3
    assert blamed(source) == '"equals"'
    assert str(error).startswith("Line 3, column 4: ")


@given(JSON)
def test_that_a_pretty_text_is_the_same_rule(source: JsonValue) -> None:
    assert json.loads(pretty(source)) == source
    assert json.loads(pretty(source, 12)) == source


def test_that_a_rule_nested_beyond_reading_is_shown_as_it_is_stored() -> None:
    deep = '{"!":' * 3_000 + "1" + "}" * 3_000
    assert pretty(stored_value(deep)) == deep


def test_that_a_rule_has_a_condition_per_line_where_it_is_long() -> None:
    condition = {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}
    line = json.dumps(condition)
    assert pretty({"and": [condition, condition]}) == f'{{"and": [\n  {line},\n  {line}\n]}}'
    assert pretty({"a": [1, 2], "b": 3}, 7) == '{\n  "a": [\n    1,\n    2\n  ],\n  "b": 3\n}'
    assert pretty({"and": [condition]}, 200) == json.dumps({"and": [condition]})


def test_that_the_part_at_a_place_is_found_in_any_layout() -> None:
    source = '{"and": [\n  {"==": [{"var": "a"},\n     [1, 2]]}, true]}'

    def part(*place: str | int) -> str:
        start, end = span_of(source, place)
        return source[start:end]

    assert part("and") == '"and"'
    assert part("and", 0, "==") == '"=="'
    assert part("and", 0, "==", 0) == '{"var": "a"}'
    assert part("and", 0, "==", 1, 1) == "2"
    assert part("and", 1) == "true"
    assert part() == '{"and": ['  # no more than its first line


def test_that_a_place_that_leads_further_than_the_text_ends_at_what_is_there() -> None:
    source = '{"!": true}'
    start, end = span_of(source, ("!", 0))
    assert source[start:end] == "true"
    start, end = span_of(source, ("!", 0, "var"))
    assert source[start:end] == "true"
    assert span_of("[]", (3,)) == (0, 2)
    assert span_of("[1, 2]", (0, 0)) == (1, 2)


def test_that_unknown_names_come_in_the_order_of_the_text_with_what_is_near() -> None:
    source = (
        '{"and": [{"==": [{"var": "lumisection.rr.dt"}, {"var": ["run.oms.enery", 0]}]},\n'
        ' {"!": {"var": "run.oms.energy"}}, {"var": []}, {"var": 3}, [1], "x",\n'
        ' {"some": [{"var": "list"}, {"var": "of_the_element"}]}, {"!!": {"var": "b"}}]}'
    )
    found = text.unknown_names(source, read(source), WORDS)
    assert [each.name for each in found] == ["lumisection.rr.dt", "run.oms.enery", "list", "b"]
    assert [source[each.start : each.end] for each in found] == [
        '"lumisection.rr.dt"',
        '"run.oms.enery"',
        '"list"',
        '"b"',
    ]
    assert [(each.line, each.column) for each in found[2:]] == [(3, 20), (3, 73)]
    assert str(found[1]) == (
        'Line 1, column 57: nothing has "run.oms.enery"; did you mean run.oms.energy?'
    )
    assert str(found[3]) == 'Line 3, column 73: nothing has "b".'
    known = '{"var": "run.oms.energy"}'
    assert text.unknown_names(known, read(known), WORDS) == ()


def test_that_any_text_has_pieces() -> None:
    pieces = tokens_of('{"a\\"b": tru, "open')
    assert [each.text for each in pieces] == ["{", '"a\\"b"', ":", "tru", ",", '"open']
    assert pieces[1].is_closed
    assert pieces[1].string == 'a"b'
    assert not pieces[-1].is_closed
    assert pieces[-1].string == "open"
    assert tokens_of('"\\q"')[0].string == "\\q"
    assert line_and_column("ab\ncd", 4) == (2, 2)
