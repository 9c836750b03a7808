"""Luminosity accumulated over time, and what each sub-system left of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.lumisections import LUMISECTION_S, mask_of_ranges
from app.domain.state.compact import CompactState, Numbers
from app.golden.document import Document
from app.golden.list_luminosity import run_luminosity
from app.golden.losses import Losses
from app.golden.luminosity import Luminosity, counted, total

_DAY_S = 86_400.0


@dataclass(frozen=True)
class TimedRun:
    """A run with its `online` dataset; `start` in seconds since 1970, None where it isn't known."""

    run_number: int
    start: float | None
    state: CompactState


@dataclass(frozen=True)
class Sums:
    """Luminosities [pb^-1] of the same time, run or era."""

    delivered: float = 0.0
    recorded: float = 0.0
    certified: float = 0.0


@dataclass(frozen=True)
class Accumulated:
    """What was delivered, recorded and certified: at the beginning and end of each run since the
    first one (`points`), and in each day (seconds of its midnight, UTC).

    `untimed`: runs that have no start and so are in no point and no day, but in `total`.
    """

    points: tuple[tuple[float, Sums], ...]
    days: tuple[tuple[float, Sums], ...]
    total: Sums
    untimed: tuple[int, ...]


@dataclass(frozen=True)
class SubsystemEfficiency:
    """The share of luminosity recorded for physics in which nothing of a sub-system failed.

    `lost` is what failed there, whatever else did [pb^-1]; `dcs` the part with a DCS bit of it.
    """

    subsystem: str
    efficiency: float
    lost: float
    dcs: float


def accumulated(runs: Sequence[TimedRun], certified: Document) -> Accumulated:
    """Sums over all lumisections of the runs that take part; `certified` says which are good."""
    timed = sorted(
        (run for run in runs if run.start is not None), key=lambda run: (run.start, run.run_number)
    )
    untimed = sorted(run.run_number for run in runs if run.start is None)
    values = {run.run_number: _values(run.state, certified) for run in runs}
    sums = {number: [total(row) for row in rows] for number, rows in values.items()}
    points: list[tuple[float, Sums]] = []
    days: dict[float, list[Numbers]] = {}
    so_far = np.zeros(3)
    for run in timed:
        assert run.start is not None
        rows = values[run.run_number]
        length = rows.shape[1]
        points.append((run.start, Sums(*so_far.tolist())))
        so_far = so_far + np.array(sums[run.run_number])
        points.append((run.start + LUMISECTION_S * length, Sums(*so_far.tolist())))
        day_of = np.floor_divide(run.start + LUMISECTION_S * np.arange(length), _DAY_S)
        for day in np.unique(day_of).tolist():
            days.setdefault(day * _DAY_S, []).append(rows[:, day_of == day].sum(axis=1))
    by_day = tuple(
        (day, Sums(*(total(np.array(each)) for each in zip(*parts, strict=True))))
        for day, parts in sorted(days.items())
    )
    columns = zip(*sums.values(), strict=True)
    whole = Sums(*(total(np.array(each)) for each in columns)) if sums else Sums()
    return Accumulated(tuple(points), by_day, whole, tuple(untimed))


def efficiencies(losses: Losses, recorded: Luminosity) -> tuple[SubsystemEfficiency, ...]:
    """Efficiency of each sub-system that lost anything, the worst first."""
    physics = recorded_for_physics(losses, recorded)
    dcs = {bar.name: bar.recorded for bar in losses.chart("dcs-subsystems").bars}
    return tuple(
        SubsystemEfficiency(
            bar.name,
            1.0 - min(bar.recorded / physics, 1.0) if physics > 0 else 0.0,
            bar.recorded,
            dcs.get(bar.name, 0.0),
        )
        for bar in losses.chart("subsystems").bars
    )


def recorded_for_physics(losses: Losses, recorded: Luminosity) -> float:
    """Luminosity without that of commissioning, short and special runs [pb^-1]."""
    return max(recorded.recorded - losses.short_runs.recorded, 0.0)


def _values(state: CompactState, certified: Mapping[int, Sequence[tuple[int, int]]]) -> Numbers:
    """Rows of what was delivered, recorded and certified, by lumisection."""
    luminosity = run_luminosity(state)
    there = state.per_lumisection(state.participating)
    good = mask_of_ranges(certified.get(state.run_number, ()), state.length)
    recorded = np.where(there, counted(luminosity.recorded), 0.0)
    delivered = np.where(there, counted(luminosity.delivered), 0.0)
    return np.stack([delivered, recorded, np.where(good, recorded, 0.0)])
