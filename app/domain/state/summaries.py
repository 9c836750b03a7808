"""What the tables show of a dataset: counts and ranges of each status and DCS bit.

Every lumisection counts from 1 to the last one that takes part (has both an RR and an own OMS
event). One in between that takes no part is EMPTY in each column and bit, and has no luminosity.
The shapes are those of `DatasetTripletCache`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from app.domain.json_value import JsonObject, JsonValue, number_in
from app.domain.lumisections import Mask, ranges_of_mask
from app.domain.state.compact import CompactState, ExpandedState
from app.domain.state.grid import MISSING, Codes, DatasetState, Grid
from app.domain.triplets import EMPTY, Triplet

CUMULATIVE_LUMINOSITY = frozenset(
    {
        "end_lumi",
        "init_lumi",
        "recorded_lumi",
        "delivered_lumi",
        "live_lumi_per_lumi",
        "recorded_lumi_per_lumi",
        "delivered_lumi_per_lumi",
    }
)
"""Attributes of a lumisection that older rows hold and summaries leave out."""

_BIT_NAMES = ("TRUE", "FALSE", "NULL", EMPTY)


@dataclass(frozen=True)
class Summary:
    """The content of one cache row; luminosities in pb^-1."""

    triplet_summary: JsonObject
    dcs_summary: JsonObject
    rr_ranges: JsonObject
    dcs_ranges: JsonObject
    recorded: float
    delivered: float


def summarise(state: DatasetState) -> Summary:
    """Counts, ranges and luminosity up to the last lumisection that takes part."""
    taking_part = state.participating
    positions = np.flatnonzero(taking_part)
    last = int(positions[-1]) + 1 if positions.size else 0
    triplet_summary, rr_ranges = _columns(state.rr, taking_part[:last])
    dcs_summary, dcs_ranges = _bits(state.oms, taking_part[:last])
    if last:
        dcs_summary["ls_duration"] = {"TRUE": last}
        dcs_ranges["all_lumisections"] = {"TRUE": [[1, last]]}
    return Summary(
        triplet_summary,
        dcs_summary,
        rr_ranges,
        dcs_ranges,
        _luminosity_of(state, "recorded", taking_part),
        _luminosity_of(state, "delivered", taking_part),
    )


def summarise_columns(small: CompactState) -> tuple[JsonObject, JsonObject]:
    """The part of a summary that columns make: `triplet_summary` and `rr_ranges`."""
    here = small.participating
    if not here.any():
        return {}, {}
    used = int(np.flatnonzero(here)[-1]) + 1
    codes = np.where(here, small.rr_codes, MISSING)[:, :used]
    # A column is the same over most segments: those that follow each other count as one.
    new = np.ones(codes.shape, np.bool_)
    new[:, 1:] = codes[:, 1:] != codes[:, :-1]
    rows, at = np.nonzero(new)
    following = np.append(at[1:], 0)[: at.size]
    following[following == 0] = used
    starts = np.append(small.starts, small.length)
    parts = [
        *zip(
            codes[rows, at].tolist(),
            (starts[at] + 1).tolist(),
            starts[following].tolist(),
            strict=True,
        )
    ]
    begins = np.searchsorted(rows, np.arange(len(small.columns) + 1)).tolist()
    summary: JsonObject = {}
    ranges: JsonObject = {}
    for row, column in enumerate(small.columns):
        counts: dict[str, int] = {EMPTY: 0}
        found: dict[str, list[list[int]]] = {EMPTY: []}
        comments: dict[str, None] = {}
        causes: dict[str, None] = {}
        known = False
        for code, first, last in parts[begins[row] : begins[row + 1]]:
            value = small.triplets[code]
            status = EMPTY if value is None else value.status
            counts[status] = counts.get(status, 0) + last - first + 1
            of_status = found.setdefault(status, [])
            if of_status and of_status[-1][1] == first - 1:
                of_status[-1][1] = last
            else:
                of_status.append([first, last])
            if value is not None:
                known = True
                if value.comment:
                    comments[value.comment] = None
                if value.cause:
                    causes[value.cause] = None
        if known:
            summary[column] = {**counts, "comments": list(comments), "causes": list(causes)}
            ranges[column] = cast("JsonObject", found)
    return summary, ranges


def _luminosity_of(state: DatasetState, key: str, taking_part: Mask) -> float:
    if isinstance(state, ExpandedState) and key in state.source.dense:
        numbers = luminosity_numbers(state, key)
        return exact_sum(numbers[taking_part[: numbers.size]].tolist())
    return luminosity(state.oms, key, taking_part)


def luminosity(oms: Grid[JsonValue], key: str, taking_part: Mask) -> float:
    """Sum of an attribute over lumisections [pb^-1]; negative and missing values count nothing."""
    row = oms.row_of.get(key)
    if row is None:
        return 0.0
    number = np.bincount(oms.codes[row][taking_part[: oms.length]], minlength=len(oms.values))
    return exact_sum(
        luminosity_value(oms.values[code]) * int(number[code])
        for code in np.flatnonzero(number).tolist()
    )


def compact_luminosity(state: CompactState, key: str) -> float:
    """The same sum of a state in segments."""
    taking_part = state.participating
    numbers = state.dense.get(key)
    if numbers is not None:
        known = np.where((numbers > 0) & (numbers < np.inf), numbers, 0.0)
        for position, value in state.odd.get(key, {}).items():
            known[position] = luminosity_value(value)
        return exact_sum(known[state.per_lumisection(taking_part)].tolist())
    if key not in state.bits:
        return 0.0
    codes = state.oms_codes[state.bits.index(key)]
    number = np.bincount(codes, taking_part * state.lengths, minlength=len(state.oms_values))
    return exact_sum(
        luminosity_value(value) * int(count)
        for value, count in zip(state.oms_values, number.tolist(), strict=True)
    )


def luminosity_numbers(state: DatasetState, key: str) -> NDArray[np.float64]:
    """An attribute in each lumisection as it counts in `luminosity` [pb^-1]."""
    numbers = np.zeros(state.length)
    if isinstance(state, ExpandedState) and key in state.source.dense:
        known = np.nan_to_num(state.source.dense[key], nan=0.0, posinf=0.0, neginf=0.0)
        numbers[: known.size] = np.maximum(known, 0.0)[: numbers.size]
        for position, value in state.source.odd.get(key, {}).items():
            numbers[position] = luminosity_value(value)
        return numbers
    oms = state.only_oms(key) if isinstance(state, ExpandedState) else state.oms
    row = oms.row_of.get(key)
    if row is not None:
        used = np.unique(oms.codes[row])
        table = np.zeros(len(oms.values))
        table[used] = [luminosity_value(oms.values[code]) for code in used.tolist()]
        numbers[: oms.length] = table[oms.codes[row]]
    return numbers


def exact_sum(values: Iterable[float]) -> float:
    """Sum of values that aren't negative, whatever their order; infinity where it is too large."""
    try:
        return math.fsum(values)
    except OverflowError:
        return math.inf


