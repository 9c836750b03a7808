"""Commands on cycles."""

import argparse
from collections.abc import Container
from datetime import date

from app.cli.arguments import add_command, add_group, positive
from app.cli.certification.dataset_tools import (
    add_selection,
    keys_document,
    moved_answer,
    names,
    selection,
)
from app.cli.output import Answer, number_of, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.certification.cycles import Cycle
from app.domain.certification.datasets import COMPLETED, EDITABLE_STATES, NOT_SIGNIFICANT, WAITING
from app.domain.clock import server_now
from app.domain.json_value import JsonObject, JsonValue
from app.services import names as typed
from app.services.acting import Acting
from app.services.certification import cycles, second_eyes
from app.services.certification.cycles import CycleChanged
from app.services.certification.second_eyes import Frozen
from app.services.configuration import in_force as configuration


def add(commands: Commands, common: Parser) -> None:
    """Adds `cycles` and its commands."""
    group = add_group(commands, common, "cycles", HELP["cycles"])
    parser = add_command(group, common, "list", "cycles, pending ones first", _list, writes=False)
    parser.add_argument("--workspace", metavar="W", help="only those of this workspace")

    parser = add_command(
        group, common, "show", "a cycle, its datasets and its history", _show, writes=False
    )
    _add_id(parser)

    parser = add_command(
        group,
        common,
        "create",
        "a new cycle of the datasets named",
        _create,
        writes=True,
        example="'2025 week 40' --deadline 2025-10-10 --name /PromptReco/Collisions2025D/DQM",
    )
    parser.add_argument("cycle_name", metavar="CYCLE")
    parser.add_argument("--deadline", type=_day, required=True, metavar="YYYY-MM-DD")
    parser.add_argument("--workspaces", type=names, metavar="W,W", help="all offline ones")
    add_selection(parser)

    parser = add_command(
        group,
        common,
        "edit",
        "another name, deadline or workspaces",
        _edit,
        writes=True,
        example="1 --deadline 2025-10-17",
    )
    _add_id(parser)
    parser.add_argument("--rename", metavar="CYCLE")
    parser.add_argument("--deadline", type=_day, metavar="YYYY-MM-DD")
    parser.add_argument("--workspaces", type=names, metavar="W,W")

    for name, help_, command in (
        ("add", "put datasets into a cycle", _add),
        ("remove", "take datasets out of a cycle", _remove),
    ):
        parser = add_command(
            group, common, name, help_, command, writes=True, example="1 --run 396370"
        )
        _add_id(parser)
        add_selection(parser)

    for name, help_, command in (
        ("complete", "complete a cycle in a workspace", _complete),
        ("reopen", "move a cycle back to pending in a workspace", _reopen),
    ):
        parser = add_command(group, common, name, help_, command, writes=True, example="1 dt")
        _add_id(parser)
        parser.add_argument("workspace", metavar="WORKSPACE")

    for name, help_, command in (
        ("freeze", "freeze a cycle: nothing in it changes any more", _freeze),
        ("thaw", "let what is in a frozen cycle change again", _thaw),
    ):
        parser = add_command(
            group, common, name, help_, command, writes=True, example="1 --reason 'for Moriond'"
        )
        _add_id(parser)
        parser.add_argument(
            "--reason", default="", metavar="TEXT", help="kept with the cycle; required to thaw"
        )

    parser = add_command(
        group,
        common,
        "move-all",
        "move all datasets of a cycle",
        _move_all,
        writes=True,
        example="1 dt",
    )
    _add_id(parser)
    parser.add_argument("workspace", metavar="WORKSPACE")
    parser.add_argument("--to", choices=EDITABLE_STATES, default=COMPLETED)
    parser.add_argument(
        "--also",
        action="append",
        choices=(WAITING, NOT_SIGNIFICANT),
        default=[],
        help="datasets in this state too; may be repeated",
    )
    parser.add_argument(
        "--comment", "--reason", default="", metavar="TEXT", help="required for what is verified"
    )

    parser = add_command(
        group, common, "delete", "take a cycle out of the list", _delete, writes=True, example="1"
    )
    _add_id(parser)


def _add_id(parser: Parser) -> None:
    parser.add_argument("id", type=positive, metavar="ID", help="number of the cycle")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f'"{text}" is not a day like 2025-12-31') from error


def _list(program: Program, arguments: Arguments) -> Answer:
    typed.check_offline_workspace(program.acting, arguments.workspace)
    found = cycles.all_cycles(program.acting, arguments.workspace)
    workspace = arguments.workspace or "global"
    frozen = second_eyes.freezes(program.acting)
    rows = [
        (
            each.id,
            each.name,
            each.deadline,
            _state(each, workspace, frozen),
            each.datasets,
            f"{each.progress[workspace].share:.0%}" if workspace in each.progress else "",
        )
        for each in found
    ]
    heads = ("cycle", "name", "deadline", workspace, "datasets", "done")
    text = table(heads, rows, right=("cycle", "datasets", "done"))
    line = f"{number_of(len(found), 'cycle')}." if found else "No cycle."
    document: JsonValue = {
        "cycles": [{**_document(each), "frozen": each.id in frozen} for each in found]
    }
    return Answer(document, together((text, line)) if rows else line)


