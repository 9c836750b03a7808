"""New values of the columns or bits of a dataset, beside those that stand."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from msgspec import Struct

from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange, Mask, ranges_of_mask
from app.domain.state.grid import MISSING, Codes, Grid, ValueList
from app.domain.triplets import EMPTY_TRIPLET, Triplet

CellValue: TypeAlias = "Triplet | JsonValue"


class CellsChanged(Struct, frozen=True):
    """A column or bit of a dataset in some lumisections, from a value to another.

    `before` None is a bit without a value. Where both are equal, an automatic value is confirmed
    by hand, or a value seen from `online` becomes the dataset's own.
    """

    run_number: int
    dataset: str
    key: str
    oms: bool
    before: CellValue
    after: CellValue
    ranges: tuple[LumiRange, ...]

    @property
    def cells(self) -> int:
        """Number of lumisections."""
        return sum(last - first + 1 for first, last in self.ranges)


class Target:
    """New values of the columns, or of the bits, of a dataset.

    A cell of `new` is 0 where no edit goes; `held` is what stands already in the way that
    lasts: for columns the value set by hand (the automatic one for an agent), for bits the value
    where the dataset has an OMS event of its own. A value that it only sees from `online` isn't
    held: there the edit makes the lumisection take part.
    """

    def __init__(self, shown: Grid[CellValue], held: Grid[CellValue], length: int) -> None:
        self._length = length
        self._shown = shown
        self._values: ValueList[CellValue] = ValueList(shown.values)
        self._held = held
        self._held_codes = self._values.translate(held.values)
        self._rows: dict[str, tuple[Codes, Codes]] = {}

    def set(self, key: str, ranges: Sequence[LumiRange], value: CellValue) -> int:
        """Adds an edit; returns the number of cells it changes after those before it."""
        if key not in self._rows:
            self._rows[key] = (
                np.zeros(self._length, np.int32),
                self._padded(self._held, key, self._held_codes),
            )
        new, held = self._rows[key]
        code = self._values.code(value)
        changed = 0
        for first, last in ranges:
            here = slice(first - 1, last)
            now = np.where(new[here] != MISSING, new[here], held[here])
            changed += int(np.count_nonzero(now != code))
        if changed:
            for first, last in ranges:
                new[first - 1 : last] = code
        return changed

    def _changed(self, key: str) -> Mask:
        new, held = self._rows[key]
        changed: Mask = (new != MISSING) & (new != held)
        return changed

    def touched(self) -> Mask:
        """Lumisections in which any cell changes."""
        mask = np.zeros(self._length, np.bool_)
        for key in self._rows:
            mask |= self._changed(key)
        return mask

    def changes(self, run_number: int, dataset: str, *, oms: bool) -> Iterator[CellsChanged]:
        """From what to what, per column or bit."""
        values = self._values.values
        size = len(values)
        codes = np.arange(size, dtype=np.int32)
        for key in sorted(self._rows):
            changed = self._changed(key)
            if not changed.any():
                continue
            shown = self._padded(self._shown, key, codes).astype(np.int64)
            joint = np.where(changed, shown * size + self._rows[key][0], -1)
            for kind in np.unique(joint[changed]).tolist():
                was, becomes = divmod(kind, size)
                before = values[was] if was != MISSING or oms else EMPTY_TRIPLET
                yield CellsChanged(
                    run_number,
                    dataset,
                    key,
                    oms,
                    before,
                    values[becomes],
                    ranges_of_mask(joint == kind),
                )

    def shown(self, key: str) -> tuple[Codes, ValueList[CellValue]]:
        """Codes of what a column or bit shows now, in the codes of the values."""
        codes = np.arange(len(self._shown.values), dtype=np.int32)
        return self._padded(self._shown, key, codes), self._values

    def edited(self) -> Iterator[tuple[str, Codes]]:
        """Every column or bit that is edited, with codes of its new values."""
        for key in sorted(self._rows):
            yield key, self._rows[key][0]

    def events(self) -> list[tuple[dict[str, CellValue], tuple[LumiRange, ...]]]:
        """Events that write it: columns that change in the same lumisections share one."""
        values = self._values.values
        by_ranges: dict[tuple[LumiRange, ...], dict[str, CellValue]] = {}
        for key in sorted(self._rows):
            new, held = self._rows[key]
            if not ((new != MISSING) & (new != held)).any():
                continue
            for code in np.unique(new[new != MISSING]).tolist():
                mask = new == code
                if (held[mask] != code).any():
                    by_ranges.setdefault(ranges_of_mask(mask), {})[key] = values[code]
        return [(payload, ranges) for ranges, payload in sorted(by_ranges.items())]

    def _padded(self, grid: Grid[CellValue], key: str, translation: Codes) -> Codes:
        codes = np.zeros(self._length, np.int32)
        row = grid.row_of.get(key)
        if row is not None:
            length = min(grid.length, self._length)
            codes[:length] = translation[grid.codes[row, :length]]
        return codes
