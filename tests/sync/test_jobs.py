"""The one loop of jobs: turns, rests, the election, stops; with what counts again and takes in."""

import threading
import time
from dataclasses import dataclass, field

import pytest

from app.domain.errors import Refused, Unavailable
from app.domain.progress import Cancelled, Progress
from app.domain.sources.pull import PullState
from app.domain.sources.turns import Turned
from app.models.database.engine import Database
from app.models.database.locks import PullerLock
from app.services.acting import Acting
from app.services.pulling import runs as pull
from app.services.recount import recounting
from app.services.recount.background import Recounter
from app.services.taking_in import Intake
from app.sync.jobs import JobLoop
from tests.builders import EXPERT, a_run, configure
from tests.plain_folds import WebService
from tests.services.offline_runs import FIRST as SIGNED_OFF
from tests.services.offline_runs import sign_off_runs
from tests.services.test_taking_in import FIRST, SECOND, fresh


@dataclass
class Scripted:
    """Does as it is told to, at last the same again and again; an error is raised."""

    answers: list[Turned | str | Exception]
    asked: int = 0

    def turn(self, _progress: Progress) -> Turned | str:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Long:
    """A turn that goes on until it is cancelled."""

    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def turn(self, progress: Progress) -> str:
        self.begun.set()
        try:
            while True:
                progress.checkpoint()
                time.sleep(0.002)
        except Cancelled:
            self.ended.set()
            raise


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

    def start(turn, election, **options):
        states = []
        loop = JobLoop(
            "a job",
            turn,
            None,
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
        assert loop.stop(60)


def wait_for(fact):
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < 120
        time.sleep(0.005)


def outcomes(states):
    return [(each.state, each.activity) for each in states[:]]


def test_that_turns_follow_each_other_until_nothing_is_left(run):
    job = Scripted([Turned("half", 0.0), Turned("more", 0.01), "all"])
    loop, states = run(job.turn, Lock(), interval_s=60.0)
    wait_for(lambda: loop.status.state is PullState.WAITING)
    said = [activity for _, activity in outcomes(states) if activity]
    assert (said, job.asked, loop.status.pulls) == (["half", "more", "all"], 3, 1)
    loop.wake()
    wait_for(lambda: job.asked > 3)


@pytest.mark.expected_log("The election is lost")
def test_that_a_client_that_lost_its_election_stops_between_two_turns(run):
    lock = Lock()
    job = Scripted([Turned("half", 0.0)])
    loop, _ = run(job.turn, lock)
    wait_for(lambda: job.asked)
    lock.elsewhere = True
    wait_for(lambda: loop.status.state is PullState.STANDBY)
    asked = job.asked
    wait_for(lambda: loop.status.puller == "another")
    assert job.asked == asked


@pytest.mark.expected_log("Cancelled")
def test_that_a_turn_hears_that_the_election_is_lost(run):
    lock, job = Lock(), Long()
    loop, _ = run(job.turn, lock)
    assert job.begun.wait(60)
    lock.elsewhere = True
    assert job.ended.wait(60)
    wait_for(lambda: loop.status.state is PullState.STANDBY)


def test_that_a_stop_ends_a_long_turn_and_a_long_rest(run):
    job = Long()
    loop, _ = run(job.turn, Lock())
    assert job.begun.wait(60)
    assert loop.stop(60)
    assert job.ended.wait(60)
    resting = Scripted([Turned("rests", 3600.0)])
    loop, _ = run(resting.turn, Lock())
    wait_for(lambda: loop.status.activity == "rests")
    assert loop.stop(60)


@pytest.mark.expected_log("the turn broke off")
def test_that_a_lost_database_ends_a_turn_and_not_the_loop(run):
    job = Scripted([Unavailable("no server"), "all"])
    loop, _ = run(job.turn, Lock())
    wait_for(lambda: loop.status.state is PullState.WAITING and job.asked > 1)


@pytest.mark.expected_log("This login can't")
def test_that_a_refusal_is_said(run):
    job = Scripted([Refused("This login can't.")])
    _, states = run(job.turn, Lock(), interval_s=5.0)
    wait_for(lambda: (PullState.UNAVAILABLE, "This login can't.") in outcomes(states))


def test_that_what_the_web_service_writes_is_taken_in_by_itself(database, run):
    configure(database)
    for number in (390001, 390002):
        pull.apply(Acting(database), a_run(number, 10))
    run(Intake(database).turn, PullerLock(database, source="intake"))
    wait_for(lambda: fresh(database) == {FIRST, SECOND})
    WebService(database).edits_bit(FIRST, "dt0_ready", value=False, first=2, last=3)
    wait_for(lambda: fresh(database) == {FIRST, SECOND})


def test_that_what_was_forged_is_put_right_by_itself(database: Database, run) -> None:
    sign_off_runs(database, SIGNED_OFF)
    with database.transaction() as connection:
        connection.exec_driver_sql("""UPDATE "Run" SET rr_attributes = '{"class": "Forged"}'""")
    acting = Acting(database, EXPERT)
    recounter = Recounter(acting, "the control room", alone=True)
    loop, _ = run(recounter.turn, PullerLock(database, source="recount"), interval_s=60.0)
    wait_for(lambda: loop.status.state is PullState.WAITING)
    standing = recounting.standing(acting)
    assert standing.counted_since == standing.datasets
    assert {each.noticed_by for each in standing.findings} == {"the control room"}
