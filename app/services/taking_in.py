"""The read model is kept complete for what other programs write, in small steps."""

import logging
import sys
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from app.domain.errors import UNREADABLE, Refused
from app.domain.keys import DatasetKey
from app.domain.progress import SILENT, Progress
from app.domain.sources.intake import IntakeState, TakenIn
from app.domain.sources.turns import Turned
from app.models.database.engine import Database
from app.models.events import pending, projections, states, taking_in
from app.models.events.ground import ground
from app.models.events.states import Counted
from app.models.events.taking_in import Place
from app.models.lists.tables import counted

logger = logging.getLogger(__name__)

SOURCE = "intake"

_MOST_EVENTS = 20_000
_RUNS = 25
"""Runs of the past that one step looks at."""
_MOST_DATASETS = 100
"""Datasets that one step folds, and the others of the last of their runs."""

Count = Callable[[Collection[DatasetKey]], object]
"""Counts rows again, of datasets and of runs, which have an empty name; writes what is missing."""


def state(db: Database) -> IntakeState | None:
    """How far what others wrote is taken in; None without our schema."""
    if not db.desk:
        return None
    with db.read() as connection:
        return taking_in.state(connection)


def take_all_in(
    db: Database, progress: Progress = SILENT, *, count: Count | None = None
) -> IntakeState:
    """Takes in all that others wrote, the newest first, without rests; goes on where anybody
    stopped. Refused as `Intake.take_in`; what was taken in until it is cancelled stays."""
    intake = Intake(db, count)
    while True:
        taken = intake.take_in()
        found = state(db)
        assert found is not None
        if found.event is not None and not taken.more:
            return found
        progress.at((found.runs - found.runs_left) / max(found.runs, 1))
        if found.event is None:
            time.sleep(_LOOK_S)  # somebody is writing; soon


@dataclass(frozen=True)
class _Mark:
    """The newest event of a moment, and who was writing then: events with smaller numbers may
    appear as long as one of them is."""

    event: int
    writers: frozenset[str]


_LOOK_S = 0.1
_REST = 1.0
"""So many times as long as a step took nothing is done after it: half of the time."""


