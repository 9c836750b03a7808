"""What has to be written so that lumisections of one dataset become those of another."""

from collections.abc import Collection, Sequence

import numpy as np

from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange, Mask
from app.domain.state.compact import CompactState, SegmentCodes
from app.domain.state.grid import MISSING, Codes, Grid, Value, ValueList
from app.domain.triplets import EMPTY_TRIPLET, Triplet

ColumnEvents = list[tuple[dict[str, Triplet], LumiRange]]
OmsEvents = list[tuple[dict[str, JsonValue], LumiRange]]


def rr_of(state: CompactState) -> ColumnEvents:
    """All that the RR side holds, in ranges of equal lumisections."""
    return _in_ranges(state, state.columns, state.triplets, state.rr_codes, state.covered_rr)


def oms_of(state: CompactState, online: CompactState) -> OmsEvents:
    """What a copy needs of its own, where the dataset has OMS lumisections of its own.

    The OMS side of a dataset is that of `online` under its own. What changes in each lumisection,
    as luminosity does, is left to `online` where that has the same; all else is written out.
    """
    own = state.per_lumisection(state.own_oms)
    if all(_same_numbers(state, online, key, own) for key in state.dense):
        return _in_ranges(state, state.bits, state.oms_values, state.oms_codes, state.own_oms)
    oms = state.expand().oms
    own = own[: oms.length]
    codes = np.where(own, oms.codes, MISSING).astype(np.int32)
    grid: Grid[JsonValue] = Grid(oms.length, oms.keys, oms.values, codes, own)
    return [(values, each) for each, values in grid.ranges()]


def _in_ranges(
    state: CompactState,
    keys: tuple[str, ...],
    values: tuple[Value | None, ...],
    codes: SegmentCodes,
    covered: Mask,
) -> list[tuple[dict[str, Value], LumiRange]]:
    """Values in ranges of lumisections, of segments that are covered."""
    firsts = (state.starts + 1).tolist()
    lasts = [*state.starts[1:].tolist(), state.length]
    written = np.where(covered, codes, MISSING).astype(np.int32)
    grid: Grid[Value] = Grid(len(firsts), keys, values, written, covered)
    return [
        (each, LumiRange(firsts[first - 1], lasts[last - 1]))
        for (first, last), each in grid.ranges()
    ]


def _same_numbers(state: CompactState, online: CompactState, key: str, own: Mask) -> bool:
    """Whether `online` has the same numbers wherever the dataset has lumisections of its own."""
    there = online.dense.get(key)
    if there is None or (there.size < own.size and own[there.size :].any()):
        return False
    shared = min(own.size, there.size)
    own, here = own[:shared], state.dense[key][:shared]
    odd, odd_there = (
        {at: value for at, value in each.odd.get(key, {}).items() if at < shared and own[at]}
        for each in (state, online)
    )
    return np.array_equal(here[own], there[:shared][own], equal_nan=True) and odd == odd_there


def columns_of(
    source: Grid[Triplet], target: Grid[Triplet], by_hand: Grid[Triplet], columns: Sequence[str]
) -> ColumnEvents:
    """What gives `target` the source's columns in the lumisections that both have.

    A lumisection in which the source lacks the column reads as EMPTY, and becomes that. What
    `target` holds `by_hand` already is no change; an automatic value is, because a person's word
    lasts.
    """
    length = min(source.length, target.length)
    both = source.covered[:length] & target.covered[:length]
    wanted: ValueList[Triplet] = ValueList(source.values)
    empty = wanted.code(EMPTY_TRIPLET)
    codes = np.stack([_row(source, column)[:length] for column in columns])
    codes = np.where(codes == MISSING, empty, codes)
    return _written(by_hand, columns, codes, both, wanted)


def with_status(
    target: Grid[Triplet], by_hand: Grid[Triplet], columns: Sequence[str], status: str
) -> ColumnEvents:
    """What gives columns a status in every lumisection; comments and causes stay.

    `by_hand` as in `columns_of`.
    """
    wanted: ValueList[Triplet] = ValueList()
    translation = np.array(
        [wanted.code((value or EMPTY_TRIPLET)._replace(status=status)) for value in target.values],
        np.int32,
    )
    codes = np.stack([translation[_row(target, column)] for column in columns])
    return _written(by_hand, columns, codes, target.covered, wanted)


def _row(grid: Grid[Value], column: str) -> Codes:
    row = grid.row_of.get(column)
    return np.zeros(grid.length, np.int32) if row is None else grid.codes[row]


def _written(
    by_hand: Grid[Triplet],
    columns: Sequence[str],
    codes: Codes,
    where: Mask,
    wanted: ValueList[Triplet],
) -> ColumnEvents:
    """Ranges of the cells that don't hold their code in `wanted` by hand yet."""
    length = where.size
    translation = wanted.translate(by_hand.values)
    held = np.zeros(codes.shape, np.int32)
    shared = min(length, by_hand.length)
    for row, column in enumerate(columns):
        held[row, :shared] = translation[_row(by_hand, column)[:shared]]
    changed = np.where(where & (codes != held), codes, MISSING).astype(np.int32)
    order = np.argsort(np.array(columns))
    touched: Mask = np.asarray(changed.any(axis=0))
    keys = tuple(columns[at] for at in order.tolist())
    grid = Grid(length, keys, tuple(wanted.values), changed[order], touched)
    return [(each, range_) for range_, each in grid.ranges()]


def cells(events: ColumnEvents) -> int:
    """Cells that events write: columns times lumisections."""
    return sum(len(values) * (last - first + 1) for values, (first, last) in events)


def lumisections(events: ColumnEvents) -> int:
    """Lumisections in which events write anything."""
    return sum(last - first + 1 for _, (first, last) in events)


def present(grid: Grid[Value], columns: Collection[str]) -> set[str]:
    """Those of the columns that have a value anywhere."""
    return {column for column in columns if _row(grid, column).any()}
