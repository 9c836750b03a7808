"""Lists of lumisections, against sets of pairs."""

import json
from operator import and_, or_, sub, xor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.golden import document
from app.golden.document import Style
from run_registry import LumiList, Luminosity, NotConnected, RunRegistryError

_RUNS = (355100, 355101, 2**31 - 1)
pairs = st.sets(st.tuples(st.sampled_from(_RUNS), st.integers(1, 12)))


def list_of(lumisections):
    """A list, each lumisection a range of its own, as ranges that touch."""
    ranges = {}
    for run, number in lumisections:
        ranges.setdefault(run, []).append((number, number))
    return LumiList(ranges)


@given(pairs, pairs, st.sampled_from([and_, or_, sub, xor]))
def test_that_combining_lists_is_set_arithmetic(one, other, operator):
    combined = operator(list_of(one), list_of(other))
    assert set(combined) == operator(one, other)
    assert combined == list_of(operator(one, other))
    assert len(combined) == len(operator(one, other))


@given(pairs, pairs)
def test_that_a_mask_says_what_is_in_the_list(inside, asked):
    ordered = sorted(asked)
    mask = list_of(inside).mask([run for run, _ in ordered], [lumi for _, lumi in ordered])
    assert mask.dtype == np.bool_
    assert mask.tolist() == [each in inside for each in ordered]


def test_that_one_run_is_asked_for_many_lumisections():
    assert LumiList({355100: [(2, 3)]}).mask(355100, [1, 2, 3, 4]).tolist() == [0, 1, 1, 0]
    assert LumiList({1: [(1, 2)]}).mask([1, 1 + 2**32, -1, 1], [1, 1, 1, 1 - 2**32]).tolist() == [
        True, False, False, False,
    ]  # fmt: skip
    assert (355100, 3) in LumiList({355100: [(2, 3)]})


def test_that_a_golden_json_is_read_and_written():
    text = '{"355100": [[1, 68], [74, 78]], "355101": []}'
    golden = LumiList.from_json(text)
    assert golden.runs == (355100,)
    pretty = golden.to_json("pretty")
    assert pretty == document.to_text({355100: ((1, 68), (74, 78))}, Style.PRETTY).rstrip()
    assert LumiList.from_json(json.loads(pretty)) == golden
    with pytest.raises(ValueError, match="not as"):
        golden.to_json("neat")
    assert json.loads(golden.to_json()) == {"355100": [[1, 68], [74, 78]]}
    assert LumiList.from_json(json.loads(golden.to_json())) == golden
    named = LumiList.from_json({"355100-/A/B/DQM": [[1, 2]], "355100-/C/D/DQM": [[2, 3]]})
    assert named.ranges == {355100: [(1, 3)]}


def test_that_a_list_is_saved_and_read_from_a_file(tmp_path):
    golden = LumiList({355100: [(1, 2)]})
    golden.save(tmp_path / "golden.json")
    assert LumiList.from_json(tmp_path / "golden.json") == golden
    assert LumiList.from_json(str(tmp_path / "golden.json")) == golden


def test_that_a_file_that_is_no_golden_json_is_named(tmp_path):
    cut = tmp_path / "cut.json"
    cut.write_text('{"355100": [[1, 2]', "utf-8")
    for path in (cut, str(cut)):
        with pytest.raises(RunRegistryError, match=r"cut\.json is no golden JSON: .*column"):
            LumiList.from_json(path)
    cut.write_bytes(b"\xff\xfe")
    with pytest.raises(RunRegistryError, match=r"cut\.json is no golden JSON"):
        LumiList.from_json(cut)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        LumiList.from_json(str(tmp_path / "nowhere.json"))
    for text in ('{"355100": [[1, 2]', "", "[1"):
        with pytest.raises(RunRegistryError, match=r"The text is no golden JSON"):
            LumiList.from_json(text)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "object of runs"),
        ({"first": [[1, 2]]}, "'first' is not a run number"),
        ({"355100": [[2, 1]]}, r"Run 355100: \[2, 1\] is not a range"),
        ({"355100": [[0, 1]]}, r"\[0, 1\] is not a range"),
        ({"355100": [[1.5, 2]]}, r"\[1.5, 2\] is not a range"),
        ({"355100": [[1, 2, 3]]}, "is not a list of"),
        ({"355100": 7}, "is not a list of"),
        ({"2147483648": [[1, 2]]}, "2147483648 is not a run number"),
    ],
)
def test_that_what_is_no_golden_json_is_refused(document, words):
    with pytest.raises(RunRegistryError, match=words):
        LumiList.from_json(document)


def test_that_the_luminosity_of_a_list_of_a_file_takes_a_registry():
    with pytest.raises(NotConnected, match=r"registry\.luminosity"):
        _ = LumiList({}).luminosity
    measured = LumiList({1: [(1, 2)]}, lambda one: Luminosity(float(len(one)), 0.0))
    assert (measured - LumiList({1: [(1, 1)]})).luminosity.recorded == 1.0
