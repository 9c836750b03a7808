"""State of a dataset's lumisections, columnar: one row of codes per column or DCS bit."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.json_value import JsonValue, js_stringify
from app.domain.lumisections import LumiRange, Mask
from app.domain.triplets import Triplet

Value = TypeVar("Value")
Codes = NDArray[np.int32]

MISSING = 0
"""Code of "no event gave this column a value in this lumisection"."""

_SIMPLE = frozenset({bool, int, float, str})
_MANY = 16
"""Events from which it pays to fold them together."""


def identity(value: object) -> Hashable:
    """Key under which equal values meet: 1 and 1.0 are one number, true and 1 are not."""
    if isinstance(value, list | dict):
        return ("json", js_stringify(value))
    return (isinstance(value, bool), value)


class _Absent:
    """Type of `ABSENT`."""


ABSENT = _Absent()
"""Stands for "no value here" where values are coded: its code is always `MISSING`."""


class ValueList(Generic[Value]):
    """Grows a list of distinct values; code 0 is kept for "missing"."""

    def __init__(self, values: Sequence[Value | None] = (None,)) -> None:
        self.values: list[Value | None] = list(values)
        self._codes: dict[Hashable, int] = {}
        # Looked up by type and value: coding a run means tens of thousands of look-ups.
        self._quick: dict[Hashable, int] = {(_Absent, ABSENT): MISSING}
        for code, value in enumerate(values):
            kind = value.__class__
            if code and kind in _SIMPLE:
                self._codes[kind is bool, value] = self._quick[kind, value] = code
            elif code:
                self._codes[identity(value)] = code

    def code(self, value: Value) -> int:
        """Code of `value`, new when it wasn't seen before."""
        try:
            return self._quick[value.__class__, value]
        except (KeyError, TypeError):
            return self._slow_code(value)

    def codes(self, values: Iterable[Value | _Absent]) -> list[int]:
        """Codes of many values, `ABSENT` ones as missing."""
        given = [*values]
        kinds = {*map(type, given)}
        if len(kinds) == 1 and (kind := kinds.pop()) in _SIMPLE:
            # A bit or a number in all lumisections: each value is looked up once, and the rest goes
            # without a loop of ours. Of one type, because true and 1 would meet.
            code_of = dict.fromkeys(given, MISSING)
            for simple in code_of:
                code = self._quick.get((kind, simple))
                code_of[simple] = self._slow_code(cast("Value", simple)) if code is None else code
            return [*map(code_of.__getitem__, given)]
        quick, codes = self._quick, []
        for value in given:
            try:
                codes.append(quick[value.__class__, value])
            except (KeyError, TypeError):
                codes.append(self._slow_code(cast("Value", value)))
        return codes

    def _slow_code(self, value: Value) -> int:
        simple = value.__class__ in _SIMPLE
        key = (value.__class__ is bool, value) if simple else identity(value)
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = len(self.values)
            self.values.append(value)
        if simple or not isinstance(value, list | dict):
            self._quick[value.__class__, value] = code
        return code

    def translate(self, values: Sequence[Value | None]) -> Codes:
        """Codes here of another list's values, by their code there; new ones are added."""
        return np.array(
            [MISSING, *(self.code(cast("Value", value)) for value in values[1:])],
            dtype=np.int32,
        )


