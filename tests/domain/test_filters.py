"""The filter language: meaning, mistakes, round trip, completion, the web service's form."""

import json
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import filters
from app.domain.errors import BadInput
from app.domain.filters import (
    OPERATORS,
    RUN,
    And,
    Comparison,
    Field,
    FieldKind,
    FilterError,
    KnownField,
    Node,
    Not,
    Operator,
    Or,
    Source,
    Value,
    Vocabulary,
    complete,
    from_web_service,
    in_utc,
    parse,
)
from app.domain.json_value import JsonValue
from app.domain.triplets import STATUSES
from tests.filter_trees import comparison_of, trees

CLASS = Field(Source.RR, "class")
HLT_KEY = Field(Source.OMS, "hlt_key")
DURATION = Field(Source.OMS, "ls_duration")
VOCABULARY = Vocabulary(
    (
        KnownField(RUN, "number"),
        KnownField(CLASS, "text", ("Collisions22", "Cosmics22")),
        KnownField(Field(Source.RR, "state"), "text", ("OPEN", "SIGNOFF", "COMPLETED")),
        KnownField(Field(Source.RR, "significant"), "true or false", ("true", "false")),
        KnownField(Field(Source.OMS, "energy"), "number"),
        KnownField(Field(Source.OMS, "period"), "text", ("2022 C", "2022D")),
        KnownField(HLT_KEY, "text"),
        KnownField(Field(Source.COLUMN, "dt-dt"), "status column"),
        KnownField(Field(Source.COLUMN, "tracker-pixel"), "status column"),
        KnownField(Field(Source.BIT, "hbhea_ready"), "DCS bit"),
    )
)


