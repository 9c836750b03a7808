"""JSON that others wrote: bounded before a parser sees it, one bad record apart from the others.

A parser that meets a number of thousands of digits or arrays thousands deep takes the whole
program with it, or holds its threads for many seconds. So a text is looked over first: its bytes,
its depth, its longest number. That takes a time in proportion to its length, piece by piece.
"""

import json
import logging
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue

logger = logging.getLogger(__name__)

_BLOCK_BYTES = 1 << 18
_BATCH_BYTES = 1 << 18
_HEAD_BYTES = 4_096
_BOM = b"\xef\xbb\xbf"


class JsonLimits(Struct, frozen=True):
    """What a text may hold at most; `record_bytes` is of one record, and of all around them."""

    text_bytes: int = 64 << 20
    depth: int = 100
    digits: int = 308  # 1e308 is the greatest power of ten that a number can be
    record_bytes: int = 1 << 20
    records: int = 2_000_000


LIMITS = JsonLimits()


class NotJson(BadInput):
    """A text is no JSON, or none that can be kept; the message follows "it " or "the file "."""


class BadRecord(Struct, frozen=True):
    """A record that can't be used, why not, and its text."""

    reason: str
    text: bytes

    def number(self, name: str) -> int | None:
        """A whole number that the record gives under that name, for saying which record it is."""
        pattern = rf'"{re.escape(name)}"\s*:\s*(\d{{1,18}})(?![\d.eE])'.encode()
        found = re.search(pattern, self.text)
        return None if found is None else int(found[1])


def parse(text: bytes | str, limits: JsonLimits = LIMITS) -> JsonValue:
    """The value that a text from outside stands for; `NotJson` says why it stands for none."""
    check_text(text, limits)
    return _loaded(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)


def read_file(path: Path, limits: JsonLimits = LIMITS) -> JsonValue:
    """What a JSON file holds. Raises `NotJson`, or `OSError` when it can't be read at all."""
    return parse(read_text(path, limits), limits)


def read_text(path: Path, limits: JsonLimits = LIMITS) -> bytes:
    """The bytes of a file, as many as may be. Raises `NotJson` or `OSError`."""
    with path.open("rb") as file:
        text = file.read(limits.text_bytes + 1)
    if len(text) > limits.text_bytes:
        raise NotJson(f"is longer than {_size(limits.text_bytes)}")
    return text


def check_text(text: bytes | str, limits: JsonLimits = LIMITS) -> None:
    """Raises `NotJson` when a parser couldn't be given the text without danger."""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > limits.text_bytes:
        raise NotJson(f"is longer than {_size(limits.text_bytes)}")
    _check_shape(raw, limits)


Record: TypeAlias = "JsonValue | BadRecord"


