"""Texts of golden JSONs and rules: a run per line, file names, the line of a fault."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.json_value import JsonValue
from app.domain.rules.text import RuleTextError, line_and_column, pretty, read, span_of
from app.views.golden.forms import FORMS, run_lines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


def line_of(text: str, place: tuple[str | int, ...]) -> int:
    """Line in which the part at a place of a JSON text begins."""
    return line_and_column(text, span_of(text, place)[0])[0]


def test_that_each_form_has_a_file_name_of_its_own() -> None:
    names = [f"Cert_Collisions2025_390001_390120_Golden{form.ending}.json" for form in FORMS]
    assert names == [
        "Cert_Collisions2025_390001_390120_Golden.json",
        "Cert_Collisions2025_390001_390120_Golden_with_dataset_names.json",
        "Cert_Collisions2025_390001_390120_Golden_anti.json",
        "Cert_Collisions2025_390001_390120_Golden_anti_with_dataset_names.json",
    ]


def test_that_a_json_is_read_with_a_run_per_line() -> None:
    lines = run_lines('{"1": [[1, 2], [4, 5]], "20": [[7, 7]]}')
    assert lines.text == '{\n  "1": [[1, 2], [4, 5]],\n  "20": [[7, 7]]\n}'
    assert json.loads(lines.text) == {"1": [[1, 2], [4, 5]], "20": [[7, 7]]}
    assert lines.runs == (1, 20)


def test_that_a_json_without_runs_is_an_empty_object() -> None:
    assert run_lines("{}").text == "{}"
    assert run_lines("{}").runs == ()


def test_that_a_number_finds_runs_and_a_text_finds_names() -> None:
    lines = run_lines('{"3900-/A/B/DQM": [[1, 1]], "3901-/A/C/DQM": [[1, 1]], "139-/C/D/DQM": []}')
    assert lines.find("390") == (0, 1)
    assert lines.find("a/c") == (1,)
    assert lines.find("3901-") == (1,)
    assert lines.find("  ") == ()


@given(JSON)
def test_that_a_pretty_rule_is_the_same_rule(value: JsonValue) -> None:
    assert json.loads(pretty(value, width=20)) == value


def test_that_a_long_rule_has_a_condition_per_line() -> None:
    conditions = [{"==": [{"var": f"lumisection.rr.column-{n}"}, "GOOD"]} for n in range(3)]
    lines = pretty({"and": conditions}).splitlines()
    assert lines[0] == '{"and": ['
    assert lines[1] == '  {"==": [{"var": "lumisection.rr.column-0"}, "GOOD"]},'
    assert lines[-1] == "]}"
    assert len(lines) == 5


@given(JSON)
def test_that_every_part_of_a_text_is_found(value: JsonValue) -> None:
    text = json.dumps(value, indent=1)
    assert line_of(text, ()) == 1

    def walk(part: JsonValue, place: tuple[str | int, ...]) -> None:
        inside: list[tuple[str | int, JsonValue]] = []
        if isinstance(part, dict):
            inside = list(part.items())
        elif isinstance(part, list):
            inside = list(enumerate(part))
        for key, each in inside:
            # Every part begins on a line of its own, the lines before are those of what precedes.
            before = sum(
                json.dumps(other, indent=1).count("\n") + 1
                for other in [one for _, one in inside][: [k for k, _ in inside].index(key)]
            )
            assert line_of(text, (*place, key)) == line_of(text, place) + 1 + before
            walk(each, (*place, key))

    walk(value, ())


def test_that_a_place_that_is_not_there_is_its_surroundings() -> None:
    text = '{"and": [\n  {"!": "a"},\n  {"==": [1,\n 2]}\n]}'
    assert line_of(text, ("and", 0, "!", 3)) == 2
    assert line_of(text, ("and", 1, "==", 1)) == 4
    assert line_of(text, ("and", 9)) == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "Choose a rule"),
        ('{"==": [1, 1],\n\n', 3, "line 3"),
        ('{"==": [1, NaN]}', 1, "NaN is not a JSON value"),
        ("[" * 100_000, None, "more than 100 levels deep"),
        ('{"and": [\n{"==": [1, 1]},\n{"like": [1, 1]}]}', 3, '"like" is not an operator'),
        ("[1, 2]", 1, "not a condition"),
    ],
)
def test_that_a_text_that_is_no_rule_says_where(text: str, line: int | None, words: str) -> None:
    with pytest.raises(RuleTextError, match=words.replace("(", r"\(")) as refused:
        read(text)
    assert refused.value.line == line
