"""Values that a person has drafted for cells of one dataset and not written yet."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from app.domain.editing.edits import BitEdit, ColumnEdit, Edit
from app.domain.editing.selection import Selection
from app.domain.lumisections import Mask, mask_of_ranges, ranges_of_mask
from app.domain.sources.oms import DCS_BITS
from app.domain.state.grid import MISSING, Codes, DatasetState, ValueList
from app.domain.triplets import EMPTY_TRIPLET, SETTABLE_STATUSES, Triplet

DraftValue: TypeAlias = Triplet | bool


@dataclass(frozen=True, slots=True)
class TripletChange:
    """What to set in cells of columns; a part that is None stays as it is.

    A status given to a cell takes away the comment and cause that were written for another one,
    unless they are drafted as well.
    """

    status: str | None = None
    comment: str | None = None
    cause: str | None = None

    def after(self, shown: Triplet, *, drafted: bool) -> Triplet:
        """The triplet of a cell that shows another one so far."""
        kept = shown if drafted or self.status is None else Triplet(shown.status)
        return Triplet(
            shown.status if self.status is None else self.status,
            kept.comment if self.comment is None else self.comment,
            kept.cause if self.cause is None else self.cause,
        )


@dataclass(frozen=True, eq=False)
class DraftCells:
    """Drafted values per column or DCS bit, as codes of `values`; 0 where nothing is drafted."""

    length: int
    values: tuple[DraftValue | None, ...] = (None,)
    rows: Mapping[str, Codes] = field(default_factory=dict)

    @staticmethod
    def of_edits(edits: Iterable[Edit], length: int) -> "DraftCells":
        """The values that edits set, the later ones over the earlier; what lies beyond `length` is
        cut."""
        values: ValueList[DraftValue] = ValueList()
        rows: dict[str, Codes] = {}
        for edit in edits:
            key, value = _content(edit)
            row = rows.setdefault(key, np.zeros(length, np.int32))
            row[mask_of_ranges(edit.ranges, length)] = values.code(value)
        return _made(length, values, rows)

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DraftCells) and self.edits(0, "") == other.edits(0, "")

    __hash__ = None  # type: ignore[assignment]

    @property
    def cells(self) -> int:
        """Number of cells."""
        return sum(int(np.count_nonzero(row)) for row in self.rows.values())

    @property
    def chosen(self) -> Selection:
        """The cells."""
        return Selection(self.length, {key: row != MISSING for key, row in self.rows.items()})

    def value(self, key: str, lumisection: int) -> DraftValue | None:
        """What is drafted in a cell, None where nothing is."""
        row = self.rows.get(key)
        if row is None or not 1 <= lumisection <= row.size:
            return None
        return self.values[int(row[lumisection - 1])]

    def values_of(self, key: str) -> Iterable[tuple[DraftValue, Mask]]:
        """What is drafted in a row, and where."""
        row = self.rows.get(key)
        if row is not None:
            for code in np.unique(row[row != MISSING]).tolist():
                value = self.values[code]
                assert value is not None  # only code 0 stands for none
                yield value, row == code

    def equal(self, other: "DraftCells") -> Selection:
        """Cells in which another draft of the same length has the same value."""
        rows: dict[str, Mask] = {}
        for key in self.rows.keys() & other.rows.keys():
            same = np.zeros(self.length, np.bool_)
            for value, mask in self.values_of(key):
                for other_value, other_mask in other.values_of(key):
                    if value == other_value:
                        same |= mask & other_mask
            if same.any():
                rows[key] = same
        return Selection(self.length, rows)

    def where(self, holds: Callable[[DraftValue], bool]) -> Selection:
        """Cells whose drafted value fulfils a condition."""
        fulfils = np.array([value is not None and holds(value) for value in self.values], np.bool_)
        rows = {key: fulfils[row] for key, row in self.rows.items()}
        return Selection(self.length, {key: mask for key, mask in rows.items() if mask.any()})

    def set_columns(
        self, state: DatasetState, chosen: Selection, change: TripletChange
    ) -> tuple["DraftCells", Selection]:
        """Sets the chosen cells of columns, and returns those left out because they have no status
        that can be written; DCS bits are skipped."""
        values: ValueList[DraftValue] = ValueList(self.values)
        rows = dict(self.rows)
        left_out: dict[str, Mask] = {}
        for key, mask in chosen.rows.items():
            if key in DCS_BITS or key in state.oms.row_of:
                continue
            mine = rows.get(key, np.zeros(self.length, np.int32)).copy()
            stored = _stored(state, key, self.length)
            # One number says what a cell shows: its drafted value, else what is stored.
            shown = np.where(mine != MISSING, mine, -stored)
            for number in np.unique(shown[mask]).tolist():
                here = mask & (shown == number)
                triplet = self.values[number] if number > 0 else state.rr.values[-number]
                before = triplet if isinstance(triplet, Triplet) else EMPTY_TRIPLET
                after = change.after(before, drafted=number > 0)
                if after.status in SETTABLE_STATUSES:
                    mine[here] = values.code(after)
                else:
                    left_out[key] = left_out[key] | here if key in left_out else here
            rows[key] = mine
        return _made(self.length, values, rows), Selection(self.length, left_out)

    def set_bits(self, chosen: Selection, value: bool) -> "DraftCells":
        """Makes the chosen cells of DCS bits true or false; columns are skipped."""
        values: ValueList[DraftValue] = ValueList(self.values)
        rows = dict(self.rows)
        for key, mask in chosen.rows.items():
            if key in DCS_BITS:
                row = rows.get(key, np.zeros(self.length, np.int32)).copy()
                row[mask] = values.code(value)
                rows[key] = row
        return _made(self.length, values, rows)

    def without(self, chosen: Selection) -> "DraftCells":
        """Drafts nothing in the chosen cells."""
        rows = dict(self.rows)
        for key, mask in chosen.rows.items():
            if key in rows:
                rows[key] = np.where(mask, MISSING, rows[key]).astype(np.int32)
        return _made(self.length, ValueList(self.values), rows)

    def resized(self, length: int) -> "DraftCells":
        """The same cells of a dataset that has grown."""
        rows: dict[str, Codes] = {}
        for key, row in self.rows.items():
            rows[key] = np.zeros(length, np.int32)
            rows[key][: min(length, row.size)] = row[:length]
        return _made(length, ValueList(self.values), rows)

    def edits(self, run_number: int, dataset: str) -> tuple[Edit, ...]:
        """The edits that write it, by column or bit and lumisection."""
        edits: list[Edit] = []
        for key in sorted(self.rows):
            values = [(ranges_of_mask(mask), value) for value, mask in self.values_of(key)]
            for ranges, value in sorted(values, key=lambda pair: pair[0]):
                if isinstance(value, Triplet):
                    edits.append(ColumnEdit(run_number, dataset, key, ranges, value))
                else:
                    edits.append(BitEdit(run_number, dataset, key, ranges, value))
        return tuple(edits)


def changed_cells(before: DatasetState, after: DatasetState) -> Selection:
    """Cells of columns and DCS bits that show something else than before, in the length that the
    dataset has now."""
    length = after.length
    rows: dict[str, Mask] = {}
    for old, new in ((before.rr, after.rr), (before.oms, after.oms)):
        values: ValueList[object] = ValueList(new.values)
        translated = values.translate(old.values)
        keys = {*old.keys, *new.keys}
        for key in keys if new is after.rr else keys & DCS_BITS:
            then, now = np.zeros(length, np.int32), np.zeros(length, np.int32)
            if key in old.row_of:
                shared = min(length, old.length)
                then[:shared] = translated[old.codes[old.row_of[key], :shared]]
            if key in new.row_of:
                now[: new.length] = new.codes[new.row_of[key]]
            if (then != now).any():
                rows[key] = then != now
    return Selection(length, rows)


def _made(length: int, values: ValueList[DraftValue], rows: Mapping[str, Codes]) -> DraftCells:
    return DraftCells(
        length, tuple(values.values), {key: row for key, row in rows.items() if row.any()}
    )


def _stored(state: DatasetState, key: str, length: int) -> Codes:
    codes = np.zeros(length, np.int32)
    row = state.rr.row_of.get(key)
    if row is not None:
        shared = min(length, state.rr.length)
        codes[:shared] = state.rr.codes[row, :shared]
    return codes


def _content(edit: Edit) -> tuple[str, DraftValue]:
    if isinstance(edit, BitEdit):
        return edit.bit, edit.value
    return edit.column, edit.triplet
