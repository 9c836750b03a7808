"""Counting again in the background, and what edits feel of it: `python -m benchmarks.recount`.

10,000 datasets are to be counted within an hour by a program of its own, which rests three quarters
of the time, and edits are to take 10 % longer at p95 at most: beside that program, and in a window
that counts itself and rests nineteen twentieths. Edits with and without it alternate, so that a
busy machine slows both; the counting never pauses between rounds here, as it does otherwise.
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
from app.services.recount.recounting import Recounter
from app.sync.recounting import REST_ALONE, RecountLoop
from benchmarks.database import folder_argument, measured, prepared, server
from benchmarks.editor import EXPERT, build
from benchmarks.guard import edit

MANY = 10_000
_BLOCK = 10
_SHARE = REST_ALONE + 1
"""Of so many parts of the time one is spent on counting."""

Counting = Callable[[], AbstractContextManager[None]]


def ceaseless(db: Database) -> Recounter:
    """Counts on and on, as if everything were due."""
    return Recounter(Acting(db, EXPERT), "benchmark", round_s=0.0)


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
        print(
            f"{label} round: {datasets} datasets, {done.rows / taken:.0f} rows/s,"
            f" {1e3 * each:.1f} ms a dataset; {MANY} datasets with rests in"
            f" {_SHARE * MANY * each / 60:.0f} min (60)"
        )
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
            marks.changed(connection, recounting.STEP)
            marks.oldest(connection, recounting.STEP, older_than_s=0.0)

    measured(f"what is next among {MANY} more datasets", choose, times=11)
    measured("how complete and fresh it is", lambda: recounting.standing(Acting(db)), times=5)
    with db.transaction() as connection:
        for table in ('"DatasetTripletCache"', '"Dataset"', '"Run"', "desk.recount"):
            connection.execute(text(f"DELETE FROM {table} WHERE run_number >= 900000"))


def edit_meanwhile(
    db: Database, keys: Sequence[DatasetKey], times: int, where: str, counting: Counting
) -> None:
    """Edits of 20 and of 700 LS, one after the other, without and with the counting."""
    for last in (20, 700):
        act = edit(keys, last)
        taken: dict[bool, list[float]] = {False: [], True: []}
        act(db)
        for _ in range(times // _BLOCK):
            for counts in (False, True):
                with counting() if counts else nullcontext():
                    for _ in range(_BLOCK):
                        start = time.perf_counter()
                        act(db)
                        taken[counts].append(1e3 * (time.perf_counter() - start))
        (median, p95), (median_with, p95_with) = (
            (statistics.median(each), statistics.quantiles(each, n=20)[-1])
            for each in (taken[False], taken[True])
        )
        print(
            f"edit of {last} LS, counting {where}: median {median:.1f} and {median_with:.1f} ms,"
            f" p95 {p95:.1f} and {p95_with:.1f} ms: x{p95_with / p95:.2f} (1.10)"
        )


@contextmanager
def counting_here(db: Database) -> Iterator[None]:
    """In this process, as a window does."""
    loop = RecountLoop(
        ceaseless(db),
        PullerLock(db, "benchmark", source="recount"),
        on_bug=_fail,
        client_name="benchmark",
    )
    loop.start()
    yield
    loop.stop()


@contextmanager
def counting_beside(dsn: str) -> Iterator[None]:
    """In a process of its own, as a puller without a window does."""
    processes = multiprocessing.get_context("spawn")
    started = processes.Event()
    beside = processes.Process(target=_count_beside, args=(dsn, started))
    beside.start()
    started.wait(60)
    yield
    beside.terminate()
    beside.join()


def _count_beside(dsn: str, started: Event) -> None:
    db = prepared(dsn)
    counter = ceaseless(db)
    started.set()
    while True:
        start = time.perf_counter()
        counter.step()
        time.sleep(REST_ALONE * (time.perf_counter() - start))


def _fail(error: Exception) -> None:
    raise error


def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--edits", type=int, default=100)
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        keys = build(db, given.runs)
        count_everything(db)
        choose_what_is_next(db)
        edit_meanwhile(db, keys, given.edits, "beside", partial(counting_beside, running.dsn))
        edit_meanwhile(db, keys, given.edits, "here", partial(counting_here, db))
        db.close()


if __name__ == "__main__":
    main()
