"""JSON that others wrote: what is refused before a parser sees it, and records read one by one."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.foreign_json import (
    BadRecord,
    JsonLimits,
    NotJson,
    Record,
    RecordReader,
    parse,
    read_file,
)
from app.domain.json_value import JsonObject


def records_of(
    body: bytes, *path: str, pieces: int = 1 << 20, limits: JsonLimits | None = None
) -> tuple[JsonObject, list[Record]]:
    reader = RecordReader(*(path or ("data",)), limits=limits or JsonLimits())
    for at in range(0, len(body), pieces):
        reader.feed(body[at : at + pieces])
    document, batches = reader.read()
    return document, [record for batch in batches for record in batch]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[" * 80_000, "nested more than 100 levels deep"),
        (b"[" * 101 + b"]" * 101, "nested more than 100 levels deep"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "nested more than 100 levels deep"),
        (b"9" * 309, "a number of more than 308 digits"),
        (b"[0." + b"9" * 5_000 + b"]", "a number of more than 308 digits"),
        (b"[1e400]", "holds 1e400, a number too large"),
        (b"[-1E+400]", "holds -1E\\+400, a number too large"),
        (b"[NaN]", "NaN is not a number"),
        (b"[-Infinity]", "-Infinity is not a number"),
        (b'{"a": ["b", "\\u0000"]}', r"a NUL character in 'a\[1\]'"),
        (b'{"\\ud800": 1}', "half of a surrogate pair in the name"),
        (b'"\xed\xa0\x80"', "isn't UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "isn't UTF-8"),
        ('{"a": 1}'.encode("utf-16-le"), "isn't JSON"),
        (b"", "isn't JSON"),
        (b'{"a": 1', "isn't JSON"),
        ("\ud800", "isn't UTF-8"),
    ],
)
def test_that_a_text_that_no_parser_should_see_is_refused(text: bytes | str, reason: str) -> None:
    with pytest.raises(NotJson, match=reason):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100 + b"]" * 100,
        b'"' + b"[" * 5_000 + b'"',
        b'["' + b"1" * 5_000 + b'"]',
        b'["\\"[[[", "\\\\", ' + b"1" * 308 + b"]",
        b'"' + b'\\"[' * 100_000 + b'"',
        b"[" + b",".join([b"[1]"] * 200_000) + b"]",
        b'["\\\\u0000", "\\ud83d\\ude00", 1e308, -0.0]',
        b"\xef\xbb\xbf[1]",
        '"\x7fä"',
    ],
)
def test_that_everything_else_is_read_as_the_parser_reads_it(text: bytes | str) -> None:
    plain = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    assert parse(text) == json.loads(plain)


def test_that_a_long_file_is_refused_without_being_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "rule.json"
    file.write_bytes(b"[" + b" " * (3 << 20) + b"]")
    assert read_file(file) == []
    with pytest.raises(NotJson, match="longer than 2 MB"):
        read_file(file, JsonLimits(text_bytes=2 << 20))


@pytest.mark.parametrize("pieces", [1, 2, 7, 1 << 20])
def test_that_records_are_cut_out_wherever_the_pieces_end(pieces: int) -> None:
    body = (
        b'{"meta": {"totalResourceCount": 3, "x": [{"y": {}}]}, "links": {"next": {"href": "/n"}},'
        b' "data": [ {"a": "]}\\"{"} , null, {"b": [[{}], {"c": "\\\\"}]}, 7 ], "z": "\\\\\\""}'
    )
    document, records = records_of(body, pieces=pieces)
    assert document == {**json.loads(body), "data": []}
    assert records == json.loads(body)["data"]


def test_that_a_bad_record_costs_nothing_but_itself() -> None:
    bad = {
        b'{"n":1,"a":' + b"[" * 500 + b"]" * 500 + b"}": "nested more than 100",
        b'{"n":1,"a":' + b"1" * 5_000 + b"}": "more than 308 digits",
        b'{"n":1,"a":1e400}': "too large",
        b'{"n":1,"a":NaN}': "not a number",
        b'{"n":1,"a":"\\u0000"}': "NUL",
        b'{"n":1,"a":"\xff"}': "UTF-8",
        b'{"n":1,"a":tru}': "isn't JSON",
        b'{"n":1,"a":"' + b"x" * (2 << 20) + b'"}': "longer than 1 MB",
    }
    for pieces in (1 << 20, 4_099):
        for text, reason in bad.items():
            body = b'{"samples":[{"items":[{"n":0},' + text + b'],"x":0},{"items":[{"n":2}]}]}'
            document, records = records_of(body, "samples", "items", pieces=pieces)
            good, refused, last = records
            assert document == {"samples": [{"items": [], "x": 0}, {"items": []}]}
            assert (good, last) == ({"n": 0}, {"n": 2})
            assert isinstance(refused, BadRecord)
            assert reason in refused.reason
            assert refused.number("n") == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":[{}{}]}',
        b'{"data":[{},,{}]}',
        b'{"data":[{},]}',
        b'{"data":[,{}]}',
        b'{"data":[{}x,{}]}',
        b'{"data":[{}',
        b'{"data":[{]}',
        b'{"data":[{}]}]',
        b'{"data":[{}]} {}',
        b"<html>",
        b"",
        b"[]",
        b'{"data":[' + b"[" * 200 + b"]" * 200,
        b'{"x":' + b"[" * 200 + b"]" * 200 + b',"data":[]}',
        b'{"x":"' + b"y" * (2 << 20) + b'","data":[]}',
    ],
)
def test_that_a_document_that_is_none_is_refused_whole(body: bytes) -> None:
    with pytest.raises(NotJson):
        records_of(body)


def test_that_more_records_or_bytes_than_may_be_are_refused() -> None:
    with pytest.raises(NotJson, match="more than 50 records"):
        records_of(b'{"data":[' + b",".join([b"{}"] * 200) + b"]}", limits=JsonLimits(records=50))
    with pytest.raises(NotJson, match="longer than 1 MB"):
        records_of(b" " * (2 << 20), pieces=1 << 18, limits=JsonLimits(text_bytes=1 << 20))
    with pytest.raises(NotJson, match="longer than 1 MB"):
        parse(" " * (2 << 20), JsonLimits(text_bytes=1 << 20))
    between = b'{"data":[{}' + b",7" * 600_000 + b",{}]}"
    with pytest.raises(NotJson, match="more than 1 MB between records"):
        records_of(between)


def test_that_a_mark_of_the_byte_order_is_no_part_of_a_document() -> None:
    reader = RecordReader("data")
    reader.feed(b'\xef\xbb\xbf{"data": [{}]}' + b" " * 9_000)
    assert reader.head.startswith(b'{"data"')
    assert len(reader.head) == 4_096
    document, batches = reader.read()
    assert (document, next(batches)) == ({"data": []}, [{}])


def test_that_random_documents_are_cut_as_the_parser_reads_them() -> None:
    chance = random.Random(7)

    def value(depth: int) -> object:
        kind = chance.randrange(7 if depth else 5)
        if kind == 5:
            return [value(depth - 1) for _ in range(chance.randrange(4))]
        if kind == 6:
            return {text(): value(depth - 1) for _ in range(chance.randrange(4))}
        return (None, True, chance.random(), chance.randrange(10**30), text())[kind]

    def text() -> str:
        return "".join(chance.choices('ab"\\[]{},:1ä\n', k=chance.randrange(8)))

    for _ in range(300):
        document = {text() + "x": value(3), "data": [value(4) for _ in range(chance.randrange(6))]}
        body = json.dumps(document, ensure_ascii=chance.random() < 0.5).encode()
        rest, records = records_of(body, pieces=chance.randrange(1, 60))
        assert records == document["data"]
        assert rest == {**document, "data": []}


def test_that_no_number_and_no_depth_ends_the_program() -> None:
    """In a program of its own: what went wrong here ended it without a word."""
    code = """
from app.domain.foreign_json import NotJson, RecordReader, parse
for text in (b"9" * 4301, b"[" * 5_000_000, b'{"a":' * 500_000, b'[' + b"9" * 5_000_000 + b"]"):
    try:
        parse(text)
    except NotJson as error:
        print(error)
    reader = RecordReader("samples", "items")
    reader.feed(b'{"samples":[{"items":[{"a":' + text)
    try:
        reader.read()
    except NotJson as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 8