def is_(field: Field, value: Value) -> Comparison:
    return Comparison(field, Operator.EQUAL, value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        (" \n ", None),
        ("class = Collisions22", is_(CLASS, "Collisions22")),
        (
            "class = Collisions22 and dt-dt.BAD > 0",
            And(
                (
                    is_(CLASS, "Collisions22"),
                    Comparison(Field(Source.COLUMN, "dt-dt", "BAD"), Operator.GREATER, 0),
                )
            ),
        ),
        (
            'run in 355100, 355101 or (ls_duration >= 100 and not hlt_key ~ "%cosmic%")',
            Or(
                (
                    Comparison(RUN, Operator.IN, (355100, 355101)),
                    And(
                        (
                            Comparison(DURATION, Operator.GREATER_OR_EQUAL, 100),
                            Not(Comparison(HLT_KEY, Operator.LIKE, "%cosmic%")),
                        )
                    ),
                )
            ),
        ),
        ("run in 355100 355101", Comparison(RUN, Operator.IN, (355100, 355101))),
        ("run in (355100, 355101)", Comparison(RUN, Operator.IN, (355100, 355101))),
        ("RUN not in 1", Comparison(RUN, Operator.NOT_IN, (1,))),
        ("state=OPEN", is_(Field(Source.RR, "state"), "OPEN")),
        ("ls > 5", Comparison(DURATION, Operator.GREATER, 5)),
        ("tracker-pixel = bad", is_(Field(Source.COLUMN, "tracker-pixel"), "BAD")),
        (
            "tracker-pixel in BAD, NO_VALUE_FOUND",
            Comparison(
                Field(Source.COLUMN, "tracker-pixel"), Operator.IN, ("BAD", "NO VALUE FOUND")
            ),
        ),
        (
            'dt-dt."NO VALUE FOUND">=1',
            Comparison(
                Field(Source.COLUMN, "dt-dt", "NO VALUE FOUND"), Operator.GREATER_OR_EQUAL, 1
            ),
        ),
        (
            "hbhea_ready.FALSE > 0",
            Comparison(Field(Source.BIT, "hbhea_ready", "FALSE"), Operator.GREATER, 0),
        ),
        ("hbhea_ready = false", is_(Field(Source.BIT, "hbhea_ready"), False)),
        (
            "start_time > 2025-05-01",
            Comparison(Field(Source.OMS, "start_time"), Operator.GREATER, "2025-05-01"),
        ),
        ("significant = true", is_(Field(Source.RR, "significant"), True)),
        ("significant is true", is_(Field(Source.RR, "significant"), True)),
        ("run between 1 and 5", Comparison(RUN, Operator.BETWEEN, (1, 5))),
        ("run not between 1 and 5", Not(Comparison(RUN, Operator.BETWEEN, (1, 5)))),
        ('stop_reason = ""', is_(Field(Source.RR, "stop_reason"), "")),
        (
            "injection_scheme is null",
            Comparison(Field(Source.OMS, "injection_scheme"), Operator.IS_NULL),
        ),
        ("fill = null", Comparison(Field(Source.OMS, "fill_number"), Operator.IS_NULL)),
        ("fill <> null", Comparison(Field(Source.OMS, "fill_number"), Operator.IS_NOT_NULL)),
        (
            "name = /PromptReco/Collisions2022A/DQM",
            is_(filters.NAME, "/PromptReco/Collisions2022A/DQM"),
        ),
        ('in_gui = "/Cosmics/x/DQMIO"', is_(filters.IN_GUI, "/Cosmics/x/DQMIO")),
        ("verified = tracker", is_(filters.VERIFIED, "tracker")),
        ("luminosity > 1.5", Comparison(filters.RECORDED, Operator.GREATER, 1.5)),
        ("dataset.class = x", is_(Field(Source.DATASET, "class"), "x")),
        ("tracker_state = OPEN", is_(Field(Source.DATASET, "tracker_state"), "OPEN")),
        ("oms.class = x", is_(Field(Source.OMS, "class"), "x")),
        ('rr."a.b c" = x', is_(Field(Source.RR, "a.b c"), "x")),
        (
            "components contains DT",
            Comparison(Field(Source.OMS, "components"), Operator.CONTAINS, "DT"),
        ),
        ("hlt_key like %x%", Comparison(HLT_KEY, Operator.LIKE, "%x%")),
        ("hlt_key not like %x%", Comparison(HLT_KEY, Operator.NOT_LIKE, "%x%")),
        ("not not class = x", Not(Not(is_(CLASS, "x")))),
        (
            "class = a or class = b and class = c",
            Or((is_(CLASS, "a"), And((is_(CLASS, "b"), is_(CLASS, "c"))))),
        ),
        (r"class = 'it\'s'", is_(CLASS, "it's")),
        ('class = "5"', is_(CLASS, "5")),
    ],
)
def test_that_a_text_means_its_tree(text: str, tree: Node | None) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("class", 5, "operator"),
        ("class =", 7, "value"),
        ("class = and", 8, "value"),
        ("class = x y", 10, "and, or"),
        ("class = x and", 13, "field"),
        ("(class = x", 10, '")"'),
        ("class = x)", 9, '"("'),
        ('class = "x', 8, "not closed"),
        ("run = abc", 6, "abc"),
        ("run between 1 or 2", 14, "and"),
        ("dt-dt > 5", 6, "dt-dt.BAD > 0"),
        ("dt-dt = WONDERFUL", 8, "GOOD"),
        ("dt-dt.WONDERFUL = 1", 0, "GOOD"),
        ("class & x", 6, "operator"),
        ("class ! x", 6, "means nothing"),
        ("= 5", 0, "field"),
        ("class is 5", 9, "null"),
        ("run in ()", 8, "value"),
        ("class.x = 5", 0, "part"),
        ("class.x.y = 5", 0, "too many parts"),
        ("oms.x.y.z = 5", 0, "too many parts"),
        ('oms."a"b = 5', 0, "not a name"),
        ('class = a."b"', 8, "stands in quotes from its start"),
        ("run in (1, 2 3", 14, '"," or ")"'),
        ("hbhea_ready.FALSE = x", 20, "is a number"),
        ("hbhea_ready = 5", 14, "is true or false"),
        ("run = 1e999", 6, "is a number"),
        ("run contains 5", 4, "can't be compared"),
        ("hbhea_ready > 5", 12, "hbhea_ready.FALSE > 0"),
        ("run = true", 6, "is a number"),
        ("not " * 100 + "class = x", 240, "nested"),
        ("(" * 5000, 60, "nested"),
    ],
)
def test_that_a_mistake_is_named_with_its_place(text: str, start: int, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.start == start
    assert words in str(caught.value)


def test_that_an_unknown_name_is_answered_with_the_nearest_known_ones() -> None:
    with pytest.raises(FilterError, match="Did you mean energy") as caught:
        parse("class = x and enrgy > 5", VOCABULARY)
    assert (caught.value.start, caught.value.end) == (14, 19)
    with pytest.raises(FilterError, match="tracker-pixel"):
        parse("tracker-pixl = BAD", VOCABULARY)
    assert parse("oms.enrgy > 5", VOCABULARY) == parse("enrgy > 5")


def test_that_a_vocabulary_decides_what_an_unprefixed_name_means() -> None:
    vocabulary = Vocabulary((KnownField(Field(Source.DATASET, "quality")),))
    assert parse("quality = 1", vocabulary) == is_(Field(Source.DATASET, "quality"), 1)
    assert parse("quality = 1") == is_(Field(Source.OMS, "quality"), 1)


def test_that_joins_need_two_parts_and_the_helpers_take_any_number() -> None:
    with pytest.raises(ValueError, match="two parts"):
        And((is_(CLASS, "x"),))
    assert filters.all_of([]) is None
    assert filters.any_of([None, is_(CLASS, "x")]) == is_(CLASS, "x")
    assert filters.all_of([is_(CLASS, "x"), None, is_(CLASS, "y")]) == parse(
        "class = x and class = y"
    )


@pytest.mark.parametrize(
    ("operator", "value", "said"),
    [
        (Operator.IS_NULL, "x", "takes no value"),
        (Operator.IN, "x", "needs a list of values"),
        (Operator.IN, (), "needs a list of values"),
        (Operator.BETWEEN, ("x",), "needs two values"),
        (Operator.EQUAL, ("x", "y"), "needs one value"),
        (Operator.EQUAL, None, "needs one value"),
    ],
)
def test_that_an_operator_has_as_many_values_as_it_needs(operator, value, said) -> None:
    with pytest.raises(BadInput, match=said):
        Comparison(CLASS, operator, value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, "a\0b", "\ud800"])