@dataclass(frozen=True, eq=False)
class Grid(Generic[Value]):
    """Codes of several columns or bits over lumisections 1 to `length`.

    `codes` has shape (len(keys), length); `values[code]` is the value, code 0 is missing.
    `covered` says which lumisections any event covers. `keys` are sorted. Arrays are never
    written to once the grid exists.
    """

    length: int
    keys: tuple[str, ...]
    values: tuple[Value | None, ...]
    codes: Codes
    covered: Mask

    @staticmethod
    def empty() -> "Grid[Value]":
        return Grid(0, (), (None,), np.zeros((0, 0), np.int32), np.zeros(0, np.bool_))

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row number of each column or bit."""
        return {key: row for row, key in enumerate(self.keys)}

    def value(self, key: str, lumisection: int) -> Value | None:
        """Value in one lumisection, None where missing (as a JSON null also is)."""
        row = self.row_of.get(key)
        if row is None or not 1 <= lumisection <= self.length:
            return None
        return self.values[int(self.codes[row, lumisection - 1])]

    def has(self, key: str, lumisection: int) -> bool:
        """Whether an event gave the column or bit a value in the lumisection."""
        row = self.row_of.get(key)
        return (
            row is not None
            and 1 <= lumisection <= self.length
            and bool(self.codes[row, lumisection - 1] != MISSING)
        )

    def at(self, lumisection: int) -> dict[str, Value]:
        """Everything known of one lumisection; missing columns left out."""
        if not 1 <= lumisection <= self.length:
            return {}
        return self._object(self.codes[:, lumisection - 1])

    def runs(self, key: str) -> Iterator[tuple[LumiRange, int]]:
        """Ranges of equal codes of one column from 1 to `length`, missing ones included."""
        row = self.codes[self.row_of[key]]
        starts = np.flatnonzero(np.diff(row, prepend=-1))
        for first, last in self._pieces(starts):
            yield LumiRange(first + 1, last), int(row[first])

    def segment_starts(self, rows: Sequence[int] | None = None) -> NDArray[np.intp]:
        """Zero-based positions where the state changes: of all rows, or of the rows given."""
        if self.length == 0:
            return np.zeros(0, np.intp)
        codes = self.codes if rows is None else self.codes[list(rows)]
        changed = np.empty(self.length, np.bool_)
        changed[0] = True
        np.not_equal(self.covered[1:], self.covered[:-1], out=changed[1:])
        if codes.shape[0]:
            changed[1:] |= (codes[:, 1:] != codes[:, :-1]).any(axis=0)
        return np.flatnonzero(changed)

    def ranges(self) -> list[tuple[LumiRange, dict[str, Value]]]:
        """Consecutive covered lumisections with equal objects, in order."""
        return [
            (LumiRange(first + 1, last), self._object(self.codes[:, first]))
            for first, last in self._pieces(self.segment_starts())
            if self.covered[first]
        ]

    def _pieces(self, starts: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
        """Zero-based position where each piece begins, and the number of its last lumisection."""
        positions = starts.tolist()
        return zip(positions, [*positions[1:], self.length], strict=False)

    def of_keys(self, wanted: Collection[str]) -> "Grid[Value]":
        """The same lumisections with only some of the columns or bits."""
        rows = [row for row, key in enumerate(self.keys) if key in wanted]
        keys = tuple(self.keys[row] for row in rows)
        return Grid(self.length, keys, self.values, self.codes[rows], self.covered)

    def within(self, where: Mask) -> "Grid[Value]":
        """The same with nothing outside some lumisections; what lies beyond the mask is outside."""
        mask = padded(where, self.length)
        codes = np.where(mask, self.codes, MISSING).astype(np.int32)
        return Grid(self.length, self.keys, self.values, codes, self.covered & mask)

    def where_missing_in(self, other: "Grid[Value]") -> "Grid[Value]":
        """The same with only the cells that have no value in the other grid."""
        codes = self.codes.copy()
        shared = min(self.length, other.length)
        for row, key in enumerate(self.keys):
            at = other.row_of.get(key)
            if at is not None:
                codes[row, :shared][other.codes[at, :shared] != MISSING] = MISSING
        return Grid(self.length, self.keys, self.values, codes, self.covered)

    def _object(self, column: Codes) -> dict[str, Value]:
        keys, values = self.keys, cast("tuple[Value, ...]", self.values)
        return {
            keys[row]: values[code] for row, code in enumerate(column.tolist()) if code != MISSING
        }

    def is_copy_of(self, other: "Grid[Value]") -> bool:
        """Whether both hold the same everywhere, keys and all; quicker than `same_as`."""
        if self.keys != other.keys or self.codes.shape != other.codes.shape:
            return False
        translation = ValueList(other.values).translate(self.values)
        return np.array_equal(self.covered, other.covered) and np.array_equal(
            translation[self.codes], other.codes
        )

    def same_as(self, other: "Grid[Value]") -> bool:
        """Whether both hold equal values everywhere; keys without any value don't count."""
        return as_objects(self) == as_objects(other)


def with_changes(
    grid: Grid[Value],
    events: Sequence[tuple[Mapping[str, Value], Sequence[LumiRange]]],
) -> Grid[Value]:
    """`grid` with events folded over it in order: later wins, key by key."""
    if not events:
        return grid
    seen = set(grid.keys)
    length = grid.length
    for payload, ranges in events:
        seen.update(payload)
        for each in ranges:
            length = max(length, each.last)
    keys = tuple(sorted(seen))
    row_of = {key: row for row, key in enumerate(keys)}
    codes = np.zeros((len(keys), length), np.int32)
    covered = np.zeros(length, np.bool_)
    if grid.length:
        codes[[row_of[key] for key in grid.keys], : grid.length] = grid.codes
        covered[: grid.length] = grid.covered
    values: ValueList[Value] = ValueList(grid.values)
    for shape, alike in groupby(_not_overwritten(events, length, len(keys)), _shape):
        group = [*alike]
        rows = np.array([row_of[key] for key in shape], np.intp)
        if len(group) >= _MANY:
            _fold_together(group, rows, values, codes, covered)
            continue
        for payload, ranges in group:
            column = np.array(values.codes(payload.values()), np.int32)
            for first, last in ranges:
                if shape:
                    codes[rows, first - 1 : last] = column[:, None]
                covered[first - 1 : last] = True
    return Grid(length, keys, tuple(values.values), codes, covered)


