"""The loop that seals: its turns, its election, and what stops it."""

import threading
import time
from dataclasses import dataclass, field, replace

import psycopg
import pytest

from app.domain.errors import Refused, Unavailable
from app.domain.seal.status import Refusal, Sealed
from app.domain.sources.pull import PullState
from app.models.database.locks import PullerLock
from app.services.acting import Acting
from app.services.seal import keys
from app.services.seal.sealing import Sealer
from app.services.seal.verifying import EVERYTHING, verify
from app.sync.sealing import SealLoop


@dataclass
class Scripted:
    """Seals as it is told to; an error is raised."""

    answers: list[Sealed | Exception]
    old: int = 0
    signs: bool = True
    refused: tuple[Refusal, ...] = ()
    asked: list[str] = field(default_factory=list)

    def seal_new(self) -> Sealed:
        self.asked.append("new")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def seal_old(self) -> Sealed:
        self.asked.append("old")
        self.old -= 1
        return Sealed(1, 9, self.signs, 9 - self.old, 9, more=self.old > 0)

    def refusals(self) -> tuple[Refusal, ...]:
        return self.refused

    def report(self, status) -> None:
        self.reported = status


class Lock:
    """An election that is won when nobody else has it."""

    nobody = ""

    def __init__(self, *, taken=False) -> None:
        self.taken, self.mine = taken, False
        self.released = threading.Event()

    def try_acquire(self) -> bool:
        self.mine = not self.taken
        return self.mine

    def held(self) -> bool:
        return self.mine

    def holder(self) -> str | None:
        return "another"

    def release(self) -> None:
        if self.mine:
            self.released.set()
        self.mine = False


@pytest.fixture
def run():
    """Starts loops and stops them; gives their states as they come."""
    loops = []

    def start(sealing, election, **options):
        states = []
        loop = SealLoop(
            sealing,
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


NOTHING = Sealed(0, 9, True)


def test_that_it_seals_again_and_again_while_it_is_elected(run):
    sealing, lock = Scripted([NOTHING]), Lock()
    loop, _ = run(sealing, lock)
    wait_for(lambda: loop.status.pulls >= 3)
    assert lock.mine
    assert loop.status.activity == "9 leaves sealed"


def test_that_a_client_that_isn_t_elected_waits(run):
    sealing = Scripted([NOTHING])
    loop, _ = run(sealing, Lock(taken=True))
    wait_for(lambda: loop.status.state is PullState.STANDBY)
    assert sealing.asked == []


def test_that_a_client_without_a_key_lets_one_with_a_key_go_first(run):
    lock = Lock()
    run(Scripted([NOTHING], signs=False), lock)
    assert lock.released.wait(10)


def test_that_new_versions_go_before_old_ones_and_old_ones_in_batches(run):
    sealing = Scripted([Sealed(5, 5, True, 0, 9, more=True), Sealed(1, 9, True, 0, 9)], old=3)
    run(sealing, Lock(), interval_s=60.0)
    wait_for(lambda: sealing.old == 0)
    assert sealing.asked[:5] == ["new", "new", "old", "old", "old"]


@pytest.mark.expected_log("the turn broke off: gone")
def test_that_it_goes_on_when_the_database_was_away(run):
    sealing = Scripted([Unavailable("gone"), NOTHING])
    loop, _ = run(sealing, Lock())
    wait_for(lambda: loop.status.pulls >= 1)


@pytest.mark.expected_log("the turn broke off: another history")
def test_that_another_history_is_told_once_and_not_every_second(run):
    sealing = Scripted([Refused("another history")])
    loop, _ = run(sealing, Lock())
    wait_for(lambda: loop.status.state is PullState.UNAVAILABLE)
    assert "another history" in loop.status.activity
    assert sealing.asked == ["new"]


def test_that_two_clients_on_one_database_seal_one_tree(database, dsn, run):
    for name in ("a", "b"):
        run(
            Sealer(database, name, settled_s=0.0),
            PullerLock(database, name, source="seal"),
        )
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(20):
            connection.execute(
                'INSERT INTO "Version" ("by", "createdAt") VALUES (\'a@cern.ch\', now())'
            )
    wait_for(lambda: verify(Acting(database)).versions == 20)
    assert verify(Acting(database)).good


# Whoever waits ten seconds for the end of the tree tries again later.
@pytest.mark.expected_log("seal: the turn broke off: .* holds a lock", always=False)
def test_that_seal_now_beside_the_loop_makes_one_signed_tree(database, dsn, run, tmp_path):
    file = keys.make(tmp_path / "seal.key", name="p5").file
    insert = 'INSERT INTO "Version" ("by", comment, "createdAt") VALUES (\'a@b\', \'\', now())'
    sealer = Sealer(database, "loop", keys.load(file), settled_s=0.0)
    run(sealer, PullerLock(database, "loop", source="seal"))
    now = Sealer(database, "now", keys.load(file), settled_s=0.0)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(30):
            connection.execute(insert)
            now.seal_new()
    report = verify(Acting(database), replace(EVERYTHING, key=keys.load(file).public))
    assert (report.good, report.faults, report.signed.size) == (True, 0, report.size)
