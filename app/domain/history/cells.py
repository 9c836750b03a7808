"""What held when, and whose word it is: the values of lumisections with the write behind each.

A cell is one column or OMS attribute in one lumisection. RR cells follow the rule that a person's
word beats every automatic one; OMS cells go by version alone (their writes are all `manual` False).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.history.authorship import attributed
from app.domain.identity import is_manual
from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange, Mask, ranges_of_mask
from app.domain.state.grid import MISSING, Codes, Grid, Value, ValueList

MOST_VALUES = 12
"""Ways in which one column or bit changed that are listed; luminosity has too many to be read."""

NOBODY = 0
"""Writer of a cell that no write covers; writer n is `writes[n - 1]`."""


@dataclass(frozen=True, slots=True)
class Action:
    """A version: who did it, when, and with what comment."""

    version: int
    author: str
    comment: str
    at: datetime
    writer: str = ""

    @property
    def by(self) -> str:
        """The author, with the login that wrote it where that isn't the author's own."""
        return attributed(self.author, self.writer)

    @property
    def manual(self) -> bool:
        """Whether a person wrote it."""
        return is_manual(self.author)


@dataclass(frozen=True, slots=True)
class Word:
    """Who gave a value, when, and whether it is a person's word; `event` is its number."""

    event: int
    action: Action
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Write(Generic[Value]):
    """One stored event: `event` orders it, `version` is the action it belongs to."""

    event: int
    version: int
    dataset: str
    manual: bool
    values: Mapping[str, Value]
    ranges: tuple[LumiRange, ...]


@dataclass(frozen=True, eq=False)
class Attribution(Generic[Value]):
    """A fold that remembers: `codes` index `values`, `writers` index `writes` plus one.

    Both have the shape (len(keys), length).
    """

    keys: tuple[str, ...]
    length: int
    writes: Sequence[Write[Value]]
    values: ValueList[Value]
    codes: Codes
    writers: NDArray[np.int32]

    def row(self, key: str) -> int | None:
        """Row of a column or attribute that any write names."""
        return self.keys.index(key) if key in self.keys else None

    def versions(self) -> NDArray[np.int64]:
        """Version of the action behind every cell, 0 where nobody wrote."""
        table = np.array([0, *(write.version for write in self.writes)], np.int64)
        return table[self.writers]

    def by_hand(self) -> Mask:
        """Cells in which a person's word holds."""
        table = np.array([False, *(write.manual for write in self.writes)], np.bool_)
        return cast("Mask", table[self.writers])

    def writer(self, key: str, lumisection: int) -> Write[Value] | None:
        """The write whose value holds in a cell."""
        row = self.row(key)
        if row is None or not 1 <= lumisection <= self.length:
            return None
        writer = int(self.writers[row, lumisection - 1])
        return None if writer == NOBODY else self.writes[writer - 1]


