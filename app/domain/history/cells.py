"""What held when, and whose word it is: the values of lumisections with the write behind each.

A cell is one column or OMS attribute in one lumisection. RR cells follow the rule that a person's
word beats every automatic one; OMS cells go by version alone (their writes are all `manual` False).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, cast

import numpy as np
from msgspec import Struct
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


class Action(Struct, frozen=True):
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


class Word(Struct, frozen=True):
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

    Only the `wanted` columns or attributes are kept when given; `length` is that of the dataset
    where the writes aren't all there are.
    """

    def __init__(
        self,
        writes: Sequence[Write[Value]],
        wanted: Collection[str] | None = None,
        length: int | None = None,
    ) -> None:
        self.writes = sorted(writes, key=lambda write: write.event)
        named = {key for write in self.writes for key in write.values}
        self.keys = tuple(sorted(named if wanted is None else named & set(wanted)))
        self.length = last_covered(self.writes) if length is None else length
        self.values: ValueList[Value] = ValueList()
        self.row_of = {key: row for row, key in enumerate(self.keys)}
        # Many writes share one object of values.
        known: dict[int, tuple[NDArray[np.intp], Codes]] = {}
        self.coded: list[tuple[NDArray[np.intp], Codes]] = []
        for write in self.writes:
            coded = known.get(id(write.values))
            if coded is None:
                coded = known[id(write.values)] = self._coded(write.values)
            self.coded.append(coded)

    def _coded(self, values: Mapping[str, Value]) -> tuple[NDArray[np.intp], Codes]:
        """Rows of what is kept of these values, and the codes of these."""
        present = [key for key in values if key in self.row_of]
        return (
            np.array([self.row_of[key] for key in present], np.intp),
            np.array(self.values.codes(values[key] for key in present), np.int32),
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
            rows, column = self.coded[place]
            if rows.size:
                for first, last in self.writes[place].ranges:
                    codes[rows, first - 1 : last] = column[:, None]
                    writers[rows, first - 1 : last] = place + 1
        return Attribution(self.keys, self.length, self.writes, self.values, codes, writers)

    def written_by(self, version: int) -> Codes:
        """Codes that one action wrote, 0 where it wrote nothing."""
        places = [place for place, write in enumerate(self.writes) if write.version == version]
        return self._written(places, slice(0, self.length))

    def _written(self, places: Sequence[int], here: slice) -> Codes:
        """Codes of some writes, which cover nothing but the lumisections from `here`."""
        codes = np.zeros((len(self.keys), here.stop - here.start), np.int32)
        for place in places:
            rows, column = self.coded[place]
            if rows.size:
                for first, last in self.writes[place].ranges:
                    codes[rows, first - 1 - here.start : last - here.start] = column[:, None]
        return codes

    def changes(
        self, shown: Collection[int], where: Mask | None = None
    ) -> dict[int, tuple["CellChange[Value]", ...]]:
        """What each of the `shown` actions wrote, and what that changed; where `where` is true.

        Versions are gone through once, in their order.
        """
        found: dict[int, tuple[CellChange[Value], ...]] = {}
        folding = _Folding(self)
        within = None
        if where is not None:
            within = np.zeros(self.length, np.bool_)
            within[: where.size] = where[: self.length]
        by_version: dict[int, list[int]] = {}
        for place, write in enumerate(self.writes):
            if self.coded[place][0].size:
                by_version.setdefault(write.version, []).append(place)
        newest = max(shown, default=0)
        for version in sorted(by_version):
            if version > newest:
                break
            places = by_version[version]
            if version not in shown:
                for place in places:
                    folding.apply(place, *self.coded[place])
                continue
            # Most actions write to a few lumisections, and nothing else can change.
            ends = [end for place in places for each in self.writes[place].ranges for end in each]
            here = slice(min(ends) - 1, max(ends)) if ends else slice(0, 0)
            before = folding.codes[:, here].copy()
            for place in places:
                folding.apply(place, *self.coded[place])
            written = self._written(places, here)
            if within is not None:
                written = np.where(within[here], written, MISSING)
            changes = tuple(self._grouped(here.start, before, folding.codes[:, here], written))
            if changes:
                found[version] = changes
        return found

    def _grouped(
        self, start: int, before: Codes, after: Codes, written: Codes
    ) -> "Iterator[CellChange[Value]]":
        """What was written to the lumisections after `start`, by column or attribute and kind."""
        rows = np.flatnonzero(written.any(axis=1))
        if not rows.size:
            return
        triples = np.stack([each[rows] for each in (before, after, written)])
        differs = (triples[:, :, 1:] != triples[:, :, :-1]).any(axis=0)
        # Most actions do the same to all lumisections that they write to.
        alike, firsts = (~differs.any(axis=1)).tolist(), triples[:, :, 0].T.tolist()
        everywhere = (LumiRange(start + 1, start + written.shape[1]),)
        runs = self._runs(triples, differs)
        for place, row in enumerate(rows.tolist()):
            key = self.keys[row]
            if alike[place]:
                was, became, wrote = firsts[place]
                yield self._change(key, was, became, wrote, everywhere)
                continue
            kinds = runs[place]
            if len(kinds) > MOST_VALUES:
                written_to = _ranges_after(start, written[row] != MISSING)
                yield CellChange(key, None, None, None, written_to, len(kinds))
                continue
            # By where they begin: the codes depend on what else was read.
            for (was, became, wrote), found in sorted(kinds.items(), key=_first_run):
                where = tuple(LumiRange(start + first, start + last) for first, last in found)
                yield self._change(key, was, became, wrote, where)

    def _runs(
        self, triples: Codes, differs: Mask
    ) -> dict[int, dict[tuple[int, int, int], list[tuple[int, int]]]]:
        """For each row whose lumisections differ, its runs of them, from 1, by the codes before,
        after and written, where anything was written."""
        rows = np.flatnonzero(differs.any(axis=1))
        if not rows.size:
            return {}
        begins = np.ones((rows.size, differs.shape[1] + 1), np.bool_)
        # Each row begins a run, so that none goes on from one to the next.
        begins[:, 1:] = differs[rows]
        at = np.flatnonzero(begins)
        kinds = triples[:, rows].reshape(3, -1)[:, at].T.tolist()
        places, firsts = np.divmod(at, begins.shape[1])
        lasts = firsts + np.diff(at, append=begins.size)
        found: dict[int, dict[tuple[int, int, int], list[tuple[int, int]]]] = {}
        for place, kind, first, last in zip(
            rows[places].tolist(), kinds, firsts.tolist(), lasts.tolist(), strict=True
        ):
            if kind[2] != MISSING:
                runs = found.setdefault(place, {})
                runs.setdefault((kind[0], kind[1], kind[2]), []).append((first + 1, last))
        return found

    def _change(
        self, key: str, was: int, became: int, wrote: int, where: tuple[LumiRange, ...]
    ) -> "CellChange[Value]":
        values = self.values.values
        return CellChange(key, values[was], values[became], values[wrote], where)


class _Folding:
    """Writes applied one after the other, in whatever order: a person's beats others, then the
    newer event."""

    def __init__(self, frame: "Frame[Any]") -> None:
        shape = (len(frame.keys), frame.length)
        self.codes: Codes = np.zeros(shape, np.int32)
        self._writes: Sequence[Write[Any]] = frame.writes
        self._writers = np.zeros(shape, np.int32)
        self._manual = np.zeros(shape, np.bool_)
        self._newest = -1
        self._by_hand = False

    def apply(self, place: int, rows: NDArray[np.intp], column: Codes) -> None:
        """One more write."""
        by_hand = self._writes[place].manual
        # Nothing that holds is newer, and no person's word stands in the way.
        wins_all = place > self._newest and (by_hand or not self._by_hand)
        for first, last in self._writes[place].ranges if rows.size else ():
            cells = (rows, slice(first - 1, last))
            if wins_all:
                self.codes[cells] = column[:, None]
                self._writers[cells] = place + 1
            else:
                hand, newer = self._manual[cells], self._writers[cells] <= place
                wins = ~hand | newer if by_hand else ~hand & newer
                self.codes[cells] = np.where(wins, column[:, None], self.codes[cells])
                self._writers[cells] = np.where(wins, place + 1, self._writers[cells])
            if by_hand:
                self._manual[cells] = True
        self._newest = max(self._newest, place)
        self._by_hand = self._by_hand or by_hand


def _first_run(kind: tuple[tuple[int, int, int], list[tuple[int, int]]]) -> tuple[int, int]:
    return kind[1][0]


def _ranges_after(start: int, mask: Mask) -> tuple[LumiRange, ...]:
    """Ranges of a mask whose first lumisection is the one after `start`."""
    return tuple(LumiRange(start + first, start + last) for first, last in ranges_of_mask(mask))


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
