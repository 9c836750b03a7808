"""Commands that look into golden JSONs: explain, losses, reproduce."""

import json
from pathlib import Path

from app import files
from app.cli import out_files
from app.cli.arguments import add_command, add_force, add_run, positive
from app.cli.configuration.rule_tree import tree_document, tree_lines
from app.cli.golden.events import event_document, event_lines
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, luminosity, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.domain.counting import number
from app.domain.errors import NotFound
from app.domain.json_value import JsonObject
from app.domain.lumisections import format_ranges
from app.domain.text.names import not_found
from app.golden.document import to_json
from app.golden.losses import Bar, Chart, Losses, Step, losses_of
from app.services.golden import explain as golden_explain
from app.services.golden import losses as golden_losses
from app.services.golden import rules as golden_rules
from app.services.golden.checks import reproduce as golden_reproduce
from app.services.golden.explain import Explained, Question, RunExplained


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `golden`."""
    parser = add_command(
        group,
        common,
        "explain",
        "why lumisections are in or out, and who set the values",
        _explain,
        writes=False,
    )
    add_run(parser)
    parser.add_argument(
        "ls", type=positive, nargs="?", metavar="LS", help="a lumisection; without it the whole run"
    )
    add_question(parser)

    parser = add_command(
        group,
        common,
        "losses",
        "luminosity lost by condition, sub-system and DCS bit",
        _losses,
        writes=False,
    )
    add_question(parser, id_first=True)
    parser.add_argument(
        "--chart", metavar="NAME", help="only this chart, such as exclusive, dcs-bits, short-runs"
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", dest="csv", help="write every bar to a CSV file"
    )
    add_force(parser)

    parser = add_command(
        group,
        common,
        "reproduce",
        "compute a stored list again, and compare the two",
        _reproduce,
        writes=False,
    )
    parser.add_argument("id", type=positive, metavar="ID")
    parser.add_argument(
        "--since", action="store_true", help="also what would be different now, and the events"
    )


def add_question(parser: Parser, *, id_first: bool = False) -> None:
    """Adds the options that name a rule over the present state, or a stored list.

    With `id_first` the number of the list is the first argument instead of an option.
    """
    which = parser.add_mutually_exclusive_group()
    help_ = "a stored list: its rule, its datasets, the state it was made from"
    if id_first:
        which.add_argument("id", type=positive, nargs="?", metavar="ID", help=help_)
    else:
        which.add_argument("--id", type=positive, metavar="ID", help=help_)
    which.add_argument(
        "--rule",
        metavar="FILE",
        help="a rule in a file or under a name (golden), over the present state",
    )
    parser.add_argument("--datasets", metavar="PATTERN", help="names, such as '/PromptReco/%%'")


def _explain(program: Program, arguments: Arguments) -> Answer:
    question = _question(program, arguments)
    run_number: int = arguments.run
    if arguments.ls is None:
        runs = golden_explain.explain_run(program.acting, question, run_number)
        return Answer(
            {"run_number": run_number, "datasets": [_run_document(run) for run in runs]},
            together((_run_text(run) for run in runs), "\n\n"),
        )
    explained = golden_explain.explain_lumisection(
        program.acting, question, run_number, arguments.ls
    )
    if all(of.is_beyond for of in explained):
        where = f"Run {run_number} has no LS {arguments.ls}"
        lengths = (f"{of.dataset}: {of.absent}" for of in explained)
        raise NotFound("; ".join([where, *lengths]))
    document: JsonObject = {
        "run_number": run_number,
        "lumisection": arguments.ls,
        "datasets": [
            {
                "dataset": dataset_explained.dataset,
                "good": dataset_explained.good,
                "takes_part": not dataset_explained.absent,
                "absent": dataset_explained.absent,
                "tree": None
                if dataset_explained.tree is None
                else tree_document(dataset_explained.tree, dataset_explained.set_by),
            }
            for dataset_explained in explained
        ],
    }
    texts = (_explained_text(dataset_explained) for dataset_explained in explained)
    return Answer(document, together(texts, "\n\n"))


def _question(program: Program, arguments: Arguments) -> Question:
    if arguments.id is not None:
        if arguments.datasets:
            raise UsageError("A stored list has its own datasets: leave --datasets out.")
        return golden_explain.question_of(program.acting, arguments.id)
    rule = golden_rules.named_or_in_file(program.acting, arguments.rule or "golden")
    return golden_explain.question_now(rule, arguments.datasets or golden_explain.EVERYTHING)


def _run_document(explained: RunExplained) -> JsonObject:
    return {
        "dataset": explained.dataset,
        "lumisections": explained.lumisections,
        "causes": [
            {
                "condition": None if cause.condition is None else json.loads(cause.condition),
                "ranges": [list(pair) for pair in cause.ranges],
                "recorded": cause.recorded,
            }
            for cause in explained.causes
        ],
        "no_part": [list(pair) for pair in explained.no_part],
    }


def _run_text(explained: RunExplained) -> str:
    rows = [
        (
            format_ranges(cause.ranges),
            luminosity(cause.recorded),
            "good" if cause.condition is None else cause.condition,
        )
        for cause in explained.causes
    ]
    if explained.no_part:
        rows.append((format_ranges(explained.no_part), "", "takes no part"))
    title = f"Run {explained.run_number} {explained.dataset}, {explained.lumisections} LS"
    heads = ("LS", "/pb", "first condition that failed")
    return together((title, table(heads, rows, right=("/pb",))))


def _explained_text(explained: Explained) -> str:
    where = f"LS {explained.lumisection} of run {explained.run_number} {explained.dataset}"
    if explained.tree is None:
        return f"{where} takes no part: {explained.absent}."
    return together(
        (
            f"{where} is {'good' if explained.good else 'not good'}.",
            *tree_lines(explained.tree, explained.set_by, 0),
        )
    )


def _losses(program: Program, arguments: Arguments) -> Answer:
    only: str | None = arguments.chart
    file: Path | None = arguments.csv
    if only is not None and only not in (known := [chart.key for chart in losses_of(()).charts]):
        raise UsageError(str(not_found(f'There is no chart "{only}"', only, known)))
    if file is not None:
        files.check_writable(file)
    losses, steps = _read_losses(program, arguments)
    if file is not None:
        content = golden_losses.csv_of(losses, only)
        out_files.check_csv(file, content, force=arguments.force)
        files.write(file, content)
    charts = [chart for chart in losses.charts if only in (None, chart.key)]
    document: JsonObject = {
        "lost": _bar_document(losses.total),
        "steps": [dict(zip(Step._fields, step, strict=True)) for step in steps],
        "charts": [_chart_document(losses, chart) for chart in charts],
        "file": None if file is None else str(file),
    }
    lines = [
        f"{luminosity(losses.total.recorded)} /pb lost in {number(losses.total.lumisections)} LS",
        *(
            f"{luminosity(step.luminosity):>9} /pb {step.name}"
            + (f"; {luminosity(step.lost)} lost: {step.reason}" if step.reason else "")
            for step in steps
        ),
        *(line for chart in charts for line in _chart_lines(chart)),
    ]
    if file is not None:
        lines.append(f"Written to {file}.")
    return Answer(document, together(lines))


def _read_losses(program: Program, arguments: Arguments) -> tuple[Losses, tuple[Step, ...]]:
    """The losses of a stored list with the steps of luminosity into it, or those of a rule."""
    if arguments.id is not None:
        if arguments.datasets:
            raise UsageError("A stored list has its own datasets: leave --datasets out.")
        stored = golden_losses.losses_of_list(program.acting, arguments.id)
        return stored.losses, stored.steps
    if arguments.datasets:
        rule = golden_rules.named_or_in_file(program.acting, arguments.rule or "golden")
        return golden_losses.losses_of_rule(program.acting, arguments.datasets, rule), ()
    raise UsageError("Give the number of a stored list, or --datasets and --rule.")


def _chart_document(losses: Losses, chart: Chart) -> JsonObject:
    return {
        "key": chart.key,
        "title": chart.title,
        "inclusive": chart.inclusive,
        "total": _bar_document(chart.total),
        "bars": [{**_bar_document(bar), "runs": to_json(losses.runs(bar))} for bar in chart.bars],
    }


def _chart_lines(chart: Chart) -> list[str]:
    rows = [(luminosity(bar.recorded), bar.lumisections, bar.name) for bar in chart.bars]
    if not rows:
        return []
    rows.append((luminosity(chart.total.recorded), chart.total.lumisections, "together"))
    title = f"{chart.title} ({chart.key}{', overlapping' if chart.inclusive else ''})"
    return ["", title, table(("lost /pb", "LS", "name"), rows, right=("lost /pb", "LS"))]


def _bar_document(bar: Bar) -> JsonObject:
    return {"name": bar.name, "recorded": bar.recorded, "lumisections": bar.lumisections}


def _reproduce(program: Program, arguments: Arguments) -> Answer:
    line = ProgressLine()
    try:
        reproduced = golden_reproduce.reproduce(
            program.acting,
            arguments.id,
            progress=line.shares("golden JSON"),
        )
    finally:
        line.clear()
    comparison = reproduced.comparison
    document: JsonObject = {
        "id": arguments.id,
        "equal": reproduced.equal,
        "exact": reproduced.exact,
        "differing": [*reproduced.differing],
        "reason": reproduced.reason,
        "gained": to_json(comparison.gained),
        "lost": to_json(comparison.lost),
        "sealed_history_is_the_same": reproduced.seal.same,
    }
    lines = [reproduced.text, *filter(None, [reproduced.reason]), reproduced.seal.text]
    for what, part in (("gained", comparison.gained), ("lost", comparison.lost)):
        lines += [f"{what} {run} LS {format_ranges(ranges)}" for run, ranges in part.items()]
    if arguments.since:
        changes = golden_reproduce.changes_since(program.acting, arguments.id)
        document["since"] = {
            "gained": to_json(changes.comparison.gained),
            "lost": to_json(changes.comparison.lost),
            "events": [event_document(change) for change in changes.responsible],
        }
        lines += [changes.text, *event_lines(changes)]
    good = reproduced.equal and reproduced.seal.same is not False
    return Answer(document, together(lines), DONE if good else REFUSED)
