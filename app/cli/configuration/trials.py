"""Commands on what classifiers do to runs: `config try`, `why`, `reclassify`."""

import argparse
from collections.abc import Iterator, Sequence

from app.cli.arguments import add_command, positive, run_number
from app.cli.certification.wishes import add_no_wait, answered
from app.cli.configuration.items import KINDS, add_values, kind, lines_of, values_given
from app.cli.configuration.rule_tree import tree_document, tree_lines, word_document
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.domain.certification.wishes import Asked
from app.domain.classifying.trial import NOT_CLASSIFIED, ColumnChange, RunTrial
from app.domain.counting import counted
from app.domain.errors import BadInput
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE
from app.domain.lumisections import format_ranges
from app.domain.text.names import not_found
from app.services import names
from app.services.classifying import reclassify, trials, why
from app.services.classifying.reclassify import RunPlan
from app.services.classifying.trials import LAST, Draft, parse_runs
from app.services.classifying.why import Verdict, Why
from app.services.configuration import in_force as configuration

_SHOWN = 60


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `config`."""
    parser = add_command(
        group,
        common,
        "try",
        "the effect of a change on runs, before it is saved",
        _try,
        writes=False,
    )
    parser.add_argument("kind", type=kind, metavar="KIND", help=KINDS)
    parser.add_argument(
        "id",
        type=positive,
        nargs="?",
        metavar="ID",
        help="the item to change (a new one)",
    )
    add_values(parser)
    parser.add_argument("--delete", action="store_true", help="try removing the item")
    _add_runs(parser)

    parser = add_command(
        group, common, "why", "the classifiers of a run as trees", _why, writes=False
    )
    parser.add_argument("run", type=run_number, metavar="RUN")
    parser.add_argument(
        "what", metavar="WHAT", help="class, significant, a column, or a workspace of --dataset"
    )
    parser.add_argument("--dataset", default=ONLINE, metavar="NAME", help="online")
    parser.add_argument("--ls", type=positive, metavar="N", help="lumisection of a column")
    parser.add_argument(
        "--is", dest="given_value", metavar="VALUE", help="only classifiers with this value"
    )

    parser = add_command(
        group,
        common,
        "reclassify",
        "apply the classifiers to OPEN runs again",
        _reclassify,
        writes="apply",
    )
    _add_runs(parser)
    parser.add_argument("--apply", action="store_true", help="write it; without it only a preview")
    add_no_wait(parser)


def runs(text: str) -> tuple[int, ...]:
    """Run numbers such as `355100-355102,355105`."""
    try:
        return parse_runs(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from error


def _add_runs(parser: Parser) -> None:
    parser.add_argument("--runs", type=runs, metavar="RUNS", help="e.g. 355100-355102,355105")
    parser.add_argument(
        "--last", type=positive, default=LAST, metavar="N", help=f"the newest runs ({LAST})"
    )


def _try(program: Program, arguments: Arguments) -> Answer:
    values = values_given(arguments)
    if arguments.delete:
        if arguments.id is None or values:
            raise UsageError("--delete requires the ID of an item, and no values.")
        draft = Draft(arguments.kind, arguments.id, None)
    else:
        draft = Draft(arguments.kind, arguments.id, values)
    line = ProgressLine()
    try:
        tried = trials.try_draft(
            program.acting,
            draft,
            arguments.runs,
            last=arguments.last,
            progress=line.shares("trying"),
        )
    finally:
        line.clear()
    document: JsonValue = {
        "kind": tried.kind.word,
        "tried": len(tried.runs),
        "nowhere": [*tried.nowhere],
        "changed": [_run_document(run) for run in tried.changed],
    }
    lines = [line for run in tried.changed for line in _run_lines(run)]
    end = f"{len(tried.changed)} of {counted(len(tried.runs), 'run')} would change."
    if tried.nowhere:
        end += f" None of them has {', '.join(tried.nowhere)}."
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
                "dataset": dataset.dataset,
                "workspace": dataset.workspace,
                "before": dataset.before,
                "after": dataset.after,
            }
            for dataset in run.datasets
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
            before, after = map(_value, pair)
            hidden = ", hidden by a value set by hand" if what in run.by_hand else ""
            yield f"{name}: {what} {before} → {after}{hidden}"
    for column in run.columns:
        yield f"{name}: {column.column} {_column_words(column)}"
    for dataset in run.datasets:
        yield (
            f"{name}: {dataset.workspace} of {dataset.dataset}"
            f" {dataset.before or 'undecided'} → {dataset.after or 'undecided'}"
        )
    yield from (f"{name}: gets {gained}" for gained in run.gained)
    yield from (f"{name}: no longer gets {lost}" for lost in run.lost)


def _column_words(column: ColumnChange) -> str:
    return ", ".join(
        f"LS {format_ranges((change.lumisections,))}:"
        f" {_status(change.before)} → {_status(change.after)}"
        for change in column.changes
    )


def _status(status: str) -> str:
    return "not classified" if status == NOT_CLASSIFIED else status


def _value(value: str | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or "none"


def _why(program: Program, arguments: Arguments) -> Answer:
    acting, what = program.acting, arguments.what
    if what == "class":
        answer = why.why_class(acting, arguments.run)
    elif what == "significant":
        answer = why.why_significant(acting, arguments.run)
    elif "-" in what:
        if arguments.ls is None:
            raise UsageError("A column requires --ls.")
        names.check_dataset(acting, arguments.run, arguments.dataset)
        answer = why.why_column(acting, arguments.run, arguments.dataset, what, arguments.ls)
    elif arguments.dataset == ONLINE:
        known = ("class", "significant", *configuration.current(acting).online_columns)
        raise not_found(f'A run has no "{what}" to explain', what, known)
    else:
        names.check_offline_workspace(acting, what)
        answer = why.why_workspace(acting, arguments.run, arguments.dataset, what)
    verdicts = _verdicts(answer, arguments.given_value)
    document: JsonValue = {
        "run_number": answer.run_number,
        "question": answer.question,
        "answer": answer.answer,
        "stands": answer.recorded,
        "set_by": word_document(answer.set_by),
        "classifiers": [_verdict_document(answer, verdict) for verdict in verdicts],
    }
    lines = [answer.text]
    for verdict in verdicts:
        priority = "" if verdict.priority is None else f", priority {verdict.priority}"
        lines += [
            "",
            f"{'→' if verdict.decides else ' '} {verdict.gives or 'no class'}"
            f" (classifier {verdict.id}{priority}{'' if verdict.enabled else ', disabled'}):"
            f" {'true' if verdict.holds else 'false'}",
        ]
        if verdict.tree is None:
            lines.append(f"  {verdict.problem}")
        else:
            lines += tree_lines(verdict.tree, answer.words, 0)
    return Answer(document, together(lines))


def _verdicts(answer: Why, value: str | None) -> list[Verdict]:
    """The classifiers with this value, all without one; NotFound when none has it."""
    verdicts = [verdict for verdict in answer.verdicts if value in (None, verdict.gives)]
    if value is not None and not verdicts:
        given = {verdict.gives for verdict in answer.verdicts}
        raise not_found(f'No classifier of {answer.question} gives "{value}"', value, given)
    return verdicts


def _verdict_document(answer: Why, verdict: Verdict) -> JsonObject:
    return {
        "id": verdict.id,
        "gives": verdict.gives,
        "priority": verdict.priority,
        "enabled": verdict.enabled,
        "holds": verdict.holds,
        "decides": verdict.decides,
        "rule": None if verdict.tree is None else tree_document(verdict.tree, answer.words),
        "problem": verdict.problem,
    }


def _reclassify(program: Program, arguments: Arguments) -> Answer:
    acting = program.acting
    names.check_runs(acting, arguments.runs or ())
    numbers = arguments.runs or reclassify.open_runs(acting, arguments.last)
    line = ProgressLine()
    progress = line.shares("reclassifying")
    try:
        if not arguments.apply:
            plans = reclassify.preview(acting, numbers, progress)
            return Answer(_plans_document(plans), _plans_text(plans))
        outcome = reclassify.apply(acting, numbers, progress)
    finally:
        line.clear()
    if isinstance(outcome, Asked):
        return answered(program, arguments, outcome, {"applied": True})
    document: JsonValue = {
        "applied": True,
        "runs": [
            {"run_number": number, "outcome": done.kind.value, "text": done.text}
            for number, done in outcome.done
        ],
        "refused": [{"run_number": number, "reason": reason} for number, reason in outcome.refused],
    }
    lines = [done.text for _, done in outcome.done]
    lines += [f"Run {number} was skipped: {reason}" for number, reason in outcome.refused]
    end = f"{counted(outcome.changed, 'run')} changed."
    code = REFUSED if outcome.refused else DONE
    return Answer(document, together((*lines_of(lines, _SHOWN), end)), code)


def _plans_document(plans: Sequence[RunPlan]) -> JsonValue:
    return {
        "applied": False,
        "runs": [_plan_document(plan) for plan in plans if not plan.refused],
        "refused": [
            {"run_number": plan.run_number, "reason": plan.refused}
            for plan in plans
            if plan.refused
        ],
    }


def _plan_document(plan: RunPlan) -> JsonObject:
    return {
        "run_number": plan.run_number,
        "attributes": [
            {
                "name": attribute.name,
                "stands": attribute.visible,
                "value": attribute.value,
                "hidden": attribute.hidden,
            }
            for attribute in plan.attributes
        ],
        "statuses": [
            {
                "column": status.column,
                "lumisections": [*status.lumisections],
                "stands": status.visible,
                "status": status.status,
                "hidden": status.hidden,
            }
            for status in plan.statuses
        ],
    }


def _plans_text(plans: Sequence[RunPlan]) -> str:
    rows = [row for plan in plans for row in _plan_rows(plan)]
    lines: list[str] = []
    if rows:
        lines.append(table(("run", "what", "LS", "now", "new", ""), rows[:_SHOWN]))
    if len(rows) > _SHOWN:
        lines.append(f"and {len(rows) - _SHOWN} more")
    lines += [f"Run {plan.run_number}: {plan.refused}" for plan in plans if plan.refused]
    changing = sum(plan.changes for plan in plans)
    lines.append(
        f"{changing} of {counted(len(plans), 'run')} would change. Use --apply to write it."
        if changing
        else f"Nothing would change in {counted(len(plans), 'run')}."
    )
    return together(lines)


def _plan_rows(plan: RunPlan) -> Iterator[tuple[object, ...]]:
    number = plan.run_number
    for attribute in plan.attributes:
        hidden = _hidden(attribute.hidden)
        yield number, attribute.name, "", attribute.visible, attribute.value, hidden
    for status in plan.statuses:
        ranges = format_ranges((status.lumisections,))
        hidden = _hidden(status.hidden)
        yield number, status.column, ranges, status.visible, status.status, hidden


def _hidden(hidden: bool) -> str:
    return "hidden by a value set by hand" if hidden else ""
