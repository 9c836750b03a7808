"""Commands of the golden JSON workbench: combine, compare, explain, losses, reproduce, export."""

import json
from collections.abc import Sequence
from pathlib import Path

from app import files
from app.cli.arguments import (
    Arguments,
    Commands,
    Parser,
    add_command,
    add_force,
    add_run,
    positive,
    whole_number,
)
from app.cli.output import (
    DONE,
    REFUSED,
    Answer,
    Content,
    Progress,
    UsageError,
    complain,
    luminosity,
    number_of,
    table,
    together,
)
from app.cli.program import Program
from app.cli.rule_tree import tree_document, tree_lines
from app.domain.errors import NotFound
from app.domain.json_value import JsonObject, JsonValue, js_stringify
from app.domain.lumisections import format_ranges
from app.domain.names import not_found
from app.golden import document as documents
from app.golden.document import Document, to_json, to_text
from app.golden.list_luminosity import ListLuminosity
from app.golden.losses import Bar, Step, losses_of
from app.services import (
    golden_explain,
    golden_exports,
    golden_files,
    golden_lists,
    golden_losses,
    golden_reproduce,
    out_files,
)
from app.services.golden_explain import Explained, Question, RunExplained
from app.services.golden_exports import Export
from app.services.golden_lists import ComparedLists, GoldenList, Operation
from app.services.golden_reproduce import Changes, Responsible

