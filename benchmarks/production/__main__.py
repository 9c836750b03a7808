"""Ten years of Run Registry, fifty million events: `python -m benchmarks.production --folder F`.

The first time it makes them (40 GB; `--share 0.1` a tenth of everything), then measures what people
wait for: pages with any filter and sort, the log, histories, undo, cycles, a golden JSON over a
year. `--only WORDS` measures what has those words in its name; `--plans` prints which statements
would read a large table from one end to the other, or do read more of it than anybody needs.
"""

import gc
import statistics
import time
from collections.abc import Callable

from app import garbage
from app.models.database.engine import Database
from benchmarks import figures
from benchmarks.computing import Computing
from benchmarks.database import folder_argument, prepared, server
from benchmarks.production import plans
from benchmarks.production.made import make
from benchmarks.production.operations import operations

_MOST_ROWS = 150_000
"""So many rows of a large table nothing needs that a person waits for."""


@figures.kept("production")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--share", type=float, default=1.0, help="how much of ten years")
    parser.add_argument("--only", default="", metavar="WORDS", help="what has these in its name")
    parser.add_argument("--plans", action="store_true", help="look at plans instead of the clock")
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        try:
            make(db, running.dsn, given.share)
            if given.plans:
                show_plans(db, given.only)
            else:
                measure(db, given.only)
        finally:
            db.close()


def measure(db: Database, only: str) -> None:
    """Prints how long each takes and computes, with a mark where 95 of 100 are above the target."""
    heads = ("first", "median", "p95", "least", "CPU here", "server")
    print(f"{'what':<70}{''.join(f'{head:>10}' for head in heads)}  target [ms]")
    computing = Computing(db)
    # As the program does: else Python looks through everything in the midst of a call.
    gc.collect()
    gc.freeze()
    gc.disable()
    for each in operations(db):
        if only not in each.name:
            continue
        first = _timed(each.action)
        here, there = computing.here(), computing.server()
        rest = [_timed(each.action) for _ in range(each.times)]
        here = 1e3 * (computing.here() - here) / each.times
        there = 1e3 * (computing.server() - there) / each.times
        p95 = figures.percentile(rest, 0.95)
        mark = "  <<<" if p95 > each.target else ""
        behind = figures.noted(each.name, statistics.median(rest))
        print(
            f"{each.name[:69]:<70}{first:>10.1f}{statistics.median(rest):>10.1f}{p95:>10.1f}"
            f"{min(rest):>10.1f}{here:>10.1f}{there:>10.1f}  {each.target:.0f}{mark}{behind}",
            flush=True,
        )


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    taken = 1e3 * (time.perf_counter() - start)
    garbage.collect_due()
    return taken


def show_plans(db: Database, only: str) -> None:
    """Prints every statement that goes through a large table, or through too much of it."""
    with plans.watched() as statements:
        for each in operations(db):
            if only in each.name:
                statements.doing = each.name
                each.action()
    for scan in (*plans.scans(db, statements), *plans.reads(db, statements, _MOST_ROWS)):
        print(f"{scan.doing}: {scan.how} of {scan.table}\n    {' '.join(scan.statement.split())}")


if __name__ == "__main__":
    main()
