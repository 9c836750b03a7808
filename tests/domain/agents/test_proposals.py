"""Registered agents and what they propose."""

from datetime import UTC, datetime

from app.domain.agents.proposals import Agent, AgentColumn, Mode, Proposal, ProposalState
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet

NOW = datetime(2025, 6, 15, tzinfo=UTC)


def test_that_an_agent_is_named_with_its_version_and_knows_its_columns():
    column = AgentColumn("tracker-pixel", Mode.PROPOSES, "")
    agent = Agent(1, "pixel-autoencoder", "2.1", "owner@cern.ch", (column,), NOW)
    assert agent.title == "pixel-autoencoder 2.1"
    assert agent.by_column == {"tracker-pixel": column}


def test_that_a_proposal_counts_the_lumisections_of_its_dataset():
    ranges = (LumiRange(1, 4), LumiRange(9, 9))
    proposal = Proposal(
        1, "a", "1", 390001, "online", "dt-dt", ranges, Triplet("BAD"), NOW, ProposalState.OPEN
    )
    assert proposal.key == (390001, "online")
    assert proposal.lumisections == 5
