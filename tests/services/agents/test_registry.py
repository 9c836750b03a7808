"""Agents: registered, heard, accepted and rejected by people, compared with them."""

from threading import Thread

import pytest
from sqlalchemy import text

from app.domain.agents.proposals import AgentColumn, Mode, ProposalState
from app.domain.editing.edits import ColumnEdit
from app.domain.errors import BadInput, Conflict, NotFound, NotPermitted, Refused
from app.domain.history.log import LogQuery, Who
from app.domain.identity import Actor
from app.domain.lumisections import LumiRange, count
from app.domain.triplets import Triplet
from app.models import agents as model
from app.models.agents import NewProposal
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.agents import agreement as agent_agreement
from app.services.agents import proposals as agent_proposals
from app.services.agents import registry as agents
from app.services.agents.agreement import Against
from app.services.certification import runs
from app.services.editing import bulk as bulk_edit
from app.services.history import log
from app.services.history import look as history
from app.services.pulling import runs as pull
from tests.builders import EXPERT, NOBODY, a_run, configure
from tests.conftest import filled_once

RUN, OTHER = 390001, 390002
AGENT = "pixel-ae"
OWNER = Actor("owner@cern.ch", frozenset())
SHIFTER = Actor("shifter@cern.ch", frozenset({"shifters"}))
GOOD = Triplet("GOOD")


@filled_once
def season(database: Database) -> None:
    """Two open runs, and an agent that writes hcal-hcal and proposes for tracker-pixel and dt."""
    configure(database)
    for number in (RUN, OTHER):
        pull.apply(Acting(database), a_run(number, 10))
    columns = [
        AgentColumn("hcal-hcal", Mode.WRITES, "tracker-pixel"),
        AgentColumn("tracker-pixel", Mode.PROPOSES, "tracker-pixel"),
        AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt"),
    ]
    agents.register(Acting(database, EXPERT), AGENT, "1.0", columns, owner=OWNER.email)


def line(column: str, ls: str, status: str, comment: str = "", run: int = RUN) -> str:
    first, _, last = ls.partition("-")
    return f"{run},online,{column},{first},{last or first},{status},{comment},"


def say(db: Database, *lines: str, **options: bool) -> agents.Recorded:
    return agents.propose(Acting(db, OWNER), AGENT, "\n".join(lines), **options)


def set_column(db: Database, column: str, status: str, first: int, last: int) -> None:
    wanted = ColumnEdit(RUN, "online", column, (LumiRange(first, last),), Triplet(status, "seen"))
    bulk_edit.write(Acting(db, SHIFTER), [wanted])


def column_of(db: Database, column: str, lumisection: int) -> Triplet:
    found = history.origin(Acting(db), RUN, "online", column, lumisection)
    assert found is not None
    assert isinstance(found.value, Triplet)
    return found.value


def test_that_an_agent_writes_its_own_column_in_its_own_name(season: Database):
    spoken = say(season, line("hcal-hcal", "2-4", "BAD", "occupancy"))
    assert (spoken.cells, spoken.waiting, spoken.refused) == (3, 0, ())
    origin = history.origin(Acting(season), RUN, "online", "hcal-hcal", 3)
    assert origin is not None
    assert origin.value == Triplet("BAD", "occupancy")
    assert origin.action.author == f"auto@auto - {AGENT}"
    assert not origin.by_hand
    assert "pixel-ae 1.0" in origin.action.comment
    (entry,) = log.page(Acting(season), LogQuery(who=Who.AGENTS)).entries
    assert entry.number == spoken.version


def test_that_a_person_s_word_beats_an_agent_s_earlier_or_later(season: Database):
    set_column(season, "hcal-hcal", "GOOD", 1, 2)
    say(season, line("hcal-hcal", "1-4", "BAD", "occupancy"))
    assert column_of(season, "hcal-hcal", 1).status == "GOOD"
    assert column_of(season, "hcal-hcal", 3).status == "BAD"
    set_column(season, "hcal-hcal", "GOOD", 3, 3)
    assert column_of(season, "hcal-hcal", 3).status == "GOOD"
    again = say(season, line("hcal-hcal", "1-4", "BAD", "occupancy"))
    assert (again.version, again.cells) == (None, 0)


