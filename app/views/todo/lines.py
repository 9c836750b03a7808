"""What is left to do as lines of tables."""

from collections.abc import Iterable, Sequence

from app.domain.certification.todo import Task, TaskKind, Todo
from app.domain.keys import ONLINE, DatasetKey
from app.views.looks import words
from app.views.widgets.tables.lines_model import Line

TASK_TITLES = ("Run", "Dataset", "Workspace", "What is left")
OPEN_TITLES = ("Workspace", "Dataset", "OPEN")
KIND_TEXTS = {
    TaskKind.OPEN: ("OPEN", "Datasets that are OPEN in a workspace"),
    TaskKind.NO_CYCLE: (
        "In no cycle",
        "Runs that are signed off, no dataset of them in a cycle",
    ),
    TaskKind.NOT_IN_GUI: ("Not in the DQM GUI", "Datasets that haven't appeared in the DQM GUI"),
    TaskKind.LUMISECTIONS: (
        "Lumisections differ",
        "Numbers of lumisections that OMS, luminosity, online and offline don't agree on",
    ),
    TaskKind.LUMINOSITY: ("Little luminosity", "Runs with beam that recorded next to nothing"),
}

OpenGroup = tuple[str, str]
"""Workspace and dataset name."""


def task_lines(tasks: Iterable[Task]) -> list[Line[Task]]:
    """One line a task, in the order given."""
    return [
        Line(
            (each.kind, each.run_number, each.dataset, each.workspace),
            each,
            (str(each.run_number), each.dataset, each.workspace, each.text),
        )
        for each in tasks
    ]


def open_lines(todo: Todo) -> list[Line[OpenGroup]]:
    """How many datasets are OPEN by workspace and name."""
    return [
        Line(key, key, (*key, words.number(number))) for key, number in todo.open_datasets.items()
    ]


def filter_of(keys: Sequence[DatasetKey]) -> str:
    """The filter of the offline table that shows the datasets of these runs."""
    runs = sorted({run_number for run_number, _ in keys})
    if len(runs) == 1:
        return f"run = {runs[0]}"
    return f"run in ({', '.join(map(str, runs))})"


def key_of(task: Task) -> DatasetKey:
    """Run number and dataset name."""
    return task.run_number, task.dataset


def is_of_run(task: Task) -> bool:
    """Whether it is the run that something is left of."""
    return task.dataset == ONLINE
