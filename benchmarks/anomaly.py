"""What the agent `anomaly` finds and what it finds wrongly: `python -m benchmarks.anomaly`.

It learns from the first part of a season and is judged on the rest, beside rules of thumb. What
people call BAD in the simulated season has five causes, of which one leaves no sign at all; they
forget some and are off by a lumisection. With the real columns of OMS beside the checkout it is
judged on their luminosity, with faults put in among the dead time that is there and that nobody
minds here, and on a run that is certified but for its ends.
"""

import argparse
import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.demo.planned_runs import DETECTORS, PlannedRun
from app.demo.season_plan import dead_time, runs_of_season
from app.domain.lumisections import LumiRange
from benchmarks import figures
from run_registry.anomaly.evidence import (
    Usual,
    live_share,
    mask_of,
    median_share,
    seen,
    usual,
)
from run_registry.anomaly.model import History, Model, TooLittle, learn
from run_registry.anomaly.turn import judge
from run_registry.lumisections import LumisectionLuminosity, Lumisections

SHARED = Path(__file__).parents[2] / "shared" / "data"
COLUMN = "dt-dt"
HELD_BACK = 0.4
_TRIPLETS = (("EMPTY", "", ""), ("GOOD", "", ""), ("BAD", "", ""), ("EXCLUDED", "", ""))
_GOOD, _BAD = 1, 2
_FORGOTTEN = 0.05
_LARGE = (700, 5000)

Flags = NDArray[np.bool_]


@dataclass
class Judged:
    """A dataset with the cause of what is really wrong in it, by cause."""

    lumisections: Lumisections
    truth: Mapping[str, Flags]

    @property
    def bad(self) -> Flags:
        """What people called BAD."""
        return self.lumisections.status(COLUMN).are("BAD")


@dataclass
class Score:
    """Lumisections, what is BAD, what was proposed, and both."""

    lumisections: int = 0
    bad: int = 0
    proposed: int = 0
    found: int = 0
    by_cause: Counter[str] = field(default_factory=Counter)
    of_cause: Counter[str] = field(default_factory=Counter)

    def add(self, judged: Judged, proposed: Flags) -> None:
        """Counts a dataset."""
        self.lumisections += proposed.size
        self.bad += int(judged.bad.sum())
        self.proposed += int(proposed.sum())
        self.found += int((judged.bad & proposed).sum())
        for cause, flags in judged.truth.items():
            self.of_cause[cause] += int((flags & judged.bad).sum())
            self.by_cause[cause] += int((flags & judged.bad & proposed).sum())

    def lines(self, name: str) -> Iterator[str]:
        """For people."""
        precision = 100 * self.found / self.proposed if self.proposed else 0.0
        recall = 100 * self.found / self.bad if self.bad else 0.0
        false = 1000 * (self.proposed - self.found) / self.lumisections
        told = [
            f"{what} {value:.{digits}f}{unit}{figures.noted(f'{name}, {what}', value)}"
            for what, value, digits, unit in (
                ("precision", precision, 1, " %"),
                ("recall", recall, 1, " %"),
                ("false in 1000 LS", false, 2, ""),
            )
        ]
        yield f"{name:40} {'  '.join(told)}"
        parts = [
            f"{cause} {self.by_cause[cause]} of {number}"
            for cause, number in sorted(self.of_cause.items())
            if number
        ]
        if parts:
            yield f"{'':40} found of {', '.join(parts)}"


def simulated(seed: int, runs: int) -> Iterator[Judged]:
    """The collision runs of an invented season, as people left them."""
    season = (run for run in runs_of_season(seed, runs * 3) if run.kind == "collisions")
    for run in islice(season, runs):
        yield as_people_left_it(run)