def test_that_proposals_change_nothing_until_a_person_accepts_them(season: Database):
    spoken = say(
        season,
        line("tracker-pixel", "2-4", "BAD", "hot module"),
        line("tracker-pixel", "7", "BAD", "hot module"),
    )
    assert (spoken.version, spoken.waiting) == (None, 1)
    assert column_of(season, "tracker-pixel", 3) == GOOD
    (proposal,) = agent_proposals.proposals(Acting(season), run_number=RUN)
    assert proposal.ranges == (LumiRange(2, 4), LumiRange(7, 7))
    done = agent_proposals.accept(Acting(season, SHIFTER), [proposal.id])
    origin = history.origin(Acting(season), RUN, "online", "tracker-pixel", 3)
    assert origin is not None
    assert origin.value == Triplet("BAD", "hot module")
    assert (origin.action.author, origin.by_hand) == (SHIFTER.email, True)
    assert origin.action.comment == "Accepted from pixel-ae 1.0"
    (decided,) = agent_proposals.proposals(Acting(season), run_number=RUN, states=None)
    assert decided.state is ProposalState.ACCEPTED
    assert (decided.decided_by, decided.version) == (SHIFTER.email, done.version)
    assert agent_proposals.proposals(Acting(season), run_number=RUN) == ()


def test_that_a_proposal_is_corrected_where_it_is_wrong(season: Database):
    say(season, line("tracker-pixel", "2-4", "BAD", "hot module"))
    (proposal,) = agent_proposals.proposals(Acting(season))
    better = ColumnEdit(
        RUN, "online", "tracker-pixel", (LumiRange(2, 3),), Triplet("STANDBY", "ramping")
    )
    elsewhere = ColumnEdit(RUN, "online", "dt-dt", better.ranges, better.triplet)
    with pytest.raises(BadInput, match="its own column"):
        agent_proposals.accept(
            Acting(season, SHIFTER), [proposal.id], instead={proposal.id: elsewhere}
        )
    agent_proposals.accept(
        Acting(season, SHIFTER),
        [proposal.id],
        comment="only the ramp",
        instead={proposal.id: better},
    )
    origin = history.origin(Acting(season), RUN, "online", "tracker-pixel", 2)
    assert origin is not None
    assert origin.value == Triplet("STANDBY", "ramping")
    assert origin.action.comment == "only the ramp (proposed by pixel-ae 1.0)"
    assert column_of(season, "tracker-pixel", 4) == GOOD
    (decided,) = agent_proposals.proposals(Acting(season), states=None)
    assert decided.state is ProposalState.EDITED


def test_that_a_rejected_proposal_is_gone_and_its_reason_kept(season: Database):
    say(season, line("tracker-pixel", "2-4", "BAD", "hot module"))
    (proposal,) = agent_proposals.proposals(Acting(season))
    with pytest.raises(NotPermitted):
        agent_proposals.reject(Acting(season, NOBODY), [proposal.id])
    agent_proposals.reject(Acting(season, SHIFTER), [proposal.id], reason="known noise")
    assert column_of(season, "tracker-pixel", 3) == GOOD
    (decided,) = agent_proposals.proposals(Acting(season), states=None)
    assert (decided.state, decided.reason) == (ProposalState.REJECTED, "known noise")


def test_that_of_two_people_who_decide_the_second_is_told(season: Database):
    say(season, line("tracker-pixel", "2-4", "BAD", "hot module"))
    (proposal,) = agent_proposals.proposals(Acting(season))
    agent_proposals.reject(Acting(season, SHIFTER), [proposal.id])
    with pytest.raises(Conflict, match=f"is already rejected by {SHIFTER.email}"):
        agent_proposals.accept(Acting(season, EXPERT), [proposal.id])
    assert column_of(season, "tracker-pixel", 3) == GOOD
    with pytest.raises(NotFound):
        agent_proposals.accept(Acting(season, EXPERT), [10_000])
    with pytest.raises(BadInput):
        agent_proposals.accept(Acting(season, EXPERT), [])


