"""Seconds of the offline work: `python -m benchmarks.offline`.

Duplicating, copying, moving, the answer of the DQM GUI.
"""

import random
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import text

from app.demo.simulated_dqm_gui import SimulatedDqmGui
from app.domain.certification.dataset_tools import ChangeStates, CopyColumns, Duplicate, SetColumns
from app.domain.configuration.in_force import DatasetAccepted
from app.domain.identity import Actor
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.sources.dqm_gui import Matcher
from app.domain.sources.oms import DCS_BITS
from app.domain.triplets import Triplet
from app.models.database.engine import Database
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.services.acting import Acting
from app.services.certification import datasets
from app.services.certification.todo import todo
from app.services.configuration import in_force as configuration
from app.services.editing import dataset_tools
from app.sync.dqm_gui import DqmGuiSettings, listing_now
from benchmarks import figures
from benchmarks.database import folder_argument, prepared, server

EXPERT = Actor("expert@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))
FIRST_RUN = 390_000
PROMPT = "/PromptReco/Collisions2025A/DQM"
RERECO = "/ReReco/Run2025A/DQM"
LENGTH = 700


@figures.kept("offline")
def main() -> None:
    """Fills a database and prints how long each action takes."""
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--runs", type=int, default=300, help="runs of 700 lumisections (300)")
    parser.add_argument("--moved", type=int, default=1_000, help="runs of 2 lumisections (1000)")
    parser.add_argument("--items", type=int, default=300_000, help="of the DQM GUI (300000)")
    given = parser.parse_args()
    with server(given.folder) as running:
        database = prepared(running.dsn)
        try:
            _measure_tools(database, given.runs, given.moved)
            _measure_gui(database, given.items)
        finally:
            database.close()


def _measure_tools(database: Database, runs: int, moved: int) -> None:
    """The tools over many datasets, in a database that is filled for them."""
    begin_at = max(FIRST_RUN, _greatest_run(database) + 1)
    with _timed(f"filled with {runs} datasets of {LENGTH} LS"):
        for first in range(begin_at, begin_at + runs, 20):
            _fill(database, range(first, min(first + 20, begin_at + runs)), LENGTH)
    many = range(begin_at + runs, begin_at + runs + moved)
    with _timed(f"and {moved} of 2 LS"):
        _fill(database, many, 2)
    acting = Acting(database, EXPERT)
    keys = tuple((number, PROMPT) for number in range(begin_at, begin_at + runs))
    copied = tuple((number, RERECO) for number, _ in keys)
    small = tuple((number, PROMPT) for number in many)
    tool = Duplicate(keys, RERECO, ("dt", "csc", "tracker"))
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        (f"preview of duplicating {runs}", lambda: dataset_tools.preview(acting, tool)),
        (f"duplicating {runs}", lambda: dataset_tools.apply(acting, tool)),
        (
            f"setting 2 columns of {runs}",
            lambda: dataset_tools.apply(acting, SetColumns(copied, ("dt-dt", "csc-csc"), "GOOD")),
        ),
        (
            f"copying 2 columns of {runs}",
            lambda: dataset_tools.apply(
                acting, CopyColumns(keys, PROMPT, RERECO, ("dt-dt", "csc-csc"))
            ),
        ),
        (
            f"states of {moved}",
            lambda: dataset_tools.apply(acting, ChangeStates(small, "SIGNOFF", "dt", ("OPEN",))),
        ),
        (f"moving {moved}", lambda: datasets.move(acting, small, "csc", "COMPLETED")),
    )
    for words, action in steps:
        with _timed(words):
            action()


def _greatest_run(database: Database) -> int:
    with database.read() as connection:
        found = connection.execute(text('SELECT coalesce(max(run_number), 0) FROM "Run"'))
        return int(found.scalar_one())


def _measure_gui(database: Database, number: int) -> None:
    """A whole answer read over HTTP, and what matching it costs."""
    items = [
        (FIRST_RUN + at % 2500, f"/Muon{at % 60}-{at // 2500}/Run2025A-PromptReco-v{at % 3}/DQMIO")
        for at in range(number)
    ]
    with SimulatedDqmGui(items) as gui:
        with _timed(f"reading {number} items of the DQM GUI"):
            listing = listing_now(DqmGuiSettings(url=gui.url))
        accepted = [
            DatasetAccepted(
                at,
                f"/Name{at % 100}/DQM",
                f"/Muon{at % 40}.*?Prompt\n/Zero{at}",
                "",
                1,
                999999,
                True,
            )
            for at in range(250)
        ]
        with _timed("matching 10000 datasets, 500 expressions"):
            matcher = Matcher(accepted)
            for at in range(10_000):
                matcher.new_in_gui(FIRST_RUN + at % 2500, f"/Name{at % 100}/DQM", (), listing)
    with _timed("what is left to do"):
        left = todo(Acting(database))
    print(f"  {len(left.tasks)} tasks in {left.datasets} datasets")


def _fill(database: Database, run_numbers: range, length: int) -> None:
    chance = random.Random(run_numbers.start)
    known = configuration.current(Acting(database))
    states: JsonObject = {f"{name}_state": "OPEN" for name in (*known.offline_workspaces, "global")}
    with begin(database, run_numbers) as action:
        changes: list[RunChange | DatasetChange | LumisectionChange] = []
        for number in run_numbers:
            action.is_new((number, "online"))
            action.is_new((number, PROMPT))
            oms = [(_lumisection(chance, at), (LumiRange(at, at),)) for at in range(1, length + 1)]
            ranges = [LumiRange(at, min(at + 24, length)) for at in range(1, length + 1, 25)]
            rr = [
                (
                    {
                        column: Triplet(chance.choice(("GOOD", "GOOD", "BAD", "STANDBY")))
                        for column in known.offline_columns
                    },
                    (each,),
                )
                for each in ranges
            ]
            changes += [
                RunChange(number, {"ls_duration": length}, {"class": "Collisions25"}),
                DatasetChange(number, "online"),
                DatasetChange(number, PROMPT, states),
                LumisectionChange(number, "online", oms, oms=True),
                LumisectionChange(number, PROMPT, oms, oms=True),
                LumisectionChange(number, "online", rr),
                LumisectionChange(number, PROMPT, rr),
            ]
        action.append("auto@auto", "filled", changes)


def _lumisection(chance: random.Random, number: int) -> JsonObject:
    return {
        **dict.fromkeys(sorted(DCS_BITS), True),
        "prescale_index": 2 + number // 300,
        "prescale_name": "2p0E34",
        "recorded": round(0.3 * chance.random(), 6),
        "delivered": round(0.3 * chance.random(), 6),
    }


@contextmanager
def _timed(words: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    took = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    behind = figures.noted(f"{words} [s]", took)
    print(f"{words:44} {took:7.2f} s   {memory} MiB at most{behind}", flush=True)


if __name__ == "__main__":
    main()
