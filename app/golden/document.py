"""The golden JSON document: run -> good lumisections, its texts, reading it, and set algebra.

A document's runs are ascending, its ranges sorted, disjoint and not touching; runs without a
lumisection are absent.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import NoReturn, TypeAlias

from app.domain.errors import BadInput
from app.domain.foreign_json import NotJson, check_text
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import GREATEST_NUMBER, LumiRange, count, join

Ranges: TypeAlias = tuple[LumiRange, ...]
Document: TypeAlias = Mapping[int, Ranges]
NamedDocument: TypeAlias = Mapping[str, Ranges]
"""The same by `{run}-{dataset name}`."""

_RUN = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)


class Style(Enum):
    """How a document is written."""

    OFFICIAL = "official"
    """One line, as the `Cert_*` files: `{"355100": [[1, 88], [91, 92]], "355101": [[1, 172]]}`."""
    PRETTY = "pretty"
    """One run per line."""


@dataclass(frozen=True)
class Reading:
    """A document read from a list that may break the format, and where it does."""

    document: Document
    remarks: tuple[str, ...]


def document_of(ranges: Mapping[int, Iterable[tuple[int, int]]]) -> Document:
    """Document of ranges in any order, which may touch or overlap."""
    joined = ((run_number, join(ranges[run_number])) for run_number in sorted(ranges))
    return {run_number: each for run_number, each in joined if each}


def to_json(document: Document | NamedDocument) -> JsonObject:
    """The document as JSON, in its order."""
    return {str(key): [list(each) for each in ranges] for key, ranges in document.items()}


def to_text(document: Document | NamedDocument, style: Style = Style.OFFICIAL) -> str:
    """The document's text: the same document is always the same bytes."""
    if style is Style.OFFICIAL:
        return json.dumps(to_json(document), ensure_ascii=False)
    lines = [
        f"  {json.dumps(key, ensure_ascii=False)}: {json.dumps(ranges)}"
        for key, ranges in to_json(document).items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n" if lines else "{}\n"


def parse(text: str) -> Document:
    """The document that a text is; BadInput says where it breaks the format."""
    return _collected(_loaded(text), _refuse)


def read(text: str) -> Reading:
    """The document that a list from elsewhere means.

    Ranges and runs out of order, touching or overlapping ranges, and runs without any are
    remarked on and put right; BadInput where it isn't a list of lumisections at all.
    """
    remarks: list[str] = []
    return Reading(_collected(_loaded(text), remarks.append), tuple(remarks))


def from_json(value: JsonValue) -> Reading:
    """Like `read`, for JSON that is parsed already, such as that of a stored list."""
    remarks: list[str] = []
    pairs = _Pairs(value.items()) if isinstance(value, dict) else value
    return Reading(_collected(pairs, remarks.append), tuple(remarks))


def lumisections(document: Document | NamedDocument) -> int:
    """Lumisections in a document."""
    return sum(count(ranges) for ranges in document.values())


def and_(one: Document, other: Document) -> Document:
    """Lumisections that are in both."""
    return _combined(one, other, _intersection)


def or_(one: Document, other: Document) -> Document:
    """Lumisections that are in either."""
    return _combined(one, other, lambda left, right: join((*left, *right)))


def minus(one: Document, other: Document) -> Document:
    """Lumisections of `one` that aren't in `other`."""
    return _combined(one, other, _difference)


def clip(document: Document, first_run: int | None = None, last_run: int | None = None) -> Document:
    """The runs from `first_run` to `last_run`, both included, None for no limit."""
    return {
        run_number: ranges
        for run_number, ranges in document.items()
        if (first_run is None or run_number >= first_run)
        and (last_run is None or run_number <= last_run)
    }


def _combined(
    one: Document, other: Document, combine: Callable[[Ranges, Ranges], Ranges]
) -> Document:
    combined = (
        (run_number, combine(one.get(run_number, ()), other.get(run_number, ())))
        for run_number in sorted({*one, *other})
    )
    return {run_number: ranges for run_number, ranges in combined if ranges}


def _intersection(one: Ranges, other: Ranges) -> Ranges:
    common: list[LumiRange] = []
    left = right = 0
    while left < len(one) and right < len(other):
        first = max(one[left].first, other[right].first)
        last = min(one[left].last, other[right].last)
        if first <= last:
            common.append(LumiRange(first, last))
        if one[left].last < other[right].last:
            left += 1
        else:
            right += 1
    return tuple(common)


def _difference(one: Ranges, other: Ranges) -> Ranges:
    rest: list[LumiRange] = []
    at = 0
    for first, last in one:
        begin = first
        while at < len(other) and other[at].last < begin:
            at += 1
        position = at
        while position < len(other) and other[position].first <= last:
            if other[position].first > begin:
                rest.append(LumiRange(begin, other[position].first - 1))
            begin = other[position].last + 1
            position += 1
        if begin <= last:
            rest.append(LumiRange(begin, last))
    return tuple(rest)


class _Pairs(list[tuple[str, object]]):
    """A JSON object as written, including keys that occur twice."""


def _loaded(text: str) -> object:
    try:
        check_text(text)
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_Pairs)
    except NotJson as error:
        raise BadInput(f"The list {error}: it can't be read.") from error
    except json.JSONDecodeError as error:
        raise BadInput(
            f"Line {error.lineno}, column {error.colno}: this is not JSON ({error.msg})."
        ) from error


