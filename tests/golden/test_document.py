"""Golden JSON documents: bytes, reading, and set algebra."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import BadInput
from app.domain.lumisections import LumiRange
from app.golden.compare import compare
from app.golden.document import (
    Style,
    and_,
    clip,
    document_of,
    from_json,
    lumisections,
    minus,
    or_,
    parse,
    read,
    to_json,
    to_text,
)

RANGE = st.tuples(st.integers(1, 30), st.integers(0, 6)).map(lambda pair: (pair[0], sum(pair)))
DOCUMENTS = st.dictionaries(
    st.sampled_from([99999, 100000, 355100]), st.lists(RANGE, max_size=6)
).map(document_of)

OFFICIAL_BYTES = [
    "Cert_246908-260627_13TeV_PromptReco_Collisions15_25ns_JSON_v2.txt",
    "Cert_314472-325175_13TeV_PromptReco_Collisions18_JSON.txt",
]
"""The lists among the real ones that nobody has formatted by hand since."""

OUT_OF_ORDER = "json_DCSONLY_2018.txt"
"""Has overlapping, touching and unsorted ranges."""


def cells(document):
    return {
        (run, number)
        for run, ranges in document.items()
        for first, last in ranges
        for number in range(first, last + 1)
    }


def masks(shared_data):
    return sorted((shared_data / "data" / "masks").glob("*/*.txt"))


@given(DOCUMENTS)
def test_that_what_is_written_reads_as_the_same_document(document):
    for style in Style:
        assert parse(to_text(document, style)) == document
    assert from_json(to_json(document)).document == document
    assert from_json(to_json(document)).remarks == ()


@given(DOCUMENTS, DOCUMENTS)
def test_that_algebra_on_documents_is_algebra_on_lumisections(one, other):
    for combine, expected in (
        (and_, cells(one) & cells(other)),
        (or_, cells(one) | cells(other)),
        (minus, cells(one) - cells(other)),
    ):
        combined = combine(one, other)
        assert cells(combined) == expected
        assert lumisections(combined) == len(expected)
        assert parse(to_text(combined)) == combined


@given(DOCUMENTS, DOCUMENTS)
def test_that_a_comparison_accounts_for_every_lumisection(old, new):
    comparison = compare(old, new)
    assert cells(comparison.gained) == cells(new) - cells(old)
    assert cells(comparison.lost) == cells(old) - cells(new)
    assert cells(comparison.common) == cells(old) & cells(new)
    assert set(comparison.runs_gained) == set(new) - set(old)
    assert set(comparison.runs_lost) == set(old) - set(new)
    assert comparison.equal == (old == new)


def test_that_clipping_keeps_the_runs_at_both_ends():
    document = {run: (LumiRange(1, 2),) for run in (10, 20, 30, 40)}
    assert list(clip(document, 20, 30)) == [20, 30]
    assert list(clip(document, None, 20)) == [10, 20]
    assert list(clip(document, 25)) == [30, 40]


def test_that_the_official_style_is_one_line_with_runs_ascending():
    document = document_of({355101: [(1, 172)], 355100: [(91, 92), (1, 88)], 99999: []})
    assert to_text(document) == '{"355100": [[1, 88], [91, 92]], "355101": [[1, 172]]}'
    assert to_text(document, Style.PRETTY) == (
        '{\n  "355100": [[1, 88], [91, 92]],\n  "355101": [[1, 172]]\n}\n'
    )
    assert to_text({}) == "{}"
    assert to_text({}, Style.PRETTY) == "{}\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"1": [[1, 2]', "Line 1, column 14"),
        ('{\n "1": [[1 2]]}', "Line 2, column 11"),
        ("[" * 100_000, "can't be read|can be read"),
        ("[]", "an object from run to ranges"),
        ("[[1, 2]]", "an object from run to ranges"),
        ("null", "an object from run to ranges"),
        ('{"x": [[1, 2]]}', '"x" is not a run number'),
        ('{"01": [[1, 2]]}', '"01" is not a run number'),
        ('{"-1": [[1, 2]]}', '"-1" is not a run number'),
        ('{"1": {"a": 1}}', "Run 1: expected a list of ranges"),
        ('{"1": {}}', "Run 1: expected a list of ranges"),
        ('{"2147483648": [[1, 2]]}', '"2147483648" is not a run number'),
        ('{"1": [[1, 2147483648]]}', "Run 1, range 1: a number is greater than that of any"),
        ('{"1": [1, 2]}', "Run 1, range 1: a range is a pair"),
        ('{"1": [[1, 2], [3, 4, 5]]}', "Run 1, range 2: a range is a pair"),
        ('{"1": [[1, 2.0]]}', "Run 1, range 1: 2.0 is not a whole number"),
        ('{"1": [[1, "2"]]}', 'Run 1, range 1: "2" is not a whole number'),
        ('{"1": [[true, 2]]}', "Run 1, range 1: true is not a whole number"),
        ('{"1": [[1, NaN]]}', "Run 1, range 1: NaN is not a whole number"),
        ('{"1": [[0, 2]]}', "Run 1, range 1: lumisections are numbered from 1"),
        ('{"1": [[3, 2]]}', "Run 1, range 1: the first lumisection, 3, is after the last, 2"),
        ('{"1": [[5, 9], [1, 2]]}', r"Run 1, range 2: \[1, 2\] comes before \[5, 9\]"),
        ('{"1": [[1, 5], [5, 9]]}', r"Run 1, range 2: \[5, 9\] overlaps \[1, 5\]"),
        ('{"1": [[1, 5], [6, 9]]}', r"Run 1, range 2: \[6, 9\] touches \[1, 5\]"),
        ('{"1": []}', "Run 1 has no ranges"),
        ('{"2": [[1, 1]], "1": [[1, 1]]}', "Run 1 comes after run 2"),
        ('{"1": [[1, 1]], "1": [[3, 3]]}', "Run 1 occurs twice"),
    ],
)
def test_that_a_faulty_list_is_refused_with_what_is_wrong_and_where(text, problem):
    with pytest.raises(BadInput, match=problem):
        parse(text)


def test_that_a_list_from_elsewhere_is_put_right_with_a_remark_on_each_fault():
    reading = read('{"2": [[6, 9], [1, 5], [1, 2]], "1": [[1, 1]], "1": [[2, 3]], "3": []}')
    assert reading.document == {1: (LumiRange(1, 3),), 2: (LumiRange(1, 9),)}
    assert len(reading.remarks) == 5
    with pytest.raises(BadInput, match="not a whole number"):
        read('{"1": [[1, null]]}')


def test_that_all_real_masks_load_combine_and_round_trip(shared_data):
    together = {}
    for path in masks(shared_data):
        text = path.read_text()
        reading = read(text)
        assert bool(reading.remarks) == (path.name == OUT_OF_ORDER)
        if not reading.remarks:
            assert parse(text) == reading.document
            assert to_json(reading.document) == json.loads(text)
        for style in Style:
            assert parse(to_text(reading.document, style)) == reading.document
        both = and_(together, reading.document)
        assert lumisections(both) + lumisections(or_(together, reading.document)) == (
            lumisections(together) + lumisections(reading.document)
        )
        assert or_(minus(reading.document, together), both) == reading.document
        together = or_(together, reading.document)
    assert lumisections(together) > 200_000


def test_that_official_lists_are_written_back_byte_for_byte(shared_data):
    written = {
        path.name: to_text(parse(path.read_text()))
        for path in masks(shared_data)
        if path.name in OFFICIAL_BYTES
    }
    assert sorted(written) == OFFICIAL_BYTES
    for name, text in written.items():
        assert text.encode() == (shared_data / "data" / "masks" / "golden" / name).read_bytes()


def test_that_an_analysis_finds_just_our_lumisections_in_the_text(shared_data):
    """Membership the way analysis frameworks compute it: where a number falls among the edges
    of the ranges, flattened with the lower ones moved down by one."""
    (path,) = (shared_data / "data" / "masks" / "golden").glob("*Legacy2018*")
    document = parse(path.read_text())
    for run, ranges in json.loads(to_text(document)).items():
        edges = np.array(ranges).flatten()
        edges[::2] -= 1
        numbers = np.arange(1, edges[-1] + 3)
        inside = numbers[np.searchsorted(edges, numbers) % 2 == 1]
        assert {(int(run), number) for number in inside.tolist()} == cells(
            {int(run): document[int(run)]}
        )
