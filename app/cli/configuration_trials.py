"""Commands on what classifiers do to runs: `config try`, `why`, `reclassify`."""

import argparse
from collections.abc import Iterator

from app.cli.arguments import Arguments, Commands, Parser, add_command, positive, run_number
from app.cli.configuration_items import KINDS, add_values, kind, lines_of, values_given
from app.cli.output import (
    DONE,
    REFUSED,
    Answer,
    ProgressLine,
    UsageError,
    number_of,
    table,
    together,
)
from app.cli.program import Program
from app.cli.rule_tree import tree_document, tree_lines, word_document
from app.domain.classifying.trial import NOT_CLASSIFIED, ColumnChange, RunTrial
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE
from app.domain.lumisections import format_ranges, parse_ranges
from app.domain.text.names import not_found
from app.services import names
from app.services.acting import Acting
from app.services.classifying import reclassify, trials, why
from app.services.classifying.reclassify import RunPlan
from app.services.classifying.trials import LAST, MOST, Draft
from app.services.classifying.why import Verdict, Why
from app.services.configuration import in_force as configuration

_SHOWN = 60


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `config`."""
    parser = add_command(
        group, common, "try", "what a change would do to runs, before it is saved", _try
    )
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument(
        "id", type=positive, nargs="?", metavar="ID", help="the item that changes; else a new one"
    )
    add_values(parser)
    parser.add_argument("--delete", action="store_true", help="try it without the item")
    _add_runs(parser)

    parser = add_command(group, common, "why", "the classifiers over a run, as trees", _why)
    parser.add_argument("run", type=run_number, metavar="RUN")
    parser.add_argument(
        "what", metavar="WHAT", help="class, significant, a column, or a workspace of --dataset"
    )
    parser.add_argument("--dataset", default=ONLINE, metavar="NAME", help="online")
    parser.add_argument("--ls", type=positive, metavar="N", help="lumisection, for a column")
    parser.add_argument("--is", dest="wanted", metavar="VALUE", help="only those that give it")

    parser = add_command(
        group, common, "reclassify", "bring OPEN runs in line with the classifiers", _reclassify
    )
    _add_runs(parser)
    parser.add_argument("--apply", action="store_true", help="do it; without it only a preview")


def runs(text: str) -> tuple[int, ...]:
    """Run numbers such as `355100-355102,355105`."""
    try:
        ranges = parse_ranges(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error
    if sum(last - first + 1 for first, last in ranges) > MOST:
        raise argparse.ArgumentTypeError(f"these are more than {MOST} runs")
    return tuple(each for first, last in ranges for each in range(first, last + 1))


def _add_runs(parser: Parser) -> None:
    parser.add_argument("--runs", type=runs, metavar="RUNS", help="e.g. 355100-355102,355105")
    parser.add_argument(
        "--last", type=positive, default=LAST, metavar="N", help=f"the newest runs ({LAST})"
    )


def _try(program: Program, arguments: Arguments) -> Answer:
    values = values_given(arguments)
    if arguments.delete:
        if arguments.id is None or values:
            raise UsageError("--delete takes the ID of an item and no values.")
        draft = Draft(arguments.kind, arguments.id, None)
    else:
        draft = Draft(arguments.kind, arguments.id, values)
    line = ProgressLine()
    try:
        found = trials.try_draft(
            program.acting,
            draft,
            arguments.runs,
            last=arguments.last,
            progress=line.shares("trying"),
        )
    finally:
        line.clear()
    document: JsonValue = {
        "kind": found.kind.word,
        "tried": len(found.runs),
        "nowhere": [*found.nowhere],
        "changed": [_run_document(each) for each in found.changed],
    }
    lines = [line for each in found.changed for line in _run_lines(each)]
    end = (
        f"Of {number_of(len(found.runs), 'run')}"
        f" {number_of(len(found.changed), 'run changes', 'runs change')}."
    )
    if found.nowhere:
        end += f" None of them has {', '.join(found.nowhere)}."
    return Answer(document, together((*lines_of(lines, _SHOWN), end)))


def _run_document(run: RunTrial) -> JsonObject:
    return {
        "run_number": run.run_number,
        "state": run.state,
        "class": None if run.class_ is None else [*run.class_],
        "significant": None if run.significant is None else [*run.significant],
        "by_hand": [*run.by_hand],
        "columns": [
            {
                "column": column.column,
                "online": column.online,
                "changes": [
                    {
                        "lumisections": [*change.lumisections],
                        "before": change.before,
                        "after": change.after,
                    }
                    for change in column.changes
                ],
            }
            for column in run.columns
        ],
        "datasets": [
            {
                "dataset": each.dataset,
                "workspace": each.workspace,
                "before": each.before,
                "after": each.after,
            }
            for each in run.datasets
        ],
        "datasets_gained": [*run.gained],
        "datasets_lost": [*run.lost],
        "problem": run.problem,
    }


def _run_lines(run: RunTrial) -> Iterator[str]:
    name = f"{run.run_number} {run.state}"
    if run.problem:
        yield f"{name}: {run.problem}"
    for what, pair in (("class", run.class_), ("significant", run.significant)):
        if pair is not None:
            before, after = (_word(each) for each in pair)
            hidden = ", but a person's word stands" if what in run.by_hand else ""
            yield f"{name}: {what} {before} → {after}{hidden}"
    for column in run.columns:
        yield f"{name}: {column.column} {_column_words(column)}"
    for each in run.datasets:
        yield (
            f"{name}: {each.workspace} of {each.dataset}"
            f" {each.before or 'undecided'} → {each.after or 'undecided'}"
        )
    yield from (f"{name}: gets {each}" for each in run.gained)
    yield from (f"{name}: no longer gets {each}" for each in run.lost)


def _column_words(column: ColumnChange) -> str:
    return ", ".join(
        f"LS {format_ranges((each.lumisections,))}: {_status(each.before)} → {_status(each.after)}"
        for each in column.changes
    )


def _status(status: str) -> str:
    return "not classified" if status == NOT_CLASSIFIED else status


def _word(value: str | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or "none"


def _why(program: Program, arguments: Arguments) -> Answer:
    db, what = program.db, arguments.what
    if what == "class":
        found = why.why_class(Acting(db), arguments.run)
    elif what == "significant":
        found = why.why_significant(Acting(db), arguments.run)
    elif "-" in what:
        if arguments.ls is None:
            raise UsageError("A column needs --ls.")
        names.check_dataset(Acting(db), arguments.run, arguments.dataset)
        found = why.why_column(Acting(db), arguments.run, arguments.dataset, what, arguments.ls)
    elif arguments.dataset == ONLINE:
        known = ("class", "significant", *configuration.current(Acting(db)).online_columns)
        raise not_found(f'Nothing of a run is called "{what}"', what, known)
    else:
        names.check_offline_workspace(Acting(db), what)
        found = why.why_workspace(Acting(db), arguments.run, arguments.dataset, what)
    verdicts = [each for each in found.verdicts if arguments.wanted in (None, each.gives)]
    if arguments.wanted is not None and not verdicts:
        given = {each.gives for each in found.verdicts}
        raise not_found(
            f'No classifier of {found.question} gives "{arguments.wanted}"', arguments.wanted, given
        )
    document: JsonValue = {
        "run_number": found.run_number,
        "question": found.question,
        "answer": found.answer,
        "stands": found.stands,
        "set_by": word_document(found.word),
        "classifiers": [_verdict_document(found, each) for each in verdicts],
    }
    lines = [found.text]
    for each in verdicts:
        priority = "" if each.priority is None else f", priority {each.priority}"
        lines += [
            "",
            f"{'→' if each.decides else ' '} {each.gives or 'no class'}"
            f" (classifier {each.id}{priority}{'' if each.enabled else ', switched off'}):"
            f" {'true' if each.holds else 'false'}",
        ]
        if each.tree is None:
            lines.append(f"  {each.problem}")
        else:
            lines += tree_lines(each.tree, found.words, 0)
    return Answer(document, together(lines))


def _verdict_document(found: Why, verdict: Verdict) -> JsonObject:
    return {
        "id": verdict.id,
        "gives": verdict.gives,
        "priority": verdict.priority,
        "enabled": verdict.enabled,
        "holds": verdict.holds,
        "decides": verdict.decides,
        "rule": None if verdict.tree is None else tree_document(verdict.tree, found.words),
        "problem": verdict.problem,
    }


def _reclassify(program: Program, arguments: Arguments) -> Answer:
    db = program.db
    names.check_runs(Acting(db), arguments.runs or ())
    numbers = arguments.runs or reclassify.open_runs(Acting(db), arguments.last)
    line = ProgressLine()
    share = line.shares("reclassifying")
    try:
        if not arguments.apply:
            return _plan_answer(reclassify.preview(Acting(db), numbers, share))
        done = reclassify.apply(Acting(db, program.actor), numbers, share)
    finally:
        line.clear()
    document: JsonValue = {
        "applied": True,
        "runs": [
            {"run_number": number, "outcome": outcome.kind.value, "text": outcome.text}
            for number, outcome in done.done
        ],
        "refused": [{"run_number": number, "reason": reason} for number, reason in done.refused],
    }
    lines = [outcome.text for _, outcome in done.done]
    lines += [f"Run {number} is left alone: {reason}" for number, reason in done.refused]
    end = f"{number_of(done.changed, 'run')} changed."
    code = REFUSED if done.refused else DONE
    return Answer(document, together((*lines_of(lines, _SHOWN), end)), code)


def _plan_answer(plans: tuple[RunPlan, ...]) -> Answer:
    document: JsonValue = {
        "applied": False,
        "runs": [
            {
                "run_number": plan.run_number,
                "attributes": [
                    {
                        "name": each.name,
                        "stands": each.stands,
                        "value": each.value,
                        "hidden": each.hidden,
                    }
                    for each in plan.attributes
                ],
                "statuses": [
                    {
                        "column": each.column,
                        "lumisections": [*each.lumisections],
                        "stands": each.stands,
                        "status": each.status,
                        "hidden": each.hidden,
                    }
                    for each in plan.statuses
                ],
            }
            for plan in plans
            if not plan.refused
        ],
        "refused": [
            {"run_number": plan.run_number, "reason": plan.refused}
            for plan in plans
            if plan.refused
        ],
    }
    rows: list[tuple[object, ...]] = []
    for plan in plans:
        rows += [
            (plan.run_number, each.name, "", each.stands, each.value, _hidden(each.hidden))
            for each in plan.attributes
        ]
        rows += [
            (
                plan.run_number,
                each.column,
                format_ranges((each.lumisections,)),
                each.stands,
                each.status,
                _hidden(each.hidden),
            )
            for each in plan.statuses
        ]
    shown = table(("run", "what", "LS", "stands", "becomes", ""), rows[:_SHOWN])
    changing = sum(plan.changes for plan in plans)
    lines: list[str] = [shown] if rows else []
    if len(rows) > _SHOWN:
        lines.append(f"and {len(rows) - _SHOWN} more")
    lines += [f"Run {plan.run_number}: {plan.refused}" for plan in plans if plan.refused]
    lines.append(
        f"{number_of(changing, 'run')} of {len(plans)} would change; --apply does it."
        if changing
        else f"Nothing would change in {number_of(len(plans), 'run')}."
    )
    return Answer(document, together(lines))


def _hidden(hidden: bool) -> str:
    return "hidden by a person's word" if hidden else ""
