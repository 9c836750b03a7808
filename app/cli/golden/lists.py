"""Commands on golden JSONs: generate, list, show, delete."""

from pathlib import Path

from app import files
from app.cli import out_files
from app.cli.arguments import add_command, add_force, add_group, moment, natural, positive
from app.cli.certification.wishes import add_no_wait, answered
from app.cli.golden import analysis as golden_analysis
from app.cli.golden import publishing as golden_publishing
from app.cli.golden import workbench as golden_workbench
from app.cli.output import Answer, Content, ProgressLine, luminosity, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.json_value import JsonObject, JsonValue
from app.services import names
from app.services.golden import files as golden_files
from app.services.golden import generation as golden
from app.services.golden import rules as golden_rules
from app.services.golden.files import Form
from app.services.golden.generation import JsonEntry, JsonRow
from app.services.golden.official import making as making_official
from app.services.golden.official.making import Standing


def add(commands: Commands, common: Parser) -> None:
    """Adds `golden` and its commands."""
    group = add_group(commands, common, "golden", HELP["golden"])
    _add_generate(group, common)
    _add_stored(group, common)
    golden_workbench.add(group, common)
    golden_analysis.add(group, common)
    golden_publishing.add(group, common)


def _add_generate(group: Commands, common: Parser) -> None:
    parser = add_command(
        group,
        common,
        "generate",
        "apply a rule to datasets, then store the list and write it to a file",
        _generate,
        writes=True,
        example="--datasets '/PromptReco/Collisions2025_/DQM' --rule golden --out golden.json",
    )
    parser.add_argument(
        "--datasets",
        required=True,
        metavar="PATTERN",
        help="names, e.g. '/PromptReco/Collisions2022(A|B)/DQM'; _ and %% are wildcards",
    )
    parser.add_argument(
        "--rule",
        required=True,
        metavar="FILE",
        help="JSON logic in a file, or the name of a rule: golden, muon, dcs-only, or a saved one",
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="file of the golden JSON"
    )
    parser.add_argument("--tags", default="", metavar="T", help="words by which the list is found")
    parser.add_argument("--official", action="store_true", help="mark it as official")
    parser.add_argument(
        "--as-of",
        type=moment,
        metavar="VERSION|DAY",
        help="use the state at that version, or when that day ended (UTC; a minute: until then)",
    )
    parser.add_argument(
        "--insist", action="store_true", help="also when the rule reads what no lumisection has"
    )
    add_force(parser)
    add_no_wait(parser)


def _add_stored(group: Commands, common: Parser) -> None:
    parser = add_command(
        group, common, "list", "the golden JSONs, newest first", _list, writes=False
    )
    parser.add_argument("--mine", action="store_true", help="only your own")
    parser.add_argument("--official", action="store_true", help="only official ones")
    parser.add_argument(
        "--words",
        default="",
        metavar="TEXT",
        help="only those with these words in datasets, tags or author",
    )
    parser.add_argument("--limit", type=positive, default=50, metavar="N", help="at most N (50)")
    parser.add_argument(
        "--before", type=natural, metavar="ID", help="only those with a smaller number"
    )

    parser = add_command(
        group, common, "show", "one golden JSON and its losses", _show, writes=False
    )
    parser.add_argument("id", type=positive, metavar="ID")
    parser.add_argument(
        "--form",
        choices=[form.value for form in Form],
        metavar="FORM",
        help=f"print the list itself in the form {', '.join(Form)}",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write that form (golden) to a file"
    )
    add_force(parser)
    parser = add_command(
        group,
        common,
        "official",
        "make golden JSONs official: they are made again from the events first",
        _official,
        writes=True,
        example="1",
    )
    parser.add_argument("ids", type=positive, nargs="+", metavar="ID")
    add_no_wait(parser)
    parser = add_command(
        group, common, "delete", "delete golden JSONs; this can't be undone", _delete, writes=True
    )
    parser.add_argument("ids", type=positive, nargs="+", metavar="ID")


def _generate(program: Program, arguments: Arguments) -> Answer:
    out: Path = arguments.out
    files.check_writable(out)
    out_files.check_list(out, force=arguments.force)
    rule = golden_rules.named_or_in_file(program.acting, arguments.rule)
    line = ProgressLine()
    try:
        made = golden.generate(
            program.acting,
            arguments.datasets,
            rule,
            tags=arguments.tags,
            official=arguments.official,
            as_of=names.version_at(program.acting, arguments.as_of),
            insist=arguments.insist,
            progress=line.shares("golden JSON"),
        )
    finally:
        line.clear()
    texts = golden.texts_of(made.selection)
    try:
        files.write(out, texts.golden)
    except Refused as error:
        # Who tries again makes another one.
        raise Refused(
            f"{made.figures} It is stored, but {error} golden export {made.id} writes it then."
        ) from error
    warnings = [str(warning) for warning in made.selection.warnings]
    selection = made.selection
    document: JsonObject = {
        "id": made.id,
        "version": made.version,
        "file": str(out),
        "sha256": texts.sha256,
        "runs": len(selection.document),
        "lumisections": selection.lumisections,
        "lumisections_lost": selection.lumisections_lost,
        "recorded_luminosity_in_json": selection.in_json.recorded,
        "recorded_luminosity_lost": selection.lost.recorded,
        "recorded_luminosity_total": selection.total.recorded,
        "warnings": [*warnings],
        "not_counted": made.not_counted,
        "left_out": made.left_out,
        "verified": made.verified,
    }
    said = filter(None, (*warnings, made.figures, made.remark, f"Written to {out}."))
    text = together(said)
    if made.asked is not None:
        return answered(program, arguments, made.asked, document, text)
    return Answer(document, text)