def as_people_left_it(run: PlannedRun) -> Judged:
    chance, length = Random(f"people {run.number}"), run.length
    recorded, delivered = np.array(run.recorded), np.array(run.delivered)
    truth: dict[str, Flags] = {}
    dead = dead_time(run.number, length)
    truth["DT dead time"] = mask_of([] if dead is None else [dead], length)
    stable = np.array(run.delivered) > 0
    # Bits that are off count once the detector has been on.
    bits = mask_of([each for bit in DETECTORS["dt"] for each in run.off.get(bit, ())], length)
    truth["DT bits"] = bits & stable & (np.arange(length) > 60)
    truth["plots"] = _some(chance, length, 0.15, 5, 20)
    of_csc = _some(chance, length, 0.2, 3, 12)
    nobody = _some(chance, length, 0.1, 3, 6)
    for flags in (of_csc, nobody):
        recorded[flags] *= chance.uniform(0.4, 0.8)
    codes = {COLUMN: np.full(length, _GOOD, np.int32), "csc-csc": np.full(length, _GOOD, np.int32)}
    for column, wrong in (
        (COLUMN, truth["DT dead time"]),
        (COLUMN, truth["DT bits"]),
        (COLUMN, truth["plots"]),
        ("csc-csc", of_csc),
    ):
        if chance.random() >= _FORGOTTEN:
            codes[column][_about(chance, wrong)] = _BAD
    truth["edges"] = (codes[COLUMN] == _BAD) & ~np.any([*truth.values()], axis=0)
    return Judged(
        Lumisections(
            run.number,
            "online",
            length,
            _TRIPLETS,
            codes,
            dict(_bits(run, stable)),
            LumisectionLuminosity(recorded, delivered),
            np.ones(length, bool),
        ),
        truth,
    )


def _bits(run: PlannedRun, stable: Flags) -> Iterator[tuple[str, NDArray[np.int8]]]:
    for names in (*DETECTORS.values(), ("cms_active",)):
        for bit in names:
            codes = np.ones(run.length, np.int8)
            codes[mask_of(run.off.get(bit, ()), run.length)] = 0
            codes[mask_of(run.unknown.get(bit, ()), run.length)] = -1
            yield bit, codes
    for bit in ("beam1_stable", "beam2_stable"):
        yield bit, stable.astype(np.int8)


def _some(chance: Random, length: int, share: float, shortest: int, longest: int) -> Flags:
    """One range in some of the runs."""
    if length < 100 or chance.random() > share:
        return np.zeros(length, bool)
    first = chance.randint(20, length - longest)
    return mask_of([LumiRange(first, first + chance.randint(shortest, longest))], length)


def _about(chance: Random, flags: Flags) -> Flags:
    """What people set who aren't sure of the first and the last lumisection."""
    shifted: Flags = flags | np.roll(flags, chance.choice((-1, 0, 0, 1)))
    return shifted


def trained(season: Sequence[Judged]) -> tuple[Model, Callable[[Lumisections], Flags]]:
    """A model of a season, and what it would propose on a dataset after it."""
    history, medians = History(COLUMN), list[float]()
    for each in season:
        own = median_share(live_share(each.lumisections))
        sight = seen(each.lumisections, COLUMN, usual(medians, own), ended_bad=False, unsaid={})
        medians.append(own)
        if sight is not None:
            history.add(sight)
    model = learn(history)
    before = usual(medians, float("nan"))

    def proposed(lumisections: Lumisections) -> Flags:
        return _proposed(lumisections, model, before)

    return model, proposed


def _proposed(lumisections: Lumisections, model: Model, before: Usual | None) -> Flags:
    sight = seen(lumisections, COLUMN, before, ended_bad=False, unsaid={})
    found = judge(sight, model, before) if sight is not None else ()
    return mask_of([each.value[3:5] for each in found], lumisections.length)


