"""Agents that speak by the library: what is new reaches people, and nothing reaches them twice."""

from collections.abc import Iterator

import pytest

import run_registry
from app.domain.agents.proposals import AgentColumn, Mode
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.agents import agreement, proposals
from app.services.agents import registry as agents
from app.services.pulling import runs as pull
from run_registry import Agent, RunRegistryError, Value
from run_registry.database import DatabaseSource
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import TestServer
from tests.run_registry.scripted import scripted

RUN = 390_001
NAME = "dt-share"


def fill(db: Database) -> None:
    """An open run, and an agent."""
    configure(db)
    pull.apply(Acting(db), a_run(RUN, 20))
    columns = [AgentColumn(each, Mode.PROPOSES, each) for each in ("dt-dt", "tracker-pixel")]
    agents.register(Acting(db, EXPERT), NAME, "1", columns)


@pytest.fixture
def db(server: TestServer) -> Iterator[Database]:
    with server.opened(server.template("a_run_and_an_agent", fill)) as database:
        yield database


@pytest.fixture
def agent(db: Database) -> Agent:
    return run_registry.Registry(DatabaseSource(None, Acting(db, EXPERT))).agent(NAME)


def bad(first: int, last: int, column: str = "dt-dt", comment: str = "low share") -> Value:
    return Value(RUN, "online", column, first, last, "BAD", comment, "deadtime")


def waiting(agent: Agent) -> list[tuple[str, tuple[tuple[int, int], ...]]]:
    return [(each.column, each.ranges) for each in agent.proposals("open")]


def ids(agent: Agent) -> list[int]:
    return [each.number for each in agent.proposals("open")]


def test_that_what_waits_already_is_not_said_again(agent):
    assert agent.columns == {"dt-dt": "proposes", "tracker-pixel": "proposes"}
    first = agent.propose([bad(3, 5), bad(9, 9)])
    assert (first.waiting, first.text) == (1, "1 proposal submitted to people.")
    again = agent.propose([bad(3, 5, comment="the same in other words"), bad(9, 9)])
    assert (again.waiting, again.unchanged, again.text) == (0, 4, "Nothing new was proposed.")
    assert waiting(agent) == [("dt-dt", ((3, 5), (9, 9)))]
    agent.propose([bad(3, 6)])
    assert waiting(agent) == [("dt-dt", ((3, 6),))]


def test_that_people_are_not_asked_again_about_what_they_decided_on(agent, db):
    agent.propose([bad(3, 5), bad(9, 9, "tracker-pixel")])
    of_dt, of_pixel = ids(agent)
    proposals.reject(Acting(db, EXPERT), [of_dt], reason="a test pulse")
    proposals.accept(Acting(db, EXPERT), [of_pixel])
    again = agent.propose([bad(2, 5), bad(9, 9, "tracker-pixel")])
    assert waiting(agent) == [("dt-dt", ((2, 2),))]
    assert again.decided == 4
    assert "4 LS were left out: people have decided on them." in again.text
    states = {each.column: each.state for each in agent.proposals("accepted", "rejected")}
    assert states == {"dt-dt": "rejected", "tracker-pixel": "accepted"}


def test_that_it_takes_back_what_it_no_longer_holds_where_it_has_judged(agent, db):
    agent.propose([bad(3, 5), bad(9, 9, "tracker-pixel")])
    tried = agent.propose([], judged=[(RUN, "online", "dt-dt")], dry_run=True)
    assert (tried.withdrawn, len(waiting(agent))) == (1, 2)
    done = agent.propose([], judged=[(RUN, "online", "dt-dt")])
    assert (done.withdrawn, waiting(agent)) == (1, [("tracker-pixel", ((9, 9),))])
    counted = agreement.agreement(Acting(db), NAME, RUN, RUN).columns
    assert [*counted] == ["tracker-pixel"]


def test_that_what_agrees_with_the_present_values_is_counted_once_and_waits_for_nobody(agent):
    good = Value(RUN, "online", "dt-dt", 1, 20, "GOOD")
    assert agent.propose([good]).agreed == 1
    assert agent.propose([good]) == run_registry.Submitted(
        "Nothing new was proposed.", unchanged=20
    )
    assert ids(agent) == []


def test_that_one_wrong_value_refuses_all_of_them(agent):
    with pytest.raises(RunRegistryError, match=r"LS 21 is outside .*LS 1 to 20"):
        agent.propose([bad(3, 5), bad(21, 21)])
    with pytest.raises(RunRegistryError, match=r"LS 21 is outside"):
        agent.propose([bad(3, 5), bad(21, 21)], dry_run=True)
    with pytest.raises(RunRegistryError, match=r"not registered for dt-td\. Did you mean dt-dt"):
        agent.propose([bad(3, 5, "dt-td")])
    assert agent.proposals() == ()


def test_that_only_its_owner_speaks_for_it(agent, db):
    registry = run_registry.Registry(DatabaseSource(None, Acting(db, NOBODY)))
    with pytest.raises(RunRegistryError, match="may not act for the agent dt-share"):
        registry.agent(NAME).propose([bad(3, 5)])
    agent.propose([bad(3, 5)])
    with pytest.raises(RunRegistryError, match="may not act for the agent dt-share"):
        registry.agent(NAME).propose([], judged=[(RUN, "online", "dt-dt")])
    assert len(registry.proposals("open")) == 1
    with pytest.raises(
        RunRegistryError, match=r"no state 'opened' of proposals\. Did you mean open"
    ):
        registry.proposals("opened")


def test_that_a_door_says_where_agents_speak():
    with scripted() as server, run_registry.connect(server.url) as registry:
        for ask in (lambda: registry.agent(NAME), registry.proposals):
            with pytest.raises(RunRegistryError, match="Connect to the database instead"):
                ask()