_LIST = "a file, or the number of a stored list"
_RUNS_SHOWN = 50


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `golden`."""
    parser = add_command(
        group, common, "combine", "and, or, minus of lists, from left to right", _combine
    )
    parser.add_argument("first", metavar="LIST", help=_LIST)
    parser.add_argument(
        "further", nargs="*", metavar="and|or|minus LIST", help="as often as wanted"
    )
    parser.add_argument(
        "--runs", metavar="A-B", help="only runs from A to B; either may be left out"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="else the list is printed")
    add_force(parser)

    parser = add_command(
        group,
        common,
        "compare",
        "runs and lumisections gained and lost between two lists",
        _compare,
    )
    parser.add_argument("old", metavar="OLD", help=_LIST)
    parser.add_argument("new", metavar="NEW", help=_LIST)
    parser.add_argument(
        "--luminosity",
        action="store_true",
        help="also of two files, from the database; of a stored list it is always told",
    )

    parser = add_command(
        group, common, "explain", "why lumisections are in or out, and whose word it was", _explain
    )
    add_run(parser)
    parser.add_argument("ls", type=positive, nargs="?", metavar="LS", help="else the whole run")
    add_question(parser)

    parser = add_command(
        group, common, "losses", "luminosity lost by condition, sub-system and DCS bit", _losses
    )
    add_question(parser, id_first=True)
    parser.add_argument(
        "--chart", metavar="NAME", help="only this one, such as exclusive, dcs-bits, short-runs"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", dest="csv", help="every bar, to a file")
    add_force(parser)

    parser = add_command(
        group,
        common,
        "reproduce",
        "make a stored list again from what it was made from, and compare",
        _reproduce,
    )
    parser.add_argument("id", type=positive, metavar="ID")
    parser.add_argument(
        "--since", action="store_true", help="what would differ now, and the events that did it"
    )

    parser = add_command(group, common, "export", "a list in a form that others read", _export)
    parser.add_argument("list", metavar="LIST", help=_LIST)
    parser.add_argument(
        "--form",
        choices=[each.value for each in Export],
        default=Export.GOLDEN.value,
        metavar="FORM",
        help=f"{', '.join(Export)} (golden)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="a file, or a folder for a name of the field's"
    )
    parser.add_argument(
        "--provenance", action="store_true", help="beside it, where a stored list comes from"
    )
    add_force(parser)


def add_question(parser: Parser, *, id_first: bool = False) -> None:
    """Options that name a rule over what holds now, or a stored list; that as the first word."""
    which = parser.add_mutually_exclusive_group()
    help_ = "rule, datasets and state of a stored list"
    if id_first:
        which.add_argument("id", type=positive, nargs="?", metavar="ID", help=help_)
    else:
        which.add_argument("--id", type=positive, metavar="ID", help=help_)
    which.add_argument("--rule", metavar="FILE", help="a file or a name (golden), as it is now")
    parser.add_argument("--datasets", metavar="PATTERN", help="names, such as '/PromptReco/%%'")


def _combine(program: Program, arguments: Arguments) -> Answer:
    out: Path | None = arguments.out
    if out is not None:
        files.check_writable(out)
        out_files.check_list(out, force=arguments.force)
    words: list[str] = arguments.further
    if len(words) % 2:
        raise UsageError("Lists are joined by and, or, minus: LIST minus LIST.")
    operations = [_operation(word) for word in words[::2]]
    first_run, last_run = _run_range(arguments.runs)
    lists = _lists(program, arguments, arguments.first, *words[1::2])
    combined = golden_lists.combine(
        lists[0].document,
        list(zip(operations, (each.document for each in lists[1:]), strict=True)),
    )
    combined = documents.clip(combined, first_run, last_run)
    text = to_text(combined)
    document: JsonValue = {
        **_size(combined),
        "remarks": [*_remarks(lists)],
        "file": None if out is None else str(out),
        "list": to_json(combined),
    }
    if out is None:
        return Answer(document, Content(text))
    files.write(out, text)
    return Answer(document, f"{_size_text(combined)}. Written to {out}.")


def _compare(program: Program, arguments: Arguments) -> Answer:
    old, new = _lists(program, arguments, arguments.old, arguments.new)
    with_luminosity = arguments.luminosity or old.stored is not None or new.stored is not None
    found = golden_lists.compare(old, new, program.db if with_luminosity else None)
    document, lines = _compared_document(found), _compared_lines(found)
    if old.id is not None and new.id is not None and not found.comparison.equal:
        changes = golden_reproduce.changes_between(program.db, old.id, new.id)
        document["events"] = [_responsible_document(each) for each in changes.responsible]
        lines += ["", *_responsible_lines(changes)]
    return Answer(document, together(lines))


def _reproduce(program: Program, arguments: Arguments) -> Answer:
    progress = Progress()
    try:
        found = golden_reproduce.reproduce(
            program.db,
            arguments.id,
            progress=lambda share: progress.say(f"golden JSON {share:.0%}"),
        )
    finally:
        progress.clear()
    comparison = found.comparison
    document: JsonObject = {
        "id": arguments.id,
        "equal": found.equal,
        "exact": found.exact,
        "differing": [*found.differing],
        "reason": found.reason,
        "gained": to_json(comparison.gained),
        "lost": to_json(comparison.lost),
    }
    lines = [found.text, *filter(None, [found.reason])]
    for what, part in (("gained", comparison.gained), ("lost", comparison.lost)):
        lines += [f"{what} {run} LS {format_ranges(ranges)}" for run, ranges in part.items()]
    if arguments.since:
        changes = golden_reproduce.changes_since(program.db, arguments.id)
        document["since"] = {
            "gained": to_json(changes.comparison.gained),
            "lost": to_json(changes.comparison.lost),
            "events": [_responsible_document(each) for each in changes.responsible],
        }
        gained, lost = (
            documents.lumisections(part)
            for part in (changes.comparison.gained, changes.comparison.lost)
        )
        lines.append(
            f"Now it would gain {gained} LS and lose {lost} LS."
            if gained or lost
            else "It would be the same now."
        )
        lines += _responsible_lines(changes)
    return Answer(document, together(lines), DONE if found.equal else REFUSED)


def _responsible_document(each: Responsible) -> JsonObject:
    action = each.action
    return {
        "version": None if action is None else action.version,
        "author": None if action is None else action.author,
        "at": None if action is None else action.at.isoformat(),
        "comment": None if action is None else action.comment,
        "run_number": each.run_number,
        "dataset": each.dataset,
        "name": each.name,
        "before": each.before,
        "after": each.after,
        "gained": [list(pair) for pair in each.gained],
        "lost": [list(pair) for pair in each.lost],
    }


def _responsible_lines(changes: Changes) -> list[str]:
    rows = [
        (
            None if each.action is None else each.action.version,
            "" if each.action is None else each.action.author,
            "" if each.action is None else f"{each.action.at:%Y-%m-%d %H:%M}",
            each.run_number,
            each.dataset,
            f"{each.name}: {js_stringify(each.before)} to {js_stringify(each.after)}",
            format_ranges(each.gained),
            format_ranges(each.lost),
        )
        for each in changes.responsible
    ]
    if not rows:
        return []
    heads = ("version", "by", "at (UTC)", "run", "dataset", "what", "gained LS", "lost LS")
    more = [] if len(rows) <= _RUNS_SHOWN else [f"and {len(rows) - _RUNS_SHOWN} more; --json."]
    return [table(heads, rows[:_RUNS_SHOWN], right=("version", "run")), *more]


def _explain(program: Program, arguments: Arguments) -> Answer:
    asked = _question(program, arguments)
    run_number: int = arguments.run
    if arguments.ls is None:
        runs = golden_explain.explain_run(program.db, asked, run_number)
        return Answer(
            {"run_number": run_number, "datasets": [_run_document(each) for each in runs]},
            together((_run_text(each) for each in runs), "\n\n"),
        )
    found = golden_explain.explain_lumisection(program.db, asked, run_number, arguments.ls)
    if all(each.is_beyond for each in found):
        where = f"Run {run_number} has no LS {arguments.ls}"
        raise NotFound("; ".join([where, *(f"{each.dataset}: {each.absent}" for each in found)]))
    document: JsonObject = {
        "run_number": run_number,
        "lumisection": arguments.ls,
        "datasets": [
            {
                "dataset": each.dataset,
                "good": each.good,
                "takes_part": not each.absent,
                "absent": each.absent,
                "tree": None if each.tree is None else tree_document(each.tree, each.words),
            }
            for each in found
        ],
    }
    return Answer(document, together((_explained_text(each) for each in found), "\n\n"))


def _losses(program: Program, arguments: Arguments) -> Answer:
    only: str | None = arguments.chart
    file: Path | None = arguments.csv
    if only is not None and only not in (known := [each.key for each in losses_of(()).charts]):
        raise UsageError(str(not_found(f'There is no chart "{only}"', only, known)))
    if file is not None:
        files.check_writable(file)
    steps: tuple[Step, ...] = ()
    if arguments.id is not None:
        if arguments.datasets:
            raise UsageError("A stored list has its datasets; leave --datasets out.")
        found = golden_losses.losses_of_list(program.db, arguments.id)
        losses, steps = found.losses, found.steps
    elif arguments.datasets:
        rule = golden_files.rule_of(program.db, arguments.rule or "golden")
        losses = golden_losses.losses_of_rule(program.db, arguments.datasets, rule)
    else:
        raise UsageError("Which losses: the number of a stored list, or --datasets and --rule?")
    if file is not None:
        content = golden_losses.csv_of(losses, only)
        out_files.check_csv(file, content, force=arguments.force)
        files.write(file, content)
    charts = [each for each in losses.charts if only in (None, each.key)]
    document: JsonObject = {
        "lost": _bar_document(losses.total),
        "steps": [dict(zip(Step._fields, step, strict=True)) for step in steps],
        "charts": [
            {
                "key": each.key,
                "title": each.title,
                "inclusive": each.inclusive,
                "total": _bar_document(each.total),
                "bars": [
                    {**_bar_document(bar), "runs": to_json(losses.runs(bar))} for bar in each.bars
                ],
            }
            for each in charts
        ],
        "file": None if file is None else str(file),
    }
    lines = [
        f"{luminosity(losses.total.recorded)} /pb lost in {losses.total.lumisections} LS",
        *(
            f"{luminosity(step.luminosity):>9} /pb {step.name}"
            + (f"; {luminosity(step.lost)} lost: {step.reason}" if step.reason else "")
            for step in steps
        ),
    ]
    for chart in charts:
        rows = [(luminosity(bar.recorded), bar.lumisections, bar.name) for bar in chart.bars]
        if rows:
            rows.append((luminosity(chart.total.recorded), chart.total.lumisections, "together"))
            title = f"{chart.title} ({chart.key}{', overlapping' if chart.inclusive else ''})"
            lines += ["", title, table(("lost /pb", "LS", "name"), rows, right=("lost /pb", "LS"))]
    if file is not None:
        lines.append(f"Written to {file}.")
    return Answer(document, together(lines))


def _bar_document(bar: Bar) -> JsonObject:
    return {"name": bar.name, "recorded": bar.recorded, "lumisections": bar.lumisections}


def _question(program: Program, arguments: Arguments) -> Question:
    if arguments.id is not None:
        if arguments.datasets:
            raise UsageError("A stored list has its datasets; leave --datasets out.")
        return golden_explain.question_of(program.db, arguments.id)
    rule = golden_files.rule_of(program.db, arguments.rule or "golden")
    return golden_explain.question(rule, arguments.datasets or golden_explain.EVERYTHING)


def _run_document(found: RunExplained) -> JsonObject:
    return {
        "dataset": found.dataset,
        "lumisections": found.lumisections,
        "causes": [
            {
                "condition": None if each.condition is None else json.loads(each.condition),
                "ranges": [list(pair) for pair in each.ranges],
                "recorded": each.recorded,
            }
            for each in found.causes
        ],
        "no_part": [list(pair) for pair in found.no_part],
    }


def _run_text(found: RunExplained) -> str:
    rows = [
        (
            format_ranges(each.ranges),
            luminosity(each.recorded),
            "good" if each.condition is None else each.condition,
        )
        for each in found.causes
    ]
    if found.no_part:
        rows.append((format_ranges(found.no_part), "", "takes no part"))
    title = f"Run {found.run_number} {found.dataset}, {found.lumisections} LS"
    return together((title, table(("LS", "/pb", "first that failed"), rows, right=("/pb",))))


def _explained_text(found: Explained) -> str:
    where = f"LS {found.lumisection} of run {found.run_number} {found.dataset}"
    if found.tree is None:
        return f"{where} takes no part: {found.absent}."
    return together(
        (
            f"{where} is {'good' if found.good else 'not good'}.",
            *tree_lines(found.tree, found.words, 0),
        )
    )


def _export(program: Program, arguments: Arguments) -> Answer:
    (list_,) = _lists(program, arguments, arguments.list)
    export = Export(arguments.form)
    out: Path | None = arguments.out
    if arguments.provenance and (out is None or list_.stored is None):
        raise UsageError("--provenance stands beside the --out of a stored list.")
    db = program.db if list_.stored is not None or export is Export.CSV else None
    if out is None:
        text = golden_exports.text_of(export, list_, db)
        document: JsonObject = {"form": export.value, "files": [], "text": text}
        return Answer({**document, "remarks": [*_remarks([list_])]}, Content(text.rstrip("\n")))
    if not files.is_folder(out):
        out_files.check_list(out, export, force=arguments.force)
    saved = golden_exports.save(list_, export, out, db, with_provenance=arguments.provenance)
    names = [str(file) for file in saved]
    return Answer(
        {
            "form": export.value,
            "files": [*names],
            "text": None,
            "remarks": [*_remarks([list_])],
        },
        f"Written to {' and '.join(names)}.",
    )


def _compared_document(found: ComparedLists) -> JsonObject:
    comparison = found.comparison
    return {
        "equal": comparison.equal,
        "old": {"name": found.old.name, **_size(found.old.document)},
        "new": {"name": found.new.name, **_size(found.new.document)},
        "lumisections_gained": documents.lumisections(comparison.gained),
        "lumisections_lost": documents.lumisections(comparison.lost),
        "luminosity_gained": _luminosity_json(found.gained_total),
        "luminosity_lost": _luminosity_json(found.lost_total),
        "runs_gained": [*comparison.runs_gained],
        "runs_lost": [*comparison.runs_lost],
        "gained": to_json(comparison.gained),
        "lost": to_json(comparison.lost),
        "remarks": [*_remarks((found.old, found.new))],
    }


def _compared_lines(found: ComparedLists) -> list[str]:
    comparison = found.comparison
    lines = [
        f"old     {found.old.name}: {_size_text(found.old.document)}",
        f"new     {found.new.name}: {_size_text(found.new.document)}",
    ]
    if comparison.equal:
        return [*lines, "Both hold the same lumisections."]
    rows = [
        (
            run_number,
            format_ranges(gained),
            _recorded(None if found.gained is None else found.gained.get(run_number)),
            format_ranges(lost),
            _recorded(None if found.lost is None else found.lost.get(run_number)),
        )
        for run_number in sorted({*comparison.gained, *comparison.lost})
        for gained, lost in (
            (comparison.gained.get(run_number, ()), comparison.lost.get(run_number, ())),
        )
    ]
    for what, part, runs, sum_ in (
        ("gained", comparison.gained, comparison.runs_gained, found.gained_total),
        ("lost", comparison.lost, comparison.runs_lost, found.lost_total),
    ):
        whole = f", {number_of(len(runs), 'run')} as a whole" if runs else ""
        lines.append(
            f"{what:<8}{documents.lumisections(part)} LS in {number_of(len(part), 'run')}{whole}"
            f"{_luminosity_text(sum_)}"
        )
    heads = ("run", "gained LS", "/pb", "lost LS", "lost /pb")
    lines += ["", table(heads, rows[:_RUNS_SHOWN], right=("run", "/pb", "lost /pb"))]
    if len(rows) > _RUNS_SHOWN:
        lines.append(f"and {len(rows) - _RUNS_SHOWN} more runs; --json has them all.")
    return lines


def _lists(program: Program, arguments: Arguments, *sources: str) -> list[GoldenList]:
    """The lists; what had to be repaired in their files goes to standard error, where no document
    has it."""
    found = [_list(program, source) for source in sources]
    if not arguments.as_json:
        for remark in _remarks(found):
            complain(remark)
    return found


def _remarks(lists: Sequence[GoldenList]) -> list[str]:
    return [f"{each.name}: {remark}" for each in lists for remark in each.remarks]


def _list(program: Program, source: str) -> GoldenList:
    id_ = golden_lists.stored_id(source)
    if id_ is not None:
        return golden_lists.of_database(program.db, id_)
    return golden_lists.of_file(Path(source))


def _operation(word: str) -> Operation:
    try:
        return Operation(word)
    except ValueError:
        raise UsageError(f'Lists are joined by and, or, minus; not by "{word}".') from None


def _run_range(text: str | None) -> tuple[int | None, int | None]:
    """The runs that `A-B`, `A-` or `-B` mean, both included."""
    if text is None:
        return None, None
    first, dash, last = text.partition("-")
    if not dash or not all(not each or whole_number(each) for each in (first, last)):
        raise UsageError(
            f'"{text}" is no range of runs, such as 355100-362760, 355100- or -362760.'
        )
    bounds = int(first) if first else None, int(last) if last else None
    if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
        raise UsageError(f"The first run, {bounds[0]}, is greater than the last, {bounds[1]}.")
    return bounds


def _size(document: Document) -> JsonObject:
    return {
        "runs": len(document),
        "lumisections": documents.lumisections(document),
        "min_run_number": min(document, default=None),
        "max_run_number": max(document, default=None),
    }


def _size_text(document: Document) -> str:
    size = f"{number_of(len(document), 'run')}, {documents.lumisections(document)} LS"
    return f"{size}, {min(document)} to {max(document)}" if document else size


def _luminosity_json(sum_: ListLuminosity | None) -> JsonValue:
    return None if sum_ is None else sum_.as_json()


def _luminosity_text(sum_: ListLuminosity | None) -> str:
    if sum_ is None or not sum_.lumisections:
        return ""
    if not sum_.known:
        return "; no luminosity is stored of them"
    without = f", {sum_.missing} LS without luminosity" if sum_.missing else ""
    return f"; {luminosity(sum_.recorded)} /pb recorded{without}"


def _recorded(sum_: ListLuminosity | None) -> str:
    if sum_ is None:
        return ""
    return luminosity(sum_.recorded) if sum_.known else "?"