def _state(cycle: Cycle, workspace: str, frozen: Container[int]) -> str | None:
    if cycle.id in frozen:
        return "frozen"
    return "overdue" if cycle.overdue(_today()) else cycle.states.get(workspace)


def _show(program: Program, arguments: Arguments) -> Answer:
    db = program.db
    cycle = cycles.cycle(Acting(db), arguments.id)
    held = cycles.datasets(Acting(db), cycle.id)
    entries = cycles.history(Acting(db), cycle.id)
    freeze = second_eyes.freezes(Acting(db)).get(cycle.id)
    rows = [
        (
            name,
            state,
            progress.completed,
            progress.signed_off,
            progress.open,
            progress.waiting,
            progress.not_significant,
        )
        for (name, state), progress in zip(
            cycle.states.items(), cycle.progress.values(), strict=True
        )
    ]
    heads = ("workspace", "state", "COMPLETED", "SIGNOFF", "OPEN", "waiting", "not significant")
    lines = [
        f"Cycle {cycle.id}: {cycle.name}, deadline {cycle.deadline}"
        + (", overdue" if cycle.overdue(_today()) else "")
        + (f", frozen by {freeze.by}" if freeze is not None else ""),
        table(heads, rows, right=heads[2:]),
        table(("run", "dataset"), held, right=("run",)),
        *(f"{entry.at:%Y-%m-%d %H:%M} {entry.by}: {entry.what}" for entry in entries),
    ]
    document: JsonObject = {
        **_document(cycle),
        "frozen": freeze is not None,
        "held": keys_document(held),
        "history": [
            {
                "at": entry.at.isoformat(),
                "by": entry.by,
                "what": entry.what,
                "details": entry.details,
            }
            for entry in entries
        ],
    }
    return Answer(document, together(lines))


def _create(program: Program, arguments: Arguments) -> Answer:
    workspaces = arguments.workspaces
    if workspaces is None:
        workspaces = configuration.current(program.acting).offline_workspaces
    made = cycles.create(
        program.acting,
        arguments.cycle_name,
        arguments.deadline,
        workspaces,
        selection(program, arguments),
    )
    return _answer(made, f"Made cycle {made.id} with {number_of(made.datasets, 'dataset')}.")


def _edit(program: Program, arguments: Arguments) -> Answer:
    changed = cycles.edit(
        program.acting,
        arguments.id,
        name=arguments.rename,
        deadline=arguments.deadline,
        workspaces=arguments.workspaces,
    )
    return _answer(changed, f"Changed cycle {changed.name}.")


def _add(program: Program, arguments: Arguments) -> Answer:
    keys = selection(program, arguments)
    return _answer_of(cycles.add(program.acting, arguments.id, keys))


def _remove(program: Program, arguments: Arguments) -> Answer:
    keys = selection(program, arguments, hidden=True)
    return _answer_of(cycles.remove(program.acting, arguments.id, keys))


def _complete(program: Program, arguments: Arguments) -> Answer:
    return _answer_of(cycles.complete(program.acting, arguments.id, arguments.workspace))


def _reopen(program: Program, arguments: Arguments) -> Answer:
    return _answer_of(cycles.reopen(program.acting, arguments.id, arguments.workspace))


def _freeze(program: Program, arguments: Arguments) -> Answer:
    return _frozen(second_eyes.freeze(program.acting, arguments.id, arguments.reason))


def _thaw(program: Program, arguments: Arguments) -> Answer:
    return _frozen(second_eyes.thaw(program.acting, arguments.id, arguments.reason))


def _frozen(done: Frozen) -> Answer:
    return Answer({"id": done.id_cycle, "text": done.text}, done.text)


def _move_all(program: Program, arguments: Arguments) -> Answer:
    moved = cycles.move_all(
        program.acting,
        arguments.id,
        arguments.workspace,
        arguments.to,
        also=arguments.also,
        comment=arguments.comment,
    )
    return moved_answer(moved)


def _delete(program: Program, arguments: Arguments) -> Answer:
    done = cycles.delete(program.acting, arguments.id)
    return Answer({"id": done.cycle.id, "text": done.text}, done.text)


def _answer_of(done: CycleChanged) -> Answer:
    return _answer(done.cycle, done.text)


def _answer(cycle: Cycle, text: str) -> Answer:
    return Answer({**_document(cycle), "text": text}, text)


def _document(cycle: Cycle) -> JsonObject:
    return {
        "id": cycle.id,
        "name": cycle.name,
        "deadline": cycle.deadline.isoformat(),
        "overdue": cycle.overdue(_today()),
        "states": {**cycle.states},
        "datasets": cycle.datasets,
        "progress": {
            name: {
                "completed": each.completed,
                "signed_off": each.signed_off,
                "open": each.open,
                "waiting": each.waiting,
                "not_significant": each.not_significant,
            }
            for name, each in cycle.progress.items()
        },
    }


def _today() -> date:
    return server_now().date()
