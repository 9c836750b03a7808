"""A client beside the web service, which alone wrote the season: `python -m benchmarks.cold`.

300 runs x 700 lumisections with the luminosity of each in an event of its own. With `--copied` the
offline datasets have the whole OMS side, luminosity and all, in events of their own, too.
"""

import resource
import time
from collections.abc import Callable

from app.domain.identity import Actor
from app.domain.json_value import JsonValue
from app.models.database.engine import Database
from app.models.database.statements import text
from app.services.acting import Acting
from app.services.editing import lumisections
from app.services.golden import generation as golden
from benchmarks import web_season
from benchmarks.database import folder_argument, prepared, server

EXPERT = Actor("expert@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))
RULE: JsonValue = {
    "and": [
        {"==": [{"var": "lumisection.rr.dt-dt"}, "GOOD"]},
        {"==": [{"var": "lumisection.rr.tracker-pixel"}, "GOOD"]},
        {"==": [{"var": "lumisection.oms.cms_active"}, True]},
        {"==": [{"var": "lumisection.oms.beam1_stable"}, True]},
    ]
}


def figure(label: str, action: Callable[[], object], target: str = "") -> None:
    """Prints how long something takes by the clock, and what of that this process computes [s]."""
    wall, cpu = time.perf_counter(), _computed()
    action()
    print(
        f"{label:<62}{time.perf_counter() - wall:8.2f} s, {_computed() - cpu:7.2f} s here  "
        f" {target}",
        flush=True,
    )


def _computed() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def forget_all(db: Database) -> None:
    """Nothing of ours is known of any dataset."""
    with db.transaction() as connection:
        connection.execute(text("DELETE FROM desk.lumisection_state"))


def measure(dsn: str, name: str) -> None:
    """Prints the figures of a client that may write, and of one that may not."""
    db = Database(dsn)
    db.prepare()
    forget_all(db)
    acting = Acting(db, EXPERT)

    def generate() -> None:
        golden.generate(acting, name, RULE)

    def again() -> None:
        golden.forget_seasons(acting)
        generate()

    middle = web_season.FIRST_RUN + 7
    figure(
        "a dataset opened, nothing known",
        lambda: lumisections.dataset_state(acting, middle, name).oms,
        "0.02",
    )
    figure("first golden JSON", generate, "3")
    figure("second golden JSON", generate, "0.2")
    figure("another, nothing in memory", again, "0.2")
    figure(
        "the golden JSON of online, nothing in memory",
        lambda: golden.generate(acting, "online", RULE),
    )
    db.close()
    reader = Database(dsn)
    acting = Acting(reader, EXPERT)
    figure("without the desk: first golden JSON", generate, "3")
    figure("without the desk: second golden JSON", generate, "0.2")
    reader.close()


def main() -> None:
    """Makes the season and measures."""
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--copied", action="store_true")
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        with db.read() as connection:
            known = connection.execute(text('SELECT count(*) FROM "Run"')).scalar_one()
        if not known:
            figure("season made", lambda: web_season.build(db, given.runs, copied=given.copied))
        db.close()
        measure(running.dsn, web_season.OFFLINE)


if __name__ == "__main__":
    main()