class RecordReader:
    """Cuts the records out of a list in a document that comes piece by piece.

    `path` leads to the list: `"data"`, or `"samples", "items"` for the items of every sample.
    Each record is read for itself, so that a bad one costs nothing but itself.
    """

    def __init__(self, *path: str, limits: JsonLimits = LIMITS) -> None:
        self._limits = limits
        self._level = 2 * len(path)
        self._key = re.compile(rb'"' + re.escape(path[-1].encode()) + rb'"\s*:\s*\Z')
        self._scanner = _Scanner(limits.digits)
        self._suspicious = False
        self._body = bytearray()
        # Where a record begins and ends, and where what may be the list does.
        self._marks: dict[str, list[NDArray[np.int64]]] = {name: [] for name in _MARKS}
        self._records = 0

    def feed(self, piece: bytes) -> None:
        """Takes the next piece of the document; `NotJson` when there are too many of them."""
        if not self._body and piece.startswith(_BOM):
            piece = piece[len(_BOM) :]
        if len(self._body) + len(piece) > self._limits.text_bytes:
            raise NotJson(f"is longer than {_size(self._limits.text_bytes)}")
        for block in _blocks(piece):
            at, level = len(self._body), self._level
            self._body += block
            seen = self._scanner.scan(block)
            opens, closes, depths = seen.steps > 0, seen.steps < 0, seen.depths
            if seen.long_number or (depths.size and depths.max() > self._limits.depth):
                self._suspicious = True
            for name, found in (
                ("first", opens & (depths == level + 1)),
                ("last", closes & (depths == level)),
                ("opened", opens & (depths == level)),
                ("closed", closes & (depths == level - 1)),
            ):
                if found.any():
                    self._marks[name].append(seen.places[found] + at)
                    self._records += int(found.sum())
            if self._records > 2 * self._limits.records:
                raise NotJson(f"holds more than {self._limits.records} records")

    @property
    def head(self) -> bytes:
        """How the document begins."""
        return bytes(self._body[:_HEAD_BYTES])

    def read(self) -> tuple[JsonObject, Iterator[list[Record]]]:
        """The document with its lists empty, and batches of the records that stood in them.

        Raises `NotJson` when what is around the records can't be read.
        """
        marks = {
            name: np.concatenate(found) if found else np.empty(0, np.int64)
            for name, found in self._marks.items()
        }
        first, last = marks["first"], marks["last"]
        if first.size != last.size or marks["opened"].size != marks["closed"].size:
            raise NotJson("breaks off or has brackets that don't match")
        body = self._body
        around, lists, at = bytearray(), list[tuple[int, int]](), 0
        for opened, closed in zip(marks["opened"].tolist(), marks["closed"].tolist(), strict=True):
            if body[opened] == ord("[") and self._key.search(body, max(at, opened - 200), opened):
                around += body[at : opened + 1]
                lists.append((opened, closed))
                at = closed
        around += body[at:]
        if len(around) > self._limits.record_bytes:
            raise NotJson(f"holds more than {_size(self._limits.record_bytes)} beside its records")
        document = parse(bytes(around), self._limits)
        if not isinstance(document, dict):
            raise NotJson("is not a JSON document")
        return document, self._batches(lists, first, last)

    def _batches(
        self,
        lists: list[tuple[int, int]],
        first: NDArray[np.int64],
        last: NDArray[np.int64],
    ) -> Iterator[list[Record]]:
        for opened, closed in lists:
            start, end = np.searchsorted(first, [opened, closed]).tolist()
            behind = opened + 1
            while start < end:
                # As many whole records as a batch holds, one at least.
                full = int(np.searchsorted(last, first[start] + _BATCH_BYTES))
                stop = min(end, max(start + 1, full))
                yield [
                    *self._between(behind, int(first[start]), opened, closed),
                    *self._batch(first[start:stop].tolist(), last[start:stop].tolist()),
                ]
                behind, start = int(last[stop - 1]) + 1, stop
            yield [*self._between(behind, closed, opened, closed)]

    def _batch(self, first: list[int], last: list[int]) -> list[Record]:
        text = bytes(self._body[first[0] : last[-1] + 1])
        if not self._suspicious and len(text) <= self._limits.record_bytes:
            try:
                values = _loaded(b"[" + text + b"]")
            except NotJson:
                logger.debug("Records are read one by one: one of them is bad")
            else:
                assert isinstance(values, list)
                return [*values]
        found: list[Record] = []
        for at, (begin, end) in enumerate(zip(first, last, strict=True)):
            if at:
                found += self._between(last[at - 1] + 1, begin, -1, -1)
            found.append(self._record(begin, end + 1))
        return found

    def _record(self, begin: int, end: int) -> Record:
        most = self._limits.record_bytes
        text = bytes(self._body[begin : min(end, begin + most)])
        if end - begin > most:
            return BadRecord(f"is longer than {_size(most)}", text)
        try:
            _check_shape(text, self._limits)
            return _loaded(text)
        except NotJson as error:
            return BadRecord(str(error), text)

    def _between(self, begin: int, end: int, opened: int, closed: int) -> list[JsonValue]:
        """What stands between two records: a comma, and what else is no record."""
        text = bytes(self._body[begin:end]).strip()
        left, right = begin - 1 == opened, end == closed
        if text == (b"" if left or right else b","):
            return []
        if len(text) > self._limits.record_bytes:
            raise NotJson(f"holds more than {_size(self._limits.record_bytes)} between records")
        around = (b"[" if left else b"[0") + text + (b"]" if right else b"0]")
        _check_shape(around, self._limits)
        try:
            values = _loaded(around)
        except NotJson as error:
            raise NotJson("isn't JSON between two records") from error
        assert isinstance(values, list)
        return values[0 if left else 1 : len(values) if right else -1]


_MARKS = ("first", "last", "opened", "closed")


class _Seen(Struct, frozen=True):
    """The brackets of a piece outside of texts: where, opening (1) or closing (-1), depth behind.

    `long_number`: whether a number longer than the limit ends or goes on in the piece.
    """

    places: NDArray[np.int64]
    steps: NDArray[np.int8]
    depths: NDArray[np.int32]
    long_number: bool


