"""What works behind a window: it begins when the window is whole, or when somebody asks for it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from app.bootstrap.program import Listeners, Program
from app.domain.errors import Unavailable
from app.domain.keys import RunNumber
from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import LoopStatus, PullState, PullStatus
from app.services.pulling.pullers import Pullers

if TYPE_CHECKING:
    from app.jobs import Jobs

Status = TypeVar("Status", bound=LoopStatus)
Status_co = TypeVar("Status_co", bound=LoopStatus, covariant=True)


class _Loop(Protocol[Status_co]):
    turns: int

    @property
    def status(self) -> Status_co: ...


class Behind:
    """The jobs of a window. They are loaded and begin once, and not at all where the window has
    ended before; `after` is called then."""

    def __init__(self, program: Program, listeners: Listeners, after: Callable[[], None]) -> None:
        self._program = program
        self._listeners = listeners
        self._after = after
        self._lock = threading.Lock()
        self._may_begin = True
        self._jobs: Jobs | None = None
        self.pullers = Pullers(
            _Oms(self),
            _Gui(self),
            program.gui_store,
            lambda: program.dqm_gui_listing(None),
            _Seal(self),
        )

    @property
    def jobs(self) -> "Jobs | None":
        """The jobs, once they have begun."""
        return self._jobs

    def begin(self) -> None:
        """Begins, the first time."""
        with self._lock:
            if self._may_begin:
                self._jobs = self._program.start_jobs(self._listeners)
                self._may_begin = False
                self._after()

    def end(self) -> None:
        """From now on it doesn't begin any more."""
        with self._lock:
            self._may_begin = False


def _status_of(loop: _Loop[Status] | None, none: Status) -> Status:
    """What it says of itself; that it waits, before it has said anything."""
    if loop is None or (not loop.turns and loop.status.state is PullState.OFF):
        return replace(none, state=PullState.WAITING)
    return loop.status


class _Oms:
    """The puller of OMS, which begins where somebody wants something of it."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind

    @property
    def status(self) -> PullStatus:
        jobs = self._behind.jobs
        return _status_of(None if jobs is None else jobs.oms, PullStatus())

    def wake(self) -> None:
        self._behind.begin()
        if (jobs := self._behind.jobs) is not None:
            jobs.oms.wake()

    def fetch(self, run_number: RunNumber) -> Future[OmsRun]:
        self._behind.begin()
        if (jobs := self._behind.jobs) is not None:
            return jobs.oms.fetch(run_number)
        future: Future[OmsRun] = Future()
        future.set_exception(Unavailable("OMS wasn't asked: the program is closing."))
        return future


class _Gui:
    """The puller of the DQM GUI."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind

    @property
    def status(self) -> GuiStatus:
        jobs = self._behind.jobs
        return _status_of(None if jobs is None else jobs.gui, GuiStatus())

    def wake(self) -> None:
        self._behind.begin()
        if (jobs := self._behind.jobs) is not None:
            jobs.gui.wake()


class _Seal:
    """The loop that seals, if this client does."""

    def __init__(self, behind: Behind) -> None:
        self._behind = behind

    @property
    def status(self) -> SealStatus:
        jobs = self._behind.jobs
        return SealStatus() if jobs is None or jobs.seal is None else jobs.seal.status