def test_that_a_value_no_database_holds_is_refused(value: Value) -> None:
    with pytest.raises(BadInput):
        is_(CLASS, value)


names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
) | st.sampled_from(["class", "run", "energy", "and", "a-b", "x.y", "hf_ready", "oms", "null"])
fields = st.one_of(
    st.sampled_from(
        [RUN, filters.NAME, filters.IN_GUI, filters.RECORDED, filters.DELIVERED, filters.VERIFIED]
    ),
    st.builds(Field, st.sampled_from([Source.OMS, Source.RR, Source.DATASET]), names),
    st.builds(
        Field, st.just(Source.COLUMN), names, st.sampled_from(["", *STATUSES, "comments", "causes"])
    ),
    st.builds(
        Field, st.just(Source.BIT), names, st.sampled_from(["", "TRUE", "FALSE", "NULL", "EMPTY"])
    ),
)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | (
    st.sampled_from(["", "and", "NULL", "true", "5", "1e5", "a b", '"', "\\", "%x%", "/a/b-c/D"])
)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def comparison_nodes(draw: st.DrawFn) -> Comparison:
    field = draw(fields)
    operator = draw(st.sampled_from(OPERATORS[field.kind]))
    of_kind: dict[FieldKind, st.SearchStrategy[Value]] = {
        FieldKind.NUMBER: numbers,
        FieldKind.STATUS: st.sampled_from([*STATUSES, ""]),
        FieldKind.FLAG: st.booleans(),
        FieldKind.TEXT: texts,
        FieldKind.LIST: texts,
        FieldKind.ATTRIBUTE: texts | numbers | st.booleans(),
    }
    values = of_kind[field.kind]
    return draw(comparison_of(field, operator, values))


nodes = trees(comparison_nodes(), most=8)


def typed(node: Node | None) -> str:
    """A tree as text that tells 1 from 1.0 and True, which compare as equal."""
    return repr(node)


@given(nodes)
def test_that_a_formatted_tree_parses_to_an_equal_tree(node: Node) -> None:
    assert typed(parse(filters.format(node))) == typed(node)


@given(nodes)
def test_that_a_formatted_tree_means_the_same_whatever_the_vocabulary(node: Node) -> None:
    used = [KnownField(each.whole) for each in filters.fields_of(node)]
    odd = [KnownField(Field(Source.RR, "energy")), KnownField(Field(Source.DATASET, "a-b"))]
    assert typed(parse(filters.format(node), Vocabulary((*odd, *used)))) == typed(node)