def _list(program: Program, arguments: Arguments) -> Answer:
    entries = golden.entries(
        program.acting,
        created_by=program.actor.email if arguments.mine else None,
        official=arguments.official,
        words=arguments.words,
        before=arguments.before,
        limit=arguments.limit,
    )
    known = making_official.standings(program.acting, [entry.id for entry in entries])
    rows = [
        (
            entry.id,
            f"{entry.created_at:%Y-%m-%d %H:%M}",
            entry.created_by,
            entry.dataset_name_filter,
            entry.tags,
            entry.official,
            *((known[entry.id].proof.value,) if known else ()),
            entry.runs,
            entry.lumisections,
            luminosity(entry.recorded_in_json),
            luminosity(entry.recorded_total),
        )
        for entry in entries
    ]
    heads = (
        "id",
        "made (UTC)",
        "by",
        "datasets",
        "tags",
        "official",
        *(("checked",) if known else ()),
        "runs",
        "LS",
        "/pb",
        "of /pb",
    )
    document: JsonValue = {
        "golden_jsons": [_entry(entry, known.get(entry.id)) for entry in entries]
    }
    if not rows:
        return Answer(document, "No golden JSON.")
    text = table(heads, rows, right=("id", "runs", "LS", "/pb", "of /pb"))
    more = [f"--before {entries[-1].id} shows older ones."] if len(rows) == arguments.limit else []
    return Answer(document, together((text, *more)))


def _official(program: Program, arguments: Arguments) -> Answer:
    acting, line = program.acting, ProgressLine()
    try:
        made = making_official.make_official(
            acting, arguments.ids, progress=line.shares("made again")
        )
    finally:
        line.clear()
    program.notification_book(acting).made_official(made.ids)
    document: JsonObject = {"official": [*made.ids], "text": made.text}
    if made.asked is None:
        return Answer(document, made.text)
    return answered(program, arguments, made.asked, document, made.done_text)


def _delete(program: Program, arguments: Arguments) -> Answer:
    ids: list[int] = arguments.ids
    deleted = golden.delete(program.acting, ids)
    return Answer({"deleted": [*deleted.ids]}, deleted.text)


def _show(program: Program, arguments: Arguments) -> Answer:
    out: Path | None = arguments.out
    if out is not None:
        files.check_writable(out)
        out_files.check_list(out, force=arguments.force)
    stored = golden.row(program.acting, arguments.id)
    texts = golden.texts(stored)
    form = Form(arguments.form or Form.GOLDEN)
    if out is not None:
        files.write(out, golden_files.text_of(texts, form))
    entry = stored.entry
    standing = making_official.standings(program.acting, [entry.id]).get(entry.id)
    document: JsonValue = {
        **_entry(entry, standing),
        "sha256": texts.sha256,
        "json_logic": stored.json_logic,
        "luminosity": dict(stored.luminosity),
        "generated_json": stored.generated_json,
        "generated_json_with_dataset_names": stored.generated_json_with_dataset_names,
        "generated_anti_json": stored.generated_anti_json,
        "generated_anti_json_with_dataset_names": stored.generated_anti_json_with_dataset_names,
        "lost_by_rule": stored.losses_by_rule,
    }
    if arguments.form and out is None:
        return Answer(document, Content(golden_files.text_of(texts, form).rstrip("\n")))
    lines = _lines(stored)
    if standing is not None:
        lines.insert(1, f"checked   {standing.text}")
    if out is not None:
        lines.append(f"Written to {out}.")
    return Answer(document, together(lines))


def _lines(stored: JsonRow) -> list[str]:
    entry = stored.entry
    lines = [
        f"Golden JSON {entry.id}{', official' if entry.official else ''}",
        f"datasets  {entry.dataset_name_filter}",
        f"tags      {entry.tags or 'none'}",
        f"made      {entry.created_at:%Y-%m-%d %H:%M} UTC by {entry.created_by},"
        f" as of version {entry.version}",
        f"runs      {counted(entry.runs, 'run')}, {entry.lumisections} LS;"
        f" datasets of {entry.min_run_number} to {entry.max_run_number}",
        f"recorded  {luminosity(entry.recorded_in_json)} of {luminosity(entry.recorded_total)} /pb",
    ]
    losses = [(leaf, _as_number(lost)) for leaf, lost in stored.losses_by_rule.items()]
    if losses:
        losses.sort(key=lambda loss: -loss[1])
        rows = [(luminosity(lost), leaf) for leaf, lost in losses]
        lines += ["", table(("lost /pb", "where this failed"), rows, right=("lost /pb",))]
    return lines


def _entry(entry: JsonEntry, standing: Standing | None) -> JsonObject:
    """The entry; `checked` only where pullers make lists again."""
    checked: JsonObject = {}
    if standing is not None:
        at = None if standing.at is None else standing.at.isoformat()
        checked = {
            "checked": standing.proof.value,
            "checked_at": at,
            "differing": standing.differing,
        }
    return {
        **checked,
        "id": entry.id,
        "dataset_name_filter": entry.dataset_name_filter,
        "tags": entry.tags,
        "created_by": entry.created_by,
        "created_at": entry.created_at.isoformat(),
        "official": entry.official,
        "version": entry.version,
        "min_run_number": entry.min_run_number,
        "max_run_number": entry.max_run_number,
        "runs": entry.runs,
        "lumisections": entry.lumisections,
        "recorded_luminosity_in_json": entry.recorded_in_json,
        "recorded_luminosity_total": entry.recorded_total,
    }


def _as_number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