def luminosity_value(value: object) -> float:
    """What one stored luminosity counts [pb^-1]: text is converted, all else is 0."""
    number: object = number_in(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return 0.0
    return number if 0 < number < math.inf else 0.0


def _columns(rr: Grid[Triplet], taking_part: Mask) -> tuple[JsonObject, JsonObject]:
    """Per column: counts with comments and causes in lumisection order, and ranges."""
    statuses = tuple(
        dict.fromkeys([EMPTY, *(value.status for value in rr.values if value is not None)])
    )
    status_of = np.array(
        [0, *(statuses.index(value.status) for value in rr.values[1:] if value is not None)],
        np.int32,
    )
    summary: JsonObject = {}
    ranges: JsonObject = {}
    for row, column in enumerate(rr.keys):
        codes = _counted(rr.codes[row], taking_part)
        used, first_at, number = np.unique(codes, return_index=True, return_counts=True)
        if not (used != MISSING).any():
            continue
        counts: dict[str, int] = {EMPTY: 0}
        comments: dict[str, None] = {}
        causes: dict[str, None] = {}
        for at in np.argsort(first_at).tolist():
            value = rr.values[int(used[at])]
            status = EMPTY if value is None else value.status
            counts[status] = counts.get(status, 0) + int(number[at])
            if value is not None and value.comment:
                comments[value.comment] = None
            if value is not None and value.cause:
                causes[value.cause] = None
        summary[column] = {**counts, "comments": list(comments), "causes": list(causes)}
        by_status = status_of[codes]
        ranges[column] = {
            status: _as_lists(by_status == statuses.index(status)) for status in counts
        }
    return summary, ranges


def _bits(oms: Grid[JsonValue], taking_part: Mask) -> tuple[JsonObject, JsonObject]:
    """Per bit: counts and ranges of true, false, null and missing; other values count nowhere."""
    kind_of = np.array(
        [
            3,
            *(
                0 if v is True else 1 if v is False else 2 if v is None else 4
                for v in oms.values[1:]
            ),
        ],
        np.int8,
    )
    summary: JsonObject = {}
    ranges: JsonObject = {}
    for row, bit in enumerate(oms.keys):
        codes = _counted(oms.codes[row], taking_part)
        if bit in CUMULATIVE_LUMINOSITY or not (codes != MISSING).any():
            continue
        kinds = kind_of[codes]
        counts = np.bincount(kinds, minlength=5)
        summary[bit] = {name: int(counts[kind]) for kind, name in enumerate(_BIT_NAMES)}
        ranges[bit] = {
            name: _as_lists(kinds == kind) if counts[kind] else []
            for kind, name in enumerate(_BIT_NAMES)
        }
    return summary, ranges


def _counted(codes: Codes, taking_part: Mask) -> Codes:
    """Codes of the lumisections that count, missing where one takes no part."""
    return np.where(taking_part, codes[: taking_part.size], MISSING).astype(np.int32)


def _as_lists(mask: Mask) -> list[JsonValue]:
    return [[first, last] for first, last in ranges_of_mask(mask)]