def test_that_accepting_takes_the_rights_and_the_state_of_an_edit(season: Database):
    say(season, line("tracker-pixel", "2-4", "BAD", "hot module"))
    (proposal,) = agent_proposals.proposals(Acting(season))
    with pytest.raises(NotPermitted):
        agent_proposals.accept(Acting(season, NOBODY), [proposal.id])
    set_column(season, "csc-csc", "GOOD", 1, 10)
    set_column(season, "dt-dt", "GOOD", 1, 10)
    set_column(season, "tracker-strip", "GOOD", 1, 10)
    runs.move(Acting(season, EXPERT), RUN, "SIGNOFF")
    with pytest.raises(Refused, match="must be OPEN"):
        agent_proposals.accept(Acting(season, SHIFTER), [proposal.id])
    (still,) = agent_proposals.proposals(Acting(season))
    assert still.state is ProposalState.OPEN


def test_that_the_newest_word_of_an_agent_counts(season: Database):
    say(season, line("tracker-pixel", "2-4", "BAD", "hot module"))
    say(season, line("tracker-pixel", "2-3", "STANDBY"), line("dt-dt", "1", "BAD", "trip"))
    waiting = agent_proposals.proposals(Acting(season))
    assert {(each.column, each.triplet.status) for each in waiting} == {
        ("tracker-pixel", "STANDBY"),
        ("dt-dt", "BAD"),
    }
    (summary,) = agent_proposals.waiting(Acting(season))
    assert (summary.run_number, summary.agent, summary.proposals) == (RUN, AGENT, 2)


def test_that_what_an_agent_says_twice_at_once_waits_once(season: Database):
    speaks = Thread(target=say, args=(season, line("tracker-pixel", "2-4", "BAD", "hot module")))
    where, hot = (LumiRange(2, 4),), Triplet("BAD", "hot")
    value = NewProposal(RUN, "online", "tracker-pixel", where, hot, ProposalState.OPEN)
    with season.transaction() as connection:
        model.add(connection, agents.in_force(Acting(season), AGENT), [value], OWNER.email)
        speaks.start()
        waits = text("SELECT FROM pg_locks WHERE NOT granted")
        while speaks.is_alive() and not connection.execute(waits).rowcount:
            pass
    speaks.join()
    (waiting,) = agent_proposals.proposals(Acting(season))
    assert waiting.triplet.comment == "hot module"


def test_that_what_holds_already_needs_nobody_s_decision(season: Database):
    spoken = say(season, line("tracker-pixel", "1-10", "GOOD"))
    assert (spoken.waiting, spoken.agreed) == (0, 1)
    assert agent_proposals.proposals(Acting(season)) == ()


def test_that_lines_are_refused_by_number_and_nothing_is_kept_by_halves(season: Database):
    lines = (
        line("hcal-hcal", "2-4", "BAD", "occupancy"),
        line("csc-csc", "1", "GOOD"),
        line("tracker-pixel", "5-99", "BAD", "too far"),
        line("tracker-pixel", "5", "BAD"),
        line("dt0_ready", "1", "true", "a bit"),
        line("tracker-pixel", "1", "BAD", "no such run", run=1),
        "nonsense",
        line("dt-dt", "3", "BAD", "trip"),
    )
    dry = say(season, *lines, dry_run=True)
    assert [each.number for each in dry.refused] == [2, 3, 4, 5, 6, 7]
    assert "not registered for csc-csc" in str(dry.refused[0].refused)
    assert (dry.version, dry.cells, dry.waiting) == (None, 3, 1)
    with pytest.raises(Refused, match=r"Line 2: .* 5 more of 8 lines"):
        say(season, *lines)
    assert agent_proposals.proposals(Acting(season), states=None) == ()
    kept = say(season, *lines, leave_out_refused=True)
    assert (kept.cells, kept.waiting) == (3, 1)
    assert kept.version is not None


def test_that_only_its_owner_and_experts_speak_for_an_agent(season: Database):
    content = line("tracker-pixel", "2-4", "BAD", "hot module")
    with pytest.raises(NotPermitted, match=OWNER.email):
        agents.propose(Acting(season, NOBODY), AGENT, content)
    assert agents.propose(Acting(season, EXPERT), AGENT, content).waiting == 1
    with pytest.raises(NotPermitted):
        agents.register(
            Acting(season, OWNER), "mine", "1", [AgentColumn("dt-dt", Mode.WRITES, "dt-dt")]
        )


