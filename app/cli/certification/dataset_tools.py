"""Commands that change many datasets: move, duplicate, columns, states, hiding, CSV."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from app import files
from app.cli import out_files
from app.cli.arguments import Command, add_command, add_force, filter_text, run_number
from app.cli.output import REFUSED, Answer, ProgressLine, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.domain.certification.dataset_tools import (
    ChangeStates,
    CopyColumns,
    Duplicate,
    Effect,
    Hide,
    SetColumns,
    Tool,
    Unhide,
)
from app.domain.certification.datasets import DATASET_STATES, EDITABLE_STATES
from app.domain.configuration.in_force import GLOBAL
from app.domain.counting import counted
from app.domain.errors import BadInput
from app.domain.filters import NAME, RUN, Comparison, Node, Operator, all_of, hints
from app.domain.filters import parse as parse_filter
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import DatasetKey
from app.domain.triplets import SETTABLE_STATUSES
from app.services import names as typed
from app.services.certification import dataset_csv, datasets, tables
from app.services.certification.datasets import Moved
from app.services.certification.tables import TableKind, TableQuery
from app.services.configuration import in_force as configuration
from app.services.editing import dataset_tools


def add(group: Commands, common: Parser) -> None:
    """Adds the tools to `datasets`."""
    parser = add_command(
        group,
        common,
        "move",
        "move datasets to a state",
        _move,
        writes=True,
        example="--run 396370 --to OPEN --workspace dt",
    )
    add_selection(parser)
    parser.add_argument("--to", required=True, choices=DATASET_STATES, metavar="STATE")
    parser.add_argument(
        "--workspace",
        default=GLOBAL,
        metavar="W",
        help="workspace in which they are moved (global)",
    )
    parser.add_argument(
        "--from", dest="from_state", metavar="STATE", help="only if they are still in this state"
    )
    parser.add_argument(
        "--comment", "--reason", default="", metavar="TEXT", help="required for what is verified"
    )

    parser = _tool(
        group,
        common,
        "duplicate",
        "copy datasets under another name",
        _duplicate,
        "--run 396370 --as /ReReco/Collisions2025D/DQM",
    )
    parser.add_argument("--as", dest="target", required=True, metavar="NAME")
    parser.add_argument(
        "--workspaces", type=names, metavar="W,W", help="workspaces whose states are copied (all)"
    )

    parser = _tool(
        group,
        common,
        "copy-column",
        "copy columns between datasets",
        _copy,
        "--source /Express/Collisions2025/DQM --into /PromptReco/Collisions2025D/DQM"
        " --columns dt-dt",
    )
    parser.add_argument("--source", required=True, metavar="NAME")
    parser.add_argument("--into", required=True, metavar="NAME")
    parser.add_argument("--columns", type=names, required=True, metavar="C,C")

    parser = _tool(
        group,
        common,
        "set-column",
        "set the status of columns in every LS",
        _set,
        "--run 396370 --columns dt-dt --status GOOD",
    )
    parser.add_argument("--columns", type=names, required=True, metavar="C,C")
    parser.add_argument("--status", required=True, choices=SETTABLE_STATUSES)

    parser = _tool(
        group,
        common,
        "change-states",
        "move many datasets to a state",
        _states,
        "--run 396370 --workspace dt --from SIGNOFF --to OPEN",
    )
    parser.add_argument("--to", required=True, choices=EDITABLE_STATES)
    parser.add_argument("--workspace", metavar="W", help="workspace in which they are moved (all)")
    parser.add_argument(
        "--from",
        dest="from_states",
        action="append",
        choices=DATASET_STATES,
        help="only datasets in this state; may be repeated (OPEN, SIGNOFF and COMPLETED)",
    )

    _tool(
        group,
        common,
        "hide",
        "hide datasets, with a reason",
        _hide,
        "--run 396370 --reason 'wrong era'",
    )
    _tool(
        group,
        common,
        "unhide",
        "show hidden datasets again, with a reason",
        _unhide,
        "--run 396370 --reason 'right era'",
    )

    parser = add_command(
        group, common, "export-csv", "write datasets as CSV", _export, writes=False
    )
    add_selection(parser)
    parser.add_argument("--columns", type=names, default=(), metavar="C,C")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    add_force(parser)


def add_selection(parser: Parser) -> None:
    """Options that select datasets."""
    group = parser.add_argument_group("selection of datasets (all given conditions apply)")
    group.add_argument(
        "--run",
        type=run_number,
        action="append",
        default=[],
        metavar="N",
        dest="runs",
        help="datasets of this run; may be repeated",
    )
    group.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        dest="names",
        help="datasets of this name; may be repeated",
    )
    group.add_argument(
        "--filter", type=filter_text, metavar="TEXT", help="a filter as for `datasets list`"
    )


def selection(
    program: Program, arguments: Arguments, *, hidden: bool = False, kind: TableKind = "datasets"
) -> tuple[DatasetKey, ...]:
    """The datasets that the options select, `online` of each run for the kind `runs`; BadInput
    when there are none."""
    parts: list[Node] = []
    typed.check_runs(program.acting, arguments.runs)
    typed.check_dataset_names(program.acting, arguments.names)
    if arguments.filter:
        parsed = parse_filter(arguments.filter, tables.vocabulary(program.acting))
        if parsed is not None:
            parts.append(parsed)
    if arguments.runs:
        parts.append(Comparison(RUN, Operator.IN, tuple(arguments.runs)))
    if arguments.names:
        parts.append(Comparison(NAME, Operator.IN, tuple(arguments.names)))
    if not parts:
        raise UsageError("Select datasets with --run, --name or --filter.")
    query = TableQuery(kind, all_of(parts), include_deleted=hidden)
    keys = tables.matching(program.acting, query)
    if not keys:
        meant = hints(query.filter, of_datasets=kind == "datasets")
        raise BadInput(" ".join(("No dataset matches the selection.", *meant)))
    return keys


def names(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    if not parts:
        raise argparse.ArgumentTypeError("no names were given, such as dt-dt,csc-csc")
    return parts


def _tool(
    group: Commands, common: Parser, name: str, help_: str, command: Command, example: str
) -> Parser:
    parser = add_command(group, common, name, help_, command, writes=True, example=example)
    add_selection(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="kept with the change")
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")
    return parser


def _move(program: Program, arguments: Arguments) -> Answer:
    if arguments.from_state is not None:
        typed.check_state(arguments.from_state)
    moved = datasets.move(
        program.acting,
        selection(program, arguments),
        arguments.workspace,
        arguments.to,
        from_state=arguments.from_state,
        comment=arguments.comment,
    )
    return moved_answer(moved)


def _duplicate(program: Program, arguments: Arguments) -> Answer:
    workspaces = arguments.workspaces
    if workspaces is None:
        workspaces = configuration.current(program.acting).offline_workspaces
    keys = selection(program, arguments)
    return _use(program, arguments, Duplicate(keys, arguments.target, tuple(workspaces)))


def _copy(program: Program, arguments: Arguments) -> Answer:
    arguments.names = [*arguments.names, arguments.source, arguments.into]
    keys = selection(program, arguments)
    tool = CopyColumns(keys, arguments.source, arguments.into, arguments.columns)
    return _use(program, arguments, tool)


def _set(program: Program, arguments: Arguments) -> Answer:
    keys = selection(program, arguments)
    return _use(program, arguments, SetColumns(keys, arguments.columns, arguments.status))


def _states(program: Program, arguments: Arguments) -> Answer:
    from_states = tuple(arguments.from_states or EDITABLE_STATES)
    keys = selection(program, arguments)
    tool = ChangeStates(keys, arguments.to, arguments.workspace, from_states)
    return _use(program, arguments, tool)


def _hide(program: Program, arguments: Arguments) -> Answer:
    return _use(program, arguments, Hide(selection(program, arguments)))


def _unhide(program: Program, arguments: Arguments) -> Answer:
    return _use(program, arguments, Unhide(selection(program, arguments, hidden=True)))


def _use(program: Program, arguments: Arguments, tool: Tool) -> Answer:
    if arguments.dry_run:
        return _preview(program, tool)
    line = ProgressLine()
    try:
        applied = dataset_tools.apply(
            program.acting,
            tool,
            reason=arguments.reason,
            progress=line.shares("applying"),
        )
    finally:
        line.clear()
    document: JsonValue = {
        "atomic_version": applied.atomic_version,
        "text": applied.text,
        "datasets": [_effect(effect) for effect in applied.effects],
    }
    return Answer(document, applied.text)


def _preview(program: Program, tool: Tool) -> Answer:
    preview = dataset_tools.preview(program.acting, tool)
    rows = [(*effect.key, effect.problem or effect.text) for effect in preview.effects]
    text = table(("run", "dataset", "what would change"), rows, right=("run",))
    document: JsonValue = {
        "atomic_version": None,
        "text": preview.text,
        "problems": list(preview.problems),
        "datasets": [_effect(effect) for effect in preview.effects],
    }
    code = REFUSED if preview.problems or not preview.changed else 0
    return Answer(document, together((text, preview.text)), code)


def _effect(effect: Effect) -> JsonObject:
    return {
        "run_number": effect.run_number,
        "name": effect.name,
        "text": effect.text,
        "changes": effect.changes and not effect.problem,
        "problem": effect.problem or None,
    }


def moved_answer(moved: Moved) -> Answer:
    """Which datasets were moved to which state, and which were there already."""
    document: JsonValue = {
        "atomic_version": moved.atomic_version,
        "workspace": moved.workspace,
        "state": moved.state,
        "datasets": keys_document(moved.datasets),
        "unchanged": keys_document(moved.unchanged),
        "text": moved.text,
    }
    return Answer(document, moved.text)


def keys_document(keys: Sequence[DatasetKey]) -> list[JsonValue]:
    """Datasets as they are written in documents."""
    return [{"run_number": run, "name": name} for run, name in keys]


def _export(program: Program, arguments: Arguments) -> Answer:
    files.check_writable(arguments.out)
    keys = selection(program, arguments)
    content = dataset_csv.csv_text(program.acting, keys, arguments.columns)
    out_files.check_csv(arguments.out, content, force=arguments.force)
    files.write(arguments.out, content)
    text = f"Wrote {counted(len(keys), 'dataset')} to {arguments.out}."
    return Answer({"file": str(arguments.out), "datasets": len(keys), "text": text}, text)
