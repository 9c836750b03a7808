"""The jobs that go on behind a window, or alone as a service: who does what how often."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Timer

from app import systemd
from app.domain.errors import Unavailable
from app.domain.keys import RunNumber
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import PullState, PullStatus
from app.models.database.engine import Database
from app.models.database.identity import PULLER
from app.models.database.listen import Change
from app.models.database.locks import PullerLock
from app.models.guard.leases import Leases, Watch
from app.services.certification.asking import JOB as WISHES
from app.services.golden.checks.checking import Checking
from app.services.golden.generation import CHECKING
from app.services.notifications.messages import SOURCE as MESSAGES_SOURCE
from app.services.notifications.messages import Messages
from app.services.pulling.blockers import EndingBlockers
from app.services.pulling.dqm_gui import SOURCE as GUI_SOURCE
from app.services.pulling.dqm_gui import GuiStore
from app.services.pulling.reports import Reports
from app.services.pulling.store import SOURCE as OMS_SOURCE
from app.services.pulling.store import PullStore
from app.services.recount.background import Recounter
from app.services.recount.recounting import SOURCE as RECOUNT_SOURCE
from app.services.seal.sealing import SOURCE as SEAL_SOURCE
from app.services.seal.sealing import Sealer
from app.services.taking_in import SOURCE as INTAKE_SOURCE
from app.services.taking_in import Intake
from app.services.wishes.carrying_out import AskOms, CarryingOut
from app.sync.dqm_gui import DqmGuiClient, DqmGuiSettings, GuiLoop
from app.sync.election import Election
from app.sync.jobs import JobLoop, Turn
from app.sync.oms import OmsClient
from app.sync.oms_requests import OmsSettings
from app.sync.sealing import SealLoop
from app.sync.worker import PullLoop

logger = logging.getLogger(__name__)

_FINISH_S = 1.5
_STOP_S = 2.5
_LOOK_S = 0.05
_OMS_S = 20.0
"""Whoever wishes for something that OMS is asked for waits so long at most."""

Stopped = Callable[[float | None], bool]
"""Waits so many seconds for the end; true once it was asked for."""

Loop = PullLoop | GuiLoop | SealLoop | JobLoop


@dataclass(frozen=True)
class Asked:
    """The servers that are asked, how often, and which of the two this client asks at all."""

    oms: OmsSettings
    gui: DqmGuiSettings
    asks_oms: bool
    asks_gui: bool
    oms_interval_s: float
    gui_interval_s: float


@dataclass(frozen=True)
class Job:
    """Work on the database alone: one turn of it, and how often; `told` where what it does is
    seen from nothing else."""

    name: str
    turn: Turn
    every_s: float
    told: bool = True


def of_pullers(
    db: Database, ask_oms: AskOms, on_bug: Callable[[Exception], None]
) -> tuple[Job, ...]:
    """What pullers alone do on a guarded database, beside pulling and sealing."""
    return (
        Job(WISHES, CarryingOut(db, ask_oms, on_bug).turn, 5.0),
        Job("blockers", EndingBlockers(db).turn, 10.0),
        Job(CHECKING, Checking(db, on_bug).turn, 10.0),
    )


def of_all(
    recounter: Recounter | None, intake: Intake | None, messages: Messages | None
) -> Iterator[Job]:
    """What the elected one of all clients does that may write what is derived."""
    if recounter is not None:
        yield Job(RECOUNT_SOURCE, recounter.turn, 15.0, told=False)
    if intake is not None:
        yield Job(INTAKE_SOURCE, intake.turn, 2.0, told=False)
    if messages is not None:
        yield Job(MESSAGES_SOURCE, messages.turn, 60.0)


@dataclass(frozen=True)
class JobState:
    """What a job of this client does; `good` unless its last turn failed in some part."""

    name: str
    state: PullState
    words: str
    turns: int
    good: bool


@dataclass
class Jobs:
    """All jobs of a client: each in a thread of its own, each elected among all clients."""

    db: Database
    client: str
    asked: Asked
    pull_store: PullStore
    gui_store: GuiStore
    sealer: Sealer | None
    recounter: Recounter | None
    intake: Intake | None
    on_bug: Callable[[Exception], None]
    messages: Messages | None = None
    on_pull: Callable[[PullStatus], None] = lambda _status: None
    oms: PullLoop = field(init=False)
    gui: GuiLoop = field(init=False)
    seal: SealLoop | None = field(init=False, default=None)
    others: dict[str, JobLoop] = field(init=False, default_factory=dict)
    _leases: Leases | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        guard = self.db.guard
        if guard is not None and guard.kind == PULLER:
            self._leases = Leases(self.db, self.client)
        asked = self.asked
        self.oms = PullLoop(
            lambda on_wait: OmsClient(asked.oms, on_wait=on_wait),
            self.pull_store,
            self._election(OMS_SOURCE),
            enabled=asked.asks_oms,
            interval_s=asked.oms_interval_s,
            on_status=self.on_pull,
            on_bug=self.on_bug,
            client_name=self.client,
        )
        self.gui = GuiLoop(
            lambda on_wait: DqmGuiClient(asked.gui, on_wait=on_wait),
            self.gui_store,
            self._election(GUI_SOURCE),
            enabled=asked.asks_gui,
            interval_s=asked.gui_interval_s,
            on_bug=self.on_bug,
            client_name=self.client,
        )
        if self.sealer is not None:
            self.seal = SealLoop(
                self.sealer,
                self._election(SEAL_SOURCE),
                on_bug=self.on_bug,
                client_name=self.client,
            )
        jobs = [*of_all(self.recounter, self.intake, self.messages)]
        if self._leases is not None:
            jobs += of_pullers(self.db, self._ask_oms, self.on_bug)
        self.others = {job.name: self._loop_of(job) for job in jobs}

    def start(self) -> None:
        """Starts all of them."""
        for _, loop in self._loops():
            loop.start()

    def stop(self) -> None:
        """Ends all at once; what is being stored is finished if that takes a moment, else it
        is broken off and taken back."""
        loops = [*self._loops()]
        patience = Timer(_FINISH_S, self.db.break_off)
        patience.start()
        with ThreadPoolExecutor(len(loops)) as pool:
            ended = [*pool.map(lambda named: named[1].stop(_STOP_S), loops)]
        patience.cancel()
        patience.join()
        for (name, _), has_ended in zip(loops, ended, strict=True):
            if not has_ended:
                logger.warning("The job %s hasn't stopped in %.1f s", name, _STOP_S)
        if self._leases is not None:
            self._leases.close()

    @property
    def alive(self) -> bool:
        """Whether every job has its thread."""
        return all(loop.alive for _, loop in self._loops())

    @property
    def states(self) -> tuple[JobState, ...]:
        """What each does now, without waiting."""
        return tuple(_state(name, loop) for name, loop in self._loops())

    def hear(self, change: Change) -> None:
        """Somebody wishes for something, or has made a list: it is done at once."""
        wakes = {
            WISHES: change.wish is not None,
            CHECKING: change.wish is not None or change.golden is not None,
        }
        for name, loop in self.others.items():
            if wakes.get(name):
                loop.wake()

    def _ask_oms(self, run_number: RunNumber) -> OmsRun | None:
        """What OMS says of a run; None when it can't be asked soon."""
        try:
            return self.fetch(run_number, _OMS_S)
        except (Unavailable, TimeoutError):
            return None

    def fetch(self, run_number: RunNumber, timeout_s: float | None = None) -> OmsRun:
        """What OMS says of a run now."""
        return self.oms.fetch(run_number).result(timeout_s)

    def _loops(self) -> Iterator[tuple[str, Loop]]:
        yield OMS_SOURCE, self.oms
        yield GUI_SOURCE, self.gui
        if self.seal is not None:
            yield SEAL_SOURCE, self.seal
        yield from self.others.items()

    def _loop_of(self, job: Job) -> JobLoop:
        return JobLoop(
            job.name,
            job.turn,
            Reports(self.db, job.name) if job.told else None,
            self._election(job.name),
            interval_s=job.every_s,
            on_bug=self.on_bug,
            client_name=self.client,
        )

    def _election(self, job: str) -> Election:
        """By a lease where only pullers may work, else by a lock that any client can have."""
        if self.db.guard is None:
            return PullerLock(self.db, self.client, source=job)
        return Watch(self.db, job) if self._leases is None else self._leases.of(job)


