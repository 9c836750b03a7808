"""`notes`: what people note on runs, datasets and lumisections."""

from app.cli.arguments import add_command, add_group, add_run, lumisections, positive
from app.cli.output import Answer, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.certification.notes import Note, links_of, mentions_of
from app.domain.json_value import JsonObject, JsonValue
from app.services import names, notes
from app.services.notes import Noted


def add(commands: Commands, common: Parser) -> None:
    """Adds `notes` and its commands."""
    group = add_group(commands, common, "notes", HELP["notes"])
    parser = add_command(
        group, common, "list", "the notes on a run, with answers", _list, writes=False
    )
    add_run(parser)
    parser.add_argument(
        "--dataset", default="", metavar="NAME", help="only what concerns this dataset"
    )
    parser = add_command(
        group,
        common,
        "add",
        "note something on a run, a dataset, or lumisections",
        _add,
        writes=True,
        example="390001 'CSC wheel off, https://cmsonline.cern.ch/cms-elog/1234567' --ls 12-40",
    )
    add_run(parser)
    parser.add_argument("text", metavar="TEXT", help="with links and names of columns as you like")
    parser.add_argument("--dataset", default="", metavar="NAME", help="on this dataset of the run")
    parser.add_argument(
        "--ls",
        type=lumisections,
        default=(),
        dest="ranges",
        metavar="RANGES",
        help="on these lumisections, such as 12-40,55",
    )
    for name, what, words in (
        ("reply", "answer a note", "TEXT"),
        ("correct", "give a note of your own another text", "TEXT"),
        ("take-back", "take back a note; it stays in the log", "REASON"),
    ):
        handler = {"reply": _reply, "correct": _correct, "take-back": _take_back}[name]
        parser = add_command(
            group, common, name, what, handler, writes=True, example="1 'seen in the elog, too'"
        )
        parser.add_argument("note", type=positive, metavar="NOTE", help="number of the note")
        parser.add_argument("text", metavar=words)


def _list(program: Program, arguments: Arguments) -> Answer:
    program.acting.check_reads_record("Notes")
    names.check_dataset(program.acting, arguments.run, arguments.dataset or "online")
    found = [
        note
        for note in notes.of_run(program.acting, arguments.run)
        if not arguments.dataset or note.dataset in ("", arguments.dataset)
    ]
    columns = notes.columns(program.acting)
    document: JsonValue = {"notes": [_document(note, columns) for note in found]}
    if not found:
        return Answer(document, "No note.")
    return Answer(document, together(line for note in found for line in _lines(note)))


def _add(program: Program, arguments: Arguments) -> Answer:
    return _noted(
        notes.add(
            program.acting, arguments.run, arguments.dataset, arguments.ranges, arguments.text
        )
    )


def _reply(program: Program, arguments: Arguments) -> Answer:
    return _noted(notes.reply(program.acting, arguments.note, arguments.text))


def _correct(program: Program, arguments: Arguments) -> Answer:
    return _noted(notes.correct(program.acting, arguments.note, arguments.text))


def _take_back(program: Program, arguments: Arguments) -> Answer:
    return _noted(notes.take_back(program.acting, arguments.note, arguments.text))


def _noted(made: Noted) -> Answer:
    return Answer({"note": made.number, "text": made.text}, made.text)


def _document(note: Note, columns: tuple[str, ...]) -> JsonObject:
    gone = note.taken_back
    return {
        "note": note.number,
        "run_number": note.run_number,
        "dataset": note.dataset or None,
        "lumisections": [list(each) for each in note.ranges],
        "text": note.text,
        "by": note.by,
        "at": note.at.isoformat(),
        "corrected_at": None if note.corrected is None else note.corrected.isoformat(),
        "taken_back": None if gone is None else {"by": gone.by, "why": gone.text},
        "links": [link.address for link in links_of(note.text)],
        "columns": [*mentions_of(note.text, columns)],
        "replies": [_document(each, columns) for each in note.replies],
    }


def _lines(note: Note, indent: str = "") -> list[str]:
    where = note.where if not indent else "answer"
    said = f"{indent}{note.number}  {where}, {note.by}, {note.at:%Y-%m-%d %H:%M}"
    if note.corrected is not None:
        said = f"{said}, corrected"
    if note.taken_back is not None:
        gone = note.taken_back
        return [said, f"{indent}    taken back by {gone.by}: {gone.text}"]
    body = [f"{indent}    {line}" for line in note.text.splitlines()]
    return [said, *body, *(line for each in note.replies for line in _lines(each, f"{indent}    "))]
