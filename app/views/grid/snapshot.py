"""A dataset's lumisections prepared for painting; made outside the GUI thread, never changed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from app.domain.editing.selection import Selection, Size
from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange, Mask
from app.domain.state.grid import DatasetState, Grid
from app.domain.state.summaries import luminosity_value
from app.domain.triplets import (
    EMPTY,
    EMPTY_TRIPLET,
    Triplet,
)
from app.views.widgets.shares import RANKED_STATUSES

Ranks = NDArray[np.uint8]
Codes = NDArray[np.int32]
Numbers = NDArray[np.float64]


TRUE, NULL, FALSE = 0, 1, 2
"""Ranks of a DCS bit."""

_RANK = {status: rank for rank, status in enumerate(RANKED_STATUSES)}
_BIT_SUFFIX = "_ready"
_FIRST_BITS = (
    "physics_flag",
    "beam1_present",
    "beam2_present",
    "beam1_stable",
    "beam2_stable",
    "cms_active",
)


class RowKind(Enum):
    """What a row of the grid shows."""

    COLUMN = "column"
    BIT = "bit"


@dataclass(frozen=True, eq=False)
class GridRow:
    """One column or bit; stretches of equal values are `starts[i]` to `starts[i + 1]`, zero-based.

    `codes[i]` is the value's code in the grid the row comes from; `by_hand[i]`, `remarked[i]`: the
    stretch was set by hand, has a comment or a cause.
    """

    key: str
    label: str
    kind: RowKind
    starts: Codes
    codes: Codes
    by_hand: Mask
    remarked: Mask


@dataclass(frozen=True, eq=False)
class LumisectionsSnapshot:
    """Rows top to bottom; `ranks` has one row each and one number per lumisection, greater is
    worse. `recorded` and `delivered` [pb^-1] are NaN where nothing is known."""

    state: DatasetState
    length: int
    rows: tuple[GridRow, ...]
    ranks: Ranks
    triplets: tuple[Triplet | None, ...]
    participating: Mask
    recorded: Numbers
    delivered: Numbers

    @property
    def run_number(self) -> int:
        return self.state.run_number

    @property
    def dataset(self) -> str:
        return self.state.name

    @property
    def columns(self) -> int:
        """Number of rows that are RR columns; they come before the bits."""
        return sum(row.kind is RowKind.COLUMN for row in self.rows)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(row.key for row in self.rows)

    def run_at(self, row: int, lumisection: int) -> tuple[LumiRange, int]:
        """The range of equal values around a lumisection of a row, and its place in the row."""
        starts = self.rows[row].starts
        place = int(np.searchsorted(starts, lumisection - 1, side="right")) - 1
        last = int(starts[place + 1]) if place + 1 < starts.size else self.length
        return LumiRange(int(starts[place]) + 1, last), place

    def triplet(self, row: int, lumisection: int) -> Triplet:
        """The value of a column in a lumisection; EMPTY where no event set one."""
        _, place = self.run_at(row, lumisection)
        return self.triplets[int(self.rows[row].codes[place])] or EMPTY_TRIPLET

    def bit(self, row: int, lumisection: int) -> bool | None:
        """The value of a DCS bit in a lumisection, None where null or missing."""
        return {TRUE: True, FALSE: False}.get(int(self.ranks[row, lumisection - 1]))

    def size_of(self, chosen: Selection) -> Size:
        """How much is selected; quick enough for every move of the mouse."""
        some = chosen.lumisections[: self.length]
        counting = np.zeros(self.length, np.bool_)
        counting[: some.size] = some
        counting &= self.participating[: self.length]
        return Size(
            sum(int(np.count_nonzero(mask)) for mask in chosen.rows.values()),
            int(np.count_nonzero(some)),
            float(np.nansum(self.recorded[counting])),
            float(np.nansum(self.delivered[counting])),
        )

    def value_text(self, row: int, lumisection: int) -> str:
        """A cell's status, or the value of a bit."""
        if self.rows[row].kind is RowKind.COLUMN:
            return self.triplet(row, lumisection).status or "without a status"
        value = self.bit(row, lumisection)
        return "null" if value is None else str(value).lower()


