"""Luminosity of any list of lumisections; unknown luminosity is not counted as 0."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from app.domain.json_value import JsonValue, number_in
from app.domain.lumisections import count
from app.domain.state.compact import CompactState, Numbers
from app.golden.document import Document
from app.golden.luminosity import DELIVERED, RECORDED, counted, total


@dataclass(frozen=True, eq=False)
class RunLuminosity:
    """Luminosity of a run [pb^-1]; index 0 is LS 1, NaN where there is none."""

    recorded: Numbers
    delivered: Numbers


@dataclass(frozen=True)
class ListLuminosity:
    """Luminosity of a list [pb^-1]; `missing` counts its lumisections that have none stored."""

    lumisections: int = 0
    recorded: float = 0.0
    delivered: float = 0.0
    missing: int = 0

    @property
    def known(self) -> bool:
        """Whether any of its lumisections has a luminosity."""
        return self.lumisections > self.missing

    def as_json(self) -> dict[str, JsonValue]:
        """The same for a document; an unknown luminosity is null."""
        return {
            "lumisections": self.lumisections,
            "recorded": self.recorded if self.known else None,
            "delivered": self.delivered if self.known else None,
            "lumisections_without_luminosity": self.missing,
        }


def run_luminosity(state: CompactState) -> RunLuminosity:
    """The luminosity of a run, from the state of its dataset."""
    return RunLuminosity(numbers_of(state, RECORDED), numbers_of(state, DELIVERED))


def numbers_of(state: CompactState, key: str) -> Numbers:
    """An OMS attribute per lumisection, NaN where it is missing or not a number."""
    if key in state.dense:
        return state.dense[key]
    if key not in state.bits:
        return np.full(state.length, np.nan)
    table = np.array([_number(value) for value in state.oms_values])
    return state.per_lumisection(table[state.oms_codes[state.bits.index(key)]])


def luminosity_by_run(
    document: Document, runs: Mapping[int, RunLuminosity]
) -> dict[int, ListLuminosity]:
    """Luminosity of a list, run by run; negative values count nothing."""
    by_run: dict[int, ListLuminosity] = {}
    for run_number, ranges in document.items():
        lumisections = count(ranges)
        known = runs.get(run_number)
        if known is None:
            by_run[run_number] = ListLuminosity(lumisections, missing=lumisections)
            continue
        parts = [slice(first - 1, last) for first, last in ranges]
        recorded = np.concatenate([known.recorded[part] for part in parts])
        delivered = np.concatenate([known.delivered[part] for part in parts])
        by_run[run_number] = ListLuminosity(
            lumisections,
            total(counted(recorded)),
            total(counted(delivered)),
            lumisections - int(np.count_nonzero(~np.isnan(recorded))),
        )
    return by_run


def together(parts: Iterable[ListLuminosity]) -> ListLuminosity:
    """The sum of the luminosities of different lumisections."""
    summands = list(parts)
    return ListLuminosity(
        sum(part.lumisections for part in summands),
        total(np.array([part.recorded for part in summands])),
        total(np.array([part.delivered for part in summands])),
        sum(part.missing for part in summands),
    )


def _number(value: JsonValue) -> float:
    number = number_in(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float):
        return math.nan
    return number if math.isfinite(number) else math.nan
