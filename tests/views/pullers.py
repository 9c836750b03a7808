"""Pullers of this client where no OMS and no DQM GUI run: a test says what they do and answer."""

from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

from app.domain.errors import RegistryError
from app.domain.keys import RunNumber
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.oms import OmsRun
from app.domain.sources.pull import FailedRun, PullState, PullStatus
from tests.builders import a_run

NOW = datetime(2025, 8, 20, 12, 0, tzinfo=UTC)
WAITING = PullStatus(
    PullState.WAITING,
    "waiting",
    NOW,
    NOW + timedelta(seconds=48),
    "person@cern.ch on cmsdc01",
    pulls=12,
    created=3,
    updated=5,
    unchanged=300,
    flagged=1,
    failed=(FailedRun(396_177, "OMS answered 500 for its lumisections", NOW),),
)


class Oms:
    """The puller of OMS; it answers when the test calls `answer` or `fail`."""

    def __init__(self, status: PullStatus = WAITING) -> None:
        self.status = status
        self.wakes = 0
        self.fetched: list[RunNumber] = []
        self._answers: dict[RunNumber, Future[OmsRun]] = {}

    def wake(self) -> None:
        self.wakes += 1

    def fetch(self, run_number: RunNumber) -> Future[OmsRun]:
        self.fetched.append(run_number)
        return self._answer_for(run_number)

    def answer(self, run_number: RunNumber, *length: int) -> None:
        """Answers what was or will be asked about a run, of a length in LS."""
        self._answer_for(run_number).set_result(a_run(run_number, *length))

    def fail(self, run_number: RunNumber, error: RegistryError) -> None:
        """Fails what was or will be asked about a run."""
        self._answer_for(run_number).set_exception(error)

    def _answer_for(self, run_number: RunNumber) -> Future[OmsRun]:
        return self._answers.setdefault(run_number, Future())


class Gui:
    """The puller of the DQM GUI."""

    def __init__(self, status: GuiStatus) -> None:
        self.status = status
        self.wakes = 0

    def wake(self) -> None:
        self.wakes += 1