class Frame(Generic[Value]):
    """Writes of one dataset on common axes, so that several folds of them can be compared.

    Only the `wanted` columns or attributes are kept when given.
    """

    def __init__(self, writes: Sequence[Write[Value]], wanted: Collection[str] | None = None):
        self.writes = sorted(writes, key=lambda write: write.event)
        named = {key for write in self.writes for key in write.values}
        self.keys = tuple(sorted(named if wanted is None else named & set(wanted)))
        self.length = last_covered(self.writes)
        self.values: ValueList[Value] = ValueList()
        self.row_of = {key: row for row, key in enumerate(self.keys)}
        self._coded: list[tuple[NDArray[np.intp], Codes]] = []
        for write in self.writes:
            present = [key for key in write.values if key in self.row_of]
            self._coded.append(
                (
                    np.array([self.row_of[key] for key in present], np.intp),
                    np.array(self.values.codes(write.values[key] for key in present), np.int32),
                )
            )

    def at(self, version: int | None = None, *, without_manual: bool = False) -> Attribution[Value]:
        """The fold up to and with a version, of everything without one."""
        codes = np.zeros((len(self.keys), self.length), np.int32)
        writers = np.zeros((len(self.keys), self.length), np.int32)
        order = [
            place
            for place, write in enumerate(self.writes)
            if (version is None or write.version <= version)
            and not (without_manual and write.manual)
        ]
        order.sort(key=lambda place: self.writes[place].manual)
        for place in order:
            rows, column = self._coded[place]
            if rows.size:
                for first, last in self.writes[place].ranges:
                    codes[rows, first - 1 : last] = column[:, None]
                    writers[rows, first - 1 : last] = place + 1
        return Attribution(self.keys, self.length, self.writes, self.values, codes, writers)

    def written_by(self, version: int) -> Codes:
        """Codes that one action wrote, 0 where it wrote nothing."""
        return self._written([p for p, write in enumerate(self.writes) if write.version == version])

    def _written(self, places: Sequence[int]) -> Codes:
        codes = np.zeros((len(self.keys), self.length), np.int32)
        for place in places:
            rows, column = self._coded[place]
            if rows.size:
                for first, last in self.writes[place].ranges:
                    codes[rows, first - 1 : last] = column[:, None]
        return codes

    def changes(
        self, shown: Collection[int], where: Mask | None = None
    ) -> dict[int, tuple["CellChange[Value]", ...]]:
        """What each of the `shown` actions wrote, and what that changed; where `where` is true.

        Versions are gone through once, in their order.
        """
        found: dict[int, tuple[CellChange[Value], ...]] = {}
        codes = np.zeros((len(self.keys), self.length), np.int32)
        writers = np.zeros((len(self.keys), self.length), np.int32)
        manual = np.zeros((len(self.keys), self.length), np.bool_)
        within = np.ones(self.length, np.bool_)
        if where is not None:
            within[:] = False
            within[: where.size] = where[: self.length]
        by_version: dict[int, list[int]] = {}
        for place, write in enumerate(self.writes):
            by_version.setdefault(write.version, []).append(place)
        for version in sorted(by_version):
            places = by_version[version]
            before = codes.copy() if version in shown else codes
            for place in places:
                self._apply(place, codes, writers, manual)
            if version in shown:
                written = np.where(within, self._written(places), MISSING)
                changes = tuple(self._grouped(before, codes, written))
                if changes:
                    found[version] = changes
        return found

    def _apply(self, place: int, codes: Codes, writers: NDArray[np.int32], manual: Mask) -> None:
        """One more write, in whatever order: a person's beats others, then the newer event."""
        rows, column = self._coded[place]
        by_hand = self.writes[place].manual
        for first, last in self.writes[place].ranges if rows.size else ():
            hand = manual[rows, first - 1 : last]
            newer = writers[rows, first - 1 : last] <= place
            wins = ~hand | newer if by_hand else ~hand & newer
            here = slice(first - 1, last)
            codes[rows, here] = np.where(wins, column[:, None], codes[rows, here])
            writers[rows, here] = np.where(wins, place + 1, writers[rows, here])
            if by_hand:
                manual[rows, here] = True

    def _grouped(self, before: Codes, after: Codes, written: Codes) -> "list[CellChange[Value]]":
        changes: list[CellChange[Value]] = []
        size = len(self.values.values)
        for row, key in enumerate(self.keys):
            touched = np.flatnonzero(written[row])
            if not touched.size:
                continue
            joint = (before[row].astype(np.int64) * size + after[row]) * size + written[row]
            kinds = np.unique(joint[touched])
            if kinds.size > MOST_VALUES:
                everywhere = ranges_of_mask(written[row] != MISSING)
                changes.append(CellChange(key, None, None, None, everywhere, int(kinds.size)))
                continue
            for kind in kinds.tolist():
                rest, wrote = divmod(kind, size)
                was, became = divmod(rest, size)
                mask = (joint == kind) & (written[row] != MISSING)
                changes.append(
                    CellChange(
                        key,
                        self.values.values[was],
                        self.values.values[became],
                        self.values.values[wrote],
                        ranges_of_mask(mask),
                    )
                )
        return changes


def last_covered(writes: Iterable[Write[Value]]) -> int:
    """The last lumisection that any of the writes covers, 0 when there is none."""
    return max((each.last for write in writes for each in write.ranges), default=0)


class CellChange(NamedTuple, Generic[Value]):
    """One column or attribute in some lumisections: before, after, and what was written.

    None is a cell without a value (or a null). Where `written` isn't `after`, a person's word
    went on to hold. With more than `MOST_VALUES` ways to change, `kinds` only counts them.
    """

    key: str
    before: Value | None
    after: Value | None
    written: Value | None
    ranges: tuple[LumiRange, ...]
    kinds: int = 1

    @property
    def overruled(self) -> bool:
        """Written in vain: an earlier manual value holds."""
        return self.written != self.after


class Difference(NamedTuple, Generic[Value]):
    """One column or attribute that differs between two moments; None is a cell without a value."""

    key: str
    before: Value | None
    after: Value | None
    ranges: tuple[LumiRange, ...]


def differences(
    old: Grid[Value], new: Grid[Value], wanted: Collection[str] | None = None
) -> tuple[Difference[Value], ...]:
    """Cells that differ between two states, those that are missing in either included."""
    length = max(old.length, new.length)
    values = ValueList(new.values)
    translation = values.translate(old.values)
    size = len(values.values)
    found: list[Difference[Value]] = []
    for key in sorted({*old.keys, *new.keys}):
        if wanted is not None and key not in wanted:
            continue
        before, after = np.zeros(length, np.int64), np.zeros(length, np.int64)
        if key in old.row_of:
            before[: old.length] = translation[old.codes[old.row_of[key]]]
        if key in new.row_of:
            after[: new.length] = new.codes[new.row_of[key]]
        joint = np.where(before == after, -1, before * size + after)
        for kind in np.unique(joint[joint >= 0]).tolist():
            was, became = divmod(kind, size)
            found.append(
                Difference(
                    key, values.values[was], values.values[became], ranges_of_mask(joint == kind)
                )
            )
    return tuple(found)


AttributeWrite = Write[JsonValue]