class _Scanner:
    """Follows a JSON text by its quotes, brackets and digits alone.

    A text that is no JSON is followed rightly as far as a parser would follow it.
    """

    def __init__(self, digits: int) -> None:
        self._too_long = b"0" * (digits + 1)
        self._before = b""
        self._depth = 0
        self._in_text = False
        self._escaped = False

    def scan(self, piece: bytes) -> _Seen:
        """Looks at the next piece, of at least one byte."""
        signs = np.frombuffer(bytearray(piece.translate(_SIGNS)), np.int8)
        if self._escaped or b"\\" in piece:
            self._escaped = _forget_escaped(piece, signs, escaped=self._escaped)
        places = np.flatnonzero(signs)
        found = signs[places]
        quotes = found == _QUOTE
        # Even and odd are all that counts of the number of quotes: it may overflow.
        in_text = (np.cumsum(quotes, dtype=np.uint8) & 1) != self._in_text
        brackets = ~(quotes | in_text)
        steps = found[brackets]
        depths = np.cumsum(steps, dtype=np.int32) + np.int32(self._depth)
        seen = _Seen(places[brackets], steps, depths, self._has_long_number(piece, places, in_text))
        if in_text.size:
            self._in_text = bool(in_text[-1])
        if depths.size:
            self._depth = int(depths[-1])
        return seen

    def _has_long_number(
        self, piece: bytes, places: NDArray[np.int64], in_text: NDArray[np.bool_]
    ) -> bool:
        """A run of digits that isn't part of a text; it may have begun in the piece before."""
        wanted = self._too_long
        digits = (self._before + piece).translate(_ZEROS)
        offset = len(self._before)
        self._before = digits[1 - len(wanted) :]
        at = digits.find(wanted)
        while at >= 0:
            at += len(wanted)
            before = int(np.searchsorted(places, at - 1 - offset)) - 1
            if not (in_text[before] if before >= 0 else self._in_text):
                return True
            at = digits.find(wanted, at)
        return False


def _forget_escaped(piece: bytes, signs: NDArray[np.int8], *, escaped: bool) -> bool:
    """Takes quotes behind a backslash out of `signs`; says if the next piece begins escaped."""
    backslashes = np.flatnonzero(np.frombuffer(piece, np.uint8) == _BACKSLASH)
    if escaped:
        backslashes = np.concatenate(([-1], backslashes))
    # Of backslashes in a row the first, third, ... escape what follows them.
    begins = np.diff(backslashes, prepend=-3) != 1
    row_begins = backslashes[begins][np.cumsum(begins) - 1]
    behind = backslashes[(backslashes - row_begins) % 2 == 0] + 1
    inside = behind[behind < signs.size]
    signs[inside[signs[inside] == _QUOTE]] = 0
    return bool(behind[-1] == signs.size)


def _table(values: dict[bytes, int]) -> bytes:
    table = bytearray(256)
    for keys, value in values.items():
        for key in keys:
            table[key] = value
    return bytes(table)


_QUOTE, _BACKSLASH = 2, ord("\\")
_SIGNS = _table({b"[{": 1, b"]}": 255, b'"': _QUOTE})
_ZEROS = _table({b"0123456789": ord("0")})


def _check_shape(text: bytes, limits: JsonLimits) -> None:
    scanner = _Scanner(limits.digits)
    for block in _blocks(text):
        seen = scanner.scan(block)
        if seen.depths.size and seen.depths.max() > limits.depth:
            raise NotJson(f"is nested more than {limits.depth} levels deep")
        if seen.long_number:
            raise NotJson(f"holds a number of more than {limits.digits} digits")


def _blocks(text: bytes) -> Iterator[bytes]:
    for at in range(0, len(text), _BLOCK_BYTES):
        yield text[at : at + _BLOCK_BYTES]


def _loaded(text: bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(
            text.decode("utf-8-sig"), parse_constant=_no_number, parse_float=_finite
        )
    except UnicodeDecodeError as error:
        raise NotJson(f"isn't UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise NotJson(f"isn't JSON ({at})") from error
    # Only an escape can name a character that a text mustn't have.
    fault = _bad_text(value, "") if b"\\u" in text else None
    if fault is not None:
        raise NotJson(fault)
    return value


def _no_number(text: str) -> NoReturn:
    raise NotJson(f"isn't JSON ({text} is not a number)")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJson(f"holds {text[:40]}, a number too large to be stored")
    return number


def _bad_text(value: JsonValue, place: str) -> str | None:
    if isinstance(value, str):
        fault = _text_fault(value)
        return None if fault is None else f"holds {fault} in {place or value!a}"
    if isinstance(value, dict):
        for key, each in value.items():
            if (fault := _text_fault(key)) is not None:
                return f"holds {fault} in the name {key!a}"
            if (fault := _bad_text(each, f"{place}.{key}" if place else key)) is not None:
                return fault
    if isinstance(value, list):
        for at, each in enumerate(value):
            if (fault := _bad_text(each, f"{place}[{at}]")) is not None:
                return fault
    return None


def _text_fault(text: str) -> str | None:
    """What no text of the database can hold, if it is in this one."""
    if "\0" in text:
        return "a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "half of a surrogate pair"
    return None


def _size(number: int) -> str:
    return f"{number >> 20} MB"