@given(st.text() | st.text(st.sampled_from("class=<>~!()\"'., andornotin5%-\\")))
def test_that_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    tree, place = None, None
    try:
        tree = parse(text)
    except FilterError as error:
        place = (error.start, error.end)
    assert place is None or 0 <= place[0] <= place[1] <= len(text)
    assert parse(filters.format(tree)) == tree


@given(
    st.text(st.sampled_from("class=<>~!()\"'., andornotin5%-\\")) | st.text(), st.integers(-3, 300)
)
def test_that_completion_offers_a_replacement_within_any_text(text: str, cursor: int) -> None:
    for each in complete(text, cursor, VOCABULARY):
        assert 0 <= each.start <= each.end <= len(text)


@pytest.mark.parametrize(
    ("text", "offered", "not_offered"),
    [
        ("", {"run", "class", "dt-dt", "oms.period", "not"}, {"and", "="}),
        ("cl|", {"class"}, {"run"}),
        ("class |", {"=", "!=", "in", "is null"}, {"class"}),
        ("dt-dt |", {"=", "in"}, {">", "~"}),
        ("dt-dt.|", {"dt-dt.BAD", "dt-dt.NO_VALUE_FOUND"}, {"dt-dt"}),
        ("dt-dt.B|", {"dt-dt.BAD"}, {"dt-dt.GOOD"}),
        ("dcs.hbhea_ready.|", {"dcs.hbhea_ready.FALSE"}, set()),
        ("class = |", {"Collisions22", "Cosmics22"}, {"and"}),
        ("class = Cos|", {"Cosmics22"}, {"Collisions22"}),
        ("class=Cos|", {"Cosmics22"}, {"Collisions22"}),
        ("oms.period = |", {'"2022 C"', "2022D"}, set()),
        ('oms.period = "20|', {'"2022 C"', "2022D"}, set()),
        ("dt-dt = |", {"BAD", "NO_VALUE_FOUND"}, set()),
        ("significant = |", {"true", "false"}, set()),
        ("class in Collisions22, |", {"Cosmics22"}, {"and"}),
        ("class in Collisions22 |", {"and", "or"}, {"Cosmics22"}),
        ("run between 1 |", {"and"}, {"or"}),
        ("run between 1 and |", set(), {"and", "or"}),
        ("run between 1 and 5 |", {"and", "or"}, {"run"}),
        ("class not |", {"in", "between", "like", "contains"}, {"=", "not"}),
        ("class not in |", {"Collisions22"}, {"and"}),
        ("class is not |", {"null"}, {"not null", "true"}),
        ("class is null |", {"and", "or"}, {"null"}),
        ("class is not null |", {"and", "or"}, {"null"}),
        ("nonsense.x.y |", {"=", "between"}, {"and"}),
        ("nonsense.x.y = |", set(), {"and"}),
        ("hbhea_ready = |", {"true", "false"}, {"and"}),
        ("class is |", {"null", "not null"}, {"and"}),
        ("class = x |", {"and", "or"}, {"class"}),
        ("class = x and |", {"run", "not"}, {"and"}),
        ("(class = x) |", {"and", "or"}, {"class"}),
        ("not (|", {"class"}, {"and"}),
        ("cl| = x", {"class"}, {"run"}),
    ],
)
def test_that_completion_offers_what_can_stand_there(
    text: str, offered: set[str], not_offered: set[str]
) -> None:
    cursor = text.find("|")
    found = complete(text.replace("|", ""), cursor, VOCABULARY)
    assert offered <= {each.text for each in found}
    assert not not_offered & {each.text for each in found}


@pytest.mark.parametrize(
    ("text", "of_datasets", "said"),
    [
        ("hlt_key ~ cosmic", False, ['hlt_key ~ "%cosmic%", where % is any text']),
        ("run > 5 and not (name like a_b or class ~ %x)", True, ['name ~ "%a_b%"']),
        ("class ~ a or class ~ a", False, ['class ~ "%a%"']),
        ("hlt_key !~ cosmic or hlt_key contains cosmic or class = x", True, []),
        ("state = OPEN", True, ["state is the state of the run", "dataset is global_state"]),
        ("state = OPEN", False, []),
        ("dt_state = OPEN", True, []),
    ],
)
def test_that_what_may_have_been_meant_is_told_where_nothing_is_found(
    text: str, of_datasets: bool, said: list[str]
) -> None:
    found = filters.hints(parse(text), of_datasets=of_datasets)
    assert len(found) == bool(said)
    assert all(each in found[0] for each in said)
    assert filters.hints(None, of_datasets=of_datasets) == ()


