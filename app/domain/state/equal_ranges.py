"""Ranges of lumisections in which all that is looked at is equal: columns, DCS bits, or both."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange
from app.domain.state.grid import DatasetState
from app.domain.state.summaries import CUMULATIVE_LUMINOSITY
from app.domain.triplets import EMPTY_TRIPLET, Triplet

_LUMINOSITY = CUMULATIVE_LUMINOSITY | {"recorded", "delivered"}


class Side(StrEnum):
    """What is looked at."""

    RR = "rr"
    OMS = "oms"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class EqualRange:
    """Neighbouring lumisections without a difference; a column that nobody set is EMPTY, and a bit
    that OMS doesn't tell of isn't there."""

    range: LumiRange
    columns: Mapping[str, Triplet]
    bits: Mapping[str, JsonValue]


def bits_of(state: DatasetState) -> tuple[str, ...]:
    """What OMS says of lumisections but for the luminosity, which differs in each."""
    return tuple(key for key in state.oms.keys if key not in _LUMINOSITY)


def equal_ranges(
    state: DatasetState, side: Side, columns: Collection[str] | None = None
) -> list[EqualRange]:
    """All lumisections of a dataset in ranges; of the `columns` that are named, else of all."""
    wanted = state.rr.keys if columns is None else columns
    rr = state.rr.of_keys(set(wanted) if side is not Side.OMS else set())
    oms = state.oms.of_keys(set(bits_of(state)) if side is not Side.RR else set())
    parts = [each for each in (rr, oms) if each.keys]
    if not parts:
        return []
    edges = [np.array([0]), *(each.segment_starts() for each in parts)]
    edges += [np.array([each.length]) for each in parts]
    starts = np.unique(np.concatenate(edges))
    starts = starts[starts < state.length]
    found: list[EqualRange] = []
    for first, after in zip(starts.tolist(), [*starts[1:].tolist(), state.length], strict=True):
        of_columns = {key: rr.value(key, first + 1) or EMPTY_TRIPLET for key in rr.keys}
        of_bits = {key: oms.value(key, first + 1) for key in oms.keys if oms.has(key, first + 1)}
        before = found[-1] if found else None
        if before is not None and (before.columns, before.bits) == (of_columns, of_bits):
            found[-1] = EqualRange(LumiRange(before.range.first, after), of_columns, of_bits)
        else:
            found.append(EqualRange(LumiRange(first + 1, after), of_columns, of_bits))
    return found
