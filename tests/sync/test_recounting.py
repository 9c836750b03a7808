"""The loop that counts again: what changed at once, until nothing is left, by one client."""

import threading
from dataclasses import dataclass, field

import pytest

from app.domain.errors import Unavailable
from app.domain.recount.status import Finding, Recounted
from app.domain.sources.pull import PullState
from app.models.database.engine import Database
from app.models.database.locks import PullerLock
from app.services.acting import Acting
from app.services.recount import recounting
from app.services.recount.recounting import Recounter
from app.sync.recounting import RecountLoop
from tests.builders import EXPERT
from tests.services.offline_runs import FIRST, sign_off_runs

FINDING = Finding("Run", 7, "", "rr.class", "", '"A"', '"B"', "puller")


@dataclass
class Scripted:
    """Counts as it is told to, then finds nothing more to do; an error is raised."""

    answers: list[Recounted | Exception]
    idle: threading.Event = field(default_factory=threading.Event)

    def step(self) -> Recounted:
        if not self.answers:
            self.idle.set()
            return Recounted()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Lock:
    """An election that is won, and lost when it is told to."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.keeps, self.mine = keeps, False

    def try_acquire(self) -> bool:
        self.mine = True
        return True

    def held(self) -> bool:
        return self.mine and self.keeps

    def holder(self) -> str | None:
        return None

    def release(self) -> None:
        self.mine = False


def run(loop: RecountLoop, until: threading.Event) -> None:
    loop.start()
    try:
        assert until.wait(120)
    finally:
        assert loop.stop(60)


def loop_of(counting, lock, **more) -> RecountLoop:
    def bug(error: Exception) -> None:
        raise AssertionError from error

    given = {"interval_s": 0.05, "election_interval_s": 0.05, "rest": 0.0, **more}
    return RecountLoop(counting, lock, on_bug=bug, client_name="here", **given)


def test_that_steps_follow_each_other_until_nothing_is_left() -> None:
    counting = Scripted([Recounted(6, 1, pending=True), Recounted(3, findings=(FINDING,))])
    loop = loop_of(counting, Lock(), interval_s=60.0)
    ended = threading.Event()
    loop._on_status = lambda status: ended.set() if status.state is PullState.WAITING else None
    run(loop, ended)
    assert (loop.status.rows, loop.status.found) == (9, 1)
    assert loop.status.pulls == 1


@pytest.mark.expected_log("the turn broke off")
def test_that_a_lost_database_or_election_ends_a_turn_and_not_the_loop() -> None:
    counting = Scripted([Unavailable("no server"), Recounted(6)])
    run(loop_of(counting, Lock()), counting.idle)
    lost = Scripted([Recounted(6), Recounted(6), Recounted(6)])
    lock = Lock(keeps=False)
    run(loop_of(lost, lock), lost.idle)


def test_that_a_client_that_may_not_counts_nothing() -> None:
    counting = Scripted([Recounted(6)])
    off = threading.Event()
    loop = loop_of(counting, Lock(), enabled=False, on_status=lambda _status: off.set())
    loop.start()
    assert loop.stop(60)
    assert (loop.status.state, len(counting.answers)) == (PullState.OFF, 1)


def test_that_what_was_forged_is_put_right_by_itself(database: Database) -> None:
    sign_off_runs(database, FIRST)
    with database.transaction() as connection:
        connection.exec_driver_sql("""UPDATE "Run" SET rr_attributes = '{"class": "Forged"}'""")
    acting = Acting(database, EXPERT)
    ended = threading.Event()
    loop = RecountLoop(
        Recounter(acting, "the control room"),
        PullerLock(database, "the control room", source="recount"),
        on_bug=lambda error: pytest.fail(str(error)),
        client_name="the control room",
        rest=0.0,
        on_status=lambda status: ended.set() if status.state is PullState.WAITING else None,
    )
    run(loop, ended)
    standing = recounting.standing(acting)
    assert standing.counted_since == standing.datasets
    assert {each.noticed_by for each in standing.findings} == {"the control room"}
    assert loop.status.found == standing.findings_number > 0
