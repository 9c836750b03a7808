"""A client beside the web service, which alone wrote the season: `python -m benchmarks.cold`.

300 runs x 700 lumisections with the luminosity of each in an event of its own. With `--copied` the
offline datasets have the whole OMS side, luminosity and all, in events of their own, too.
"""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.domain.identity import Actor
from app.domain.json_value import JsonValue
from app.models.database.engine import Database
from app.models.database.locks import PullerLock
from app.models.events import states
from app.models.statements import text
from app.services.acting import Acting
from app.services.editing import lumisections
from app.services.golden import generation as golden
from app.services.taking_in import Intake
from app.sync.jobs import JobLoop
from benchmarks import figures, web_season
from benchmarks.computing import Computing
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


class Clock:
    """By the clock, and computed by this process and by the server [s] (Linux)."""

    def __init__(self, db: Database) -> None:
        self._computing = Computing(db)

    def figure(self, label: str, action: Callable[[], object], target: str = "") -> float:
        """Prints what an action takes; returns how long the server computed."""
        computing = self._computing
        wall, here, there = time.perf_counter(), computing.here(), computing.server()
        action()
        wall, here = time.perf_counter() - wall, computing.here() - here
        there = computing.server() - there
        told = f"{wall:8.2f} s, {here:6.2f} s here, {there:6.2f} s of the server"
        behind = figures.noted(f"{label} [s]", wall)
        print(f"{label:<52}{told}  {target}{behind}", flush=True)
        return there


@contextmanager
def writing(db: Database, dsn: str) -> Iterator[None]:
    """The web service writes without a pause, and another database has an open transaction."""
    ends = threading.Event()

    def write() -> None:
        at = 0
        while not ends.wait(0.02):
            at += 1
            web_season.edit(db, web_season.FIRST_RUN + at % 5, 1 + at % 700)

    other = Database(dsn.replace("/run_registry?", "/postgres?"))
    thread = threading.Thread(target=write)
    with other.transaction() as connection:
        connection.execute(text("SELECT pg_current_xact_id()"))
        thread.start()
        try:
            yield
        finally:
            ends.set()
            thread.join()
    other.close()


def take_all_in(db: Database) -> None:
    """As the loop does, resting half of the time."""
    intake, more = Intake(db), True
    while more:
        began = time.perf_counter()
        more = intake.take_in().more
        time.sleep(time.perf_counter() - began)


def seen_after(db: Database, number: int) -> float:
    """Seconds from an edit of the web service until the read model holds it."""
    web_season.edit(db, number, 5)
    began = time.perf_counter()
    while True:
        with db.read() as connection:
            if states.fresh_compact(connection, [(number, "online")]):
                return time.perf_counter() - began
        time.sleep(0.05)


def forget_all(db: Database) -> None:
    """Nothing of ours is known of any dataset."""
    with db.transaction() as connection:
        connection.execute(text("DELETE FROM desk.lumisection_state"))
        connection.execute(text("DELETE FROM desk.taken_in"))


def measure(dsn: str, name: str) -> None:
    """Prints the figures of a client that may write, and of one that may not."""
    db = Database(dsn)
    db.prepare()
    forget_all(db)
    clock, acting = Clock(db), Acting(db, EXPERT)
    opened = list(range(web_season.FIRST_RUN, web_season.FIRST_RUN + 11))
    taken = []
    for number in opened:
        began = time.perf_counter()
        lumisections.dataset_state(acting, number, name)
        taken.append(1e3 * (time.perf_counter() - began))
    label, opening = "a dataset opened of which nothing is known", statistics.median(taken)
    print(f"{label}: {opening:.0f} ms  20{figures.noted(label, opening)}")
    clock.figure("first golden JSON", lambda: golden.generate(acting, name, RULE), "3")
    clock.figure("second golden JSON", lambda: golden.generate(acting, name, RULE), "0.2")
    with writing(db, dsn):
        for _ in range(3):
            clock.figure(
                "another, writers never pause", lambda: golden.generate(acting, name, RULE), "0.2"
            )
    forget_all(db)
    clock.figure("taking in the whole season", lambda: take_all_in(db), "60")
    other = Database(dsn)
    other.prepare()
    acting = Acting(other, EXPERT)
    clock.figure("then first golden JSON", lambda: golden.generate(acting, name, RULE), "3")
    other.close()
    loop = JobLoop(
        "intake",
        Intake(db).turn,
        None,
        PullerLock(db, source="intake"),
        interval_s=2.0,
        on_bug=print,
        client_name="me",
    )
    loop.start()
    seen = [seen_after(db, number) for number in opened[:5]]
    label = "an edit of the web service taken in [s]"
    print(f"{label}: {max(seen):.1f} s at most  3{figures.noted(label, max(seen))}")
    loop.stop()
    db.close()
    reader = Database(dsn)
    acting = Acting(reader, EXPERT)
    clock.figure("without desk: first", lambda: golden.generate(acting, name, RULE), "3")
    clock.figure("without desk: second", lambda: golden.generate(acting, name, RULE), "0.2")
    reader.close()


@figures.kept("cold")
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
            web_season.build(db, given.runs, copied=given.copied)
        db.close()
        measure(running.dsn, web_season.OFFLINE)


if __name__ == "__main__":
    main()
