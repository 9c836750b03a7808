"""Commands on lists, stored or in files: combine, compare, export."""

from collections.abc import Sequence
from pathlib import Path

from app import files
from app.cli import out_files
from app.cli.arguments import add_command, add_force, whole_number
from app.cli.golden.events import event_document, event_lines
from app.cli.output import Answer, Content, complain, luminosity, table, together
from app.cli.parser import Arguments, Commands, Parser, UsageError
from app.cli.program import Program
from app.domain.counting import counted
from app.domain.json_value import JsonObject, JsonValue
from app.domain.lumisections import format_ranges
from app.golden import document as documents
from app.golden.document import Document, to_json, to_text
from app.golden.list_luminosity import ListLuminosity
from app.services.golden import exports as golden_exports
from app.services.golden import lists as golden_lists
from app.services.golden.checks import reproduce as golden_reproduce
from app.services.golden.exports import Export
from app.services.golden.lists import ComparedLists, GoldenList, Operation, Part

_LIST = "a file, or the number of a stored list"
_RUNS_SHOWN = 50


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `golden`."""
    parser = add_command(
        group,
        common,
        "combine",
        "and, or, minus of lists, from left to right",
        _combine,
        writes=False,
    )
    parser.add_argument("first", metavar="LIST", help=_LIST)
    parser.add_argument(
        "further", nargs="*", metavar="and|or|minus LIST", help="any number of times"
    )
    parser.add_argument(
        "--runs", metavar="A-B", help="only runs from A to B; A or B may be left out"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="write the list to a file; without it the list is printed",
    )
    add_force(parser)

    parser = add_command(
        group,
        common,
        "compare",
        "runs and lumisections gained and lost between two lists",
        _compare,
        writes=False,
    )
    parser.add_argument("old", metavar="OLD", help=_LIST)
    parser.add_argument("new", metavar="NEW", help=_LIST)
    parser.add_argument(
        "--luminosity",
        action="store_true",
        help="also for two files, from the database; for a stored list it is always shown",
    )

    parser = add_command(
        group, common, "export", "a list in a form that other programs read", _export, writes=False
    )
    parser.add_argument("list", metavar="LIST", help=_LIST)
    parser.add_argument(
        "--form",
        choices=[export.value for export in Export],
        default=Export.GOLDEN.value,
        metavar="FORM",
        help=f"{', '.join(Export)} (golden)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="a file, or a folder, in which the file gets its usual name",
    )
    parser.add_argument(
        "--provenance",
        action="store_true",
        help="also write the provenance of a stored list beside it",
    )
    add_force(parser)


def _combine(program: Program, arguments: Arguments) -> Answer:
    out: Path | None = arguments.out
    if out is not None:
        files.check_writable(out)
        out_files.check_list(out, force=arguments.force)
    words: list[str] = arguments.further
    if len(words) % 2:
        raise UsageError("Put and, or, or minus between two lists: LIST minus LIST.")
    operations = [_operation(word) for word in words[::2]]
    first_run, last_run = _run_range(arguments.runs)
    lists = _lists(program, arguments, arguments.first, *words[1::2])
    parts = [
        Part(list_, operation)
        for list_, operation in zip(lists, (Operation.OR, *operations), strict=True)
    ]
    combined = golden_lists.combine(parts, first_run, last_run)
    text = to_text(combined.document)
    document: JsonValue = {
        **_size(combined.document),
        "remarks": [*combined.remarks],
        "file": None if out is None else str(out),
        "list": to_json(combined.document),
    }
    if out is None:
        return Answer(document, Content(text))
    files.write(out, text)
    return Answer(document, f"{_size_text(combined.document)}. Written to {out}.")


def _compare(program: Program, arguments: Arguments) -> Answer:
    old, new = _lists(program, arguments, arguments.old, arguments.new)
    with_luminosity = arguments.luminosity or old.stored is not None or new.stored is not None
    compared = golden_lists.compare(program.acting if with_luminosity else None, old, new)
    document, lines = _compared_document(compared), _compared_lines(compared)
    if old.id is not None and new.id is not None and not compared.comparison.equal:
        changes = golden_reproduce.changes_between(program.acting, old.id, new.id)
        document["events"] = [event_document(change) for change in changes.responsible]
        lines += ["", *event_lines(changes)]
    return Answer(document, together(lines))


def _export(program: Program, arguments: Arguments) -> Answer:
    (list_,) = _lists(program, arguments, arguments.list)
    export = Export(arguments.form)
    out: Path | None = arguments.out
    if arguments.provenance and (out is None or list_.stored is None):
        raise UsageError("--provenance requires --out and a stored list.")
    needs_database = list_.stored is not None or export is Export.CSV
    acting = program.acting if needs_database else None
    if out is None:
        text = golden_exports.text_of(acting, export, list_)
        document: JsonObject = {"form": export.value, "files": [], "text": text}
        return Answer({**document, "remarks": [*_remarks([list_])]}, Content(text.rstrip("\n")))
    if not files.is_folder(out):
        out_files.check_list(out, export, force=arguments.force)
    saved = golden_exports.save(acting, list_, export, out, with_provenance=arguments.provenance)
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


def _compared_document(compared: ComparedLists) -> JsonObject:
    comparison = compared.comparison
    return {
        "equal": comparison.equal,
        "old": {"name": compared.old.name, **_size(compared.old.document)},
        "new": {"name": compared.new.name, **_size(compared.new.document)},
        "lumisections_gained": documents.lumisections(comparison.gained),
        "lumisections_lost": documents.lumisections(comparison.lost),
        "luminosity_gained": _luminosity_json(compared.gained_total),
        "luminosity_lost": _luminosity_json(compared.lost_total),
        "runs_gained": [*comparison.runs_gained],
        "runs_lost": [*comparison.runs_lost],
        "gained": to_json(comparison.gained),
        "lost": to_json(comparison.lost),
        "remarks": [*compared.remarks],
    }


def _compared_lines(compared: ComparedLists) -> list[str]:
    comparison = compared.comparison
    lines = [
        f"old     {compared.old.name}: {_size_text(compared.old.document)}",
        f"new     {compared.new.name}: {_size_text(compared.new.document)}",
    ]
    if comparison.equal:
        return [*lines, "Both hold the same lumisections."]
    rows = [
        (
            run_number,
            format_ranges(gained),
            _recorded(None if compared.gained is None else compared.gained.get(run_number)),
            format_ranges(lost),
            _recorded(None if compared.lost is None else compared.lost.get(run_number)),
        )
        for run_number in sorted({*comparison.gained, *comparison.lost})
        for gained, lost in (
            (comparison.gained.get(run_number, ()), comparison.lost.get(run_number, ())),
        )
    ]
    for what, part, runs, sum_ in (
        ("gained", comparison.gained, comparison.runs_gained, compared.gained_total),
        ("lost", comparison.lost, comparison.runs_lost, compared.lost_total),
    ):
        whole = f", {counted(len(runs), 'run')} as a whole" if runs else ""
        lines.append(
            f"{what:<8}{documents.lumisections(part)} LS in {counted(len(part), 'run')}{whole}"
            f"{_luminosity_text(sum_)}"
        )
    heads = ("run", "gained LS", "/pb", "lost LS", "lost /pb")
    lines += ["", table(heads, rows[:_RUNS_SHOWN], right=("run", "/pb", "lost /pb"))]
    if len(rows) > _RUNS_SHOWN:
        more = counted(len(rows) - _RUNS_SHOWN, "more run")
        lines.append(f"and {more}; --json lists them all.")
    return lines


def _lists(program: Program, arguments: Arguments, *sources: str) -> list[GoldenList]:
    """The lists; what had to be repaired in their files goes to standard error, where no document
    has it."""
    lists = [_list(program, source) for source in sources]
    if not arguments.as_json:
        for remark in _remarks(lists):
            complain(remark)
    return lists


def _remarks(lists: Sequence[GoldenList]) -> list[str]:
    return [f"{each.name}: {remark}" for each in lists for remark in each.remarks]


def _list(program: Program, source: str) -> GoldenList:
    id_ = golden_lists.stored_id(source)
    if id_ is None:
        return golden_lists.of_file(Path(source))
    return golden_lists.of_database(program.acting, id_)


def _operation(word: str) -> Operation:
    try:
        return Operation(word)
    except ValueError:
        raise UsageError(f'Put and, or, or minus between two lists, not "{word}".') from None


def _run_range(text: str | None) -> tuple[int | None, int | None]:
    """The first and last run of `A-B`, `A-` or `-B`, both included."""
    if text is None:
        return None, None
    first, dash, last = text.partition("-")
    if not dash or not all(not each or whole_number(each) for each in (first, last)):
        raise UsageError(
            f'"{text}" is not a range of runs, such as 355100-362760, 355100- or -362760.'
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
    size = f"{counted(len(document), 'run')}, {documents.lumisections(document)} LS"
    return f"{size}, {min(document)} to {max(document)}" if document else size


def _luminosity_json(sum_: ListLuminosity | None) -> JsonValue:
    return None if sum_ is None else sum_.as_json()


def _luminosity_text(sum_: ListLuminosity | None) -> str:
    if sum_ is None or not sum_.lumisections:
        return ""
    if not sum_.known:
        return "; their luminosity is not stored"
    without = f", {sum_.missing} LS without luminosity" if sum_.missing else ""
    return f"; {luminosity(sum_.recorded)} /pb recorded{without}"


def _recorded(sum_: ListLuminosity | None) -> str:
    if sum_ is None:
        return ""
    return luminosity(sum_.recorded) if sum_.known else "?"