def of_thumb(below: float, least: int) -> Callable[[Lumisections], Flags]:
    """The rule of thumb: recorded/delivered is low for at least so many lumisections."""

    def proposed(lumisections: Lumisections) -> Flags:
        low = np.less(live_share(lumisections), below)
        edges = np.flatnonzero(np.diff(low.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
        return mask_of(
            [LumiRange(int(a) + 1, int(b)) for a, b in edges if b - a >= least], low.size
        )

    return proposed


def compare(name: str, learned_from: Sequence[Judged], held_back: Sequence[Judged]) -> None:
    """Prints how the agent and the rules of thumb do on what was held back."""
    numbers = [sum(len(each.lumisections) for each in part) for part in (learned_from, held_back)]
    print(
        f"{name}: learned from {len(learned_from)} runs, {numbers[0]} LS;"
        f" judged on {len(held_back)} runs, {numbers[1]} LS"
    )
    rules = {
        "recorded/delivered < 0.9": of_thumb(0.9, 1),
        "the same for 3 LS or more": of_thumb(0.9, 3),
    }
    try:
        rules = {"agent": trained(learned_from)[1], **rules}
    except TooLittle as error:
        print(f"  the agent proposes nothing: {error}")
    for title, rule in rules.items():
        score = Score()
        for each in held_back:
            score.add(each, rule(each.lumisections))
        for line in score.lines(f"{name}, {title}"):
            print(f"  {line}")


def real(folder: Path) -> list[Judged]:
    """The runs of the real columns, with dead time put into some of them, which people see."""
    columns: dict[str, list[Any]] = json.loads(
        (folder / "oms" / "per_lumisection_columns_2024B.json").read_text("utf-8")
    )
    runs = np.array(columns["run_number"])
    found = []
    for number in np.unique(runs).tolist():
        at = np.flatnonzero(runs == number)
        table = {name: np.array([values[i] for i in at]) for name, values in columns.items()}
        stable = table["beams_stable"].astype(bool)
        if stable.sum() < 60:
            continue
        chance, length = Random(f"faults {number}"), at.size
        recorded = table["recorded_lumi_per_lumisection"].astype(float)
        fault = np.zeros(length, bool)
        if chance.random() < 0.5:
            begins = int(np.flatnonzero(stable)[chance.randint(10, int(stable.sum()) - 30)])
            fault[begins : begins + chance.randint(4, 15)] = True
            recorded[fault] *= [chance.uniform(0.35, 0.75) for _ in range(int(fault.sum()))]
        bits = ("cms_active", "bpix_ready", "fpix_ready", "tibtid_ready", "tob_ready")
        codes = {name: table[name].astype(np.int8) for name in (*bits, "tecp_ready", "tecm_ready")}
        codes |= dict.fromkeys(("beam1_stable", "beam2_stable"), stable.astype(np.int8))
        found.append(
            Judged(
                Lumisections(
                    number,
                    "online",
                    length,
                    _TRIPLETS,
                    {COLUMN: np.where(fault, _BAD, _GOOD).astype(np.int32)},
                    codes,
                    LumisectionLuminosity(
                        recorded, table["delivered_lumi_per_lumisection"].astype(float)
                    ),
                    np.ones(length, bool),
                ),
                {"dead time": fault},
            )
        )
    return found


def certified(folder: Path, learned_from: Sequence[Judged]) -> None:
    """Prints what it would propose in a real run that is certified but for its ends, when it has
    learned from the simulated season: all of it is false."""
    document = json.loads((folder / "oms" / "lumisections_319579.json").read_text("utf-8"))
    rows = [each["attributes"] for each in document["data"]]
    rows.sort(key=lambda row: row["lumisection_number"])
    masks = (folder / "masks" / "golden").glob("*Legacy2018*")
    (first, last), *_ = json.loads(next(masks).read_text("utf-8"))["319579"]
    delivered, recorded = (
        np.diff([0.0, *(float(row[f"{name}_lumi"] or 0) for row in rows)])
        for name in ("delivered", "recorded")
    )
    bits = [name for name in rows[0] if name.endswith(("_ready", "_stable", "_active"))]
    codes = {
        bit: np.array([-1 if row[bit] is None else int(row[bit]) for row in rows], np.int8)
        for bit in bits
    }
    length = len(rows)
    run = Lumisections(
        319_579,
        "online",
        length,
        _TRIPLETS,
        {COLUMN: np.full(length, _GOOD, np.int32)},
        codes,
        LumisectionLuminosity(recorded, delivered),
        np.ones(length, bool),
    )
    inside = mask_of([LumiRange(first, last)], length)
    model, _ = trained(learned_from)
    own = usual([], median_share(live_share(run)))
    false = 1000 * (_proposed(run, model, own) & inside).sum() / inside.sum()
    rule = of_thumb(0.9, 1)(run) & inside
    theirs = 1000 * rule.sum() / inside.sum()
    print(
        f"run 319579 of 2018, {int(inside.sum())} certified LS:"
        f" agent {false:.2f} in 1000 LS{figures.noted('run 319579, false', float(false))},"
        f" recorded/delivered < 0.9 {theirs:.2f}"
    )


def large(runs: int, length: int) -> None:
    """Prints time and memory of learning from so many long runs and judging one of them; they
    come one after the other, as they do from a database."""
    (base,) = islice((each for each in simulated(7, 400) if len(each.lumisections) > 300), 1)
    repeated = _stretched(base.lumisections, length)
    history, medians = History(COLUMN), [0.95]
    tracemalloc.start()
    began = time.process_time()
    for number in range(runs):
        chance = np.random.default_rng(number)
        noise = chance.uniform(0.98, 1.0, length)
        dip = np.arange(number % 4000, number % 4000 + 8)
        noise[dip] *= 0.5
        codes = repeated.column_codes[COLUMN].copy()
        codes[dip] = _BAD
        run = replace(
            repeated,
            run_number=number,
            column_codes={**repeated.column_codes, COLUMN: codes},
            luminosity=LumisectionLuminosity(
                repeated.luminosity.delivered * noise, repeated.luminosity.delivered
            ),
        )
        before = usual(medians, 0.95)
        sight = seen(run, COLUMN, before, ended_bad=False, unsaid={})
        assert sight is not None
        history.add(sight)
    read = time.process_time() - began
    model = learn(history)
    learned = time.process_time() - began - read
    _proposed(run, model, before)
    judged = time.process_time() - began - read - learned
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    print(f"{runs} runs of {length} LS, CPU time")
    for title, taken, unit in (
        ("signs of a run", 1000 * read / runs, "ms"),
        ("learning", learned, "s"),
        ("judging a run", 1000 * judged, "ms"),
        ("memory at most", peak, "MiB"),
    ):
        label = f"{title}, {runs} x {length}"
        print(f"  {title:24}{taken:8.1f} {unit}{figures.noted(label, taken)}")


def _stretched(run: Lumisections, length: int) -> Lumisections:
    def longer(values: NDArray[Any]) -> NDArray[Any]:
        return np.resize(values, length)

    luminosity = LumisectionLuminosity(
        longer(run.luminosity.recorded), longer(run.luminosity.delivered)
    )
    return replace(
        run,
        length=length,
        column_codes={name: longer(codes) for name, codes in run.column_codes.items()},
        bit_codes={name: longer(codes) for name, codes in run.bit_codes.items()},
        luminosity=luminosity,
        participating=longer(run.participating),
    )


@figures.kept("anomaly")
def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300, help="collision runs of the season (300)")
    parser.add_argument("--seed", type=int, default=2025, help="of the season (2025)")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the real data")
    parser.add_argument("--large", action="store_true", help="700 runs of 5000 LS as well")
    arguments = parser.parse_args()
    season = list(simulated(arguments.seed, arguments.runs))
    cut = round(len(season) * (1 - HELD_BACK))
    compare("simulated", season[:cut], season[cut:])
    if (arguments.shared / "oms").is_dir():
        runs = real(arguments.shared)
        compare("real 2024B", runs[: len(runs) // 2], runs[len(runs) // 2 :])
        certified(arguments.shared, season)
    else:
        print(f"The real columns of OMS aren't here ({arguments.shared}).")
    if arguments.large:
        large(*_LARGE)


if __name__ == "__main__":
    main()
