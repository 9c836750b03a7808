"""What colleagues did before somebody opens the demonstration: runs signed off, cycles begun.

Without them the offline places would be empty until the newcomer has signed off runs. What they do
is what the services let a person do; it is done once, and only to a season nobody has touched.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from app.demo.season_plan import dead_time
from app.demo.story import mend, seen_in
from app.domain.agents.proposals import AgentColumn, Mode
from app.domain.certification.datasets import COMPLETED, SIGNOFF, WAITING, state_key
from app.domain.certification.runs import OPEN
from app.domain.certification.runs import SIGNOFF as SIGNED_OFF
from app.domain.configuration.in_force import GLOBAL
from app.domain.errors import RegistryError
from app.domain.identity import Actor
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.triplets import BAD, Triplet
from app.models.database.engine import Database
from app.models.lists.tables.query import MOST_ROWS, TableQuery
from app.models.lists.tables.rows import Row
from app.services import notes
from app.services.acting import Acting
from app.services.agents import registry as agents
from app.services.certification import cycles, datasets, runs, second_eyes, tables
from app.services.configuration import in_force as configuration
from app.services.editing import lumisections
from app.services.editing.lumisections import ColumnEdit

logger = logging.getLogger(__name__)

LEFT_OPEN = 12
"""The newest runs, which the newcomer finds as shifters left them."""

_LEAST_RUNS = 30
_LOOK_EVERY_S = 1.0
_BETWEEN_RUNS_S = 0.15
_GUI_PATIENCE_S = 90.0
_QUICK = ("dt", "csc", "rpc", "lumi")
_SLOW = ("tracker", "ecal", "hcal")
_TAKE_PART = (*_QUICK, *_SLOW, "muon", "egamma", "jetmet")

_AGENT = "dead-time"
_SLOW_READ_OUT = "the read-out of the DT holds the trigger: less is recorded than beside it"
_LOOKED_AT = "occupancy and timing look fine"
_SHOWN = "Call 0, for the summer conferences"


class Colleagues:
    """Does it in a thread of its own, slowly enough that a window stays quick."""

    def __init__(self, db: Database, newcomer: Actor) -> None:
        self._db = db
        self._newcomer = newcomer
        self._shifter = Actor("shifter@cern.ch", newcomer.egroups)
        self._expert = Actor("expert@cern.ch", newcomer.egroups)
        self._second = Actor("second@cern.ch", newcomer.egroups)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="colleagues", daemon=True)

    def start(self) -> None:
        """Begins; nothing happens to a season in which somebody has signed off a run already."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Ends after the run at hand; false when that takes too long."""
        self._stopping.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def wait(self, timeout_s: float | None = None) -> None:
        """Waits until all is done."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._work()
        except RegistryError as error:
            # The server may go away, or the newcomer be quicker: the season goes on without them.
            logger.info("The colleagues of the demonstration stopped: %s", error)

    def _work(self) -> None:
        while len(found := self._runs()) < _LEAST_RUNS:
            if self._pause(_LOOK_EVERY_S):
                return
        if any(row.rr_attributes.get("state") != OPEN for row in found):
            return
        self._sign_off(found[LEFT_OPEN:])
        # The newest run still grows.
        self._propose(found[1:LEFT_OPEN])
        waited = 0.0
        while self._is_waiting() and waited < _GUI_PATIENCE_S:
            if self._pause(_LOOK_EVERY_S):
                return
            waited += _LOOK_EVERY_S
        if not self._stopping.is_set():
            self._certify()
            self._ask_newcomer(found[0].run_number)

    def _pause(self, seconds: float) -> bool:
        """Waits; true when it is time to stop."""
        return self._stopping.wait(seconds)

    def _runs(self) -> Sequence[Row]:
        """Newest first."""
        return tables.runs_page(Acting(self._db), TableQuery("runs", limit=MOST_ROWS)).rows

    def _sign_off(self, rows: Sequence[Row]) -> None:
        """Oldest first, with what was seen in the plots."""
        collisions = 0
        for row in reversed(rows):
            if row.rr_attributes.get("significant") is not True:
                continue
            place = 0
            if str(row.rr_attributes.get("class")).startswith("Collisions"):
                collisions += 1
                place = collisions
            if self._pause(_BETWEEN_RUNS_S):
                return
            rr = lumisections.dataset_state(Acting(self._db), row.run_number, ONLINE).rr
            seen = seen_in(row.run_number, place, rr.length)
            edits = [
                ColumnEdit(row.run_number, ONLINE, column, (range_,), Triplet(BAD, comment, cause))
                for column, range_, comment, cause in seen
            ]
            edits += mend(rr, row.run_number)
            if edits:
                lumisections.edit_columns(Acting(self._db, self._shifter), edits)
            runs.move(Acting(self._db, self._shifter), row.run_number, SIGNED_OFF)
            for column, range_, comment, _ in seen[:1]:
                self._note(row.run_number, range_, f"{column}: {comment}, the DOC knows.")

    def _note(self, run_number: int, range_: LumiRange, text: str) -> None:
        """What the shifter noted, and the expert answered."""
        shifter, expert = Acting(self._db, self._shifter), Acting(self._db, self._expert)
        made = notes.add(shifter, run_number, ONLINE, (range_,), text)
        notes.reply(expert, made.number, "Seen in the plots of the reconstruction, too.")

    def _propose(self, rows: Sequence[Row]) -> None:
        """An agent of the DT expert has looked at the runs that are open."""
        expert = Acting(self._db, self._expert)
        lines = []
        for row in rows:
            if not str(row.rr_attributes.get("class")).startswith("Collisions"):
                continue
            length = lumisections.dataset_state(expert, row.run_number, ONLINE).rr.length
            if (dead := dead_time(row.run_number, length)) is not None:
                where = f"{row.run_number},{ONLINE},dt-dt,{dead.first},{dead.last}"
                lines.append(f"{where},{BAD},{_SLOW_READ_OUT},deadtime")
        if lines and not self._stopping.is_set():
            columns = [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")]
            agents.register(expert, _AGENT, "1", columns)
            agents.propose(expert, _AGENT, "\n".join(lines))

    def _ask_newcomer(self, run_number: int) -> None:
        """A question, so that the newcomer is told of one."""
        name = self._newcomer.email.partition("@")[0]
        text = f"@{name}, would you look at dt-dt here before it is signed off? Thanks!"
        notes.add(Acting(self._db, self._expert), run_number, "", (), text)

    def _is_waiting(self) -> bool:
        """Whether more than what never comes waits for the DQM GUI."""
        query = TableQuery("datasets", states=(WAITING,), limit=1)
        everything = tables.datasets_page(Acting(self._db), TableQuery("datasets", limit=1)).count
        return tables.datasets_page(Acting(self._db), query).count > max(2, everything // 8)

    def _certify(self) -> None:
        """One cycle that is late, one that has just begun, and experts at different paces."""
        known = set(configuration.current(Acting(self._db)).offline_workspaces)
        shown = tables.datasets_page(Acting(self._db), TableQuery("datasets", limit=MOST_ROWS)).rows
        prompt = [
            row.key
            for row in reversed(shown)
            if "PromptReco" in row.name and row.dataset_attributes.get(state_key(GLOBAL)) == OPEN
        ]
        if cycles.all_cycles(Acting(self._db)) or len(prompt) < 4:
            return
        half = len(prompt) // 2
        today = datetime.now(UTC).date()
        part = [name for name in _TAKE_PART if name in known]
        names = ("Call 1, first week", "Call 2, second week")
        late, new = (
            cycles.create(Acting(self._db, self._expert), name, today + timedelta(days), part, keys)
            for name, days, keys in (
                (names[0], -1, prompt[:half]),
                (names[1], 6, prompt[half:]),
            )
        )
        for name in (name for name in _QUICK if name in known):
            self._move(prompt[:half], name, COMPLETED)
            cycles.complete(Acting(self._db, self._expert), late.id, name)
            self._move(prompt[half : half + len(prompt) // 4], name, COMPLETED)
        for name in (name for name in _SLOW if name in known):
            self._move(prompt[: half // 2], name, COMPLETED)
            self._move(prompt[half // 2 : half - 1], name, SIGNOFF)
        self._verify(prompt[:half], [name for name in _QUICK if name in known])
        self._freeze([row.key for row in reversed(shown) if row.key not in prompt], part, today)
        logger.info("Cycles %d and %d are the colleagues'", late.id, new.id)

    def _verify(self, keys: Sequence[DatasetKey], workspaces: Sequence[str]) -> None:
        """A second person has looked at what the quick experts completed."""
        second = Acting(self._db, self._second)
        for name in workspaces[:2]:
            states = {
                row.key: row.dataset_attributes.get(state_key(name))
                for row in tables.rows(second, "datasets", keys)
            }
            done = [key for key in keys if states.get(key) == COMPLETED]
            if done:
                second_eyes.verify(second, done[: len(done) // 2 + 1], name, comment=_LOOKED_AT)

    def _freeze(self, keys: Sequence[DatasetKey], part: Sequence[str], today: date) -> None:
        """A small cycle that a conference shows, so that nothing in it changes."""
        if keys:
            expert = Acting(self._db, self._expert)
            made = cycles.create(expert, _SHOWN, today - timedelta(20), part, keys[:2])
            second_eyes.freeze(expert, made.id, "its figures are in a talk")

    def _move(self, keys: Sequence[DatasetKey], workspace: str, state: str) -> None:
        """Those that matter to the workspace."""
        states = {
            row.key: row.dataset_attributes.get(state_key(workspace))
            for row in tables.rows(Acting(self._db), "datasets", keys)
        }
        movable = [key for key in keys if states.get(key) in (OPEN, SIGNOFF)]
        if movable:
            datasets.move(Acting(self._db, self._expert), movable, workspace, state)
