"""All datasets of a selection side by side, columnar: what golden rules are computed over.

Only lumisections that take part are here (those with both an RR and an own OMS event). They
stand in one row, dataset after dataset; an index into that row is a position. What changes
rarely is kept per segment: a stretch of one dataset's positions with consecutive lumisections
and equal flags and bits.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import NotFound
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import Mask
from app.domain.progress import SILENT, Progress
from app.domain.state.compact import CompactState, Numbers, Scalar
from app.domain.state.places import Places, inside
from app.domain.state.summaries import luminosity_value
from app.domain.triplets import EMPTY
from app.golden.answers import AnswerMemory
from app.golden.columns import (
    ABSENT,
    Codes,
    Column,
    DenseColumn,
    Indices,
    attribute_table,
    column_of,
    status_table,
)
from app.golden.document import Document
from app.golden.luminosity import DELIVERED, RECORDED, Counting, Luminosity, counted, total

_BLOCK = 400
"""Datasets whose lumisections are looked at in one go."""


@dataclass(frozen=True)
class SeasonDataset:
    """A dataset with what rules read: its own attributes, those of its run, and its state."""

    run_number: int
    name: str
    attributes: JsonObject
    run_oms: JsonObject
    run_rr: JsonObject
    state: CompactState

    @cached_property
    def run_data(self) -> JsonObject:
        """What a rule sees as `run`."""
        return {"run_number": self.run_number, "oms": self.run_oms, "rr": self.run_rr}

    @cached_property
    def dataset_data(self) -> JsonObject:
        """What a rule sees as `dataset`."""
        return {**self.attributes, "name": self.name}


@dataclass(frozen=True, eq=False)
class Segments:
    """A cut of all positions; each array has one element per segment.

    `starts` are positions, `first` and `last` lumisection numbers, both included. `origin` is
    the segment of the season's coarsest cut, `primary` false where a dataset of the same run
    that is earlier by name has the lumisections too: they count in no sum a second time, so
    that `recorded` and `delivered` are zero there.
    """

    starts: Indices
    origin: Indices
    dataset: Indices
    first: Codes
    last: Codes
    primary: Mask
    recorded: Numbers
    delivered: Numbers

    @property
    def size(self) -> int:
        """Number of segments."""
        return self.starts.size


@dataclass(frozen=True, eq=False)
class _Cut:
    """The coarsest cut: the states' own segments, those left out that take no part."""

    starts: Indices
    state_segment: Indices
    dataset: Indices
    first: Codes
    lengths: Codes


