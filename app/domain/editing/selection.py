"""A choice of cells of one dataset: any columns and DCS bits in any lumisections."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from app.domain.editing.edits import BitEdit, ColumnEdit, Edit
from app.domain.lumisections import LumiRange, Mask, mask_of_ranges, ranges_of_mask
from app.domain.sources.oms import DCS_BITS
from app.domain.state.grid import DatasetState, Grid, Value
from app.domain.state.summaries import luminosity
from app.domain.triplets import EMPTY, Triplet


class Size(NamedTuple):
    """How much is chosen; luminosity [pb^-1] of the lumisections that take part."""

    cells: int
    lumisections: int
    recorded: float
    delivered: float


@dataclass(frozen=True, eq=False)
class Selection:
    """Chosen cells per column or bit, index 0 is LS 1; a row without any is left out."""

    length: int
    rows: Mapping[str, Mask]

    @staticmethod
    def empty(length: int) -> "Selection":
        return Selection(length, {})

    @staticmethod
    def of(keys: Iterable[str], ranges: Iterable[tuple[int, int]], length: int) -> "Selection":
        """A rectangle, or several: these rows in these lumisections."""
        mask = mask_of_ranges(ranges, length)
        return Selection(length, dict.fromkeys(keys, mask) if mask.any() else {})

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Selection)
            and self.length == other.length
            and self.rows.keys() == other.rows.keys()
            and all(np.array_equal(mask, other.rows[key]) for key, mask in self.rows.items())
        )

    __hash__ = None  # type: ignore[assignment]

    def __or__(self, other: "Selection") -> "Selection":
        """Cells of either."""
        nothing = np.zeros(self.length, np.bool_)
        return self._kept(
            (key, self.rows.get(key, nothing) | other.rows.get(key, nothing))
            for key in {**self.rows, **other.rows}
        )

    def __and__(self, other: "Selection") -> "Selection":
        """Cells of both."""
        return self._kept(
            (key, mask & other.rows[key]) for key, mask in self.rows.items() if key in other.rows
        )

    def __sub__(self, other: "Selection") -> "Selection":
        """Cells of this one alone."""
        return self._kept(
            (key, mask & ~other.rows[key] if key in other.rows else mask)
            for key, mask in self.rows.items()
        )

    def within(self, mask: Mask) -> "Selection":
        """Only the lumisections in which `mask` is true."""
        cut = np.zeros(self.length, np.bool_)
        cut[: mask.size] = mask[: self.length]
        return self._kept((key, row & cut) for key, row in self.rows.items())

    def resized(self, length: int) -> "Selection":
        """The same cells of a dataset that has grown."""
        cut = min(length, self.length)
        rows: dict[str, Mask] = {}
        for key, mask in self.rows.items():
            rows[key] = np.zeros(length, np.bool_)
            rows[key][:cut] = mask[:cut]
        return Selection(length, {})._kept(rows.items())

    @property
    def lumisections(self) -> Mask:
        """Lumisections in which any cell is chosen."""
        mask = np.zeros(self.length, np.bool_)
        for row in self.rows.values():
            mask |= row
        return mask

    def ranges(self) -> Iterator[tuple[str, tuple[LumiRange, ...]]]:
        """Ranges of each row."""
        for key, mask in sorted(self.rows.items()):
            yield key, ranges_of_mask(mask)

    def size(self, state: DatasetState) -> Size:
        """How much of a dataset is chosen."""
        chosen = self.lumisections
        both = np.zeros(state.length, np.bool_)
        shared = min(state.length, self.length)
        both[:shared] = chosen[:shared] & state.participating[:shared]
        return Size(
            sum(int(np.count_nonzero(mask)) for mask in self.rows.values()),
            int(np.count_nonzero(chosen)),
            luminosity(state.oms, "recorded", both),
            luminosity(state.oms, "delivered", both),
        )

    def edits(self, run_number: int, dataset: str, to: Triplet | bool) -> list[Edit]:
        """The edits that set every chosen column to a triplet, or every chosen bit to a value;
        rows of the other kind are passed over."""
        found: list[Edit] = []
        for key, ranges in self.ranges():
            if isinstance(to, bool):
                if key in DCS_BITS:
                    found.append(BitEdit(run_number, dataset, key, ranges, to))
            elif key not in DCS_BITS:
                found.append(ColumnEdit(run_number, dataset, key, ranges, to))
        return found

    def _kept(self, rows: Iterable[tuple[str, Mask]]) -> "Selection":
        return Selection(self.length, {key: mask for key, mask in rows if mask.any()})


def same_as(state: DatasetState, key: str, lumisection: int) -> Selection:
    """The range around a cell in which its column has the same status, or its bit the value."""
    mask = _like(state, key, lumisection)
    around = [each for each in ranges_of_mask(mask) if each.first <= lumisection <= each.last]
    return Selection.of([key], around, state.length)


def same_everywhere(state: DatasetState, key: str, lumisection: int) -> Selection:
    """All lumisections in which a column has the status it has in one, or a bit the value."""
    return Selection.of([key], ranges_of_mask(_like(state, key, lumisection)), state.length)


def where_bit(state: DatasetState, bit: str, value: bool | None) -> Mask:
    """Lumisections in which a bit is true, false, or null or missing."""
    found = np.array([each is value for each in state.oms.values], np.bool_)
    return found[_codes(state.oms, bit, state.length)]


def where_status(state: DatasetState, column: str, statuses: Sequence[str]) -> Mask:
    """Lumisections in which a column has one of these statuses; a hole is EMPTY."""
    found = np.array(
        [(each.status if each is not None else EMPTY) in statuses for each in state.rr.values],
        np.bool_,
    )
    return found[_codes(state.rr, column, state.length)]


def _like(state: DatasetState, key: str, lumisection: int) -> Mask:
    if key in state.rr.row_of:
        value = state.rr.value(key, lumisection)
        return where_status(state, key, [value.status if value is not None else EMPTY])
    bit = state.oms.value(key, lumisection)
    return where_bit(state, key, bit if isinstance(bit, bool) else None)


def _codes(
    grid: Grid[Value], key: str, length: int
) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    codes = np.zeros(length, np.int32)
    row = grid.row_of.get(key)
    if row is not None:
        codes[: grid.length] = grid.codes[row]
    return codes