def prepare(
    state: DatasetState,
    *,
    order: Sequence[str] = (),
    by_hand: Mapping[str, Mask] | None = None,
    bits: Collection[str] | None = None,
) -> LumisectionsSnapshot:
    """Cuts a state into stretches of equal values.

    `order`: columns in the order of the workspaces, others follow by name; `by_hand[column]` is
    true where a value was set by hand; `bits`: those to show, else every OMS attribute that is
    true, false or null throughout.
    """
    length = state.length
    columns = list(_columns(state, order, by_hand or {}))
    drawn = [*columns, *_bit_rows(state, bits)]
    return LumisectionsSnapshot(
        state,
        length,
        tuple(row for row, _ in drawn),
        np.stack([ranks for _, ranks in drawn]) if drawn else np.zeros((0, length), np.uint8),
        state.rr.values,
        state.participating,
        _luminosity(state.oms, "recorded", length),
        _luminosity(state.oms, "delivered", length),
    )


def _columns(
    state: DatasetState, order: Sequence[str], by_hand: Mapping[str, Mask]
) -> Iterator[tuple[GridRow, Ranks]]:
    length, rr = state.length, state.rr
    known = set(rr.keys)
    rank_of = np.array(
        [_RANK.get(value.status if value else EMPTY, _RANK[EMPTY]) for value in rr.values],
        np.uint8,
    )
    remarked_of = np.array(
        [value is not None and bool(value.comment or value.cause) for value in rr.values]
    )
    for key in dict.fromkeys([*(key for key in order if key in known), *rr.keys]):
        codes = np.zeros(length, np.int32)
        codes[: rr.length] = rr.codes[rr.row_of[key]]
        hand = np.zeros(length, np.bool_)
        given = by_hand.get(key)
        if given is not None:
            hand[: given.size] = given[:length]
        starts = _starts(codes, hand)
        here = codes[starts]
        row = GridRow(key, key, RowKind.COLUMN, starts, here, hand[starts], remarked_of[here])
        yield row, rank_of[codes]


def _bit_rows(state: DatasetState, bits: Collection[str] | None) -> Iterator[tuple[GridRow, Ranks]]:
    length, oms = state.length, state.oms
    shown = _bits(oms) if bits is None else [key for key in oms.keys if key in bits]
    shown.sort(key=lambda key: (_FIRST_BITS.index(key) if key in _FIRST_BITS else 99, key))
    rank_of = np.array(
        [TRUE if value is True else FALSE if value is False else NULL for value in oms.values],
        np.uint8,
    )
    for key in shown:
        rank = np.full(length, NULL, np.uint8)
        rank[: oms.length] = rank_of[oms.codes[oms.row_of[key]]]
        starts = _starts(rank.astype(np.int32), np.zeros(length, np.bool_))
        nothing = np.zeros(starts.size, np.bool_)
        codes = rank[starts].astype(np.int32)
        label = key.removesuffix(_BIT_SUFFIX)
        yield GridRow(key, label, RowKind.BIT, starts, codes, nothing, nothing), rank


def _starts(codes: Codes, hand: Mask) -> Codes:
    changed = np.ones(codes.size, np.bool_)
    changed[1:] = (codes[1:] != codes[:-1]) | (hand[1:] != hand[:-1])
    return np.flatnonzero(changed).astype(np.int32)


def _bits(oms: Grid[JsonValue]) -> list[str]:
    is_bit = np.array([value is None or isinstance(value, bool) for value in oms.values])
    is_flag = np.array([isinstance(value, bool) for value in oms.values])
    return [
        key
        for key, codes in zip(oms.keys, oms.codes, strict=True)
        if is_bit[codes].all() and is_flag[codes].any()
    ]


def _luminosity(oms: Grid[JsonValue], key: str, length: int) -> Numbers:
    numbers = np.full(length, np.nan)
    row = oms.row_of.get(key)
    if row is not None:
        table = np.array(
            [np.nan if value is None else luminosity_value(value) for value in oms.values]
        )
        numbers[: oms.length] = table[oms.codes[row]]
    return numbers
