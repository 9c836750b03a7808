"""Command `todo`: what is left to do."""

from pathlib import Path

from app import files
from app.cli import out_files
from app.cli.arguments import add_command, add_force, positive, run_number
from app.cli.output import Answer, ProgressLine, number_of, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.certification.todo import LEAST_LUMINOSITY, TaskKind
from app.domain.json_value import JsonValue
from app.services import names
from app.services.certification.todo import TodoScope, todo


def add(commands: Commands, common: Parser) -> None:
    """Adds `todo`."""
    parser = add_command(commands, common, "todo", HELP["todo"], _todo, writes=False)
    parser.add_argument("--cycle", type=positive, metavar="ID", help="in this cycle")
    parser.add_argument("--first-run", type=run_number, metavar="N", help="from this run on")
    parser.add_argument("--last-run", type=run_number, metavar="N", help="up to this run")
    parser.add_argument("--workspace", metavar="W", help="OPEN datasets of this workspace only")
    parser.add_argument(
        "--luminosity",
        type=float,
        default=LEAST_LUMINOSITY,
        metavar="X",
        help=f"runs with less than X /pb recorded are told ({LEAST_LUMINOSITY:g})",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="the list as CSV")
    add_force(parser)


def _todo(program: Program, arguments: Arguments) -> Answer:
    if arguments.out is not None:
        files.check_writable(arguments.out)
    names.check_offline_workspace(program.acting, arguments.workspace)
    line = ProgressLine()
    try:
        left = todo(
            program.acting,
            TodoScope(
                arguments.cycle,
                arguments.first_run,
                arguments.last_run,
                arguments.workspace,
                arguments.luminosity,
            ),
            line.shares("looking"),
        )
    finally:
        line.clear()
    if arguments.out is not None:
        out_files.check_csv(arguments.out, left.csv_text, force=arguments.force)
        files.write(arguments.out, left.csv_text)
    document: JsonValue = {
        "datasets": left.datasets,
        "tasks": [
            {
                "kind": task.kind.value,
                "run_number": task.run_number,
                "dataset": task.dataset,
                "workspace": task.workspace or None,
                "text": task.text,
            }
            for task in left.tasks
        ],
        "open_datasets": [
            {"workspace": workspace, "name": name, "datasets": number}
            for (workspace, name), number in left.open_datasets.items()
        ],
    }
    rows = [
        (task.run_number, task.dataset, task.kind.value, task.text)
        for task in left.tasks
        if task.kind is not TaskKind.OPEN
    ]
    open_rows = [(*key, number) for key, number in left.open_datasets.items()]
    parts = [
        table(("workspace", "dataset", "OPEN"), open_rows, right=("OPEN",)) if open_rows else "",
        table(("run", "dataset", "what", ""), rows, right=("run",)) if rows else "",
        f"{number_of(len(left.tasks), 'task')} in {number_of(left.datasets, 'dataset')}."
        if left.tasks
        else "Nothing is left to do.",
    ]
    return Answer(document, together(filter(None, parts)))
