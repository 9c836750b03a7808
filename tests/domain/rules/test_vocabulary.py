"""What exists, and what was meant by a name that doesn't."""

from app.domain.rules.text import read, unknown_names
from app.domain.rules.vocabulary import (
    RuleVocabulary,
    Variable,
    VariableKind,
    vocabulary_of,
)

WORDS = vocabulary_of(
    [
        Variable("run.oms.energy", VariableKind.NUMBER),
        Variable("lumisection.oms.dtm_ready", VariableKind.FLAG),
        Variable("lumisection.rr.dt-dt", VariableKind.STATUS),
        Variable("dataset.appeared_in", VariableKind.LIST),
    ]
)


def test_that_whole_objects_and_insides_of_values_are_known() -> None:
    for name in (
        "run.oms.energy",
        "run",
        "run.oms",
        "lumisection.rr",
        "dataset.appeared_in.0",
        "dataset.appeared_in.length",
    ):
        assert WORDS.knows(name), name
    for name in ("energy", "run.oms.enery", "lumisection.dt-dt", "runs"):
        assert not WORDS.knows(name), name


def test_that_without_words_nothing_is_unknown() -> None:
    assert RuleVocabulary().knows("anything")


def test_that_the_nearest_names_are_told() -> None:
    assert WORDS.nearest("lumisection.oms.dtm_redy") == ("lumisection.oms.dtm_ready",)
    assert WORDS.nearest("dt-dt")[0] == "lumisection.rr.dt-dt"
    assert WORDS.nearest("lumisection.DT-DT")[0] == "lumisection.rr.dt-dt"
    assert WORDS.nearest("something.else.entirely") == ()


def test_that_an_unknown_name_is_found_at_its_place() -> None:
    text = '{"and": [\n  {"==": [{"var": "lumisection.oms.dtm_redy"}, true]},\n  {"var": "run"}\n]}'
    (found,) = unknown_names(text, read(text), WORDS)
    assert (found.line, found.column) == (2, 19)
    assert text[found.start : found.end] == '"lumisection.oms.dtm_redy"'
    assert str(found) == (
        'Line 2, column 19: nothing has "lumisection.oms.dtm_redy"; did you mean'
        " lumisection.oms.dtm_ready?"
    )


def test_that_what_is_read_of_elements_is_not_looked_for() -> None:
    text = '{"some": [{"var": "dataset.appeared_in"}, {"==": [{"var": "x"}, "GUI"]}]}'
    assert unknown_names(text, read(text), WORDS) == ()
    text = '{"missing": ["anything"]}'
    assert unknown_names(text, read(text), WORDS) == ()


def test_that_a_condition_begins_with_a_value_that_occurs_or_is_likely() -> None:
    assert Variable("run.oms.energy", VariableKind.NUMBER, "", (6800, 900)).suggested == 6800
    suggested = {kind: Variable("a.b", kind).suggested for kind in VariableKind}
    assert suggested == {
        VariableKind.STATUS: "GOOD",
        VariableKind.FLAG: True,
        VariableKind.NUMBER: 0,
        VariableKind.TEXT: "",
        VariableKind.LIST: "",
        VariableKind.ANY: "",
    }
    assert Variable("lumisection.rr.dt-dt", VariableKind.STATUS).last_part == "dt-dt"
