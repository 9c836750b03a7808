"""Commands that publish official lists, and tell what was published."""

from pathlib import Path

from app.cli.arguments import add_command, positive
from app.cli.output import Answer, ProgressLine, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.domain.json_value import JsonObject
from app.models.golden.publications import Publication
from app.services.golden.official import publications, publishing


def add(group: Commands, common: Parser) -> None:
    """Adds the commands to `golden`."""
    parser = add_command(
        group,
        common,
        "publish",
        "write official lists, with checksums, provenance and the newest of their era, to a folder",
        _publish,
        writes=True,
        example="1 --to /eos/project/c/certification --why 'Pixel HV trip found later'",
    )
    parser.add_argument("ids", type=positive, nargs="+", metavar="ID")
    parser.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="a folder that is there; the lists of an era get a folder in it",
    )
    parser.add_argument(
        "--why",
        default="",
        metavar="TEXT",
        help="what made a new version necessary; wanted when a list takes the place of another",
    )
    parser = add_command(
        group,
        common,
        "published",
        "what was published: versions, what they took the place of, and why",
        _published,
        writes=False,
    )
    parser.add_argument("--era", default="", metavar="ERA", help="only of an era: Collisions2025")


def _publish(program: Program, arguments: Arguments) -> Answer:
    line = ProgressLine()
    try:
        done = publishing.publish(
            program.acting,
            arguments.ids,
            arguments.to,
            arguments.why,
            progress=line.shares("published"),
        )
    finally:
        line.clear()
    document: JsonObject = {
        "published": [_document(made) for made in done.publications],
        "folder": str(done.folder),
        "written": [str(file) for file in done.written],
        "unchanged": done.unchanged,
    }
    return Answer(document, done.text)


def _published(program: Program, arguments: Arguments) -> Answer:
    program.acting.check_reads_record("What was published")
    found = publications.published(program.acting, arguments.era)
    document: JsonObject = {"published": [_document(made) for made in found]}
    if not found:
        return Answer(document, "Nothing was published.")
    rows = [
        (
            made.list_id,
            made.name,
            made.number,
            "" if made.parent is None else made.parent,
            _fate(made),
            f"{made.at:%Y-%m-%d %H:%M}",
            made.by,
            made.why,
        )
        for made in found
    ]
    heads = ("id", "name", "version", "parent", "superseded by", "at (UTC)", "by", "why")
    return Answer(document, together((table(heads, rows, right=("id", "version", "parent")),)))


def _document(made: Publication) -> JsonObject:
    return {
        "golden_json": made.list_id,
        **publications.document_of(made),
        **publications.fate_of(made),
    }


def _fate(made: Publication) -> object:
    if made.withdrawn:
        return "withdrawn"
    return "" if made.superseded_by is None else made.superseded_by