def test_that_completion_replaces_the_word_under_the_cursor() -> None:
    (found,) = (each for each in complete("clas = x", 2, VOCABULARY) if each.text == "class")
    assert (found.start, found.end, found.detail) == (0, 4, "text")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, ""),
        ({"and": []}, ""),
        ({"and": [{"rr_attributes.class": {"=": "x"}}]}, "class = x"),
        ({"rr_attributes.significant": True}, "significant = true"),
        ({"and": [{"triplet_summary.dt-dt.BAD": {">": 0}}]}, "dt-dt.BAD > 0"),
        ({"run_number": {"and": [{">": 309000}, {"<": 310000}]}}, "run > 309000 and run < 310000"),
        ({"run_number": {"or": [{"=": "1"}, {"=": 2}]}}, "run = 1 or run = 2"),
        ({"run_number": {"<>": None}}, "run is not null"),
        ({"run_number": {"=": None}}, "run is null"),
        ({"datasets_in_gui": {"=": ["/a/b/c", "/d/e/f"]}}, "in_gui in /a/b/c, /d/e/f"),
        (
            {"OR": [{"run_number": {"=": 1}}, {"triplet_summary.dt-dt.GOOD": {">": 0}}]},
            "run = 1 or dt-dt.GOOD > 0",
        ),
        (
            {
                "and": [{"oms_attributes.hlt_key": {"like": "%cosmics%"}}],
                "name": {"and": [{"<>": "online"}]},
                "dataset_attributes.dt_state": "waiting dqm gui",
            },
            'hlt_key ~ %cosmics% and name != online and dt_state = "waiting dqm gui"',
        ),
        ({"datasets_in_gui": {"like": "/a/b/c"}}, "in_gui = /a/b/c"),
        ({"rr_attributes.class": {"NOTLIKE": "%x%"}}, "class !~ %x%"),
        ({"dcs_summary.hf_ready.FALSE": {"=": 0}}, "hf_ready.FALSE = 0"),
    ],
)
def test_that_a_filter_of_the_web_service_reads_as_the_same_question(
    document: JsonValue, text: str
) -> None:
    assert from_web_service(document) == parse(text)


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"and": {}},
        {"and": ["x"]},
        {"shoe_size": {"=": 1}},
        {"run_number": {"resembles": 1}},
        {"run_number": {"=": {}}},
        {"rr_attributes.class": {"=": [1]}},
    ],
)
def test_that_what_is_no_filter_of_the_web_service_is_refused(document: JsonValue) -> None:
    with pytest.raises(BadInput):
        from_web_service(document)


def test_that_a_bottomless_filter_of_the_web_service_is_refused() -> None:
    document: JsonValue = {"run_number": 1}
    for _ in range(500):
        document = {"and": [document]}
    with pytest.raises(BadInput, match="nested"):
        from_web_service(document)


def test_that_every_recorded_filter_is_read(shared_data: Path) -> None:
    with lzma.open(shared_data / "conformance" / "steps.jsonl.xz", "rt") as lines:
        steps = [json.loads(line) for line in lines]
    bodies = [step["request"].get("body") for step in steps if isinstance(step["request"], dict)]
    documents = [
        body["filter"]
        for body in bodies
        if isinstance(body, dict) and isinstance(body.get("filter"), dict)
    ]
    assert len(documents) > 15
    for document in documents:
        tree = from_web_service(document)
        assert parse(filters.format(tree)) == tree


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2022-07-02T12:00:00+02:00", "2022-07-02T10:00:00Z"),
        ("2022-07-02 00:30-0530", "2022-07-02T06:00:00Z"),
        ("2022-07-02T00:30:00.25+01:00", "2022-07-01T23:30:00.250000Z"),
        ("2022-07-02T12:00:00Z", "2022-07-02T12:00:00Z"),
        ("2022-07-02T12:00:00", "2022-07-02T12:00:00"),
        ("2022-07-02", "2022-07-02"),
        ("2022-99-02T12:00+02:00", "2022-99-02T12:00+02:00"),
        ("0001-01-01T00:00+02:00", "0001-01-01T00:00+02:00"),
        ("355100", "355100"),
    ],
)
def test_that_a_time_with_an_offset_is_converted_not_cut(text, meant):
    assert in_utc(text) == meant
