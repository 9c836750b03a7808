"""The loop that takes in: its steps, its election, and what stops it."""

import time
from dataclasses import dataclass

import pytest

from app.domain.errors import Refused
from app.domain.sources.intake import TakenIn
from app.domain.sources.pull import PullState
from app.models.database.locks import PullerLock
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.services.taking_in import Intake
from app.sync.taking_in import IntakeLoop
from tests.builders import a_run, configure
from tests.plain_folds import WebService
from tests.services.test_taking_in import FIRST, SECOND, fresh


@dataclass
class Scripted:
    """Takes in as it is told to; an error is raised."""

    answers: list[TakenIn | Exception]
    asked: int = 0

    def take_in(self) -> TakenIn:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Lock:
    """An election that is always won, and lost when somebody says so."""

    def __init__(self) -> None:
        self.elsewhere = False

    def try_acquire(self) -> bool:
        return not self.elsewhere

    def held(self) -> bool:
        return not self.elsewhere

    def holder(self) -> str | None:
        return "another"

    def release(self) -> None: ...


@pytest.fixture
def run():
    """Starts loops and stops them."""
    loops = []

    def start(intake, election, **options):
        states = []
        loop = IntakeLoop(
            intake,
            election,
            on_bug=states.append,
            client_name="me",
            on_status=states.append,
            **{"interval_s": 0.02, "election_interval_s": 0.02, **options},
        )
        loops.append(loop)
        loop.start()
        return loop, states

    yield start
    for loop in loops:
        assert loop.stop()


def wait_for(fact):
    while not fact():
        time.sleep(0.005)


def outcomes(states):
    return [(each.state, each.activity) for each in states[:]]


def test_that_it_takes_in_step_after_step_and_says_how_far_it_is(run):
    intake = Scripted([TakenIn(older=5, runs_left=7, more=True), TakenIn(2)])
    _, states = run(intake, Lock())
    said = {"reading 7 older runs", "took in 2 datasets that others changed"}
    wait_for(lambda: said <= {each.activity for each in states[:]})
    wait_for(lambda: intake.asked > 4)


@pytest.mark.expected_log("The lock of the puller is lost")
def test_that_a_client_that_lost_its_election_stops_in_the_middle(run):
    lock = Lock()
    intake = Scripted([TakenIn(runs_left=7, more=True)])
    loop, _ = run(intake, lock)
    wait_for(lambda: intake.asked)
    lock.elsewhere = True
    wait_for(lambda: loop.status.state is PullState.STANDBY)
    asked = intake.asked
    wait_for(lambda: loop.status.puller == "another")
    assert intake.asked == asked


@pytest.mark.expected_log("This login can't")
def test_that_a_refusal_is_said(run):
    _, states = run(Scripted([Refused("This login can't.")]), Lock(), interval_s=5.0)
    wait_for(lambda: (PullState.UNAVAILABLE, "This login can't.") in outcomes(states))


def test_that_what_the_web_service_writes_is_taken_in_by_itself(database, run):
    configure(database)
    for number in (390001, 390002):
        pull.apply(Acting(database), a_run(number, 10))
    run(Intake(database), PullerLock(database, source="intake"))
    wait_for(lambda: fresh(database) == {FIRST, SECOND})
    WebService(database).edits_bit(FIRST, "dt0_ready", value=False, first=2, last=3)
    wait_for(lambda: fresh(database) == {FIRST, SECOND})