def _fold_together(
    events: Sequence[tuple[Mapping[str, Value], Sequence[LumiRange]]],
    rows: NDArray[np.intp],
    values: ValueList[Value],
    codes: Codes,
    covered: Mask,
) -> None:
    """Folds events over a grid that all set the keys of these rows, and key by key: what OMS says
    of each lumisection. Where several cover one, the last counts."""
    event_at = np.full(covered.size, -1, np.intp)
    for number, (_, ranges) in enumerate(events):
        for first, last in ranges:
            event_at[first - 1 : last] = number
    here = np.flatnonzero(event_at >= 0)
    covered[here] = True
    columns = zip(*(payload.values() for payload, _ in events), strict=True)
    for row, column in zip(rows.tolist(), columns, strict=True):
        codes[row, here] = np.array(values.codes(column), np.int32)[event_at[here]]


def _shape(event: tuple[Mapping[str, Value], object]) -> tuple[str, ...]:
    return tuple(event[0])


def _not_overwritten(
    events: Sequence[tuple[Mapping[str, Value], Sequence[LumiRange]]], length: int, keys: int
) -> list[tuple[Mapping[str, Value], Sequence[LumiRange]]]:
    """The events without those of which nothing is left, because later ones set every key there.

    An offline dataset has a whole copy of the OMS lumisections of `online`.
    """
    settled = bytearray(length)
    left = []
    for event in reversed(events):
        payload, ranges = event
        if all(settled.find(0, first - 1, last) < 0 for first, last in ranges):
            continue
        left.append(event)
        if len(payload) == keys:
            for first, last in ranges:
                settled[first - 1 : last] = bytes([1]) * (last - first + 1)
    left.reverse()
    return left


def padded(mask: Mask, length: int) -> Mask:
    """The mask cut or filled up with false to a number of lumisections."""
    if mask.size == length:
        return mask
    filled = np.zeros(length, np.bool_)
    filled[: mask.size] = mask[:length]
    return filled


def as_objects(grid: Grid[Value]) -> list[dict[str, Value] | None]:
    """One object per lumisection from 1 on, None where no event covers it."""
    return [
        grid.at(number) if grid.covered[number - 1] else None
        for number in range(1, grid.length + 1)
    ]


def grid_of_objects(
    objects: Mapping[int, Mapping[str, Value]], only: Collection[str] | None = None
) -> Grid[Value]:
    """Grid of lumisection number -> object, of all its keys or only of some."""
    if not objects:
        return Grid.empty()
    length = max(objects)
    seen = set[str]().union(*objects.values())
    keys = tuple(sorted(seen if only is None else seen.intersection(only)))
    at = np.fromiter(objects, np.intp, len(objects)) - 1
    values: ValueList[Value] = ValueList()
    codes = np.zeros((len(keys), length), np.int32)
    columns: Iterable[Iterable[Value | _Absent]]
    if len(keys) > 1 and all(map(seen.__eq__, map(set, objects.values()))):
        columns = zip(*map(itemgetter(*keys), objects.values()), strict=True)
    else:
        columns = ((each.get(key, ABSENT) for each in objects.values()) for key in keys)
    for row, column in enumerate(columns):
        codes[row, at] = values.codes(column)
    covered = np.zeros(length, np.bool_)
    covered[at] = True
    return Grid(length, keys, tuple(values.values), codes, covered)


@dataclass(frozen=True, eq=False)
class DatasetState:
    """Folded state of one dataset: RR columns, OMS attributes, and where it has OMS of its own."""

    run_number: int
    name: str
    rr: Grid[Triplet]
    oms: Grid[JsonValue]
    own_oms: Mask

    @cached_property
    def participating(self) -> Mask:
        """Lumisections with both an RR and an own OMS event: those that count in summaries
        and golden JSON; length is that of the longer grid."""
        mask = np.zeros(self.length, np.bool_)
        both = min(self.rr.length, self.own_oms.size)
        mask[:both] = self.rr.covered[:both] & self.own_oms[:both]
        return mask

    @property
    def length(self) -> int:
        """Number of the last lumisection that any event covers."""
        return max(self.rr.length, self.oms.length)

    def with_columns(self, rr: Grid[Triplet]) -> "DatasetState":
        """The state with other RR columns."""
        return DatasetState(self.run_number, self.name, rr, self.oms, self.own_oms)

    def with_oms(self, oms: Grid[JsonValue], own_oms: Mask | None = None) -> "DatasetState":
        """The state with another OMS side, and where it is its own if that changes too."""
        own = self.own_oms if own_oms is None else own_oms
        return DatasetState(self.run_number, self.name, self.rr, oms, own)
