"""Machines as authors: who they are, what they propose, how far they agree with people."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from app.domain.agents.proposals import Proposal, Speaks
from app.domain.editing.edits import ColumnEdit
from app.models.agents import Waiting
from app.services.agents.agreement import Against, Agreement
from app.services.agents.registry import Registered


class Agents(Protocol):
    """Reading and acting on agents and their words; actions answer with a sentence."""

    def agents(self) -> Sequence[Registered]:
        """By name, of each the newest version first."""
        ...

    def columns_to_speak_for(self) -> Sequence[str]:
        """Columns of all workspaces."""
        ...

    def register_agent(
        self, name: str, version: str, owner: str, columns: Sequence[Speaks]
    ) -> str: ...

    def retire_agent(self, name: str) -> str: ...

    def proposals(
        self, run_number: int, dataset: str, agent: str | None = None
    ) -> Sequence[Proposal]:
        """Those on a dataset that wait for a decision, the newest first."""
        ...

    def waiting_proposals(self) -> Sequence[Waiting]:
        """What waits for people, by dataset and agent, the newest runs first."""
        ...

    def accept_proposals(
        self,
        ids: Collection[int],
        *,
        comment: str = "",
        instead: Mapping[int, ColumnEdit] | None = None,
    ) -> str: ...

    def reject_proposals(self, ids: Collection[int], *, reason: str = "") -> str: ...

    def agreement(
        self,
        agent: str,
        first_run: int,
        last_run: int,
        against: Against,
        progress: Callable[[float], None],
        is_cancelled: Callable[[], bool],
    ) -> Agreement | None:
        """None when it was cancelled."""
        ...
