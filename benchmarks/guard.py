"""What the guard costs, on two databases side by side: `python -m benchmarks.guard`.

Guarded is to be within 1.15 of unguarded. One database is a copy of the other, and the actions
alternate, so that a busy machine slows both.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from itertools import count

import psycopg

from app.domain.editing.edits import ColumnEdit
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.guard import install, logins
from app.services.acting import Acting
from app.services.certification import datasets, runs
from app.services.editing import bulk, lumisections
from benchmarks import figures
from benchmarks.database import folder_argument, prepared, server
from benchmarks.editor import EXPERT, FIRST_RUN, build

LOGIN = "bench_expert"
_number = count(int(time.time()))


def guard(dsn: str) -> Database:
    """Guards a database and returns it as a person with all rights meets it."""
    with psycopg.connect(dsn, autocommit=True) as control:
        control.execute(f"CREATE ROLE {LOGIN} LOGIN PASSWORD 'p'".encode())
    administrator = Database(dsn)
    with administrator.transaction() as connection:
        install.install(connection, fresh=True)
        logins.add_person(connection, LOGIN, EXPERT.email, "")
        (egroup,) = EXPERT.egroups
        wanted = {egroup: {LOGIN}}
        changes = logins.plan_egroups(connection, wanted)
        logins.apply_egroups(connection, wanted, changes, "benchmark")
    administrator.close()
    scheme, _, rest = dsn.partition("://")
    database = Database(f"{scheme}://{LOGIN}:p@{rest.partition('@')[2]}")
    database.prepare()
    return database


def edit(keys: Sequence[DatasetKey], last: int) -> Callable[[Database], object]:
    """One column of one dataset in LS 1 to `last`."""

    def act(db: Database) -> object:
        to = Triplet("BAD", f"edit {next(_number)}")
        wanted = ColumnEdit(*keys[0], "dt-dt", (LumiRange(1, last),), to)
        return lumisections.edit_columns(Acting(db, EXPERT), [wanted])

    return act


def bulk_edit(keys: Sequence[DatasetKey], columns: Sequence[str]) -> Callable[[Database], object]:
    """Columns of many datasets."""

    def act(db: Database) -> object:
        to = Triplet("BAD", f"edit {next(_number)}")
        ranges = (LumiRange(1, 100),)
        edits = [ColumnEdit(*key, name, ranges, to) for key in keys for name in columns]
        return bulk.write(Acting(db, EXPERT), edits)

    return act


def move_datasets(keys: Sequence[DatasetKey]) -> Callable[[Database], object]:
    """Datasets to SIGNOFF and back."""

    def act(db: Database) -> object:
        acting = Acting(db, EXPERT)
        datasets.move(acting, keys, "dt", "SIGNOFF")
        return datasets.move(acting, keys, "dt", "OPEN")

    return act


def move_run(db: Database) -> object:
    """A run to OPEN and to COMPLETED, whose datasets are all there already."""
    acting = Acting(db, EXPERT)
    runs.move(acting, FIRST_RUN, "OPEN")
    return runs.move(acting, FIRST_RUN, "COMPLETED")


def compared(
    label: str, act: Callable[[Database], object], both: tuple[Database, Database], times: int
) -> None:
    """Prints the medians of both, taken in turns, and their ratio."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(times + 1):
        for db, each in zip(both, taken, strict=True):
            start = time.perf_counter()
            act(db)
            each.append(1e3 * (time.perf_counter() - start))
    # The first of each makes plans and fills caches.
    plain, guarded = (statistics.median(each[1:]) for each in taken)
    behind = figures.noted(f"{label}: with the guard / without", guarded / plain)
    figures.noted(f"{label}, guarded", guarded)
    print(f"{label:<44}{plain:>9.1f} ms {guarded:>9.1f} ms  x{guarded / plain:.2f}  (1.15){behind}")


@figures.kept("guard")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--runs", type=int, default=50)
    given = parser.parse_args()
    with server(given.folder) as running:
        plain = prepared(running.dsn)
        keys = build(plain, given.runs)
        plain.close()
        copy = running.dsn.replace("/run_registry?", "/guarded?")
        with psycopg.connect(
            running.dsn.replace("/run_registry?", "/postgres?"), autocommit=True
        ) as control:
            control.execute("DROP DATABASE IF EXISTS guarded")
            control.execute("CREATE DATABASE guarded TEMPLATE run_registry")
        plain = prepared(running.dsn)
        both = (plain, guard(copy))
        columns = ("dt-dt", "csc-csc", "rpc-rpc", "tracker-pixel", "ecal-ecal")
        compared("edit of 20 LS", edit(keys, 20), both, 21)
        compared("edit of 700 LS", edit(keys, 700), both, 21)
        many = f"{len(keys)} datasets"
        compared(f"bulk edit, {many}, 1 column", bulk_edit(keys, columns[:1]), both, 7)
        compared(f"bulk edit, {many}, 5 columns", bulk_edit(keys, columns), both, 5)
        compared("state of one dataset, there and back", move_datasets(keys[:1]), both, 21)
        compared(f"state of {many}, there and back", move_datasets(keys), both, 7)
        compared("state of a run, there and back", move_run, both, 11)
        for db in both:
            db.close()


if __name__ == "__main__":
    main()