_DOWN = frozenset({PullState.UNAVAILABLE, PullState.BACKING_OFF})


def _state(name: str, loop: Loop) -> JobState:
    status = loop.status
    problems: tuple[str, ...] = ()
    if isinstance(status, PullStatus):
        problems = tuple(f"run {run.run_number}: {run.reason}" for run in status.failed)
    elif isinstance(status, GuiStatus):
        problems = status.problems
    words = "; ".join(filter(None, (status.activity, *problems)))
    good = not problems and status.state not in _DOWN and not status.trouble
    return JobState(name, status.state, words or status.state.value, loop.turns, good)


def one_round(jobs: Jobs, stopped: Stopped) -> tuple[JobState, ...]:
    """Waits until each job has had a turn, or until it is to stop; says how each went."""
    while not stopped(_LOOK_S):
        states = jobs.states
        if all(each.turns or each.state is PullState.UNAVAILABLE for each in states):
            return states
    return jobs.states


def keep_working(jobs: Jobs, stopped: Stopped) -> None:
    """Works until it is to stop, and tells the service manager that it is ready and alive."""
    systemd.notify("READY=1", f"STATUS=Working as {jobs.client}")
    logger.info("Working as %s on %s", jobs.client, jobs.db.dsn_without_password)
    every_s = systemd.watchdog_s()
    while not stopped(None if every_s is None else every_s / 3):
        if jobs.alive:
            systemd.notify("WATCHDOG=1")
    systemd.notify("STOPPING=1")
    logger.info("Stopping: what is being stored is finished")
