"""A dataset's state cut into segments of equal lumisections: small to keep, quick to select over.

Flags and bits change a handful of times in a run; luminosity changes in every lumisection. So
attributes with many different numbers are kept as one array of numbers, everything else as one
code per segment.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import starmap
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.json_value import JsonValue
from app.domain.lumisections import Mask
from app.domain.state.grid import MISSING, Codes, DatasetState, Grid, Value, ValueList
from app.domain.triplets import Triplet

Numbers = NDArray[np.float64]
SegmentCodes = NDArray[np.unsignedinteger]
"""Of 8 bits where there are so few values, else of 16."""
Scalar = TypeVar("Scalar", bound=np.generic)

DENSE_FROM = 24
"""Distinct numbers from which an attribute is kept per lumisection instead of per segment."""

_FORMAT = 1
_ALIGNMENT = 8


@dataclass(frozen=True, eq=False)
class CompactState:
    """`starts`: zero-based position where each segment begins; `rr_codes` (columns, segments) and
    `oms_codes` (bits, segments) index `triplets` and `oms_values`, 0 is missing.

    `dense[key]`: one float64 per lumisection; where it is NaN, `odd[key]` may give the value that
    is no number (null, text), else the lumisection has none. `covered_rr`, `covered_oms`,
    `own_oms`: per segment. Lumisections are 1 to `length`; `rr_length` and `oms_length` are
    the last ones that any RR or OMS event covers.
    """

    run_number: int
    name: str
    length: int
    rr_length: int
    oms_length: int
    columns: tuple[str, ...]
    bits: tuple[str, ...]
    triplets: tuple[Triplet | None, ...]
    oms_values: tuple[JsonValue, ...]
    starts: Codes
    rr_codes: SegmentCodes
    oms_codes: SegmentCodes
    covered_rr: Mask
    covered_oms: Mask
    own_oms: Mask
    dense: Mapping[str, Numbers]
    odd: Mapping[str, Mapping[int, JsonValue]]

    @cached_property
    def lengths(self) -> Codes:
        """Lumisections in each segment."""
        return np.diff(self.starts, append=np.int32(self.length)).astype(np.int32)

    @cached_property
    def participating(self) -> Mask:
        """Per segment: both an RR and an own OMS event."""
        return self.covered_rr & self.own_oms

    @property
    def nbytes(self) -> int:
        """About so much memory it takes."""
        codes = self.starts.nbytes + self.rr_codes.nbytes + self.oms_codes.nbytes
        return 4_000 + codes + sum(numbers.nbytes for numbers in self.dense.values())

    def per_lumisection(self, per_segment: NDArray[Scalar]) -> NDArray[Scalar]:
        """Segment values (last axis) repeated for every lumisection."""
        return np.repeat(per_segment, self.lengths, axis=-1)

    def expand(self) -> DatasetState:
        """The full state again."""
        rr = Grid(
            self.rr_length,
            self.columns,
            self.triplets,
            np.repeat(self.rr_codes, self.lengths, axis=1)[:, : self.rr_length].astype(np.int32),
            np.repeat(self.covered_rr, self.lengths)[: self.rr_length],
        )
        own = np.repeat(self.own_oms, self.lengths)
        return ExpandedState(self, rr, rr, own[: _last_true(own)])

    def with_columns(self, rr: Grid[Triplet]) -> "CompactState":
        """The same OMS side with other RR columns, which may not be longer."""
        codes, triplets = _renumbered(_padded(rr.codes, self.length), rr.values)
        covered = _padded(rr.covered, self.length)
        changed = np.zeros(self.length, np.bool_)
        changed[_starts(self.length, (codes,), (covered,))] = True
        changed[self.starts[_cuts(self.oms_codes, self.covered_oms, self.own_oms)]] = True
        starts = np.flatnonzero(changed).astype(np.int32)
        before = np.searchsorted(self.starts, starts, side="right") - 1
        return replace(
            self,
            rr_length=rr.length,
            columns=rr.keys,
            triplets=triplets,
            starts=starts,
            rr_codes=codes[:, starts],
            oms_codes=self.oms_codes[:, before],
            covered_rr=covered[starts],
            covered_oms=self.covered_oms[before],
            own_oms=self.own_oms[before],
        )

    def oms(self, only: Collection[str] | None = None) -> Grid[JsonValue]:
        """The OMS side of the full state, of all attributes or only of some."""
        rows = {
            key: np.repeat(self.oms_codes[row], self.lengths)[: self.oms_length].astype(np.int32)
            for row, key in enumerate(self.bits)
            if only is None or key in only
        }
        dense, values = self._dense_codes(only)
        rows.update(dense)
        keys = tuple(sorted(rows))
        return Grid(
            self.oms_length,
            keys,
            values,
            np.stack([rows[key] for key in keys])
            if keys
            else np.zeros((0, self.oms_length), np.int32),
            np.repeat(self.covered_oms, self.lengths)[: self.oms_length],
        )

    def _dense_codes(
        self, only: Collection[str] | None
    ) -> tuple[dict[str, Codes], tuple[JsonValue, ...]]:
        """Codes of the attributes that are kept as numbers, and the values of all codes.

        The numbers are new to the list but for a few, so they aren't looked up one by one.
        """
        given = {
            key: numbers[: self.oms_length]
            for key, numbers in self.dense.items()
            if only is None or key in only
        }
        if not given:
            return {}, self.oms_values
        numbers = np.concatenate([each[~np.isnan(each)] for each in given.values()])
        # With the counts, which nobody wants: without, NumPy loads its masked arrays to see that
        # this is none.
        distinct, _ = np.unique(numbers, return_counts=True)
        known = {
            float(value): code
            for code, value in enumerate(self.oms_values)
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        old = np.array([known.get(number, MISSING) for number in distinct.tolist()], np.int32)
        new = np.flatnonzero(old == MISSING)
        code_of = np.append(old, np.int32(MISSING))  # the last one is what has no number
        code_of[new] = len(self.oms_values) + np.arange(new.size)
        values: list[JsonValue] = [*self.oms_values, *distinct[new].tolist()]
        codes = {
            key: code_of[np.where(np.isnan(each), distinct.size, np.searchsorted(distinct, each))]
            for key, each in given.items()
        }
        if any(self.odd.values()):
            coded: ValueList[JsonValue] = ValueList(values)
            for key, of_key in codes.items():
                for position, value in self.odd.get(key, {}).items():
                    of_key[position] = coded.code(value)
            values = coded.values
        return codes, tuple(values)

    def to_bytes(self) -> bytes:
        """One byte string: a JSON head, then the arrays, little-endian and aligned."""
        dense_keys = tuple(self.dense)
        head = json.dumps(
            {
                "format": _FORMAT,
                "run": self.run_number,
                "name": self.name,
                "lengths": [self.length, self.rr_length, self.oms_length],
                "columns": self.columns,
                "bits": self.bits,
                "triplets": self.triplets[1:],
                "values": self.oms_values[1:],
                "segments": int(self.starts.size),
                "dense": dense_keys,
                "odd": {key: list(map(list, odd.items())) for key, odd in self.odd.items()},
            },
            separators=(",", ":"),
        ).encode()
        head += b" " * (-(len(head) + 4) % _ALIGNMENT)
        covers = np.stack([self.covered_rr, self.covered_oms, self.own_oms])
        return b"".join(
            [
                len(head).to_bytes(4, "little"),
                head,
                *(self.dense[key].tobytes() for key in dense_keys),
                self.starts.tobytes(),
                self.rr_codes.astype(np.uint16).tobytes(),
                self.oms_codes.astype(np.uint16).tobytes(),
                covers.astype(np.uint8).tobytes(),
            ]
        )

    @staticmethod
    def from_bytes(data: bytes | memoryview, like: "CompactState | None" = None) -> "CompactState":
        """Inverse of `to_bytes`; ValueError when the bytes are of another format.

        What many states have in common is there once; numbers are those of `like` where they are
        the same. Nothing of `data` is kept.
        """
        size = int.from_bytes(data[:4], "little")
        head = json.loads(str(data[4 : 4 + size], "utf-8"))
        if head["format"] != _FORMAT:
            raise ValueError(f"unknown format {head['format']} of a lumisection state")
        length, rr_length, oms_length = head["lengths"]
        columns, bits = _shared_keys(tuple(head["columns"])), _shared_keys(tuple(head["bits"]))
        segments = head["segments"]
        position = 4 + size

        def take(kind: type[Scalar], rows: int, width: int) -> NDArray[Scalar]:
            nonlocal position
            array = np.frombuffer(data, dtype=kind, count=rows * width, offset=position)
            position += array.nbytes
            return array.reshape(rows, width)

        # Rows of one kind are taken together: a season has thousands of datasets.
        dense = take(np.float64, len(head["dense"]), length)
        (starts,) = take(np.int32, 1, segments)
        codes = take(np.uint16, len(columns) + len(bits), segments)
        covers = take(np.uint8, 3, segments).astype(np.bool_)
        return CompactState(
            head["run"],
            head["name"],
            length,
            rr_length,
            oms_length,
            columns,
            bits,
            (None, *starmap(_shared_triplet, head["triplets"])),
            (None, *head["values"]),
            starts.copy(),
            _checked(codes[: len(columns)], len(head["triplets"]) + 1),
            _checked(codes[len(columns) :], len(head["values"]) + 1),
            covers[0],
            covers[1],
            covers[2],
            shared_numbers(dict(zip(head["dense"], dense, strict=True)), like),
            {key: {int(at): value for at, value in odd} for key, odd in head["odd"].items()},
        )


def narrowed(codes: NDArray[np.integer], values: int) -> SegmentCodes:
    """Codes in as few bytes as there are values for."""
    return codes.astype(np.uint8) if values <= 2**8 else codes.astype(np.uint16)


def _checked(codes: NDArray[np.uint16], values: int) -> SegmentCodes:
    """Codes that are read, which may stand for nothing."""
    if codes.max(initial=MISSING) >= values:
        raise ValueError("a lumisection state with a code that stands for nothing")
    return narrowed(codes, values)


def shared_numbers(
    dense: Mapping[str, Numbers], like: CompactState | None
) -> Mapping[str, Numbers]:
    """The numbers of a state: those that `like` has, too, from there, of the others copies.

    Datasets of one run nearly always have those of `online`, which are most of what they take.
    """
    shared = {}
    for key, numbers in dense.items():
        known = None if like is None else like.dense.get(key)
        if known is None or not _begins_with(known, numbers):
            shared[key] = numbers.copy()
        else:
            shared[key] = known if known.size == numbers.size else known[: numbers.size]
    return shared


def _begins_with(known: Numbers, numbers: Numbers) -> bool:
    """Whether these are the first of the known ones, bit by bit: a NaN is equal to itself."""
    return np.array_equal(known[: numbers.size].view(np.int64), numbers.view(np.int64))


@lru_cache(maxsize=1_000)
def _shared_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    """The same keys as of another state."""
    return keys


_shared_triplet = lru_cache(maxsize=10_000)(Triplet)


class ExpandedState(DatasetState):
    """A full state whose OMS side is made when somebody first asks for it.

    `source` holds that side, and the columns `source_rr`; `rr` are those or others.
    """

    source: CompactState
    source_rr: Grid[Triplet]

    def __init__(
        self, source: CompactState, source_rr: Grid[Triplet], rr: Grid[Triplet], own_oms: Mask
    ) -> None:
        for name, value in (
            ("run_number", source.run_number),
            ("name", source.name),
            ("rr", rr),
            ("own_oms", own_oms),
            ("source", source),
            ("source_rr", source_rr),
        ):
            object.__setattr__(self, name, value)

    @cached_property
    def oms(self) -> Grid[JsonValue]:
        """OMS attributes."""
        return self.source.oms()

    @property
    def length(self) -> int:
        return max(self.rr.length, self.source.oms_length)

    @property
    def takes_part_as_before(self) -> bool:
        """Whether the same lumisections take part as with the columns of the source."""
        return np.array_equal(self.rr.covered, self.source_rr.covered)

    def with_columns(self, rr: Grid[Triplet]) -> DatasetState:
        return ExpandedState(self.source, self.source_rr, rr, self.own_oms)

    def only_oms(self, key: str) -> Grid[JsonValue]:
        """One attribute alone."""
        return self.source.oms([key])


def compact(state: DatasetState) -> CompactState:
    """`state` cut into segments."""
    if isinstance(state, ExpandedState) and state.rr.length <= state.source.length:
        if state.rr is state.source_rr:
            return state.source
        return state.source.with_columns(state.rr)
    length = state.length
    covered_rr = _padded(state.rr.covered, length)
    covered_oms = _padded(state.oms.covered, length)
    own_oms = _padded(state.own_oms, length)
    dense: dict[str, Numbers] = {}
    odd: dict[str, dict[int, JsonValue]] = {}
    kept: list[int] = []
    table = np.array(
        [
            value if isinstance(value, int | float) and not isinstance(value, bool) else np.nan
            for value in state.oms.values
        ],
        np.float64,
    )
    numeric = ~np.isnan(table)
    for row, key in enumerate(state.oms.keys):
        used = np.bincount(state.oms.codes[row], minlength=numeric.size) > 0
        if np.count_nonzero(numeric & used) < DENSE_FROM:
            kept.append(row)
            continue
        dense[key], odd[key] = _as_numbers(state.oms, row, table, length)
    rr_codes, triplets = _renumbered(_padded(state.rr.codes, length), state.rr.values)
    oms_codes, values = _renumbered(_padded(state.oms.codes[kept], length), state.oms.values)
    starts = _starts(length, (rr_codes, oms_codes), (covered_rr, covered_oms, own_oms))
    return CompactState(
        state.run_number,
        state.name,
        length,
        state.rr.length,
        state.oms.length,
        state.rr.keys,
        tuple(state.oms.keys[row] for row in kept),
        triplets,
        cast("tuple[JsonValue, ...]", values),
        starts,
        rr_codes[:, starts],
        oms_codes[:, starts],
        covered_rr[starts],
        covered_oms[starts],
        own_oms[starts],
        dense,
        odd,
    )


def _starts(length: int, coded: Sequence[SegmentCodes], masks: Sequence[Mask]) -> Codes:
    """Zero-based positions where anything changes."""
    if length == 0:
        return np.zeros(0, np.int32)
    changed = np.zeros(length, np.bool_)
    changed[0] = True
    for mask in masks:
        changed[1:] |= mask[1:] != mask[:-1]
    for codes in coded:
        if codes.shape[0]:
            changed[1:] |= (codes[:, 1:] != codes[:, :-1]).any(axis=0)
    return np.flatnonzero(changed).astype(np.int32)


def _cuts(codes: SegmentCodes, *masks: Mask) -> Mask:
    """Segments in which anything differs from the one before."""
    cuts = np.zeros(codes.shape[1], np.bool_)
    cuts[:1] = True
    for mask in masks:
        cuts[1:] |= mask[1:] != mask[:-1]
    if codes.shape[0]:
        cuts[1:] |= (codes[:, 1:] != codes[:, :-1]).any(axis=0)
    return cuts


def _padded(array: NDArray[Scalar], length: int) -> NDArray[Scalar]:
    """`array` with zeros up to `length` along its last axis."""
    if array.shape[-1] == length:
        return array
    padded = np.zeros((*array.shape[:-1], length), array.dtype)
    padded[..., : array.shape[-1]] = array
    return padded


def _renumbered(
    codes: Codes, values: Sequence[Value | None]
) -> tuple[SegmentCodes, tuple[Value | None, ...]]:
    """Codes and values with the values that aren't used left out."""
    used = np.union1d([MISSING], codes) if codes.size else np.array([MISSING])
    renumbered = narrowed(np.searchsorted(used, codes), used.size)
    return renumbered, tuple(values[code] for code in used.tolist())


def _as_numbers(
    oms: Grid[JsonValue], row: int, table: Numbers, length: int
) -> tuple[Numbers, dict[int, JsonValue]]:
    """An attribute as one number per lumisection, and the values that are no numbers.

    `table` has the number that each code stands for, NaN where its value is none.
    """
    codes = oms.codes[row]
    numbers = np.full(length, np.nan)
    numbers[: oms.length] = table[codes]
    odd_at = np.flatnonzero((codes != MISSING) & np.isnan(table[codes]))
    return numbers, {at: oms.values[int(codes[at])] for at in odd_at.tolist()}


def _last_true(mask: Mask) -> int:
    """Length up to and with the last true value."""
    true = np.flatnonzero(mask)
    return int(true[-1]) + 1 if true.size else 0
