"""Counting again in the background, and what edits feel of it: `python -m benchmarks.recount`.

10,000 datasets are to be counted within an hour also while people edit, and edits are to take 10 %
longer at p95 at most. What counts is what really counts: the job of pullers in a process of its
own, and that of a window in this process, with the rests they take while somebody writes; only
does everything stay due here, so that they never come to an end. People edit one after the other
as fast as they can, which is more than people do, and with a pause between two edits as a few do at
once. Edits with and without the counting alternate, so that a busy machine slows both; the ratio is
that of all edits, and the spread that of the alternations. The same is done first with nobody
counting at all: that ratio is what the machine adds by itself.
"""

import multiprocessing
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.synchronize import Event

from sqlalchemy import text

from app.domain.keys import DatasetKey
from app.domain.recount.status import Recounted
from app.models.database.engine import Database
from app.models.database.locks import PullerLock
from app.models.recount import marks
from app.services.acting import Acting
from app.services.recount import recounting
from app.services.recount.background import REST, REST_ALONE, STEP, Recounter
from app.sync.jobs import JobLoop
from benchmarks import figures
from benchmarks.database import folder_argument, measured, prepared, server
from benchmarks.editor import EXPERT, build
from benchmarks.guard import edit

MANY = 10_000
_BLOCK = 60
"""Edits of one alternation: the job makes several steps in that time."""
_PAUSE_S = 0.15

Counting = Callable[[], AbstractContextManager[None]]


def ceaseless(db: Database, *, alone: bool) -> Recounter:
    """Counts on and on, as if everything were due."""
    return Recounter(Acting(db, EXPERT), "benchmark", alone=alone, round_s=0.0)


def count_everything(db: Database) -> None:
    """How long one round takes, without rests, and what that makes of 10,000 datasets."""
    datasets = recounting.standing(Acting(db)).datasets
    for label in ("first", "further"):
        with db.transaction() as connection:
            if label == "first":
                connection.execute(text("TRUNCATE desk.recount"))
        start = time.perf_counter()
        done = Recounted()
        while done.rows < 3 * datasets:
            done += recounting.recount_step(Acting(db, EXPERT), round_s=0.0)
        taken = time.perf_counter() - start
        each = taken / datasets
        quiet, beside = ((rest + 1) * MANY * each / 60 for rest in (REST_ALONE, REST))
        print(
            f"{label} round: {datasets} datasets, {done.rows / taken:.0f} rows/s,"
            f" {1e3 * each:.1f} ms a dataset; {MANY} datasets with rests in {quiet:.0f} min when"
            f" nobody writes, in {beside:.0f} min while people edit (60)"
        )
        figures.noted(f"{label} round, a dataset", 1e3 * each)
        assert not done.findings


def choose_what_is_next(db: Database) -> None:
    """Finding what is due among 10,000 datasets that are all counted."""
    with db.transaction() as connection:
        for statement in (
            'INSERT INTO "Run" SELECT n, oms_attributes, rr_attributes, version, deleted'
            f' FROM "Run", generate_series(900000, 900000 + {MANY} - 1) AS n'
            ' WHERE run_number = (SELECT min(run_number) FROM "Run") ON CONFLICT DO NOTHING',
            'INSERT INTO "Dataset" (run_number, name, dataset_attributes, datasets_in_gui,'
            " deleted, version) SELECT n, name, dataset_attributes, datasets_in_gui, deleted,"
            f' version FROM "Dataset", generate_series(900000, 900000 + {MANY} - 1) AS n'
            " WHERE name = 'online' AND run_number = (SELECT min(run_number) FROM \"Run\")"
            " ON CONFLICT DO NOTHING",
            'INSERT INTO "DatasetTripletCache" SELECT run_number, name,'
            " '{}', '{}', '{}', '{}', 0, 0, version FROM \"Dataset\" WHERE run_number >= 900000"
            " ON CONFLICT DO NOTHING",
            "INSERT INTO desk.recount SELECT run_number, name, version, 1,"
            ' CAST(NULL AS bytea), now() FROM "Dataset" WHERE run_number >= 900000 UNION ALL'
            " SELECT run_number, '', version, 1, CAST(NULL AS bytea), now() FROM \"Run\""
            " WHERE run_number >= 900000 ON CONFLICT DO NOTHING",
        ):
            connection.execute(text(statement))
    with db.transaction() as connection:
        connection.execute(text("ANALYZE"))

    def choose() -> None:
        with db.read() as connection:
            marks.changed(connection, STEP)
            marks.oldest(connection, STEP, older_than_s=0.0)

    measured(f"what is next among {MANY} more datasets", choose, times=11)
    measured("how complete and fresh it is", lambda: recounting.standing(Acting(db)), times=5)
    with db.transaction() as connection:
        for table in ('"DatasetTripletCache"', '"Dataset"', '"Run"', "desk.recount"):
            connection.execute(text(f"DELETE FROM {table} WHERE run_number >= 900000"))


