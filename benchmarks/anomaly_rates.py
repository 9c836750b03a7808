"""Whether trigger rates would help the agent `anomaly`: `python -m benchmarks.anomaly_rates`.

Rates are made from physics: recorded luminosity times a cross-section, which depends on the
prescale column, on pile-up, and on the parts of the detector that are off, with noise, and with
hot and dead regions that no flag of the DT minds. What only plots show costs nothing in the first
row, and in those after it a given share of the rate. So the table tells what rates find by
themselves and what is found because it was put into them.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from random import Random

import numpy as np
from numpy.typing import NDArray

from app.demo.planned_runs import PlannedRun
from app.demo.season_plan import runs_of_season
from benchmarks import figures
from benchmarks.anomaly import COLUMN, HELD_BACK, Flags, Judged, Score, as_people_left_it
from run_registry.anomaly.evidence import (
    Sight,
    Usual,
    live_share,
    mask_of,
    median_share,
    ranges_of,
    seen,
    usual,
)
from run_registry.anomaly.model import History, TooLittle, learn, same_signs

COSTS = (0.0, 0.01, 0.02, 0.05)
"""Shares of the rate that a fault costs of which only plots tell."""

_BELOW, _ABOVE = (0.985, 0.97, 0.95, 0.9), (1.03, 1.1)
_AROUND = 41
_LASTS = 3
_NOISE = 0.006

_MUONS, _PILE_UP, _USUAL_DELIVERED = 0.25, 0.12, 0.48
_PER_COLUMN, _LAST_COLUMN = 0.03, 5
# Half of what a wheel or an end-cap gives is found by the RPC as well.
_OFF_COSTS = {
    "dt0_ready": 0.0075,
    "dtp_ready": 0.015,
    "dtm_ready": 0.015,
    "cscp_ready": 0.06,
    "cscm_ready": 0.06,
    "eep_ready": 0.05,
    "eem_ready": 0.05,
    "hf_ready": 0.05,
}


def columns_of(run: PlannedRun) -> NDArray[np.int64]:
    """The prescale column of each lumisection."""
    columns = np.zeros(run.length, np.int64)
    for first, index, _ in run.prescales:
        columns[first - 1 :] = index
    return columns


def rate(run: PlannedRun, judged: Judged, cost: float) -> NDArray[np.float64]:
    """Physics triggers by lumisection, in arbitrary units."""
    luminosity = judged.lumisections.luminosity
    crossing = 1 + _PILE_UP * (luminosity.delivered / _USUAL_DELIVERED - 1)
    section = (1 - _MUONS + _PER_COLUMN * (_LAST_COLUMN - columns_of(run))) * crossing + _MUONS
    for bit, part in _OFF_COSTS.items():
        section[mask_of(run.off.get(bit, ()), run.length)] -= part
    section[judged.truth["plots"]] -= cost
    chance = Random(f"regions {run.number}")
    for often, least, most in ((0.15, 1.02, 1.3), (0.1, 0.9, 0.98)):
        if run.length > 100 and chance.random() < often:
            first = chance.randint(20, run.length - 20)
            section[first : first + chance.randint(3, 15)] *= chance.uniform(least, most)
    noise = np.random.default_rng(run.number).normal(1, _NOISE, run.length)
    found: NDArray[np.float64] = luminosity.recorded * section * noise
    return found


def rate_signs(run: PlannedRun, judged: Judged, cost: float) -> Mapping[str, Flags]:
    """Where the rate per recorded luminosity isn't what it is around, in one prescale column."""
    lumisections, columns = judged.lumisections, columns_of(run)
    recorded = lumisections.luminosity.recorded
    usable = np.isfinite(live_share(lumisections)) & (recorded > 0)
    relative = np.full(run.length, np.nan)
    for column in np.unique(columns[usable]):
        at = np.flatnonzero(usable & (columns == column))
        if at.size <= _AROUND:
            continue
        section = rate(run, judged, cost)[at] / recorded[at]
        padded = np.pad(section, _AROUND // 2, mode="reflect")
        around = np.lib.stride_tricks.sliding_window_view(padded, _AROUND)
        relative[at] = section / np.median(around, axis=1)
    signs = {f"rate below {step:g}": np.less(relative, step) for step in _BELOW}
    signs |= {f"rate above {step:g}": np.greater(relative, step) for step in _ABOVE}
    low = ranges_of(np.less(relative, _BELOW[0]))
    lasting = [(first, last) for first, last in low if last - first + 1 >= _LASTS]
    signs["rate low for long"] = mask_of(lasting, run.length)
    return {name: flags for name, flags in signs.items() if flags.any()}


def sights(
    season: Sequence[tuple[PlannedRun, Judged]], learned: int, cost: float | None
) -> Iterator[Sight]:
    """What the agent sees of each run; from `learned` on with what was usual until there."""
    medians: list[float] = []
    for number, (run, judged) in enumerate(season):
        own = median_share(live_share(judged.lumisections))
        before: Usual | None = usual(medians, own if number < learned else float("nan"))
        if number < learned:
            medians.append(own)
        sight = seen(judged.lumisections, COLUMN, before, ended_bad=False, unsaid={})
        assert sight is not None
        more = {} if cost is None else rate_signs(run, judged, cost)
        yield replace(sight, signs={**sight.signs, **more})


def score(season: Sequence[tuple[PlannedRun, Judged]], cost: float | None) -> Score:
    """Learns from the first part of a season, without rates where no cost is given, and counts
    what it would propose in the rest. Raises TooLittle."""
    learned = round(len(season) * (1 - HELD_BACK))
    history, counted = History(COLUMN), Score()
    seen_of_all = sights(season, learned, cost)
    for sight in islice(seen_of_all, learned):
        history.add(sight)
    model = learn(history)
    for (_, judged), sight in zip(season[learned:], seen_of_all, strict=True):
        proposed = np.zeros(sight.open.size, bool)
        for signs, at in same_signs(sight):
            if model.judgement(signs).p >= model.threshold:
                proposed[at] = sight.open[at]
        counted.add(judged, proposed)
    return counted


@figures.kept("anomaly_rates")
def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="collision runs of the season (300)")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[2025, 7], help="of the seasons (2025 7)"
    )
    arguments = parser.parse_args()
    for seed in arguments.seeds:
        planned = (
            run for run in runs_of_season(seed, arguments.runs * 3) if run.kind == "collisions"
        )
        season = [(run, as_people_left_it(run)) for run in islice(planned, arguments.runs)]
        for cost in (None, *COSTS):
            name = "without rates" if cost is None else f"rates, plots cost {100 * cost:g} %"
            try:
                counted = score(season, cost)
            except TooLittle as error:
                print(f"{seed}, {name}: {error}")
                continue
            for line in counted.lines(f"{seed}, {name}"):
                print(line)


if __name__ == "__main__":
    main()
