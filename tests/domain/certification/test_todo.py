"""The list of what is left to do: counted by workspace and dataset, and as CSV."""

from app.domain.certification.todo import Task, TaskKind, Todo

TASKS = (
    Task(TaskKind.OPEN, 390002, "/PromptReco/C", "tracker", "OPEN"),
    Task(TaskKind.OPEN, 390001, "/PromptReco/C", "dt", "OPEN"),
    Task(TaskKind.OPEN, 390002, "/PromptReco/C", "dt", "OPEN"),
    Task(TaskKind.LUMINOSITY, 390003, "online", "", 'only 0.01, "too little"'),
)


def test_that_only_open_datasets_are_counted_in_order_of_workspace() -> None:
    counted = Todo(3, TASKS).open_datasets
    assert list(counted.items()) == [
        (("dt", "/PromptReco/C"), 2),
        (("tracker", "/PromptReco/C"), 1),
    ]


def test_that_tasks_of_a_kind_keep_their_order() -> None:
    assert Todo(3, TASKS).of_kind(TaskKind.OPEN) == TASKS[:3]
    assert Todo(3, TASKS).of_kind(TaskKind.NO_CYCLE) == ()


def test_that_the_csv_has_a_line_per_task_and_quotes_what_has_to_be() -> None:
    assert Todo(3, TASKS[3:]).csv_text == (
        "kind,run_number,dataset,workspace,text\n"
        'little luminosity,390003,online,,"only 0.01, ""too little"""\n'
    )
