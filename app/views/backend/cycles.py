"""Cycles of certification, and what is left to do."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from app.domain.certification.cycles import Cycle, CycleEntry
from app.domain.certification.todo import LEAST_LUMINOSITY, Todo
from app.domain.keys import DatasetKey
from app.views.backend.datasets import Asked, Share


@dataclass(frozen=True, slots=True)
class TodoScope:
    """Where to look for what is left: a cycle or a range of runs, both ends included.

    With `workspace` only what is OPEN there counts as OPEN; `least_luminosity` in pb^-1.
    """

    cycle: int | None = None
    run_from: int | None = None
    run_to: int | None = None
    workspace: str | None = None
    least_luminosity: float = LEAST_LUMINOSITY


class Cycles(Protocol):
    """Cycles; actions answer with the cycle or a sentence for the person."""

    def cycles(self, workspace: str) -> Sequence[Cycle]:
        """Those of a workspace, what is pending there first, then by deadline."""
        ...

    def cycle_history(self, id_cycle: int) -> Sequence[CycleEntry]:
        """What was done to a cycle, the newest first."""
        ...

    def create_cycle(
        self, name: str, deadline: date, workspaces: Collection[str], keys: Sequence[DatasetKey]
    ) -> Cycle: ...

    def edit_cycle(
        self, id_cycle: int, name: str, deadline: date, workspaces: Collection[str]
    ) -> Cycle: ...

    def delete_cycle(self, id_cycle: int) -> str: ...

    def add_to_cycle(self, id_cycle: int, keys: Sequence[DatasetKey]) -> str: ...

    def remove_from_cycle(self, id_cycle: int, keys: Sequence[DatasetKey]) -> str: ...

    def complete_cycle(self, id_cycle: int, workspace: str) -> str: ...

    def reopen_cycle(self, id_cycle: int, workspace: str) -> str: ...

    def move_cycle_datasets(
        self, id_cycle: int, workspace: str, to_state: str, also: Collection[str]
    ) -> str:
        """Moves its datasets in the workspace; those that wait or don't matter only when their
        state is in `also`."""
        ...

    def todo(self, scope: TodoScope, share: Share, is_cancelled: Asked) -> Todo | None:
        """What is left to do; None when cancelled."""
        ...
