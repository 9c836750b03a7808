"""What is left to do until runs and datasets are certified: the list and its lines."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.text.csv_text import csv_text

LEAST_LUMINOSITY = 0.08
"""Recorded luminosity [pb^-1] below which a run with beam is hardly worth certifying."""


class TaskKind(StrEnum):
    """Why something is on the list."""

    OPEN = "open"
    NOT_IN_GUI = "not in the DQM GUI"
    NO_CYCLE = "in no cycle"
    MARK = "mark taken away"
    LUMISECTIONS = "lumisections differ"
    LUMINOSITY = "little luminosity"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: where, for whom, and why. A run's own has the dataset `online`."""

    kind: TaskKind
    run_number: int
    dataset: str
    workspace: str
    text: str


@dataclass(frozen=True)
class Todo:
    """What is left: the tasks by run, and how many datasets are OPEN by workspace and name; `runs`
    are those whose datasets were looked at."""

    datasets: int
    tasks: tuple[Task, ...]
    runs: frozenset[int] = frozenset()

    @property
    def open_datasets(self) -> Mapping[tuple[str, str], int]:
        """Number of OPEN datasets per workspace and dataset name."""
        counted = Counter((task.workspace, task.dataset) for task in self.of_kind(TaskKind.OPEN))
        return dict(sorted(counted.items()))

    def of_kind(self, kind: TaskKind) -> tuple[Task, ...]:
        """Tasks of one kind."""
        return tuple(task for task in self.tasks if task.kind is kind)

    @property
    def csv_text(self) -> str:
        """The list as CSV."""
        head = ("kind", "run_number", "dataset", "workspace", "text")
        return csv_text(
            [
                head,
                *(
                    (task.kind, task.run_number, task.dataset, task.workspace, task.text)
                    for task in self.tasks
                ),
            ]
        )
