"""What the tables show of a dataset: counts and ranges of each status and DCS bit.

Every lumisection counts from 1 to the last one that takes part (has both an RR and an own OMS
event). One in between that takes no part is EMPTY in each column and bit, and has no luminosity.
The shapes are those of `DatasetTripletCache`.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.json_value import JsonObject, JsonValue, number_in
from app.domain.lumisections import Mask
from app.domain.state.compact import CompactState, ExpandedState, Scalar, compact
from app.domain.state.grid import MISSING, Codes, DatasetState, Grid
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

Pieces: TypeAlias = list[tuple[int, int, int]]
Made = TypeVar("Made")

_BIT_NAMES = ("TRUE", "FALSE", "NULL", EMPTY)
_MISSING_KIND = _BIT_NAMES.index(EMPTY)
_OTHER_KIND = len(_BIT_NAMES)


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
    return summarise_compact(compact(state))


def summarise_compact(small: CompactState) -> Summary:
    """The same of a state in segments, in which nearly all is equal from one lumisection on."""
    triplet_summary, rr_ranges = summarise_columns(small)
    dcs_summary, dcs_ranges = _bits(small)
    if last := _last(small):
        dcs_summary["ls_duration"] = {"TRUE": last}
        dcs_ranges["all_lumisections"] = {"TRUE": [[1, last]]}
    return Summary(
        triplet_summary,
        dcs_summary,
        rr_ranges,
        dcs_ranges,
        compact_luminosity(small, "recorded"),
        compact_luminosity(small, "delivered"),
    )


def summarise_columns(small: CompactState) -> tuple[JsonObject, JsonObject]:
    """The part of a summary that columns make: `triplet_summary` and `rr_ranges`."""

    def of_column(pieces: Pieces) -> tuple[JsonObject, JsonObject]:
        counts: dict[str, int] = {EMPTY: 0}
        found: dict[str, list[list[int]]] = {EMPTY: []}
        comments: dict[str, None] = {}
        causes: dict[str, None] = {}
        known = False
        for code, first, last in pieces:
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
        if not known:
            return {}, {}
        summary = {**counts, "comments": list(comments), "causes": list(causes)}
        return cast("JsonObject", summary), cast("JsonObject", found)

    codes = np.where(small.participating, small.rr_codes, MISSING)
    made = [
        *zip(small.columns, _of_rows(codes, small.starts, _last(small), of_column), strict=True)
    ]
    return (
        {column: summary for column, (summary, _) in made if summary},
        {column: ranges for column, (summary, ranges) in made if summary},
    )


def _last(small: CompactState) -> int:
    """The last lumisection that takes part, 0 without any."""
    here = np.flatnonzero(small.participating)
    return int(small.starts[here[-1]] + small.lengths[here[-1]]) if here.size else 0


def _of_rows(
    codes: NDArray[Scalar], starts: Codes, last: int, make: Callable[[Pieces], Made]
) -> Iterator[Made]:
    """What is made of each row up to the lumisection `last`, of its pieces of equal codes; once of
    those that are alike, as most columns and most bits are. `starts` are the zero-based positions
    at which the codes begin."""
    used = int(np.searchsorted(starts, last))
    known: dict[bytes, Made] = {}
    for row in codes[:, :used]:
        content = row.tobytes()
        if content not in known:
            known[content] = make(_pieces(row, starts, last))
        yield known[content]


def _pieces(row: NDArray[Scalar], starts: Codes, last: int) -> Pieces:
    """Code, first and last lumisection of each piece of equal codes."""
    at = np.flatnonzero(row[1:] != row[:-1]) + 1
    codes = [*row[:1].tolist(), *row[at].tolist()]
    positions = [*starts[: min(row.size, 1)].tolist(), *starts[at].tolist()]
    ends = [*positions[1:], last]
    return [
        (code, position + 1, end)
        for code, position, end in zip(codes, positions, ends, strict=False)
    ]


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


def _bits(small: CompactState) -> tuple[JsonObject, JsonObject]:
    """Per bit: counts and ranges of true, false, null and missing; other values count nowhere."""
    last = _last(small)
    kind_of = np.array([_MISSING_KIND, *map(_kind, small.oms_values[1:])], np.int8)
    kinds = np.where(small.participating, kind_of[small.oms_codes], _MISSING_KIND)
    made = dict(zip(small.bits, _of_rows(kinds, small.starts, last, _of_bit), strict=True))
    if small.dense:
        here = small.per_lumisection(small.participating)
        positions = np.arange(small.length, dtype=np.int32)
        rows = np.full((len(small.dense), small.length), _MISSING_KIND, np.int8)
        for row, (bit, numbers) in zip(rows, small.dense.items(), strict=True):
            row[~np.isnan(numbers)] = _OTHER_KIND
            for at, value in small.odd.get(bit, {}).items():
                row[at] = _kind(value)
            row[~here] = _MISSING_KIND
        made.update(zip(small.dense, _of_rows(rows, positions, last, _of_bit), strict=True))
    wanted = [bit for bit in sorted(made.keys() - CUMULATIVE_LUMINOSITY) if made[bit][0]]
    return {bit: made[bit][0] for bit in wanted}, {bit: made[bit][1] for bit in wanted}


def _of_bit(pieces: Pieces) -> tuple[JsonObject, JsonObject]:
    """Counts and ranges of one bit, nothing of one that is missing everywhere."""
    counts = [0] * (_OTHER_KIND + 1)
    found: list[list[JsonValue]] = [[] for _ in counts]
    for kind, first, last in pieces:
        counts[kind] += last - first + 1
        found[kind].append([first, last])
    if counts[_MISSING_KIND] == sum(counts):
        return {}, {}
    return dict(zip(_BIT_NAMES, counts, strict=False)), dict(zip(_BIT_NAMES, found, strict=False))


def _kind(value: JsonValue) -> int:
    """The number in `_BIT_NAMES` of what a bit is, or that of all other values."""
    if value is None:
        return _BIT_NAMES.index("NULL")
    if isinstance(value, bool):
        return _BIT_NAMES.index("TRUE" if value else "FALSE")
    return _OTHER_KIND
