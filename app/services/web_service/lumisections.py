"""Lumisections of a dataset as the web service answers them, without repeating what is equal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import DatasetKey
from app.domain.state.grid import MISSING, DatasetState, Grid
from app.domain.state.summaries import CUMULATIVE_LUMINOSITY
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models.events import states
from app.models.lists import shared_rows
from app.services.acting import Acting

LUMINOSITY = CUMULATIVE_LUMINOSITY | {"recorded", "delivered"}
"""What OMS gives of a lumisection and is different in nearly each."""

NO_DATA: JsonObject = {"err": "No data available for this lumisection"}
"""What stands for a lumisection that OMS doesn't have."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring lumisections, both ends included, in which everything is equal.

    The parts make up one object. Stretches share equal parts, so that each is written only once.
    """

    first: int
    last: int
    parts: tuple[JsonObject, ...]


def stored_state(acting: Acting, key: DatasetKey) -> DatasetState | None:
    """The lumisections of a dataset as they are now; None when there is no such dataset."""
    with acting.db.read() as connection:
        if not shared_rows.datasets(connection, [key]):
            return None
        return states.load(connection, [key], desk=acting.db.desk)[key].state


def rr_stretches(state: DatasetState) -> list[Stretch]:
    """The columns; one without a value in a lumisection is EMPTY there."""
    return _stretches([_column_side(state.rr)])


def oms_stretches(state: DatasetState, *, luminosity: bool) -> list[Stretch]:
    """What OMS and edits say, with the luminosity or without."""
    return _stretches(_oms_sides(state.oms, luminosity=luminosity))


def joint_stretches(state: DatasetState) -> list[Stretch]:
    """Both together, luminosity included; of a name that both have, the column counts."""
    oms = state.oms.of_keys(set(state.oms.keys) - set(state.rr.keys))
    return _stretches([*_oms_sides(oms, luminosity=True), _column_side(state.rr)])


def columns(state: DatasetState) -> JsonObject:
    """Ranges of equal triplets of each column."""
    return {
        key: [
            _triplet(state.rr.values[code]) | {"start": each.first, "end": each.last}
            for each, code in state.rr.runs(key)
        ]
        for key in state.rr.keys
    }


def bits(state: DatasetState) -> JsonObject:
    """Ranges of equal values of everything that OMS gives, where it gives something."""
    return {
        key: [
            {"status": state.oms.values[code], "start": each.first, "end": each.last}
            for each, code in state.oms.runs(key)
            if code != MISSING
        ]
        for key in state.oms.keys
    }


class _Side:
    """Some rows of a grid: where they change, and the object of a zero-based position."""

    def __init__(
        self, length: int, starts: NDArray[np.intp], make: Callable[[int], JsonObject]
    ) -> None:
        self.length = length
        self.starts = starts
        self._make = make
        self._made: dict[int, JsonObject] = {}

    def at(self, positions: NDArray[np.intp]) -> Iterator[JsonObject | None]:
        """The same object within a segment; None beyond the end."""
        segments = np.searchsorted(self.starts, positions, side="right") - 1
        for position, segment in zip(positions.tolist(), segments.tolist(), strict=True):
            if position >= self.length:
                yield None
                continue
            if segment not in self._made:
                self._made[segment] = self._make(int(self.starts[segment]))
            yield self._made[segment]


def _column_side(rr: Grid[Triplet]) -> _Side:
    def made(position: int) -> JsonObject:
        codes = rr.codes[:, position].tolist()
        return {key: _triplet(rr.values[code]) for key, code in zip(rr.keys, codes, strict=True)}

    return _Side(rr.length, rr.segment_starts(), made)


def _oms_sides(oms: Grid[JsonValue], *, luminosity: bool) -> list[_Side]:
    """What changes seldom apart from what changes in each lumisection."""
    keys = set(oms.keys)
    steady, moving = oms.of_keys(keys - LUMINOSITY), oms.of_keys(keys & LUMINOSITY)

    def made(position: int) -> JsonObject:
        return steady.at(position + 1) if steady.covered[position] else NO_DATA

    sides = [_Side(steady.length, steady.segment_starts(), made)]
    if luminosity and moving.keys:
        starts = moving.segment_starts()
        sides.append(_Side(moving.length, starts, lambda position: moving.at(position + 1)))
    return sides


def _stretches(sides: Sequence[_Side]) -> list[Stretch]:
    length = max(side.length for side in sides)
    ends = [side.length for side in sides]
    edges = np.unique(np.concatenate([*(side.starts for side in sides), np.array(ends)]))
    firsts = edges[edges < length]
    objects = zip(*(side.at(firsts) for side in sides), strict=True)
    limits = pairwise([*firsts.tolist(), length])
    found: list[Stretch] = []
    for (first, after), each in zip(limits, objects, strict=True):
        parts = tuple(part for part in each if part)
        if found and found[-1].parts == parts:
            found[-1] = Stretch(found[-1].first, after, parts)
        else:
            found.append(Stretch(first + 1, after, parts))
    return found


def _triplet(value: Triplet | None) -> JsonObject:
    return dict((value or EMPTY_TRIPLET).as_json())