class Season:
    """Datasets in order of run and name, never changed once it exists.

    `size` is the number of positions. Luminosity is kept of those that count: the same lumisection
    of a run counts in one dataset only.
    """

    def __init__(self, datasets: Iterable[SeasonDataset], progress: Progress = SILENT) -> None:
        self.answers = AnswerMemory()
        self.instead_of: dict[str, tuple[str, ...] | None] = {}
        self.datasets = sorted(datasets, key=lambda each: (each.run_number, each.name))
        self.run_numbers = np.array([dataset.run_number for dataset in self.datasets], np.int64)
        states = self._states = [dataset.state for dataset in self.datasets]
        self._state_lengths = np.array([state.length for state in states], np.intp)
        self._dense_keys = frozenset(key for state in states for key in state.dense)
        progress.at(0.1)
        self._cut, self._here = _coarsest(states, self._state_lengths)
        self.size = int(self._cut.lengths.sum())
        progress.at(0.2)
        self._statuses = status_table(states)
        progress.at(0.4)
        self._attributes = attribute_table(states)
        progress.at(0.6)
        self._places = self._shared_places()
        starts = self._aligned(self._cut.starts)
        self._counting = Counting(
            starts,
            np.ones(starts.size, np.bool_)
            if self._places is None
            else self._places.are_first(starts),
            self.size,
        )
        self._recorded = self._where_counting(RECORDED, _luminosity)
        progress.at(0.8)
        self._delivered = self._where_counting(DELIVERED, _luminosity)
        self.segments = self._segments(starts)
        progress.at(1.0)

    @cached_property
    def total(self) -> Luminosity:
        """Luminosity of all lumisections that take part."""
        return Luminosity(total(self.segments.recorded), total(self.segments.delivered))

    def unmeasured_in(self, segments: Segments) -> Numbers:
        """How many positions of each segment have no recorded luminosity; none where it counts in
        another dataset already."""
        return self._counting.sums(self.unmeasured.astype(np.float64), segments.starts)

    @cached_property
    def unmeasured(self) -> Mask:
        """Whether each of the positions that count has no recorded luminosity."""
        return self._where_counting(RECORDED, _is_unmeasured)

    @property
    def has_shared_runs(self) -> bool:
        """Whether several datasets of one run are here."""
        return self._places is not None

    @property
    def coarse_size(self) -> int:
        """Number of segments of the coarsest cut."""
        return self._cut.starts.size

    @property
    def coarse_dataset(self) -> Indices:
        """Index of the dataset of each segment of the coarsest cut."""
        return self._cut.dataset

    @property
    def coarse_lengths(self) -> Codes:
        """Positions in each segment of the coarsest cut."""
        return self._cut.lengths

    def run_column(self, part: str, key: str) -> Column:
        """An attribute of the run, `part` "oms" or "rr", per dataset."""
        parts, part_of = self._parts_of_runs[part]
        return column_of((key in values, values.get(key)) for values in parts).spread(part_of)

    @cached_property
    def _parts_of_runs(self) -> dict[str, tuple[list[JsonObject], Indices]]:
        """Each object of attributes of runs once, and which one each dataset has: those of one run
        have the same."""
        return {
            "oms": _each_once([dataset.run_oms for dataset in self.datasets]),
            "rr": _each_once([dataset.run_rr for dataset in self.datasets]),
        }

    def run_number_column(self) -> Column:
        """Run number per dataset."""
        return column_of((True, dataset.run_number) for dataset in self.datasets)

    def dataset_column(self, key: str) -> Column:
        """An attribute of the dataset, or its name, per dataset."""
        if key == "name":
            return column_of((True, dataset.name) for dataset in self.datasets)
        return column_of(
            (key in dataset.attributes, dataset.attributes.get(key)) for dataset in self.datasets
        )

    def status_column(self, key: str) -> Column:
        """Status of an RR column per segment of the coarsest cut."""
        return self._statuses.column(key).spread(self._cut.state_segment)

    def attribute_column(self, key: str) -> Column:
        """An OMS attribute per segment of the coarsest cut; only for one that isn't dense."""
        return self._attributes.column(key).spread(self._cut.state_segment)

    def is_dense(self, key: str) -> bool:
        """Whether an OMS attribute changes so often that it is kept per position."""
        return key in self._dense_keys

    def number_column(self) -> Column:
        """Lumisection number per position."""
        numbers = self.lumisection_numbers()
        return Column(numbers, range(int(numbers.max(initial=0)) + 1))

    def lumisection_numbers(self) -> Codes:
        """Lumisection number of each position."""
        first = self._cut.first - self._cut.starts
        numbers = np.repeat(first.astype(np.int64), self._cut.lengths)
        numbers += np.arange(self.size)
        return numbers

    def dense_column(self, key: str) -> DenseColumn:
        """An OMS attribute per position, also one that isn't dense."""
        return self._dense_column(key, np.arange(len(self.datasets)))

    def _dense_column(self, key: str, datasets: Indices) -> DenseColumn:
        """The same at the positions of some datasets, ascending."""
        chosen = np.zeros(len(self.datasets), np.bool_)
        chosen[datasets] = True
        segments = np.flatnonzero(chosen[self._cut.dataset])
        lengths = self._cut.lengths[segments]
        values: Sequence[JsonValue] = self._attributes.values
        numbers: Numbers | None = None
        odd_positions: list[Indices] = []
        odd_codes: list[Codes] = []
        if key in self._attributes.keys:
            codes = self.attribute_column(key).codes[segments]
            table = np.array([_number(value) for value in values])
            numbers = np.repeat(table[codes], lengths)
            odd = np.isnan(table[codes]) & (codes != ABSENT)
            if odd.any():
                odd_positions.append(np.flatnonzero(np.repeat(odd, lengths)))
                odd_codes.append(np.repeat(codes[odd].astype(np.int64), lengths[odd]))
        if key in self._dense_keys:
            states = [self._states[number] for number in datasets.tolist()]
            here = (
                None if self._here is None else self._here[np.repeat(chosen, self._state_lengths)]
            )
            stored = _stored_numbers(states, key)
            if here is not None:
                stored = stored[here]
            if numbers is None:
                numbers = stored
            else:
                np.copyto(numbers, stored, where=~np.isnan(stored))
            column, positions = _odd_values(states, key, here)
            odd_positions.append(positions)
            odd_codes.append(column.codes + (len(values) - 1))
            values = [*values, *column.values[1:]]
        if numbers is None:
            numbers = np.full(int(lengths.sum()), np.nan)
        if not odd_positions:
            return DenseColumn(numbers, np.zeros(0, np.intp), np.zeros(0, np.int64), values)
        return DenseColumn(
            numbers, np.concatenate(odd_positions), np.concatenate(odd_codes), values
        )

    def _where_counting(
        self, key: str, meaning: Callable[[DenseColumn], NDArray[Scalar]]
    ) -> NDArray[Scalar]:
        """What an OMS attribute means at the positions that count, a few datasets after the other:
        those of all at once are a lot of memory."""
        dataset = self._cut.dataset[self._coarse(self._counting.starts)]
        counting = np.unique(dataset[self._counting.counts])
        parts = []
        for begin in range(0, counting.size or 1, _BLOCK):
            some = counting[begin : begin + _BLOCK]
            chosen = np.zeros(len(self.datasets), np.bool_)
            chosen[some] = True
            values = meaning(self._dense_column(key, some))
            parts.append(values[self._counting.among(chosen[dataset])])
        return np.concatenate(parts)

    def _shared_places(self) -> Places | None:
        """Where datasets of one run have the same lumisections, when any run has several."""
        if np.unique(self.run_numbers).size == self.run_numbers.size:
            return None
        cut = self._cut
        return Places(self.run_numbers[cut.dataset], cut.first, cut.lengths)

    def _aligned(self, starts: Indices) -> Indices:
        """`starts` and those needed so that datasets of one run are cut at the same
        lumisections, and each segment is wholly in another dataset or not at all."""
        return starts if self._places is None else self._places.cut(starts)

    def _segments(self, starts: Indices) -> Segments:
        cut = self._cut
        origin = self._coarse(starts)
        first = cut.first[origin] + (starts - cut.starts[origin])
        last = first + np.diff(starts, append=self.size) - 1
        return Segments(
            starts,
            origin,
            cut.dataset[origin],
            first.astype(np.int32),
            last.astype(np.int32),
            self._counting.at(starts),
            self._counting.sums(self._recorded, starts),
            self._counting.sums(self._delivered, starts),
        )

    def _coarse(self, positions: Indices) -> Indices:
        """The segment of the coarsest cut that each of these positions, ascending, is in."""
        return inside(self._cut.starts, positions)

    def refined(self, answers: Sequence[Mask]) -> Segments:
        """The segments cut further wherever one of the answers per position changes."""
        if not answers or not self.size:
            return self.segments
        cut = np.zeros(self.size, np.bool_)
        cut[self.segments.starts] = True
        for answer in answers:
            cut[1:] |= answer[1:] != answer[:-1]
        return self._segments(self._aligned(np.flatnonzero(cut)))

    def in_any_dataset(self, segments: Segments, good: Mask) -> Mask:
        """Whether the same lumisections are good in any dataset of the run."""
        return good if self._places is None else self._places.among(segments.starts, good)

    def luminosity_of(self, document: Document) -> Luminosity:
        """Luminosity of a document's lumisections; those that take no part count nothing."""
        first_of: dict[int, list[int]] = {}
        for number, run_number in enumerate(self.run_numbers.tolist()):
            first_of.setdefault(run_number, []).append(number)
        inside = np.zeros(self.size, np.bool_)
        numbers = self.lumisection_numbers()
        bounds = np.searchsorted(self._cut.dataset, np.arange(len(self.datasets) + 1))
        ends = np.append(self._cut.starts, self.size)[bounds]
        for run_number, ranges in document.items():
            for dataset in first_of.get(run_number, ()):
                begin, end = int(ends[dataset]), int(ends[dataset + 1])
                for first, last in ranges:
                    low, high = np.searchsorted(numbers[begin:end], (first, last + 1)).tolist()
                    inside[begin + low : begin + high] = True
        recorded, delivered = (
            total(self._counting.spread(values)[inside])
            for values in (self._recorded, self._delivered)
        )
        return Luminosity(recorded, delivered)

    def lumisection(self, run_number: int, name: str, number: int) -> JsonObject:
        """Everything a rule sees of one lumisection; NotFound where it takes no part."""
        for dataset, each in enumerate(self.datasets):
            if (each.run_number, each.name) == (run_number, name):
                for segment in np.flatnonzero(self._cut.dataset == dataset).tolist():
                    first = int(self._cut.first[segment])
                    if first <= number < first + int(self._cut.lengths[segment]):
                        return self._object(segment, number)
        raise NotFound(f"Lumisection {number} of run {run_number}, {name}, takes no part.")

    def _object(self, segment: int, number: int) -> JsonObject:
        each = self.datasets[int(self._cut.dataset[segment])]
        statuses, attributes = self._flags(segment)
        return _data(each, statuses, attributes, number)

    def objects(self) -> Iterator[JsonObject]:
        """What a rule sees at each position, in order."""
        for segment, (dataset, first, length) in enumerate(
            zip(
                self._cut.dataset.tolist(),
                self._cut.first.tolist(),
                self._cut.lengths.tolist(),
                strict=True,
            )
        ):
            statuses, attributes = self._flags(segment)
            for number in range(first, first + length):
                yield _data(self.datasets[dataset], statuses, attributes, number)

    def segment_objects(self) -> Iterator[JsonObject]:
        """What is the same for all lumisections of each segment of the coarsest cut."""
        for segment, dataset in enumerate(self._cut.dataset.tolist()):
            each = self.datasets[dataset]
            statuses, attributes = self._flags(segment)
            lumisection: JsonObject = {"oms": attributes, "rr": statuses}
            yield {"run": each.run_data, "dataset": each.dataset_data, "lumisection": lumisection}

    def _flags(self, segment: int) -> tuple[JsonObject, JsonObject]:
        """Statuses and OMS attributes of a segment of the coarsest cut, dense ones left out."""
        state = self._states[int(self._cut.dataset[segment])]
        at = int(np.searchsorted(state.starts, int(self._cut.first[segment]) - 1))
        statuses: JsonObject = {}
        for column, code in zip(state.columns, state.rr_codes[:, at].tolist(), strict=True):
            triplet = state.triplets[code]
            statuses[column] = EMPTY if triplet is None else triplet.status
        attributes: JsonObject = {
            bit: state.oms_values[code]
            for bit, code in zip(state.bits, state.oms_codes[:, at].tolist(), strict=True)
            if code != ABSENT
        }
        return statuses, attributes

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every variable that some lumisection of the season has, sorted."""
        names = {"run.run_number", "dataset.name", "lumisection.lumisection_number"}
        for dataset in self.datasets:
            names.update(f"run.oms.{key}" for key in dataset.run_oms)
            names.update(f"run.rr.{key}" for key in dataset.run_rr)
            names.update(f"dataset.{key}" for key in dataset.attributes)
        names.update(f"lumisection.rr.{key}" for key in self._statuses.keys)
        names.update(f"lumisection.oms.{key}" for key in self._attributes.keys | self._dense_keys)
        return tuple(sorted(names))


def _coarsest(states: Sequence[CompactState], lengths: Indices) -> tuple[_Cut, Mask | None]:
    """The cut of the positions, and which of all lumisections of the states take part, None
    for all."""
    sizes = np.array([state.starts.size for state in states], np.intp)
    dataset = np.repeat(np.arange(len(states)), sizes)
    begins = _joined([state.starts for state in states], np.int32).astype(np.intp)
    ends = np.append(begins[1:], 0)
    ends[np.cumsum(sizes)[sizes > 0] - 1] = lengths[sizes > 0]
    taking_part = _joined([state.covered_rr for state in states], np.bool_) & _joined(
        [state.own_oms for state in states], np.bool_
    )
    state_segment = np.flatnonzero(taking_part)
    kept = (ends - begins)[state_segment]
    cut = _Cut(
        np.cumsum(kept) - kept,
        state_segment,
        dataset[state_segment],
        begins[state_segment] + 1,
        kept,
    )
    return cut, None if taking_part.all() else np.repeat(taking_part, ends - begins)


def _stored_numbers(states: Sequence[CompactState], key: str) -> Numbers:
    """An attribute in all lumisections of these states, NaN where it isn't kept as numbers."""
    return np.concatenate(
        [
            np.zeros(0),
            *(
                np.full(state.length, np.nan) if numbers is None else numbers
                for state in states
                for numbers in (state.dense.get(key),)
            ),
        ]
    )


