"""Seconds of the offline work: duplicating, copying, moving, the answer of the DQM GUI.

python -m benchmarks.offline
"""

import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.demo.simulated_dqm_gui import SimulatedDqmGui
from app.domain.certification.dataset_tools import ChangeStates, CopyColumns, Duplicate, SetColumns
from app.domain.configuration.in_force import DatasetAccepted
from app.domain.identity import Actor
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.sources.dqm_gui import Matcher
from app.domain.sources.oms import DCS_BITS
from app.domain.triplets import Triplet
from app.models.database import schema
from app.models.database.engine import Database
from app.models.embedded import EmbeddedServer
from app.models.events.action import begin
from app.models.events.event_log import DatasetChange, LumisectionChange, RunChange
from app.services.acting import Acting
from app.services.certification import datasets
from app.services.certification.todo import todo
from app.services.configuration import in_force as configuration
from app.services.editing import dataset_tools
from app.sync.dqm_gui import DqmGuiSettings, listing_now

EXPERT = Actor("expert@cern.ch", frozenset({"cms-dqm-runregistry-experts"}))
FIRST_RUN = 390_000
PROMPT = "/PromptReco/Collisions2025A/DQM"
RERECO = "/ReReco/Run2025A/DQM"
RUNS, LENGTH = 300, 700
MOVED = 1_000
GUI_ITEMS = 300_000


def main() -> None:
    """Fills a database and prints how long each action takes."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer.open(Path(folder)) as server:
        database = Database(server.dsn)
        with database.transaction() as connection:
            schema.create(connection)
        database.prepare()
        configuration.install_default(Acting(database))
        with _timed(f"filled with {RUNS} datasets of {LENGTH} LS"):
            for first in range(0, RUNS, 20):
                _fill(database, range(FIRST_RUN + first, FIRST_RUN + first + 20), LENGTH)
        with _timed(f"and {MOVED} of 2 LS"):
            many = range(FIRST_RUN + RUNS, FIRST_RUN + RUNS + MOVED)
            _fill(database, many, 2)
        keys = tuple((FIRST_RUN + at, PROMPT) for at in range(RUNS))
        tool = Duplicate(keys, RERECO, ("dt", "csc", "tracker"))
        _measure(
            "preview of duplicating 300",
            lambda: dataset_tools.preview(Acting(database, EXPERT), tool),
        )
        _measure("duplicating 300", lambda: dataset_tools.apply(Acting(database, EXPERT), tool))
        copied = tuple((number, RERECO) for number, _ in keys)
        columns = SetColumns(copied, ("dt-dt", "csc-csc"), "GOOD")
        _measure(
            "setting 2 columns of 300",
            lambda: dataset_tools.apply(Acting(database, EXPERT), columns),
        )
        copy = CopyColumns(keys, PROMPT, RERECO, ("dt-dt", "csc-csc"))
        _measure(
            "copying 2 columns of 300", lambda: dataset_tools.apply(Acting(database, EXPERT), copy)
        )
        thousand = tuple((number, PROMPT) for number in many)
        states = ChangeStates(thousand, "SIGNOFF", "dt", ("OPEN",))
        _measure("states of 1,000", lambda: dataset_tools.apply(Acting(database, EXPERT), states))
        _measure(
            "moving 1,000",
            lambda: datasets.move(Acting(database, EXPERT), thousand, "csc", "COMPLETED"),
        )
        _measure_gui(database)
        database.close()


def _measure_gui(database: Database) -> None:
    """A whole answer read over HTTP, and what matching it costs."""
    items = [
        (FIRST_RUN + at % 2500, f"/Muon{at % 60}-{at // 2500}/Run2025A-PromptReco-v{at % 3}/DQMIO")
        for at in range(GUI_ITEMS)
    ]
    with SimulatedDqmGui(items) as gui:
        with _timed(f"reading {GUI_ITEMS} items of the DQM GUI"):
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


def _measure(words: str, action: Callable[[], object]) -> None:
    with _timed(words):
        action()


@contextmanager
def _timed(words: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    took = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{words:44} {took:7.2f} s   {memory} MiB at most", flush=True)


if __name__ == "__main__":
    main()
