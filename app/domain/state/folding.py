"""Events folded into the compact states of many datasets at once, without a loop over them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, cast

import numpy as np

from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import Mask
from app.domain.state.compact import (
    DENSE_FROM,
    CompactState,
    Numbers,
    SegmentCodes,
    narrowed,
    shared_numbers,
)
from app.domain.state.grid import MISSING, Codes, Value
from app.domain.state.payloads import IN_NUMBERS, Indices, PayloadGroup, PayloadTable
from app.domain.triplets import Triplet

_MOST_CELLS = 4_000_000
"""Columns times lumisections that are folded in one go, which bounds the memory it takes."""


@dataclass(frozen=True, eq=False)
class EventColumns(Generic[Value]):
    """Lumisection events in no particular order, one element each: the dataset they are of (an
    index), version, whether a person's, and what they set (the number of an object of `payloads`).

    They cover lumisections `first` to `last` (both included, from 1) of `event`, an index into the
    events: there may be several ranges of one event, or none.
    """

    source: Indices
    version: Indices
    manual: Mask
    payload: Indices
    event: Indices
    first: Indices
    last: Indices
    payloads: Sequence[PayloadGroup[Value]]

    def numbers(self, sources: int) -> Indices:
        """How many events each dataset has."""
        return np.bincount(self.source, minlength=sources)

    def newest(self, sources: int) -> Indices:
        """The newest event of each dataset, 0 without any."""
        newest: Indices = np.zeros(sources, np.intp)
        np.maximum.at(newest, self.source, self.version)
        return newest


def fold_states(
    keys: Sequence[DatasetKey],
    rr: EventColumns[Triplet],
    oms: EventColumns[JsonValue],
    oms_keys: Sequence[DatasetKey],
) -> list[CompactState]:
    """State of each of these datasets.

    `rr.source` is an index into `keys`, `oms.source` into `oms_keys`, which are these datasets and
    the `online` ones of their runs.
    """
    index = {key: number for number, key in enumerate(oms_keys)}
    own = np.array([index[key] for key in keys], np.intp)
    online = np.array([index[run, ONLINE] for run, _ in keys], np.intp)
    datasets = np.arange(len(keys))
    offline = online != own
    columns = _Side(rr, datasets, datasets, len(keys))
    bits = _Side(
        oms,
        np.concatenate([datasets, datasets[offline]]),
        np.concatenate([own, online[offline]]),
        len(keys),
        own=len(keys),
    )
    lengths = np.maximum(columns.lengths, bits.lengths)
    states: list[CompactState] = []
    for begin, end in _batches(lengths, max(columns.width, bits.width)):
        states += _folded(keys, columns, bits, lengths, begin, end)
    return states


def _batches(lengths: Indices, width: int) -> Iterator[tuple[int, int]]:
    """Datasets in a row that may be folded in one go."""
    begin, cells = 0, 0
    for number, length in enumerate(lengths.tolist()):
        if number > begin and cells + length * width > _MOST_CELLS:
            yield begin, number
            begin, cells = number, 0
        cells += length * width
    if lengths.size:
        yield begin, lengths.size


class _Side(Generic[Value]):
    """The events of one side, in the order of datasets and of the fold.

    The events of `sources[i]` are folded into `datasets[i]`; the first `own` of these pairs are
    those of a dataset with itself.
    """

    def __init__(
        self,
        events: EventColumns[Value],
        datasets: Indices,
        sources: Indices,
        count: int,
        own: int = 0,
    ) -> None:
        self.table: PayloadTable[Value] = PayloadTable(events.payloads)
        by_source = np.argsort(events.source, kind="stable")
        of_source = events.numbers(int(sources.max(initial=-1)) + 1)
        starts = np.cumsum(of_source) - of_source
        event = by_source[_slices(starts[sources], of_source[sources])]
        dataset = np.repeat(datasets, of_source[sources])
        is_own = np.repeat(np.arange(sources.size) < own, of_source[sources])
        order = np.lexsort((events.version[event], events.manual[event], dataset))
        event = event[order]
        self.dataset = dataset[order]
        self.payload = events.payload[event]
        by_event = np.argsort(events.event, kind="stable")
        ranges_of = np.bincount(events.event, minlength=events.source.size)
        starts = np.cumsum(ranges_of) - ranges_of
        ranges = by_event[_slices(starts[event], ranges_of[event])]
        self.instance = np.repeat(np.arange(event.size), ranges_of[event])
        self.own = is_own[order]
        self.first, self.last = events.first[ranges], events.last[ranges]
        self.lengths: Indices = np.zeros(count, np.intp)
        np.maximum.at(self.lengths, self.dataset[self.instance], self.last)
        self.keys = sorted({key for shape in self.table.shapes for key in shape})
        self.width = len(self.keys)
        self._keys_of: dict[tuple[int, ...], tuple[str, ...]] = {}

    def keys_of(self, shapes: tuple[int, ...]) -> tuple[str, ...]:
        """The keys that any of these shapes has, sorted."""
        known = self._keys_of.get(shapes)
        if known is None:
            seen = {key for shape in shapes for key in self.table.shapes[shape]}
            known = self._keys_of[shapes] = tuple(sorted(seen))
        return known

    def fold(self, begin: int, end: int, lengths: Indices) -> "_Folded[Value]":
        """The datasets from `begin` to before `end`, one after the other; `lengths` are theirs."""
        low, high = np.searchsorted(self.dataset, [begin, end])
        some = slice(*np.searchsorted(self.instance, [low, high]))
        instance = self.instance[some]
        bases = np.cumsum(lengths) - lengths
        covered = self.last[some] - self.first[some] + 1
        positions = _slices(bases[self.dataset[instance] - begin] + self.first[some] - 1, covered)
        writer = np.repeat(instance, covered)
        size = int(lengths.sum())
        folded = _Folded(
            self.keys, self.table, np.zeros((len(self.keys), size), np.int32), _mask(size), bases
        )
        folded.covered[positions] = True
        folded.own[positions[self.own[writer]]] = True
        payload = self.payload[writer]
        for shapes, keys in self.table.classes():
            place = self.table.places(shapes)[payload]
            setting = place > 0
            at = np.zeros(size, np.intp)
            # Of several values for one element the last one stays.
            at[positions[setting]] = place[setting]
            for key in keys:
                column = self.table.column(shapes, key)
                folded.codes[folded.row_of[key]] = column.codes[at]
                if column.numbers is not None:
                    folded.numbers[key] = column.numbers[at]
        shape_of = self.table.shape_of[self.payload[low:high]]
        pairs = np.unique(
            (self.dataset[low:high] - begin) * (len(self.table.shapes) + 1) + shape_of
        )
        owner, seen = np.divmod(pairs, len(self.table.shapes) + 1)
        parts = np.split(seen, np.searchsorted(owner, np.arange(1, end - begin)))
        folded.keys_of = [self.keys_of(tuple(part.tolist())) for part in parts]
        return folded


class _Folded(Generic[Value]):
    """One side of several datasets: `codes` (keys, lumisections of all) and, for keys that have
    any, numbers; `covered` and `own` by lumisection. What is kept as numbers has no code."""

    def __init__(
        self,
        keys: Sequence[str],
        table: PayloadTable[Value],
        codes: Codes,
        covered: Mask,
        bases: Indices,
    ) -> None:
        self.row_of = {key: row for row, key in enumerate(keys)}
        self.table = table
        self.codes = codes
        self.covered = covered
        self.own = covered.copy()
        self.bases = bases
        self.numbers: dict[str, Numbers] = {}
        self.keys_of: list[tuple[str, ...]] = []
        self.dense: dict[str, Mask] = {}
        self.odd_at: dict[str, Indices] = {}
        self.odd_codes: dict[str, Codes] = {}

    def keep_numbers(self) -> None:
        """Sorts out in which datasets a key is kept as numbers: where it has many different."""
        ends = np.append(self.bases[1:], self.codes.shape[1])
        owner = np.repeat(np.arange(self.bases.size), ends - self.bases)
        for key, numbers in self.numbers.items():
            row = self.codes[self.row_of[key]]
            is_number = ~np.isnan(numbers)
            distinct, ranks = np.unique(numbers[is_number], return_inverse=True)
            used = np.sort(owner[is_number] * distinct.size + ranks)
            used = used[np.diff(used, prepend=-1) > 0]
            many = np.bincount(used // max(distinct.size, 1), minlength=self.bases.size)
            dense = many >= DENSE_FROM
            self.dense[key] = dense
            here = dense[owner]
            odd = np.flatnonzero(here & (row > MISSING) & ~is_number)
            self.odd_at[key], self.odd_codes[key] = odd, row[odd]
            listed = np.flatnonzero((row == IN_NUMBERS) & ~here)
            distinct, ranks = np.unique(numbers[listed], return_inverse=True)
            codes = np.array(self.table.values.codes(distinct.tolist()), np.int32)
            row[listed] = codes[ranks]
            row[here] = MISSING

    def odd(self, key: str, begin: int, end: int) -> dict[int, Value]:
        """The values of a key kept as numbers that are none, counted from `begin`."""
        low, high = np.searchsorted(self.odd_at[key], [begin, end])
        values = self.table.values.values
        places = (self.odd_at[key][low:high] - begin).tolist()
        codes = self.odd_codes[key][low:high].tolist()
        return {at: cast("Value", values[code]) for at, code in zip(places, codes, strict=True)}

    def changes(self) -> Mask:
        """Where anything differs from the lumisection before."""
        changed = _mask(self.codes.shape[1])
        for mask in (self.covered, self.own):
            changed[1:] |= mask[1:] != mask[:-1]
        for row in self.codes:
            changed[1:] |= row[1:] != row[:-1]
        return changed

    def rows_of(self, number: int) -> tuple[tuple[str, ...], list[int]]:
        """The keys of a dataset that are kept as codes, and their rows."""
        keys = tuple(
            key
            for key in self.keys_of[number]
            if key not in self.dense or not self.dense[key][number]
        )
        return keys, [self.row_of[key] for key in keys]

    def coded(
        self, rows: Sequence[int], starts: Indices
    ) -> tuple[SegmentCodes, tuple[Value | None, ...]]:
        """Codes of some rows where segments start, and the values they stand for."""
        codes = self.codes[np.array(rows, np.intp)[:, None], starts]
        used = np.union1d([MISSING], codes)
        values = self.table.values.values
        renumbered = narrowed(np.searchsorted(used, codes), used.size)
        return renumbered, tuple(values[code] for code in used.tolist())


def _folded(
    keys: Sequence[DatasetKey],
    columns: _Side[Triplet],
    bits: _Side[JsonValue],
    lengths: Indices,
    begin: int,
    end: int,
) -> Iterator[CompactState]:
    of_batch = lengths[begin:end]
    rr, oms = columns.fold(begin, end, of_batch), bits.fold(begin, end, of_batch)
    oms.keep_numbers()
    changed = rr.changes() | oms.changes()
    changed[rr.bases[of_batch > 0]] = True
    starts = np.flatnonzero(changed)
    bounds = np.searchsorted(starts, [*rr.bases, changed.size])
    last: CompactState | None = None
    for number, (run_number, name) in enumerate(keys[begin:end]):
        here = starts[bounds[number] : bounds[number + 1]]
        base, length = int(rr.bases[number]), int(of_batch[number])
        rr_keys, rr_rows = rr.rows_of(number)
        oms_keys, oms_rows = oms.rows_of(number)
        rr_codes, triplets = rr.coded(rr_rows, here)
        oms_codes, values = oms.coded(oms_rows, here)
        dense = [key for key in oms.keys_of[number] if key not in oms_keys]
        like = last if last is not None and last.run_number == run_number else None
        last = CompactState(
            run_number,
            name,
            length,
            int(columns.lengths[begin + number]),
            int(bits.lengths[begin + number]),
            rr_keys,
            oms_keys,
            triplets,
            values,
            (here - base).astype(np.int32),
            rr_codes,
            oms_codes,
            rr.covered[here],
            oms.covered[here],
            oms.own[here],
            shared_numbers({key: oms.numbers[key][base : base + length] for key in dense}, like),
            {key: oms.odd(key, base, base + length) for key in dense},
        )
        yield last


def _slices(starts: Indices, counts: Indices) -> Indices:
    """`start`, `start` + 1, ... so many as each count says, one after the other."""
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def _mask(size: int) -> Mask:
    return np.zeros(size, np.bool_)
