"""What the tables show of a dataset: counts and ranges of each status and DCS bit.

Only lumisections that take part count (those with both an RR and an own OMS event). The shapes
are those of `DatasetTripletCache`.
"""

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from app.domain.compact import CompactState, ExpandedState
from app.domain.grid import MISSING, DatasetState, Grid
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import Mask, ranges_of_mask
from app.domain.triplets import EMPTY

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
    """Counts, ranges and luminosity of the lumisections that take part."""
    taking_part = state.participating
    positions = np.flatnonzero(taking_part)
    triplet_summary, rr_ranges = _columns(state, taking_part)
    dcs_summary, dcs_ranges = _bits(state.oms, taking_part)
    if positions.size:
        dcs_summary["ls_duration"] = {"TRUE": int(positions[-1]) + 1}
        dcs_ranges["all_lumisections"] = {"TRUE": [[1, int(positions.size)]]}
    return Summary(
        triplet_summary,
        dcs_summary,
        rr_ranges,
        dcs_ranges,
        luminosity(state.oms, "recorded", taking_part),
        luminosity(state.oms, "delivered", taking_part),
    )


def summarise_columns(small: CompactState) -> tuple[JsonObject, JsonObject]:
    """The part of a summary that columns make: `triplet_summary` and `rr_ranges`."""
    segments = [
        (place, first + 1, first + length)
        for place, (first, length, here) in enumerate(
            zip(
                small.starts.tolist(),
                small.lengths.tolist(),
                small.participating.tolist(),
                strict=True,
            )
        )
        if here
    ]
    summary: JsonObject = {}
    ranges: JsonObject = {}
    for row, column in enumerate(small.columns):
        codes = small.rr_codes[row].tolist()
        counts: dict[str, int] = {EMPTY: 0}
        found: dict[str, list[list[int]]] = {EMPTY: []}
        comments: dict[str, None] = {}
        causes: dict[str, None] = {}
        known = False
        for place, first, last in segments:
            value = small.triplets[codes[place]]
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


def luminosity(oms: Grid[JsonValue], key: str, taking_part: Mask) -> float:
    """Sum of an attribute over lumisections [pb^-1]; negative and missing values count nothing."""
    row = oms.row_of.get(key)
    if row is None:
        return 0.0
    number = np.bincount(oms.codes[row][taking_part[: oms.length]], minlength=len(oms.values))
    return math.fsum(
        luminosity_value(oms.values[code]) * int(number[code])
        for code in np.flatnonzero(number).tolist()
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


def luminosity_value(value: object) -> float:
    """What one stored luminosity counts [pb^-1]: text is converted, all else is 0."""
    if isinstance(value, bool) or value is None:
        return 0.0
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return 0.0
    return number if 0 < number < math.inf else 0.0


def _columns(state: DatasetState, taking_part: Mask) -> tuple[JsonObject, JsonObject]:
    """Per column: counts with comments and causes in lumisection order, and ranges."""
    rr = state.rr
    here = taking_part[: rr.length]
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
        codes = rr.codes[row]
        codes_here = codes[here]
        used, first_at, number = np.unique(codes_here, return_index=True, return_counts=True)
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
        by_status = np.where(here, status_of[codes], -1)
        ranges[column] = {
            status: _as_lists(by_status == statuses.index(status)) for status in counts
        }
    return summary, ranges


def _bits(oms: Grid[JsonValue], taking_part: Mask) -> tuple[JsonObject, JsonObject]:
    """Per bit: counts and ranges of true, false, null and missing; other values count nowhere."""
    here = taking_part[: oms.length]
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
        if bit in CUMULATIVE_LUMINOSITY or not (oms.codes[row][here] != MISSING).any():
            continue
        kinds = np.where(here, kind_of[oms.codes[row]], np.int8(-1))
        counts = np.bincount(kinds[here], minlength=5)
        summary[bit] = {name: int(counts[kind]) for kind, name in enumerate(_BIT_NAMES)}
        ranges[bit] = {
            name: _as_lists(kinds == kind) if counts[kind] else []
            for kind, name in enumerate(_BIT_NAMES)
        }
    return summary, ranges


def _as_lists(mask: Mask) -> list[JsonValue]:
    return [[first, last] for first, last in ranges_of_mask(mask)]
