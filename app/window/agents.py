"""Machines as authors: registered, decided on, compared with people."""

from collections.abc import Callable, Collection, Mapping, Sequence

from app.domain.agents.proposals import Proposal, Speaks
from app.domain.editing.edits import ColumnEdit
from app.domain.progress import Cancelled, Progress
from app.models.agents import Waiting
from app.services.agents import agreement as agent_agreement
from app.services.agents import proposals as agent_proposals
from app.services.agents import registry as agents
from app.services.agents.agreement import Against, Agreement
from app.services.agents.registry import Registered
from app.services.configuration import in_force as configuration
from app.window.parts import Parts


class AgentsBackend(Parts):
    """Reading and acting on agents and their words."""

    def agents(self) -> Sequence[Registered]:
        return agents.registered(self._acting)

    def columns_to_speak_for(self) -> Sequence[str]:
        current = configuration.current(self._acting)
        return sorted({*current.online_columns, *current.offline_columns})

    def register_agent(self, name: str, version: str, owner: str, columns: Sequence[Speaks]) -> str:
        made = agents.register(self._acting, name, version, columns, owner=owner)
        return f"Registered {made.title}, owner {made.owner}."

    def retire_agent(self, name: str) -> str:
        return f"Retired {agents.retire(self._acting, name).title}."

    def proposals(
        self, run_number: int, dataset: str, agent: str | None = None
    ) -> Sequence[Proposal]:
        return agent_proposals.proposals(
            self._acting, run_number=run_number, dataset=dataset, agent=agent
        )

    def waiting_proposals(self) -> Sequence[Waiting]:
        return agent_proposals.waiting(self._acting)

    def accept_proposals(
        self,
        ids: Collection[int],
        *,
        comment: str = "",
        instead: Mapping[int, ColumnEdit] | None = None,
    ) -> str:
        done = agent_proposals.accept(self._acting, ids, comment=comment, instead=instead)
        return done.text if done.version is None else f"{done.text} Version {done.version}."

    def reject_proposals(self, ids: Collection[int], *, reason: str = "") -> str:
        return agent_proposals.reject(self._acting, ids, reason=reason).text

    def agreement(
        self,
        agent: str,
        first_run: int,
        last_run: int,
        against: Against,
        progress: Callable[[float], None],
        is_cancelled: Callable[[], bool],
    ) -> Agreement | None:
        try:
            return agent_agreement.agreement(
                self._acting,
                agent,
                first_run,
                last_run,
                against=against,
                progress=Progress(progress, is_cancelled),
            )
        except Cancelled:
            return None