class Intake:
    """Takes in what others wrote, one step after the other; used by one thread at a time.

    Steps of another client may come between: how far it is stands in the database. With `count`
    what is found of the past is counted when it is folded, else whoever counts folds it once more.
    """

    def __init__(self, db: Database, count: Count | None = None) -> None:
        self._db = db
        self._count = count
        self._mark: _Mark | None = None
        self._settled: int | None = None
        self._ground = ""
        self._seen: set[int] = set()

    def turn(self, progress: Progress) -> Turned:
        """One step of the job that does it, then as long a rest."""
        progress.checkpoint()
        began = time.monotonic()
        taken = self.take_in()
        rest_s = _REST * (time.monotonic() - began)
        return Turned(taken.text, rest_s if taken.more else None)

    def take_in(self) -> TakenIn:
        """Brings up to date what others changed since the last step, else a few older runs.

        Refused where the read model can't be written: by a person's login on a guarded database,
        or without our schema.
        """
        if not (self._db.desk and self._db.writes_automatically):
            raise Refused(
                "This login can't keep the read model complete: it needs the schema desk, and on a"
                " guarded database the login of a puller."
            )
        with self._db.read() as connection:
            self._stand_on(ground(connection, desk=False))
            here = taking_in.place(connection)
            # The order counts: first the newest event, then who is writing.
            newest = taking_in.newest_event(connection)
            self._note(newest, pending.writers(connection))
        if here is None or here.event > newest:
            return self._begin()
        changed, done = self._take_changed(here)
        if not done:
            return TakenIn(changed, runs_left=self._left(here), more=True)
        with self._db.transaction() as connection:
            uncounted = counted.count_older(connection, _RUNS)
        if here.below_run is None:
            return TakenIn(changed, runs_left=self._left(here), more=uncounted)
        older = self._take_older(changed)
        return replace(older, more=older.more or uncounted)

    def _stand_on(self, here: str) -> None:
        """Forgets the numbers of events of other tables: in a restored backup they come again."""
        if here != self._ground:
            self._ground, self._mark, self._settled, self._seen = here, None, None, set()

    def _note(self, newest: int, writers: frozenset[str]) -> None:
        """Finds up to which event whoever reads from now on sees all there will ever be."""
        if not writers:
            self._settled, self._mark = newest, None
            return
        if self._mark is not None and not self._mark.writers & writers:
            self._settled, self._mark = self._mark.event, None
        if self._mark is None:
            self._mark = _Mark(newest, writers)

    def _begin(self) -> TakenIn:
        if self._settled is None:
            return TakenIn()  # somebody is writing; soon
        with self._db.transaction() as connection:
            taking_in.keep_place(connection, Place(self._settled, sys.maxsize >> 32))
        return TakenIn(more=True)

    def _take_changed(self, here: Place) -> tuple[int, bool]:
        """How many datasets others had changed, and whether these were all."""
        settled = max(here.event, self._settled or 0)
        with self._db.read() as connection:
            events = taking_in.events_after(connection, here.event, settled, _MOST_EVENTS)
            whole = len(events) < _MOST_EVENTS
            up_to = settled if whole else max(events)
            if whole:
                # What is above may get company of smaller numbers, so it is looked at again.
                events |= taking_in.events_after(connection, settled, sys.maxsize >> 32)
            unseen = {key for event, key in events.items() if event not in self._seen}
            keys = taking_in.followers(connection, unseen) if unseen else set()
        changed, done = self._fold(sorted(keys, reverse=True))
        if done:
            if up_to > here.event:
                with self._db.transaction() as connection:
                    taking_in.keep_place(connection, Place(up_to, here.below_run))
            self._seen = {event for event in (*self._seen, *events) if event > up_to}
        return changed, done and whole

    def _take_older(self, changed: int) -> TakenIn:
        with self._db.read() as connection:
            here = taking_in.place(connection)
            if here is None or here.below_run is None:
                return TakenIn(changed)
            keys = taking_in.older_datasets(connection, here.below_run, _RUNS)
        older, done = self._fold(keys, self._count)
        if done:
            below = min((run_number for run_number, _ in keys), default=None)
            here = Place(here.event, below)
            with self._db.transaction() as connection:
                taking_in.keep_place(connection, here)
        return TakenIn(changed, older, self._left(here), more=here.below_run is not None)

    def _fold(self, keys: Collection[DatasetKey], count: Count | None = None) -> tuple[int, bool]:
        """Folds those that aren't as their events say, but only so many; whether all are now."""
        if not keys:
            return 0, True
        with self._db.read() as connection:
            stale = taking_in.stale(connection, keys)
        some = _whole_runs(stale, _MOST_DATASETS)
        if count is not None and some:
            count([*some, *{(run_number, "") for run_number, _ in some}])
        with self._db.read() as connection:
            # What can't be counted now, because somebody writes to its run, can be folded.
            left = some if count is None else taking_in.stale(connection, some)
        folded = self._folded(left)
        with self._db.transaction() as connection:
            projections.remember_compact(connection, folded)
        return len(some), len(some) == len(stale)

    def _folded(self, keys: Collection[DatasetKey]) -> dict[DatasetKey, Counted]:
        """Their states, without those of a run that can't be read: it stops no other one."""
        try:
            with self._db.read() as connection:
                return states.fold_compact(connection, keys)
        except UNREADABLE as error:
            runs = sorted({run_number for run_number, _ in keys})
            if len(runs) == 1:
                logger.warning("What others wrote of run %d isn't taken in: %s", runs[0], error)
                return {}
        found: dict[DatasetKey, Counted] = {}
        for run_number in runs:
            found |= self._folded([key for key in keys if key[0] == run_number])
        return found

    def _left(self, here: Place) -> int:
        if here.below_run is None:
            return 0
        with self._db.read() as connection:
            return taking_in.runs_below(connection, here.below_run)


def _whole_runs(keys: Sequence[DatasetKey], most: int) -> Sequence[DatasetKey]:
    """The first so many, and the others of the last run: all of a run are folded from the events of
    its `online` dataset."""
    if len(keys) <= most:
        return keys
    last_run = keys[most - 1][0]
    return [*keys[:most], *takewhile(lambda key: key[0] == last_run, keys[most:])]
