"""The text of a value is JavaScript's to the letter: the shared tables are keyed by its hash."""

import json
import lzma
import math
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.json_value import (
    MOST_LEVELS,
    Unread,
    as_object,
    folded_object,
    js_parse,
    js_stringify,
    js_value,
    json_text,
    number_in,
    stored_value,
    text_hash,
    texts_in,
)

NUMBERS = {
    1.0: "1",
    -0.0: "0",
    0.1: "0.1",
    1e21: "1e+21",
    1e20: "100000000000000000000",
    123456789012345680000.0: "123456789012345680000",
    1e-6: "0.000001",
    1e-7: "1e-7",
    1.5e-10: "1.5e-10",
    5e-324: "5e-324",
    -1.5e300: "-1.5e+300",
    2**53 + 1: "9007199254740992",
    10**400: "null",
    float("nan"): "null",
}


@pytest.mark.parametrize(("number", "text"), NUMBERS.items())
def test_that_numbers_look_as_in_javascript(number, text):
    assert js_stringify(number) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740991", 2**53 - 1),
        ("9007199254740993", 2.0**53),
        ("-9007199254740993", -(2.0**53)),
        ("12345678901234567890", 12345678901234567000.0),
        ("000", None),
        (f"1{'0' * 308}", 1e308),
        (f"1{'0' * 400}", math.inf),
        (f"-{'9' * 5000}", -math.inf),
        ("1e400", math.inf),
        ("0.1000000000000000055511", 0.1),
        (f"0.{'0' * 400}1", 0.0),
        ("1.0", 1),
        ('[{"a": 9007199254740993}]', [{"a": 2.0**53}]),
    ],
)
def test_that_numbers_are_read_as_javascript_reads_them(text, value):
    if value is None:
        with pytest.raises(ValueError, match="Extra data"):
            js_parse(text)
        return
    assert js_parse(text) == js_parse(text.encode()) == value
    # What is written of it and read again is the same, but for infinity, which is null.
    again = js_parse(js_stringify(js_parse(text)))
    assert again == js_value(js_parse(text))


def test_that_depth_is_no_json():
    with pytest.raises(BadInput, match="nested too deeply"):
        js_parse("[" * 5000 + "]" * 5000)


def test_that_a_value_is_what_is_read_of_it_again():
    value = {"a": [2**53 + 1, 10**400, -(10**400), 1.5, True, None, "x", {"b": math.nan}]}
    expected = {"a": [2.0**53, None, None, 1.5, True, None, "x", {"b": None}]}
    assert js_value(value) == expected == js_parse(js_stringify(value))
    assert js_value(value)["a"][4] is True


@pytest.mark.parametrize("text", ["1_0", "٣", "inf", "nan", "1e400", "", "0x10", "1,5", "1 0", "."])
def test_that_only_decimal_digits_are_a_number(text):
    assert number_in(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [(" 1.5 ", 1.5), ("-1e-3", -0.001), (".5", 0.5), ("5.", 5)]
)
def test_that_a_decimal_number_is_read(text, number):
    assert number_in(text) == number


def test_that_text_is_not_escaped_beyond_what_javascript_escapes():
    assert js_stringify('é"\\\n\x07\u2028\ud800') == '"é\\"\\\\\\n\\u0007\u2028\\ud800"'


