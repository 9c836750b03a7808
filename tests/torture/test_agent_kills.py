"""An agent is killed while it proposes: people see all of a turn or nothing, and nothing twice."""

import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress

import pytest

from app.domain.agents.proposals import AgentColumn, Mode
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.agents import proposals
from app.services.agents import registry as agents
from app.services.pulling import runs as pull
from tests.builders import EXPERT, a_run, configure

FIRST_RUN, RUNS, LENGTH = 390001, 3, 200
_COLUMNS = ("dt-dt", "csc-csc")

_PROGRAM = """
import sys
from app.domain.identity import Actor
from app.models.database.engine import Database
from app.services.acting import Acting
from run_registry import Registry, Value
from run_registry.database import DatabaseSource
db = Database(sys.argv[1])
db.prepare()
acting = Acting(db, Actor("expert@cern.ch", frozenset(sys.argv[2].split(","))))
agent = Registry(DatabaseSource(None, acting)).agent("busy")
values = [
    Value(run, "online", column, at, at, "BAD", f"odd {at}", "other")
    for run in range(390001, 390004)
    for column in ("dt-dt", "csc-csc")
    for at in range(1, 201, 2)
]
print("sending", flush=True)
for _ in range(2):
    agent.propose(values, judged=[value[:3] for value in values])
    print("sent", flush=True)
"""


def test_that_an_agent_that_is_killed_while_it_proposes_doubles_nothing(
    database: Database, dsn: str, request: pytest.FixtureRequest
) -> None:
    acting = Acting(database, EXPERT)
    configure(database)
    for number in range(FIRST_RUN, FIRST_RUN + RUNS):
        pull.apply(Acting(database), a_run(number, LENGTH))
    agents.register(acting, "busy", "1", [AgentColumn(c, Mode.PROPOSES, c) for c in _COLUMNS])

    def begun() -> "subprocess.Popen[str]":
        groups = ",".join(EXPERT.egroups)
        agent = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, dsn, groups], stdout=subprocess.PIPE, text=True
        )
        assert agent.stdout is not None
        assert agent.stdout.readline() == "sending\n"
        return agent

    cells = RUNS * len(_COLUMNS) * LENGTH // 2
    for life in range(request.config.getoption("--kills")):
        with begun() as agent:
            # It dies in another place of its work each time, at last when all was sent.
            with suppress(subprocess.TimeoutExpired):
                agent.wait(0.05 * life + 0.001)
            agent.send_signal(signal.SIGKILL)
        assert len(waiting(acting)) in (0, cells), "people see a part of a turn"
    with begun() as agent:
        assert agent.communicate()[0] == "sent\nsent\n"
    there = waiting(acting)
    assert set(there.values()) == {1}, "a lumisection waits twice"
    assert len(there) == cells


def waiting(acting: Acting) -> Counter[tuple[int, str, int]]:
    """How often each cell waits for people."""
    return Counter(
        (each.run_number, each.column, at)
        for each in proposals.proposals(acting, agent="busy", limit=None)
        for first, last in each.ranges
        for at in range(first, last + 1)
    )
