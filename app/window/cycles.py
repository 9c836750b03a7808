"""Cycles of certification, and what is left to do."""

from collections.abc import Collection, Sequence
from datetime import date

from app.domain.certification.cycles import Cycle, CycleEntry
from app.domain.certification.dataset_tools import counted
from app.domain.certification.todo import Todo
from app.domain.keys import DatasetKey
from app.domain.progress import Cancelled, Progress
from app.services.certification import cycles, todo
from app.views.backend.cycles import TodoScope
from app.views.backend.datasets import Asked, Share
from app.window.parts import Parts


class CyclesBackend(Parts):
    """Cycles and what is left of them."""

    def cycles(self, workspace: str) -> Sequence[Cycle]:
        return cycles.all_cycles(self._acting, workspace)

    def cycle_history(self, id_cycle: int) -> Sequence[CycleEntry]:
        return cycles.history(self._acting, id_cycle)

    def create_cycle(
        self, name: str, deadline: date, workspaces: Collection[str], keys: Sequence[DatasetKey]
    ) -> Cycle:
        return cycles.create(self._acting, name, deadline, workspaces, keys)

    def edit_cycle(
        self, id_cycle: int, name: str, deadline: date, workspaces: Collection[str]
    ) -> Cycle:
        return cycles.edit(
            self._acting, id_cycle, name=name, deadline=deadline, workspaces=workspaces
        )

    def delete_cycle(self, id_cycle: int) -> str:
        name = cycles.cycle(self._acting, id_cycle).name
        cycles.delete(self._acting, id_cycle)
        return f"Deleted cycle {name}; its datasets stay as they are."

    def add_to_cycle(self, id_cycle: int, keys: Sequence[DatasetKey]) -> str:
        new = cycles.add(self._acting, id_cycle, keys)
        name = cycles.cycle(self._acting, id_cycle).name
        known = len(set(keys)) - len(new)
        there = f"; {known} {'was' if known == 1 else 'were'} in it already" if known else ""
        return f"Put {counted(len(new))} into cycle {name}{there}."

    def remove_from_cycle(self, id_cycle: int, keys: Sequence[DatasetKey]) -> str:
        cycles.remove(self._acting, id_cycle, keys)
        name = cycles.cycle(self._acting, id_cycle).name
        return f"Took {counted(len(set(keys)))} out of cycle {name}."

    def complete_cycle(self, id_cycle: int, workspace: str) -> str:
        cycle = cycles.complete(self._acting, id_cycle, workspace)
        return f"Completed cycle {cycle.name} in workspace {workspace}."

    def reopen_cycle(self, id_cycle: int, workspace: str) -> str:
        cycle = cycles.reopen(self._acting, id_cycle, workspace)
        return f"Cycle {cycle.name} is pending again in workspace {workspace}."

    def move_cycle_datasets(
        self, id_cycle: int, workspace: str, to_state: str, also: Collection[str]
    ) -> str:
        moved = cycles.move_all(self._acting, id_cycle, workspace, to_state, also=also)
        return moved.text

    def todo(self, scope: TodoScope, share: Share, is_cancelled: Asked) -> Todo | None:
        try:
            return todo.todo(
                self._acting,
                cycle=scope.cycle,
                run_from=scope.run_from,
                run_to=scope.run_to,
                workspace=scope.workspace,
                least_luminosity=scope.least_luminosity,
                progress=Progress(share, is_cancelled),
            )
        except Cancelled:
            return None
