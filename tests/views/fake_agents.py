"""Agents without a database: none is registered, nothing is proposed."""

from collections.abc import Sequence

from app.domain.agents.proposals import Proposal
from app.models.agents import Waiting
from app.services.agents.registry import Registered


class FakeAgents:
    """What the window asks of agents, answered at once."""

    def agents(self) -> Sequence[Registered]:
        return ()

    def proposals(
        self, run_number: int, dataset: str, agent: str | None = None
    ) -> Sequence[Proposal]:
        return ()

    def waiting_proposals(self) -> Sequence[Waiting]:
        return ()