def _collected(items: object, remark: Callable[[str], None]) -> Document:
    """Document of (run, ranges) pairs; what can be put right is given to `remark`."""
    if not isinstance(items, _Pairs):
        raise BadInput(
            'A golden JSON is an object from run to ranges, such as {"355100": [[1, 88]]}.'
        )
    ranges_by_run: dict[int, list[LumiRange]] = {}
    previous = 0
    for key, value in items:
        if not _RUN.fullmatch(key) or int(key) > GREATEST_NUMBER:
            raise BadInput(f'"{key}" is not a run number.')
        run_number = int(key)
        if run_number in ranges_by_run:
            remark(f"Run {run_number} occurs twice.")
        elif run_number < previous:
            remark(f"Run {run_number} comes after run {previous}; runs must ascend.")
        ranges = _ranges(run_number, value)
        if not ranges:
            remark(f"Run {run_number} has no ranges; a run without lumisections is left out.")
        _check_order(run_number, ranges, remark)
        ranges_by_run.setdefault(run_number, []).extend(ranges)
        previous = run_number
    return document_of(ranges_by_run)


def _ranges(run_number: int, value: object) -> list[LumiRange]:
    if not isinstance(value, list) or isinstance(value, _Pairs):
        raise BadInput(f"Run {run_number}: expected a list of ranges, such as [[1, 88]].")
    ranges: list[LumiRange] = []
    for number, item in enumerate(value, start=1):
        place = f"Run {run_number}, range {number}"
        if not isinstance(item, list) or isinstance(item, _Pairs) or len(item) != 2:
            raise BadInput(f"{place}: a range is a pair of lumisections, such as [1, 88].")
        for end in item:
            if not isinstance(end, int) or isinstance(end, bool):
                raise BadInput(f"{place}: {json.dumps(end)} is not a whole number.")
            if end > GREATEST_NUMBER:
                raise BadInput(f"{place}: a number is greater than that of any lumisection.")
        first, last = item
        if first < 1:
            raise BadInput(f"{place}: lumisections are numbered from 1, not {first}.")
        if last < first:
            raise BadInput(f"{place}: the first lumisection, {first}, is after the last, {last}.")
        ranges.append(LumiRange(first, last))
    return ranges


def _check_order(run_number: int, ranges: list[LumiRange], remark: Callable[[str], None]) -> None:
    for number, (before, each) in enumerate(pairwise(ranges), start=2):
        if each.first > before.last + 1:
            continue
        if each.last < before.first:
            problem = "comes before"
        elif each.first == before.last + 1:
            problem = "touches"
        else:
            problem = "overlaps"
        remark(
            f"Run {run_number}, range {number}: {list(each)} {problem} {list(before)};"
            " ranges must ascend with a gap between them."
        )


def _refuse(problem: str) -> NoReturn:
    raise BadInput(problem)
