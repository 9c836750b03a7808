"""Golden rule and losses by us and by libdc3 on the same lumisections.

`python -m benchmarks.golden_against_libdc3` with a Python that has libdc3 (PyPI) and numpy.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from app.domain.json_logic import Rule, parse
from app.domain.json_value import JsonValue
from app.domain.triplets import GOOD
from app.golden.document import to_json
from app.golden.season import Season, SeasonDataset
from app.golden.selection import Selection, select
from benchmarks import figures
from benchmarks.golden_selection import BITS, COLUMNS, dataset

DATASETS = 332
FLAGS = COLUMNS[:15]
CHECKED_BITS = BITS[:15]
Answer = TypeVar("Answer")


def records(each: SeasonDataset) -> list[dict[str, object]]:
    """The lumisections of a dataset as libdc3 wants them: flags and bits true or false."""
    state = each.state
    columns: dict[str, list[bool]] = {}
    for names, keys, codes, values in (
        (FLAGS, state.columns, state.rr_codes, [v and v.status == GOOD for v in state.triplets]),
        (CHECKED_BITS, state.bits, state.oms_codes, [v is True for v in state.oms_values]),
    ):
        good = np.array(values, np.bool_)
        for name in names:
            row = good[codes[keys.index(name)]]
            columns[name] = state.per_lumisection(row).tolist()
    return [
        dict[str, object](run_number=each.run_number, ls_number=at + 1)
        | {name: values[at] for name, values in columns.items()}
        for at in range(state.length)
    ]


def quickest(work: Callable[[], Answer], times: int) -> tuple[float, Answer]:
    """Shortest time of several goes [ms], and the answer."""
    shortest = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        answer = work()
        shortest = min(shortest, (time.perf_counter() - begin) * 1000)
    return shortest, answer


def measure_ours(datasets: list[SeasonDataset], rule: Rule) -> tuple[float, Selection]:
    """Prints our times; returns that of everything from the start [ms], and the answer."""
    new_time, _ = quickest(lambda: select(Season(datasets), rule).as_row(), 5)
    season = Season(datasets)
    document_time, _ = quickest(lambda: select(season, rule).document, 1)
    both_time, selection = quickest(lambda: select(season, rule), 5)
    row_time, _ = quickest(lambda: select(season, rule).as_row(), 5)
    for label, taken in (
        ("ours, season in memory, first rule: golden rule", document_time),
        ("ours, the rule asked before: golden rule and losses", both_time),
        ("ours, the rule asked before, with all documents", row_time),
        ("ours, season made anew, golden rule, losses and all documents", new_time),
    ):
        print(f"  {label} {taken:.1f} ms{figures.noted(label, taken)}")
    return new_time, selection


@figures.kept("golden_against_libdc3")
def main() -> None:
    """Prints both times and checks that the answers are the same."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    try:
        from libdc3.methods.json_producer import JsonProducer
        from libdc3.methods.lumiloss_analyzer import LumilossAnalyzer
    except ImportError as error:
        sys.exit(f"libdc3 isn't installed for this Python ({error}).")
    random = np.random.default_rng(1)
    datasets = [dataset(360000 + number, random) for number in range(DATASETS)]
    theirs = [record for each in datasets for record in records(each)]
    luminosity = [
        {
            "run_number": each.run_number,
            "ls_number": at + 1,
            "datetime": "",
            "recorded": recorded,
            "delivered": recorded,
        }
        for each in datasets
        for at, recorded in enumerate(each.state.dense["recorded"].tolist())
    ]
    everything = {each.run_number: [[1, each.state.length]] for each in datasets}
    producer = JsonProducer(theirs)
    wanted: list[tuple[str, JsonValue]] = [
        *((f"lumisection.rr.{column}", GOOD) for column in FLAGS),
        *((f"lumisection.oms.{bit}", True) for bit in CHECKED_BITS),
    ]
    rule = parse({"and": [{"==": [{"var": name}, value]} for name, value in wanted]})

    def their_losses() -> dict[str, dict[str, float]]:
        analyzer = LumilossAnalyzer(
            theirs, luminosity, everything, their_document, [], [], "/pb", "/pb"
        )
        subdetectors = {name: [name] for name in (*FLAGS, *CHECKED_BITS)}
        losses: dict[str, dict[str, float]] = analyzer.analyze(
            list(CHECKED_BITS), list(FLAGS), subdetectors
        )
        return losses

    rule_time, their_document = quickest(
        lambda: producer.generate(list(CHECKED_BITS), list(FLAGS)), 3
    )
    loss_time, losses = quickest(their_losses, 1)
    print(f"{len(theirs)} lumisections, {len(wanted)} conditions")
    print(f"  libdc3: golden rule {rule_time:.0f} ms, losses {loss_time:.0f} ms")
    new_time, selection = measure_ours(datasets, rule)
    print(f"  golden rule and losses: {(rule_time + loss_time) / new_time:.0f} times faster")
    assert to_json(selection.document) == {
        str(run_number): [list(pair) for pair in ranges]
        for run_number, ranges in their_document.items()
    }
    ours = list(selection.luminosity_by_leaf.values())
    inclusive = [losses["cms_inclusive_loss"][name] for name in (*FLAGS, *CHECKED_BITS)]
    np.testing.assert_allclose(ours, [each for each in inclusive if each], rtol=1e-9)
    print("  both give the same answers")


if __name__ == "__main__":
    main()