def test_that_a_retired_agent_is_silent_and_a_new_version_speaks(season: Database):
    agents.retire(Acting(season, OWNER), AGENT)
    with pytest.raises(NotFound, match="is retired"):
        say(season, line("dt-dt", "3", "BAD", "trip"))
    columns = [AgentColumn("dt-dt", Mode.PROPOSES, "dt-dt")]
    agents.register(Acting(season, EXPERT), AGENT, "2.0", columns, owner=OWNER.email)
    with pytest.raises(Conflict, match=r"Version 2\.0 of"):
        agents.register(Acting(season, EXPERT), AGENT, "2.0", columns)
    assert say(season, line("dt-dt", "3", "BAD", "trip")).waiting == 1
    assert [
        (each.agent.version, each.agent.retired is None)
        for each in agents.registered(Acting(season))
    ] == [("2.0", True), ("1.0", False)]
    with pytest.raises(NotFound, match="no agent nobody"):
        agents.in_force(Acting(season), "nobody")


def test_that_agreement_is_counted_against_what_people_said(season: Database):
    say(
        season,
        line("tracker-pixel", "1-4", "BAD", "hot module"),
        line("tracker-pixel", "5-10", "GOOD"),
        line("hcal-hcal", "1-10", "GOOD"),
    )
    set_column(season, "tracker-pixel", "BAD", 1, 2)
    set_column(season, "tracker-pixel", "GOOD", 3, 6)
    found = agent_agreement.agreement(Acting(season), AGENT, RUN, RUN)
    pixel = found.columns["tracker-pixel"]
    assert pixel.counts == {("BAD", "BAD"): 2, ("BAD", "GOOD"): 2, ("GOOD", "GOOD"): 2}
    assert pixel.only_agent == 4
    assert pixel.precision("BAD") == pytest.approx(0.5)
    assert pixel.recall("BAD") == 1
    own = found.columns["hcal-hcal"]
    assert own.counts == {("GOOD", "BAD"): 2, ("GOOD", "GOOD"): 4}
    worst = {each.column: each for each in found.datasets}["tracker-pixel"]
    assert worst.differing == (LumiRange(3, 4),)
    assert (worst.agent, worst.people) == ({"BAD": 4, "GOOD": 6}, {"BAD": 2, "GOOD": 4})
    now = agent_agreement.agreement(Acting(season), AGENT, RUN, RUN, against=Against.NOW)
    assert now.columns["tracker-pixel"].compared == 10
    assert agent_agreement.agreement(Acting(season), AGENT, OTHER, OTHER).datasets == ()
    with pytest.raises(BadInput):
        agent_agreement.agreement(Acting(season), AGENT, 2, 1)


def test_that_a_large_file_is_one_action(season: Database):
    lines = [
        line("hcal-hcal", str(number % 10 + 1), "BAD", f"trip {number % 3}")
        for number in range(2_000)
    ]
    spoken = say(season, *lines)
    assert spoken.version is not None
    assert len(spoken.lines) == 2_000
    newest = log.page(Acting(season), LogQuery(who=Who.AGENTS)).entries
    assert [each.number for each in newest] == [spoken.version]


def test_that_accepting_is_no_agreement_of_people(season: Database):
    say(season, line("tracker-pixel", "2-4", "BAD", "hot module"))
    (proposal,) = agent_proposals.proposals(Acting(season), run_number=RUN)
    agent_proposals.accept(Acting(season, SHIFTER), [proposal.id])
    (found,) = agent_agreement.agreement(Acting(season), AGENT, RUN, RUN).datasets
    assert (found.confusion.compared, found.confusion.only_agent) == (0, 3)
    set_column(season, "tracker-pixel", "BAD", 3, 3)
    (found,) = agent_agreement.agreement(Acting(season), AGENT, RUN, RUN).datasets
    assert (found.confusion.agreeing, found.confusion.only_agent) == (1, 2)


def test_that_a_proposal_is_judged_beside_what_stands_and_by_its_effect(season: Database):
    set_column(season, "tracker-pixel", "STANDBY", 4, 4)
    say(season, line("tracker-pixel", "2-4", "BAD", "hot module"))
    (proposal,) = agent_proposals.proposals(Acting(season), run_number=RUN)
    standing = agent_proposals.standing(Acting(season), [proposal])
    assert standing.length > 4
    shown = {value.status: ranges for ranges, value in standing.values[proposal.id]}
    assert shown["STANDBY"] == (LumiRange(4, 4),)
    assert sum(map(count, shown.values())) == 3
    preview = agent_proposals.effect(Acting(season, SHIFTER), [proposal])
    assert preview.cells == 3
