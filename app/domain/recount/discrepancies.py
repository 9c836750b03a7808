"""Where a derived row says something else than the events it is derived from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import isclose

import numpy as np

from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.lumisections import format_ranges, ranges_of_mask
from app.domain.state.compact import CompactState, SegmentCodes
from app.domain.state.differences import are_same, changed_attributes
from app.domain.state.grid import MISSING, Codes, Grid, Value, ValueList
from app.domain.state.summaries import Summary
from app.domain.triplets import Triplet

NOTHING = "nothing"

MOST = 20
"""So many differences of one row are named; who reads them needs no more to see what it is."""

_LONGEST = 120
_SAME_SUM = 1e-9
"""Relative difference up to which two sums of luminosity are the same."""

_PARTS = {
    "triplet_summary": "counts of columns",
    "dcs_summary": "counts of bits",
    "rr_ranges": "ranges of columns",
    "dcs_ranges": "ranges of bits",
}


@dataclass(frozen=True)
class Discrepancy:
    """One part of a row: what the events say and what the row says; `lumisections` where it is
    about some, as a person writes ranges."""

    part: str
    expected: str
    found: str
    lumisections: str = ""


def of_attributes(part: str, expected: JsonObject, found: JsonObject) -> Iterator[Discrepancy]:
    """Attributes that differ, by name."""
    if are_same(found, expected):
        return
    differing = {*changed_attributes(found, expected), *changed_attributes(expected, found)}
    for name in sorted(differing):
        yield Discrepancy(f"{part}{name}", _shown(expected, name), _shown(found, name))


def of_summaries(expected: Summary, found: Summary) -> Iterator[Discrepancy]:
    """Counts, ranges and sums that differ."""
    for field, words in _PARTS.items():
        made, stored = getattr(expected, field), getattr(found, field)
        if isinstance(stored, dict):
            yield from of_attributes(f"{words}: ", made, stored)
        else:
            yield Discrepancy(words, "an object", "what is none")
    for field in ("recorded", "delivered"):
        made, stored = getattr(expected, field), getattr(found, field)
        if not isclose(made, stored, rel_tol=_SAME_SUM, abs_tol=_SAME_SUM):
            yield Discrepancy(f"{field} luminosity", repr(made), repr(stored))


def of_states(expected: CompactState, found: CompactState) -> Iterator[Discrepancy]:
    """Cells that differ, joined to ranges, by column and bit; which lumisections events cover."""
    if _are_same(expected, found):
        return
    right, other = expected.expand(), found.expand()
    yield from _of_grids(right.rr, other.rr)
    yield from _of_grids(right.oms, other.oms)
    length = max(right.own_oms.size, other.own_oms.size)
    differing = np.zeros(length, np.bool_)
    differing[: right.own_oms.size] = right.own_oms
    differing[: other.own_oms.size] ^= other.own_oms
    if differing.any():
        where = format_ranges(ranges_of_mask(differing))
        first = int(np.flatnonzero(differing)[0])
        said = first < right.own_oms.size and bool(right.own_oms[first])
        words = ("own OMS events", "none")
        yield Discrepancy("taking part", words[not said], words[said], where)


def first_of(discrepancies: Iterator[Discrepancy]) -> tuple[Discrepancy, ...]:
    """The first of them, and one that says when there are more."""
    named = tuple(islice(discrepancies, MOST))
    more = next(discrepancies, None)
    return named if more is None else (*named, Discrepancy("more", "", ""))


def _are_same(one: CompactState, other: CompactState) -> bool:
    """Whether two states hold the same, told from their segments; false may also mean that they
    are only cut in other places."""
    if (one.length, one.rr_length, one.oms_length) != (
        other.length,
        other.rr_length,
        other.oms_length,
    ) or (one.columns, one.bits, *one.dense) != (other.columns, other.bits, *other.dense):
        return False
    masks = ("starts", "covered_rr", "covered_oms", "own_oms")
    return (
        all(np.array_equal(getattr(one, mask), getattr(other, mask)) for mask in masks)
        and _are_same_codes(one.triplets, one.rr_codes, other.triplets, other.rr_codes)
        and _are_same_codes(one.oms_values, one.oms_codes, other.oms_values, other.oms_codes)
        and one.odd == other.odd
        and all(
            np.array_equal(one.dense[key], other.dense[key], equal_nan=True) for key in one.dense
        )
    )


def _are_same_codes(
    values: Sequence[Value | None],
    codes: SegmentCodes,
    other_values: Sequence[Value | None],
    other_codes: SegmentCodes,
) -> bool:
    return np.array_equal(codes, ValueList(values).translate(other_values)[other_codes])


def _of_grids(expected: Grid[Value], found: Grid[Value]) -> Iterator[Discrepancy]:
    values = ValueList(expected.values)
    translation = values.translate(found.values)
    length = max(expected.length, found.length)
    for key in sorted({*expected.keys, *found.keys}):
        right = _row(expected, key, length)
        wrong = translation[_row(found, key, length)]
        pairs = np.unique(np.stack([right, wrong])[:, right != wrong], axis=1)
        for here, there in pairs.T.tolist():
            where = format_ranges(ranges_of_mask((right == here) & (wrong == there)))
            yield Discrepancy(key, _word(values.values, here), _word(values.values, there), where)
    covered = np.zeros(length, np.bool_)
    covered[: expected.length] = expected.covered
    covered[: found.length] ^= found.covered
    if covered.any():
        where = format_ranges(ranges_of_mask(covered))
        yield Discrepancy("covered by events", *_lengths(expected, found), where)


def _lengths(expected: Grid[Value], found: Grid[Value]) -> tuple[str, str]:
    said = [int(each.covered.sum()) for each in (expected, found)]
    return f"{said[0]} LS", f"{said[1]} LS"


def _row(grid: Grid[Value], key: str, length: int) -> Codes:
    row = np.zeros(length, np.int32)
    at = grid.row_of.get(key)
    if at is not None:
        row[: grid.length] = grid.codes[at]
    return row


def _word(values: list[Value | None], code: int) -> str:
    if code == MISSING:
        return NOTHING
    value: object = values[code]
    if isinstance(value, Triplet):
        return _cut(": ".join(filter(None, value)))
    return _cut(js_stringify(value))


def _shown(attributes: Mapping[str, JsonValue], name: str) -> str:
    return _cut(js_stringify(attributes[name])) if name in attributes else NOTHING


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."
