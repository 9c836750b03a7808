"""Counting again in the background, so slowly that nobody feels it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from app.domain.counting import counted
from app.domain.keys import RowKey
from app.domain.progress import Progress
from app.domain.recount.status import Recounted
from app.domain.sources.turns import Turned
from app.models.recount import marks, new_events
from app.models.recount.rowless import Walk
from app.services.acting import Acting
from app.services.recount.recounting import ROUND_S, due, recount

STEP = 4
"""Rows of one step."""

REST = 24.0
"""So many times as long as a step took nothing is done after it: in a 25th of the time 10,000
datasets are counted within an hour. In a window always, elsewhere while somebody writes."""
REST_ALONE = 3.0
"""The same in a program without a window, once nobody has written for a while."""
QUIET_S = 60.0
"""Whoever wrote not so long ago may be about to write again [s]."""
AFTER_WRITING_S = 0.3
"""So long after something was written nothing is counted: what follows it comes first [s]."""
LONGEST_WAIT_S = 1.0
"""Where others write all the time a step is made so often all the same [s]."""

_LOOKED_FOR = 200


@dataclass
class Recounter:
    """What the elected client counts again with, under its name, a few rows at a time.

    `alone` is a program without a window. Looking for what is due costs more than counting a row,
    so it is done for many at once; what somebody has just changed comes before all of that.
    """

    acting: Acting
    client: str
    alone: bool = False
    round_s: float = ROUND_S
    clock: Callable[[], float] = time.monotonic
    _due: list[RowKey] = field(default_factory=list)
    _walk: Walk = field(default_factory=Walk)
    _newest: int | None = None
    _wrote: float = float("-inf")
    _stepped: float = float("-inf")
    _rows: int = 0
    _failed: tuple[str, ...] = ()

    def turn(self, progress: Progress) -> Turned:
        """The next few rows, in a moment that nobody feels, and how long a rest follows."""
        progress.checkpoint()
        self._look_for_news()
        began = self.clock()
        quiet_for = began - self._wrote
        if quiet_for < AFTER_WRITING_S and began - self._stepped < LONGEST_WAIT_S:
            return Turned(self._text, AFTER_WRITING_S - quiet_for)
        step = self.step()
        self._stepped = self.clock()
        self._rows += step.rows
        self._failed += step.failed
        if not step.rows and not self._due:
            said, self._rows, self._failed = self._failed, 0, ()
            return Turned(f"not counted: {'; '.join(said)}" if said else "")
        rest = REST_ALONE if self.alone and quiet_for > QUIET_S else REST
        return Turned(self._text, rest * (self._stepped - began))

    @property
    def _text(self) -> str:
        return f"{counted(self._rows, 'row')} counted again"

    def step(self) -> Recounted:
        """The next few rows."""
        if not self._due:
            self._due = due(self.acting, _LOOKED_FOR, round_s=self.round_s)
            with self.acting.db.read() as connection:
                missing, self._walk = self._walk.next(connection, _LOOKED_FOR)
            self._due = [*dict.fromkeys([*missing, *self._due])]
        now, self._due = self._due[:STEP], self._due[STEP:]
        return recount(self.acting, now, by=self.client)

    def _look_for_news(self) -> None:
        """Notes when somebody has written, and puts first what they changed."""
        with self.acting.db.read() as connection:
            newest = marks.newest_event(connection)
            if newest == self._newest:
                return
            changed = new_events.with_new_events(connection, _LOOKED_FOR)
            # At first it isn't known how long ago that was.
            age_s = marks.age_s(connection) if self._newest is None else 0.0
        self._wrote = self.clock() - age_s
        self._newest = newest
        if self._due:
            self._due = [*dict.fromkeys([*changed, *self._due])]