def test_that_keys_keep_their_order_but_for_array_indices():
    assert js_stringify({"b": 1, "a": 2, "10": 3, "9": 4, "01": 5}) == (
        '{"9":4,"10":3,"b":1,"a":2,"01":5}'
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@settings(max_examples=8)
@given(st.lists(JSON, min_size=20, max_size=60))
def test_that_node_prints_the_same(values):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node isn't installed: nothing to compare with")
    given_as = [json.dumps(value) for value in values]
    program = (
        "const lines = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "process.stdout.write(JSON.stringify(lines.map(l => JSON.stringify(JSON.parse(l)))));"
    )
    answer = subprocess.run(
        [node, "-e", program],
        input=json.dumps(given_as),
        capture_output=True,
        text=True,
        check=True,
    )
    expected = json.loads(answer.stdout)
    assert [js_stringify(json.loads(each)) for each in given_as] == expected


@given(JSON)
def test_that_what_is_written_and_read_fast_is_the_same(value):
    # A number of sixteen digits has all beside it written, and read, part by part.
    long, text = 2**53 + 1, json.dumps(value)
    written = js_stringify([value, {"a": value}])
    assert js_stringify([value, {"a": value}, long]) == f"{written[:-1]},9007199254740992]"
    assert js_parse(f"[{text},{long}]") == [js_parse(f"[{text}]")[0], float(2**53)]
    assert repr(js_parse(f"[{text},{long}]")[0]) == repr(js_parse(f"[{text}]")[0])


def test_that_the_hashes_are_those_the_web_service_stored(shared_data):
    file = shared_data / "conformance" / "tables_final" / "JSONBDeduplication.json.xz"
    with lzma.open(file, "rt") as rows:
        stored = json.load(rows)
    by_hash = {row["unique_hash"] for row in stored}
    # Objects of one key have one order, so the hash can be made again from the stored object.
    single = [row for row in stored if len(row["jsonb"]) == 1]
    assert single
    for row in single:
        ((key, value),) = row["jsonb"].items()
        orders = [{key: value}]
        if isinstance(value, dict):
            triplet = {
                part: value[part] for part in ("status", "comment", "cause") if part in value
            }
            orders = [{key: triplet}, {key: {**value}}]
        assert any(text_hash(js_stringify(order)) in by_hash for order in orders), row


def test_that_a_key_of_thousands_of_digits_is_a_key_like_any_other():
    key = "9" * 5_000
    assert js_stringify({key: 1, "2": 2, "b": 3}) == f'{{"2":2,"{key}":1,"b":3}}'


def test_that_what_is_not_a_value_of_json_is_a_mistake_of_the_program():
    with pytest.raises(TypeError, match="set is not a JSON value"):
        js_stringify({"a": {1, 2}})


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('{"b": 1.0, "a": [2.50, 1e-7]}', '{"b":1,"a":[2.5,1e-7]}'),
        ('{"a": "1.0, 2e5", "10": null, "9": " : "}', '{"9":" : ","10":null,"a":"1.0, 2e5"}'),
        ("[12345678901234567890, -0.0]", "[12345678901234567000,0]"),
        ('"\\u0001\N{SNOWMAN}"', '"\\u0001\N{SNOWMAN}"'),
        (f'["{"x" * 20_000}", 1.0]', f'["{"x" * 20_000}",1]'),
    ],
)
def test_that_what_nobody_read_is_written_as_what_was_read(written, text):
    unread = Unread(written.encode())
    assert unread.text == text == js_stringify(js_parse(written))
    assert unread.text == text  # again, from what was kept


def nested(levels: int, inner: str = "1") -> str:
    return '{"a":' * levels + inner + "}" * levels


def test_that_what_is_read_can_be_gone_through_level_by_level():
    for text in (nested(MOST_LEVELS), "[" * MOST_LEVELS + "]" * MOST_LEVELS):
        value = js_parse(text)
        assert js_value(value) == value
        assert js_stringify({"value": value}) == f'{{"value":{text}}}'
    for text in (nested(MOST_LEVELS + 1), nested(MOST_LEVELS + 1, "9" * 20), nested(20_000)):
        with pytest.raises(BadInput):
            js_parse(text)


def test_that_of_an_object_that_is_nested_too_deeply_the_rest_is_read():
    deep = nested(3_000)
    stored = f'{{"a, b": "]}}{{", "deep": {deep}, "list": [1, {{"c": []}}], "\\"": 2}}'
    value = stored_value(stored)
    assert (
        as_object(value) == folded_object(value) == {"a, b": "]}{", "list": [1, {"c": []}], '"': 2}
    )
    # Nothing of it is lost for who gets it as it is.
    assert js_stringify({"value": value}) == f'{{"value":{stored}}}'
    assert as_object(stored_value(deep)) == {}
    for other in ("[" * 3_000 + "]" * 3_000, f"[5, {deep}]"):
        assert (as_object(stored_value(other)), folded_object(stored_value(other))) == ({}, {})
    with pytest.raises(BadInput):
        js_parse(deep)


@pytest.mark.parametrize(
    ("stored", "alone", "folded"),
    [
        ('{"a": 1}', {"a": 1}, {"a": 1}),
        # What the server makes of three events, of which the second is no object.
        ('[{"a": 1, "b": 1}, 5, {"b": 2}]', {}, {"a": 1, "b": 2}),
        (f'[{{"a": 1}}, {nested(3_000)}, {{"b": 2}}]', {}, {"a": 1, "b": 2}),
        *((each, {}, {}) for each in ("5", "null", "true", "[]", "[5]", "[[]]")),
    ],
)
def test_that_what_is_no_object_says_nothing(stored, alone, folded):
    value = stored_value(stored)
    assert (as_object(value), folded_object(value)) == (alone, folded)
    assert texts_in(stored_value('["a", 5, null, "b"]')) == ("a", "b")
    assert texts_in(value) == ()


def test_that_what_is_unread_is_written_as_it_was_stored() -> None:
    deep = '{"a":' * 3_000 + "1" + "}" * 3_000
    unread = stored_value(deep)
    assert isinstance(unread, Unread)
    assert json_text(unread) == deep
    assert json_text({"\u00e9": [unread, 1, unread]}) == f'{{"\u00e9": [{deep}, 1, {deep}]}}'
    assert json_text([unread, None], indent=1) == f"[\n {deep},\n null\n]"
    value = {"b": [1.5, "\u00e9"], "a": None}
    assert json_text(value) == json.dumps(value, ensure_ascii=False)
    assert json_text(value, ascii_only=True, ordered=True) == json.dumps(value, sort_keys=True)
    with pytest.raises(TypeError, match="set is not a JSON value"):
        json_text({"a": set()})
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(math.nan, compact=True)
