"""What a pull from OMS knows beforehand, does to a run, and says of itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class KnownRun(Struct, frozen=True):
    """What is recorded of a run already, as far as it tells whether OMS has changed it."""

    last_update: str | None
    end_time: str | None


class OutcomeKind(StrEnum):
    """What applying the answer of OMS did to a run."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    FLAGGED = "flagged"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done to a run, with a sentence for the person who watches."""

    kind: OutcomeKind
    text: str = ""


class FailedRun(Struct, frozen=True):
    """A run that could not be pulled; it is tried again at every pull."""

    run_number: int
    reason: str
    at: datetime | None = None


class PullState(StrEnum):
    """What the puller of this client is doing."""

    OFF = "off"
    STANDBY = "standby"
    WAITING = "waiting"
    PULLING = "pulling"
    BACKING_OFF = "backing off"
    UNAVAILABLE = "unavailable"


_LATE = timedelta(minutes=2)
"""A puller that hasn't come back this long after it wanted to try again is stuck."""


class PullerReport(Struct, frozen=True):
    """What the elected puller of a source said last, for clients that stand by. `trouble`: why it
    can't read the source, empty while it can."""

    client: str
    activity: str
    heartbeat: datetime
    trouble: str
    last_success: datetime | None
    next_try: datetime | None

    def trouble_at(self, now: datetime) -> str:
        """Why nothing is read by now, empty while all is well."""
        due = self.next_try
        if self.trouble or due is None or now - max(due, self.heartbeat) < _LATE:
            return self.trouble
        return f"{self.client} pulls, and has said nothing since {self.heartbeat:%H:%M} UTC"


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """What a loop of this client that waits for its election does, and did since it started.

    `trouble`: why the client that is elected instead of this one can't read the source.
    """

    state: PullState = PullState.OFF
    activity: str = ""
    last_success: datetime | None = None
    next_try: datetime | None = None
    puller: str = ""
    pulls: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PullStatus(LoopStatus):
    """What the sync panel shows of OMS; counters are of this client since it started."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    flagged: int = 0
    failed: tuple[FailedRun, ...] = ()
