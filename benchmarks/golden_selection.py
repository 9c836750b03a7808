"""Golden rules over generated seasons in memory: `python -m benchmarks.golden_selection`."""

import argparse
import gc
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from app.domain.json_logic import Rule, parse
from app.domain.json_value import JsonValue
from app.domain.state.compact import CompactState
from app.domain.triplets import BAD, GOOD, STANDBY, Triplet
from app.golden.document import to_text
from app.golden.season import Season, SeasonDataset
from app.golden.selection import select
from benchmarks import figures

COLUMNS = tuple(sorted(f"part{number:02}-part{number:02}" for number in range(25)))
BITS = tuple(sorted(f"part{number:02}_ready" for number in range(33)))
LUMISECTIONS = 700
SEGMENTS = 20
Answer = TypeVar("Answer")


def dataset(run_number: int, random: np.random.Generator) -> SeasonDataset:
    """A dataset whose flags and bits change a handful of times."""
    cuts = random.choice(np.arange(1, LUMISECTIONS), SEGMENTS - 1, replace=False)
    starts = np.concatenate([[0], np.sort(cuts)]).astype(np.int32)
    rr_codes = np.ones((len(COLUMNS), SEGMENTS), np.uint16)
    oms_codes = np.ones((len(BITS), SEGMENTS), np.uint16)
    # Each cut is a change of one column or bit; the first and last segments are ramps.
    for segment in range(1, SEGMENTS - 1):
        if random.random() < 0.5:
            rr_codes[random.integers(len(COLUMNS)), segment] = random.integers(2, 4)
        else:
            oms_codes[random.integers(len(BITS)), segment] = random.integers(2, 4)
    oms_codes[:15, [0, -1]] = 2
    everywhere = np.ones(SEGMENTS, np.bool_)
    recorded = random.uniform(0.2, 0.4, LUMISECTIONS)
    state = CompactState(
        run_number,
        "/PromptReco/Collisions2022/DQM",
        LUMISECTIONS,
        LUMISECTIONS,
        LUMISECTIONS,
        COLUMNS,
        BITS,
        (None, Triplet(GOOD), Triplet(BAD, f"run {run_number}"), Triplet(STANDBY)),
        (None, True, False, None),
        starts,
        rr_codes,
        oms_codes,
        everywhere,
        everywhere,
        everywhere,
        {"delivered": recorded * 1.05, "recorded": recorded},
        {},
    )
    run_oms: dict[str, JsonValue] = {
        "energy": 6800,
        "b_field": 3.8,
        "hlt_key": f"/cdaq/physics/Run2022/v{run_number % 7}",
        "recorded_lumi": float(recorded.sum()),
    }
    return SeasonDataset(
        run_number, state.name, {"global_state": "COMPLETED"}, run_oms, {"class": "x"}, state
    )


def golden_rule(columns: int = 20, bits: int = 28, limit: float | None = None) -> Rule:
    """A certification rule: attributes of the run, flags and bits."""
    leaves: list[JsonValue] = [
        {">=": [{"var": "run.oms.energy"}, 6500]},
        {">=": [{"var": "run.oms.b_field"}, 3.7]},
        {"==": [{"in": ["WMass", {"var": "run.oms.hlt_key"}]}, False]},
    ]
    wanted: list[tuple[str, JsonValue]] = [
        *((f"lumisection.rr.{column}", GOOD) for column in COLUMNS[:columns]),
        *((f"lumisection.oms.{bit}", True) for bit in BITS[:bits]),
    ]
    leaves += [{"==": [{"var": name}, value]} for name, value in wanted]
    if limit is not None:
        leaves.append({">": [{"var": "lumisection.oms.recorded"}, limit]})
    return parse({"and": leaves})


def timed(title: str, work: Callable[[], Answer]) -> Answer:
    """Runs `work` and prints how long it took."""
    gc.collect()
    begin = time.perf_counter()
    answer = work()
    taken = (time.perf_counter() - begin) * 1000
    print(f"  {title:58}{taken:9.1f} ms{figures.noted(title, taken)}")
    return answer


def everything(season: Season, rule: Rule) -> None:
    """The selection with every document and loss that is stored."""
    row = select(season, rule).as_row()
    assert row["generated_json"]


def mebibytes() -> float:
    """Memory of this process [MiB]."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def measure(datasets: int) -> None:
    """Prints the figures of one season."""
    print(f"{datasets} datasets x {LUMISECTIONS} lumisections, 25 columns, 33 bits + luminosity")
    random = np.random.default_rng(1)
    states = [dataset(355100 + number, random) for number in range(datasets)]
    before = mebibytes()
    season = timed("season from compact states", lambda: Season(states))
    timed("first rule, 51 leaves: selection", lambda: select(season, golden_rule()))
    timed("the same again: selection", lambda: select(season, golden_rule()))
    other = golden_rule(columns=18, bits=25)
    timed("another rule of the same kind: all that is stored", lambda: everything(season, other))
    season = Season(states)
    rule = golden_rule()
    timed("first rule on a new season: all that is stored", lambda: everything(season, rule))
    luminous = golden_rule(limit=0.21)
    timed("a limit on luminosity, which flickers: selection", lambda: select(season, luminous))
    timed("a limit on luminosity: all that is stored", lambda: everything(season, luminous))
    selection = select(season, rule)
    timed("text of the golden JSON", lambda: to_text(selection.document))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  memory: {before:.0f} MiB with the states, {mebibytes():.0f} MiB now, most {most:.0f}")
    figures.noted(f"memory with {datasets} datasets at most [MiB]", most)


@figures.kept("golden_selection")
def main() -> None:
    """Measures seasons of the sizes given, or the two that have targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "datasets", nargs="*", type=int, default=[300, 6000], help="sizes of seasons (300 6000)"
    )
    for datasets in parser.parse_args().datasets:
        measure(datasets)


if __name__ == "__main__":
    main()