@dataclass(frozen=True)
class Taken:
    """How long edits took without and with the counting [ms], alternation by alternation."""

    without: list[list[float]] = field(default_factory=list)
    counting: list[list[float]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Median and p95 of both, and what the counting adds."""
        pooled = [
            sorted(ms for block in each for ms in block) for each in (self.without, self.counting)
        ]
        medians = [statistics.median(each) for each in pooled]
        high = [_p95(each) for each in pooled]
        ratios = sorted(
            _p95(after) / _p95(before)
            for before, after in zip(self.without, self.counting, strict=True)
        )
        return (
            f"median {medians[0]:.1f} and {medians[1]:.1f} ms, p95 {high[0]:.1f} and {high[1]:.1f}"
            f" ms: x{high[1] / high[0]:.2f} (1.10), {len(ratios)} alternations"
            f" x{ratios[0]:.2f} to x{ratios[-1]:.2f}, median x{statistics.median(ratios):.2f}"
        )


def _p95(ms: Sequence[float]) -> float:
    return statistics.quantiles(ms, n=20)[-1]


def edit_meanwhile(
    db: Database, keys: Sequence[DatasetKey], times: int, where: str, counting: Counting
) -> None:
    """Edits of 20 and of 700 LS, in a row and with pauses, without and with the counting."""
    for last in (20, 700):
        act = edit(keys, last)
        act(db)
        for pause_s in (0.0, _PAUSE_S):
            taken = Taken()
            for round_ in range(max(2, times // _BLOCK)):
                # Who comes first alternates, too.
                for counts in (False, True) if round_ % 2 else (True, False):
                    with counting() if counts else nullcontext():
                        block = [_timed(act, db, pause_s) for _ in range(_BLOCK)]
                    (taken.counting if counts else taken.without).append(block)
            how = "in a row" if not pause_s else f"every {pause_s:.2f} s"
            print(f"edits of {last} LS {how}, counting {where}: {taken.text}", flush=True)


def _timed(act: Callable[[Database], object], db: Database, pause_s: float) -> float:
    time.sleep(pause_s * random.uniform(0.5, 1.5))
    start = time.perf_counter()
    act(db)
    return 1e3 * (time.perf_counter() - start)


def _loop(db: Database, *, alone: bool) -> JobLoop:
    """The job as a client has it."""
    return JobLoop(
        "recount",
        ceaseless(db, alone=alone).turn,
        None,
        PullerLock(db, "benchmark", source="recount"),
        on_bug=_fail,
        client_name="benchmark",
        interval_s=1.0,
        election_interval_s=1.0,
    )


@contextmanager
def counting_here(db: Database) -> Iterator[None]:
    """In this process, as a window does."""
    loop = _loop(db, alone=False)
    loop.start()
    yield
    loop.stop()


@dataclass(frozen=True)
class Beside:
    """A process of its own that counts while it is told to, as a puller without a window does."""

    counts: Event
    rests: Event

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Counts until the end of the block."""
        self.rests.clear()
        self.counts.set()
        yield
        self.counts.clear()
        self.rests.wait()


@contextmanager
def process_beside(dsn: str) -> Iterator[Beside]:
    """Started once: what a process does when it starts isn't what is measured."""
    processes = multiprocessing.get_context("spawn")
    beside = Beside(processes.Event(), processes.Event())
    process = processes.Process(target=_count_beside, args=(dsn, beside), daemon=True)
    process.start()
    beside.rests.wait()
    yield beside
    process.terminate()
    process.join()


def _count_beside(dsn: str, beside: Beside) -> None:
    loop = _loop(prepared(dsn), alone=True)
    while True:
        beside.rests.set()
        beside.counts.wait()
        loop.start()
        while beside.counts.is_set():
            time.sleep(0.05)
        loop.stop()


def _fail(error: Exception) -> None:
    raise error


@figures.kept("recount")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--edits", type=int, default=300)
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        keys = build(db, given.runs)
        count_everything(db)
        choose_what_is_next(db)
        edit_meanwhile(db, keys, given.edits, "nowhere", nullcontext)
        with process_beside(running.dsn) as beside:
            edit_meanwhile(db, keys, given.edits, "beside", beside.counting)
        edit_meanwhile(db, keys, given.edits, "here", partial(counting_here, db))
        db.close()


if __name__ == "__main__":
    main()
