"""What can be typed next in a rule: operators, variables, their values, whole conditions."""

import json

import pytest

from app.domain.json_logic import parse
from app.domain.rules.completion import Completion, complete
from app.domain.rules.vocabulary import Variable, VariableKind, status_values, vocabulary_of

WORDS = vocabulary_of(
    [
        Variable("run.oms.energy", VariableKind.NUMBER, "OMS", (6800, 900)),
        Variable("run.oms.hlt_key", VariableKind.TEXT, "OMS", ("/cdaq/physics", "/cdaq/cosmic")),
        Variable("run.rr.class", VariableKind.TEXT, "", ("Collisions25", "Cosmics25")),
        Variable("dataset.appeared_in", VariableKind.LIST, "", ("GUI",)),
        Variable("lumisection.oms.dtm_ready", VariableKind.FLAG, "DCS bit", (True, False)),
        Variable("lumisection.rr.dt-dt", VariableKind.STATUS, "column", status_values()),
    ]
)


def offered(text: str) -> list[str]:
    """Labels at the place of the `|`."""
    return [each.label for each in complete(text.replace("|", ""), text.index("|"), WORDS)]


def taken(text: str, label: str) -> str:
    """The text after one was taken, the cursor marked with `|`."""
    plain, cursor = text.replace("|", ""), text.index("|")
    each = next(found for found in complete(plain, cursor, WORDS) if found.label == label)
    changed = plain[: each.start] + each.text + plain[each.end :]
    caret = each.start + each.caret
    return f"{changed[:caret]}|{changed[caret:]}"


def test_that_an_empty_text_begins_with_a_condition() -> None:
    assert offered("|")[-3:] == ["and", "or", "!"]
    assert taken("dtm|", "lumisection.oms.dtm_ready") == (
        '{"==": [{"var": "lumisection.oms.dtm_ready"}, true]}|'
    )
    assert taken("|", "and") == '{"and": [|]}'


@pytest.mark.parametrize(
    ("label", "condition"),
    [
        ("run.oms.energy", {">=": [{"var": "run.oms.energy"}, 6800]}),
        ("run.rr.class", {"==": [{"var": "run.rr.class"}, "Collisions25"]}),
        ("dataset.appeared_in", {"in": ["GUI", {"var": "dataset.appeared_in"}]}),
        ("lumisection.rr.dt-dt", {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]}),
    ],
)
def test_that_a_condition_suits_its_variable(label: str, condition: object) -> None:
    rule = taken('{"and": [|]}', label).replace("|", "")
    assert json.loads(rule) == {"and": [condition]}
    parse(json.loads(rule))


def test_that_variables_stand_behind_var() -> None:
    assert offered('{"var": "|"}') == [each.name for each in WORDS.variables]
    assert offered('{"==": [{"var": "dt|"}, "GOOD"]}') == [
        "lumisection.oms.dtm_ready",
        "lumisection.rr.dt-dt",
    ]
    assert taken('{"==": [{"var": "dt|"}, "GOOD"]}', "lumisection.rr.dt-dt") == (
        '{"==": [{"var": "lumisection.rr.dt-dt"|}, "GOOD"]}'
    )
    assert offered('{"var": ["|", 1]}') == [each.name for each in WORDS.variables]
    assert offered('{"missing": ["run|"]}') == [
        "run.oms.energy",
        "run.oms.hlt_key",
        "run.rr.class",
    ]


def test_that_values_stand_beside_their_variable() -> None:
    assert offered('{"==": [{"var": "lumisection.rr.dt-dt"}, "|"]}')[:3] == [
        "GOOD",
        "BAD",
        "STANDBY",
    ]
    assert offered('{"==": [{"var": "lumisection.oms.dtm_ready"}, |]}') == ["true", "false"]
    assert offered('{"in": [{"var": "run.rr.class"}, ["Cos|"]]}') == ["Cosmics25"]
    assert offered('{"in": ["|", {"var": "run.oms.hlt_key"}]}') == [
        "/cdaq/physics",
        "/cdaq/cosmic",
    ]
    assert taken('{">=": [{"var": "run.oms.energy"}, 6|]}', "6800") == (
        '{">=": [{"var": "run.oms.energy"}, 6800|]}'
    )


def test_that_keys_are_operators() -> None:
    assert offered("{|}")[:5] == ["var", "and", "or", "!", "if"]
    assert offered('{"="|: [1, 2]}') == []
    assert taken('{"=|"}', "==") == '{"==": [{"var": "|"}, ]}'
    assert taken('{"=|": [1, 2]}', "!=") == '{"!="|: [1, 2]}'


def test_that_operands_are_variables() -> None:
    assert taken('{"==": [|, "GOOD"]}', "lumisection.rr.dt-dt") == (
        '{"==": [{"var": "lumisection.rr.dt-dt"}|, "GOOD"]}'
    )
    assert taken('{"+": [|, 1]}', "run.oms.energy") == '{"+": [{"var": "run.oms.energy"}|, 1]}'


@pytest.mark.parametrize(
    "text",
    [
        '{"and": [[|]]}',
        '{"and": [true|]}',
        '{"and"| []}',
        "true |",
        '{"==": [1, 2] |}',
        '{"var": ["a", |]}',
        '"a" |',
    ],
)
def test_that_nothing_is_offered_where_nothing_can_stand(text: str) -> None:
    assert [each for each in offered(text) if "." in each] == []


def test_that_what_begins_with_the_letters_comes_first() -> None:
    assert offered('{"var": "run.oms|"}') == ["run.oms.energy", "run.oms.hlt_key"]
    assert offered('{"var": "e|"}')[0] == "run.oms.energy"


def test_that_the_place_after_the_text_is_no_place() -> None:
    assert complete("", 99, WORDS) == complete("", 0, WORDS)
    assert isinstance(complete("", -1, WORDS)[0], Completion)