def _odd_values(
    states: Sequence[CompactState], key: str, here: Mask | None
) -> tuple[Column, Indices]:
    """Values that are no numbers of an attribute kept as numbers, and their positions, among the
    lumisections that are `here`, None for all."""
    offset = 0
    places: list[int] = []
    odd_values: list[JsonValue] = []
    for state in states:
        for at, value in state.odd.get(key, {}).items():
            places.append(offset + at)
            odd_values.append(value)
        offset += state.length
    positions = np.array(places, np.intp)
    column = column_of((True, value) for value in odd_values)
    if here is None or not places:
        return column, positions
    are_here = here[positions]
    before = np.cumsum(here) - 1
    return Column(column.codes[are_here], column.values), before[positions[are_here]]


def _luminosity(column: DenseColumn) -> Numbers:
    """What counts of a column, 0 elsewhere."""
    values = counted(column.numbers)
    if column.odd_positions.size:
        table = np.array([luminosity_value(value) for value in column.values])
        values[column.odd_positions] = table[column.odd_codes]
    return values


def _is_unmeasured(column: DenseColumn) -> Mask:
    """Where a column has no luminosity."""
    missing = np.isnan(column.numbers)
    if column.odd_positions.size:
        counts = np.array([luminosity_value(value) for value in column.values]) > 0
        missing[column.odd_positions] &= ~counts[column.odd_codes]
    return missing


