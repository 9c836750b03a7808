"""How soon what a person asked for is done by a puller, a process of its own:
`python -m benchmarks.wishes`.

Measured from when the person's client has stored the wish to the news of its outcome, as a window
hears it. 95 of 100 are to be done within a second.
"""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from app.domain.certification.wishes import Asked
from app.models.database.engine import Database
from app.models.database.listen import Change, ChangeListener
from app.models.guard import logins
from app.services.acting import Acting
from app.services.certification import asking, runs
from app.services.certification.runs import Moved
from benchmarks import figures
from benchmarks.database import folder_argument, prepared, server
from benchmarks.editor import EXPERT, FIRST_RUN, build
from benchmarks.guard import guard

PULLER = "bench_puller"
_LONGEST_S = 60.0


@contextmanager
def puller(dsn: str) -> Iterator[None]:
    """A puller that works, with a login of its own; OMS can't be asked."""
    with psycopg.connect(dsn, autocommit=True) as control:
        control.execute(f"CREATE ROLE {PULLER} LOGIN PASSWORD 'p'".encode())
    administrator = Database(dsn)
    with administrator.transaction() as connection:
        logins.add_service(connection, PULLER, "puller")
    administrator.close()
    scheme, _, rest = dsn.partition("://")
    address = f"{scheme}://{PULLER}:p@{rest.partition('@')[2]}"
    words = ("--dsn", address, "--oms", "http://127.0.0.1:9", "puller")
    working = subprocess.Popen([sys.executable, "-m", "app", *words], stderr=subprocess.DEVNULL)
    yield
    working.terminate()
    working.wait()


class Outcomes:
    """The news of outcomes, waited for by number."""

    def __init__(self) -> None:
        self._known: dict[int, float] = {}
        self._news = threading.Condition()

    def hear(self, change: Change) -> None:
        """Takes the news."""
        if change.outcome is not None:
            with self._news:
                self._known[change.outcome] = time.perf_counter()
                self._news.notify_all()

    def of(self, wish: int) -> float:
        """When it came."""
        with self._news:
            if not self._news.wait_for(lambda: wish in self._known, _LONGEST_S):
                sys.exit(f"wish {wish} has no outcome after {_LONGEST_S:.0f} s")
            return self._known[wish]


def measure(label: str, outcomes: Outcomes, act: Callable[[], Asked | None], times: int) -> None:
    """Prints median and 95th percentile of the time until a wish is done."""
    taken: list[float] = []
    while len(taken) < times:
        asked = act()
        stored = time.perf_counter()
        if asked is not None:
            (wish,) = asked.wishes
            taken.append(1e3 * max(0.0, outcomes.of(wish) - stored))
    p95 = statistics.quantiles(taken, n=20)[-1]
    told = f"median {statistics.median(taken):7.0f} ms   p95 {p95:7.0f} ms (1000)"
    print(f"{label:<32} {told}{figures.noted(f'{label}: p95', p95)}")


@figures.kept("wishes")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--times", type=int, default=40)
    given = parser.parse_args()
    with server(given.folder) as running:
        plain = prepared(running.dsn)
        build(plain, 10)
        plain.close()
        person = guard(running.dsn)
        acting, outcomes = Acting(person, EXPERT), Outcomes()
        listener = ChangeListener(person, outcomes.hear)
        listener.start()
        with puller(running.dsn):
            while not asking.is_alive(acting):
                time.sleep(0.1)

            def move_on() -> Asked | None:
                moved: Moved = runs.move(acting, FIRST_RUN, "OPEN")
                moved = runs.move(acting, FIRST_RUN, "COMPLETED")
                return moved.asked

            def refresh() -> Asked | None:
                asked = runs.refresh(acting, FIRST_RUN, recorded=True)
                return asked if isinstance(asked, Asked) else None

            measure("datasets after a sign-off", outcomes, move_on, given.times)
            runs.move(acting, FIRST_RUN, "OPEN")
            measure("refresh from what is recorded", outcomes, refresh, given.times)
        listener.stop()
        person.close()


if __name__ == "__main__":
    main()
