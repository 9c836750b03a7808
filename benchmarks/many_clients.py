"""Sixty open programs on one server: `python -m benchmarks.many_clients`.

Twenty people write, together 20 edits a second, and forty look on; all stand for election, and a
puller works as a process of its own. 95 of 100 edits are to take 150 ms at most, and their news to
be with everybody within 500 ms.
"""

import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg

from app.domain.editing.edits import ColumnEdit
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.database.listen import Change, ChangeListener
from app.models.database.locks import PullerLock
from app.services.acting import Acting
from app.services.editing import lumisections
from benchmarks.database import folder_argument, prepared, server
from benchmarks.editor import EXPERT, build

PEOPLE, LOOKERS = 20, 40
JOBS = ("oms", "dqm gui", "seal", "recount", "intake")
EDITS_PER_S = 20.0
FIRST_APART_S = 0.5
_ELECTION_S = 3.0


class Client:
    """What an open program has to do with its database: a pool, news and elections."""

    def __init__(self, dsn: str, heard: "Heard") -> None:
        self.db = Database(dsn)
        self.db.prepare()
        self._stopping = threading.Event()
        self._locks = [PullerLock(self.db, source=job) for job in JOBS]
        self._listener = ChangeListener(self.db, partial(heard.hear, self))
        self._elections = threading.Thread(target=self._stand, daemon=True)

    def start(self) -> None:
        """Listens, and stands for election."""
        self._listener.start()
        self._elections.start()

    def stop(self) -> None:
        """Leaves."""
        self._stopping.set()
        self._elections.join()
        self._listener.stop()
        self.db.close()

    def _stand(self) -> None:
        while not self._stopping.wait(_ELECTION_S):
            for lock in self._locks:
                lock.try_acquire()


class Heard:
    """When who heard of which version."""

    def __init__(self) -> None:
        self._of: dict[object, list[tuple[float, int]]] = {}

    def hear(self, client: object, change: Change) -> None:
        """Takes the news that one client got."""
        if change.atomic_version is not None:
            news = (time.perf_counter(), change.atomic_version)
            self._of.setdefault(client, []).append(news)

    def by_all(self, version: int, after: float) -> float:
        """When the last client heard of a version or, after it was there, of a later one: what is
        found together is told by the last alone."""
        return max(
            next(at for at, told in news if told == version or (told > version and at >= after))
            for news in self._of.values()
        )


def write(
    client: Client, key: DatasetKey, seconds: float, person: int
) -> list[tuple[int, float, float]]:
    """One person edits: the versions, and how long each took, with the moment it was there.

    People begin one after the other, as programs are started; the first edit stands for itself.
    """
    done: list[tuple[int, float, float]] = []
    every = PEOPLE / EDITS_PER_S
    first = time.perf_counter() + FIRST_APART_S * person
    then = first + FIRST_APART_S * (PEOPLE - person) + every * person / PEOPLE
    for moment in (first, *(then + number * every for number in range(int(seconds / every)))):
        time.sleep(max(0.0, moment - time.perf_counter()))
        start = time.perf_counter()
        edit = ColumnEdit(*key, "dt-dt", (LumiRange(1, 20),), Triplet("BAD", f"edit {start}"))
        version = lumisections.edit_columns(Acting(client.db, EXPERT), [edit]).atomic_version
        end = time.perf_counter()
        if version is not None:
            done.append((version, end - start, end))
    return done


def percentile(values: Sequence[float]) -> float:
    """The value that 95 of 100 don't exceed [ms]."""
    return 1e3 * statistics.quantiles(values, n=20)[-1]


def measure(dsn: str, keys: Sequence[DatasetKey], seconds: float) -> None:
    """Prints the figures."""
    heard = Heard()
    with ThreadPoolExecutor(8) as opening:
        clients = [*opening.map(lambda _: Client(dsn, heard), range(PEOPLE + LOOKERS))]
    for each in clients:
        each.start()
    most = 0
    with psycopg.connect(dsn, autocommit=True) as control, ThreadPoolExecutor(PEOPLE) as people:
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        working = [
            people.submit(write, client, key, seconds, person)
            for person, (client, key) in enumerate(zip(clients, keys, strict=False))
            if person < PEOPLE
        ]
        while not all(each.done() for each in working):
            row = control.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend'"
            ).fetchone()
            most = max(most, row[0] if row else 0)
            time.sleep(0.5)
        took = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF)
    time.sleep(3)
    edits = [edit for each in working for edit in each.result()]
    late = [heard.by_all(version, end) - end for version, _, end in edits]
    for each in clients:
        each.stop()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rate = (len(edits) - PEOPLE) / (took - PEOPLE * FIRST_APART_S)
    print(f"{len(edits)} edits in {took:.0f} s, {rate:.1f} a second (20) once all have begun")
    # The first edit of a program connects, and folds what the others only add to.
    first = [each.result()[0][1] for each in working]
    later = [edit[1] for each in working for edit in each.result()[1:]]
    print(f"first edit of each: {1e3 * statistics.median(first):.0f} ms in the middle")
    print(f"a later one: {1e3 * statistics.median(later):.0f} ms in the middle")
    print(f"95 of 100 later ones take at most {percentile(later):.0f} ms (150)")
    print(f"news to all {len(clients)} clients within {percentile(late):.0f} ms (500)")
    print(f"connections on the server, of all together: {most}")
    print(f"CPU of the {len(clients)} clients: {cpu / took:.2f} of a core")


def main() -> None:
    """Runs the benchmark."""
    parser = folder_argument("Sixty open programs on one server.")
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    settings = {"max_connections": 250}
    with server(given.folder, settings) as running:
        db = prepared(running.dsn)
        keys = [*{key[0]: key for key in build(db, PEOPLE)}.values()]
        db.close()
        words = ("--dsn", running.dsn, "--oms", "http://127.0.0.1:9", "puller")
        puller = subprocess.Popen([sys.executable, "-m", "app", *words], stderr=subprocess.DEVNULL)
        try:
            measure(running.dsn, keys, given.seconds)
        finally:
            puller.terminate()
            puller.wait()


if __name__ == "__main__":
    main()
