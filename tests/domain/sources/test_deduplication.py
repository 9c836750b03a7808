"""An object is called false only when no order of its keys can give its hash."""

import itertools
import json
import math

import pytest

from app.domain.json_value import js_stringify, text_hash
from app.domain.sources import deduplication
from app.domain.sources.deduplication import Finding, examine
from app.domain.sources.oms import KEPT_IN_ORDER

GOOD = {"status": "GOOD", "comment": "", "cause": ""}
BAD = {"status": "BAD", "comment": "hot towers", "cause": "cooling"}


def _as_stored(value: object) -> str:
    """As PostgreSQL prints it: shorter keys first, blanks behind colons and commas."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return f"{{{', '.join(f'{js_stringify(key)}: {_as_stored(value[key])}' for key in keys)}}}"
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    "value",
    [
        {"dt-dt": GOOD},
        {"dt-dt": {"cause": "", "status": "GOOD", "comment": "ü 中 \u2028"}},
        {"tracker-strip": GOOD, "csc-csc": BAD, "dt-dt": GOOD},
        {"recorded": 0.25, "delivered": 0.5},
        {"delivered": 1, "recorded": None},
        {"10": True, "9": 1, "a": False, "07": 2},
        {"a": [GOOD, {"y": -1, "x": 2}], "b": -0.5},
        {},
    ],
)
def test_that_every_order_of_an_object_is_right(value):
    for order in itertools.permutations(value.items()):
        assert examine(_as_stored(value), text_hash(js_stringify(dict(order)))) is Finding.RIGHT


def test_that_numbers_are_those_javascript_wrote():
    written = '{"a":1e+21,"b":1e-7,"c":9007199254740992,"d":5e-324,"e":0.1,"f":-3}'
    zeros = "0" * 21
    stored = (
        f'{{"a": 1{zeros}, "b": 0.0000001, "c": 9007199254740992,'
        f' "d": 0.{"0" * 323}5, "e": 0.1, "f": -3}}'
    )
    assert examine(stored, text_hash(written)) is Finding.RIGHT
    assert examine(stored, text_hash("{}")) is Finding.FALSE


def test_that_the_orders_of_the_web_service_are_known():
    lumisection = {key: key != "cms_active" for key in KEPT_IN_ORDER}
    assert examine(_as_stored(lumisection), text_hash(js_stringify(lumisection))) is Finding.RIGHT
    part = dict.fromkeys(KEPT_IN_ORDER[::2], False)
    assert examine(_as_stored(part), text_hash(js_stringify(part))) is Finding.RIGHT


@pytest.mark.parametrize(
    "value",
    [
        {"dt-dt": BAD},
        {"dt-dt": BAD, "csc-csc": GOOD},
        dict.fromkeys(("dt-dt", "csc-csc", "rpc-rpc", "gem-gem"), BAD),
        {f"bit{number}": False for number in range(8)},
        {},
        [],
        None,
    ],
)
def test_that_the_hash_of_another_object_is_false(value):
    assert examine(_as_stored(value), text_hash(js_stringify({"dt-dt": GOOD}))) is Finding.FALSE
    assert examine(_as_stored(value), "no hash at all") is Finding.FALSE


@pytest.mark.parametrize(
    "stored",
    [
        _as_stored({f"column{number}": GOOD for number in range(5)}),
        _as_stored({f"bit{number}": True for number in range(9)}),
        _as_stored({f"bit{number}": True for number in range(5000)}),
        _as_stored({f"bit{number}": "x" * 8000 for number in range(8)}),
        '{"a": 1.0}',
        '{"a": 0.10000000000000000555}',
        '{"a": 9007199254740993}',
        f'{{"a": 1{"0" * 400}}}',
        f'{{"a": {"9" * 5000}}}',
        f"{'[' * 5000}{']' * 5000}",
    ],
)
def test_that_what_nobody_can_know_is_not_called_false(stored):
    assert examine(stored, text_hash(js_stringify({"dt-dt": GOOD}))) is Finding.UNDECIDED


def test_that_orders_are_counted_as_they_are_written():
    for value in (
        {"a": GOOD, "b": BAD, "7": [GOOD, {"x": 1}]},
        {"a": {"b": {"c": 1, "d": 2}, "e": 3}},
        [{"a": 1, "b": 2}, {"a": 1, "b": 2}],
    ):
        texts = list(deduplication._texts(value))
        assert len(set(texts)) == len(texts) == deduplication._number_of_orders(value)
        assert all(json.loads(text) == value for text in texts)
    most = {f"{number}x": number for number in range(11)}
    assert deduplication._number_of_orders(most) < math.factorial(11)
