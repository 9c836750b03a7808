"""The lumisection editor's services: edits, undo, history, news: `python -m benchmarks.editor`.

With `--events 5000000` the database first gets that many events of other runs, so that whatever
scans an event table shows. With `--runs 500` the lines over many datasets are about 1,000.
"""

import os
import resource
import statistics
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count

from app.domain.editing.edits import ColumnEdit, Edit
from app.domain.identity import Actor
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.database.listen import Change, ChangeListener
from app.models.events import rows
from app.services.acting import Acting
from app.services.certification import datasets
from app.services.configuration import in_force as configuration
from app.services.editing import bulk as bulk_edit
from app.services.history import look as history
from app.services.history import moments, undo
from app.services.pulling import runs as pull
from benchmarks import figures
from benchmarks.chain import LENGTH, add_events, answer, mend_and_sign_off
from benchmarks.database import folder_argument, measured, prepared, server, show

EXPERT = Actor("expert@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))
FIRST_RUN = 391_000
DATASETS = 100
MANY = int(os.environ.get("BENCHMARK_MANY", "1000"))
COLUMNS = 25
CLIENTS = 20

_number = count(int(time.time()))


def build(db: Database, runs: int = DATASETS) -> list[DatasetKey]:
    """Signed-off runs whose offline datasets are open; nothing is made twice."""
    numbers = range(FIRST_RUN, FIRST_RUN + runs)
    with db.read() as connection:
        known = rows.run_states(connection, numbers)
    start = time.perf_counter()
    for number in numbers:
        if number not in known:
            pull.apply(Acting(db), answer(number))
            mend_and_sign_off(db, number)
    with db.read() as connection:
        found = rows.datasets_of_runs(connection, numbers)
    keys = [key for key in found if key[1] != "online"]
    closed = [key for key in keys if found[key].attributes.get("global_state") != "OPEN"]
    if closed:
        datasets.move(Acting(db, EXPERT), closed, "global", "OPEN")
    print(
        f"{len(keys)} datasets of {runs} runs ready after {time.perf_counter() - start:.0f} s",
        file=sys.stderr,
    )
    return keys


def edits_of(db: Database, keys: Sequence[DatasetKey], columns: int, last: int) -> list[Edit]:
    """The first columns of each dataset set to something new in LS 1 to `last`."""
    to = Triplet("BAD", f"bulk edit {next(_number)}")
    names = configuration.current(Acting(db)).offline_columns[:columns]
    ranges = (LumiRange(1, last),)
    return [ColumnEdit(*key, name, ranges, to) for key in keys for name in names]


def write(db: Database, keys: Sequence[DatasetKey], columns: int, last: int) -> int:
    """One bulk edit; its version."""
    version = bulk_edit.write(Acting(db, EXPERT), edits_of(db, keys, columns, last)).version
    assert version is not None
    return version


def measure(db: Database, keys: list[DatasetKey]) -> None:
    """Prints the figures."""
    one_each = list({number: (number, name) for number, name in keys}.values())[:DATASETS]
    first = one_each[0]
    write(db, one_each, COLUMNS, LENGTH)
    what = f"{COLUMNS} columns x {LENGTH} LS x {len(one_each)} datasets"
    measured(f"write {what}", lambda: write(db, one_each, COLUMNS, LENGTH), times=3, target="3000")
    rule = configuration.shipped_rule("golden")
    measured(
        "preview of the same, with the golden rule",
        lambda: bulk_edit.preview(
            Acting(db, EXPERT), edits_of(db, one_each, COLUMNS, LENGTH), rule=rule
        ),
        times=3,
    )
    version = write(db, one_each, COLUMNS, LENGTH)
    measured("preview of its undo", lambda: undo.preview(Acting(db, EXPERT), version), times=1)
    measured("its undo", lambda: undo.undo(Acting(db, EXPERT), version), times=1)
    measured("write 1 cell", lambda: write(db, [first], 1, 1), times=40, target="20")
    measured(
        "undo 1 cell, the preview",
        lambda: undo.preview(Acting(db, EXPERT), write(db, [first], 1, 1)),
        times=10,
    )
    measured(
        "history of a selection, 50 versions",
        lambda: history.selection_history(Acting(db), *first, ["dt-dt"], [LumiRange(1, 20)]),
        times=20,
    )
    measured(
        "history of a dataset, 50 versions", lambda: history.dataset_history(Acting(db), *first)
    )
    measured("who set a cell", lambda: history.origin(Acting(db), *first, "dt-dt", 5), times=20)
    measured(
        "differences of two versions",
        lambda: moments.compare(Acting(db), *first, version - 1, version),
        times=10,
    )
    many = keys[:MANY]
    measured(
        f"write 1 column x {LENGTH} LS x {len(many)} datasets",
        lambda: write(db, many, 1, LENGTH),
        times=1,
    )
    measured(
        f"preview of the same over {len(many)} datasets, with the golden rule",
        lambda: bulk_edit.preview(Acting(db, EXPERT), edits_of(db, many, 1, LENGTH), rule=rule),
        times=1,
    )
    version = write(db, many, 1, LENGTH)
    measured("preview of its undo", lambda: undo.preview(Acting(db, EXPERT), version), times=1)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    label = "memory of the process at most"
    print(f"{label:<58}{most:>10} MiB{figures.noted(label, most)}")
    news(db, first)


def _all_heard(heard: Mapping[int, Sequence[float]], version: int) -> bool:
    return len(heard.get(version, ())) >= CLIENTS


def news(db: Database, key: DatasetKey) -> None:
    """How long it takes from asking for a write until each of many clients has heard of it."""
    heard: dict[int, list[float]] = {}
    every = threading.Condition()
    connected = threading.Semaphore(0)

    def on_change(change: Change) -> None:
        with every:
            if change.atomic_version is not None:
                heard.setdefault(change.atomic_version, []).append(time.perf_counter())
                every.notify_all()

    listeners = [
        ChangeListener(db, on_change, lambda *_: connected.release()) for _ in range(CLIENTS)
    ]
    try:
        for listener in listeners:
            listener.start()
        for _ in listeners:
            connected.acquire(timeout=20)
        taken: list[float] = []
        for _ in range(20):
            started = time.perf_counter()
            version = write(db, [key], 1, 1)
            with every:
                every.wait_for(partial(_all_heard, heard, version), timeout=10)
                taken += [1e3 * (at - started) for at in heard.get(version, ())]
        show(f"write 1 cell until {CLIENTS} clients know", taken, "p95 below 500")
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(
            f"{'  p95':<58}{p95:>10.1f} ms  ({len(taken)} of {20 * CLIENTS} heard)"
            f"{figures.noted('p95 of that', p95)}"
        )
    finally:
        for listener in listeners:
            listener.stop()


@figures.kept("editor")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--events", type=int, default=0, help="fill up to so many events first")
    parser.add_argument("--runs", type=int, default=DATASETS, help="runs of two datasets each")
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        try:
            keys = build(db, given.runs)
            if given.events:
                add_events(db, given.events)
            print(f"{'what':<58}{'median':>10}     (range)  target [ms]")
            measure(db, keys)
        finally:
            db.close()


if __name__ == "__main__":
    main()