def _each_once(objects: Sequence[JsonObject]) -> tuple[list[JsonObject], Indices]:
    """The objects without those that come again, and the place of each in that list."""
    places: dict[int, int] = {}
    place_of = [places.setdefault(id(each), len(places)) for each in objects]
    distinct = {id(each): each for each in objects}
    return [*distinct.values()], np.array(place_of, np.intp)


def _joined(arrays: Sequence[NDArray[Scalar]], kind: type[Scalar]) -> NDArray[Scalar]:
    return np.concatenate([np.zeros(0, kind), *arrays])


def _number(value: JsonValue) -> float:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan
    )


def _data(
    dataset: SeasonDataset, statuses: JsonObject, attributes: JsonObject, number: int
) -> JsonObject:
    """What a rule sees of one lumisection."""
    lumisection: JsonObject = {
        "lumisection_number": number,
        "oms": {**attributes, **_dense_values(dataset.state, number - 1)},
        "rr": statuses,
    }
    return {"run": dataset.run_data, "dataset": dataset.dataset_data, "lumisection": lumisection}


def _dense_values(state: CompactState, at: int) -> JsonObject:
    """Attributes kept as numbers of one lumisection, `at` zero-based."""
    values: JsonObject = {}
    for key, numbers in state.dense.items():
        odd = state.odd.get(key, {})
        if at in odd:
            values[key] = odd[at]
        elif numbers[at] == numbers[at]:
            values[key] = float(numbers[at])
    return values
