"""The program's own database as a whole: `backup`, `restore`, `db upgrade-server`."""

from pathlib import Path

from app.cli.arguments import add_command
from app.cli.output import Answer, number_of
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.errors import Refused
from app.domain.json_value import JsonObject
from app.files import is_file


def add(commands: Commands, common: Parser) -> None:
    """Adds `backup` and `restore`."""
    parser = add_command(
        commands,
        common,
        "backup",
        HELP["backup"],
        _backup,
        writes=False,
        example="season.backup",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the file to write")
    parser.add_argument("--force", action="store_true", help="replace the file if it is there")
    parser = add_command(
        commands,
        common,
        "restore",
        HELP["restore"],
        _restore,
        writes=True,
        example="season.backup",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a file of `backup`")
    parser.add_argument(
        "--replace",
        action="store_true",
        help="also where the database holds something, which is lost",
    )


def add_to_db(group: Commands, common: Parser) -> None:
    """Adds `upgrade-server`."""
    parser = add_command(
        group,
        common,
        "upgrade-server",
        "move the program's own database to the newest PostgreSQL that is installed here",
        _upgrade_server,
        writes="yes",
    )
    parser.add_argument("--yes", action="store_true", help="do it; without it is only said what")


def _backup(program: Program, arguments: Arguments) -> Answer:
    file: Path = arguments.file
    if is_file(file) and not arguments.force:
        raise Refused(f"{file} is there already. Name another file, or replace it with --force.")
    note = program.own.back_up(file)
    document: JsonObject = {
        "file": str(file),
        "made": note.made,
        "postgresql": note.postgresql,
        "rows": note.number_of_rows,
        "sha256": note.sha256,
    }
    return Answer(document, f"Wrote {number_of(note.number_of_rows, 'row')} to {file}.")


def _restore(program: Program, arguments: Arguments) -> Answer:
    note = program.own.restore(arguments.file, replace=arguments.replace)
    document: JsonObject = {
        "file": str(arguments.file),
        "made": note.made,
        "program": note.program,
        "rows": note.number_of_rows,
    }
    return Answer(
        document,
        f"Restored {number_of(note.number_of_rows, 'row')} of {arguments.file}, made at {note.made}"
        f" by version {note.program}.",
    )


def _upgrade_server(program: Program, arguments: Arguments) -> Answer:
    if not arguments.yes:
        before, after = program.own.majors()
        if after is None:
            said = f"The data were made by PostgreSQL {before}, and no newer one is here."
        else:
            said = (
                f"The data were made by PostgreSQL {before}; {after} is here as well. With --yes"
                " they are backed up, restored on the newer one, compared, and take the place of"
                " the old ones. Nobody may use the database meanwhile."
            )
        return Answer({"before": before, "after": after, "done": False}, said)
    done = program.own.upgrade_server()
    return Answer(
        {
            "before": done.before,
            "after": done.after,
            "done": True,
            "backup": str(done.backup),
            "rows": done.rows,
        },
        f"The database runs on PostgreSQL {done.after} now, with all its"
        f" {number_of(done.rows, 'row')}. What it was on {done.before} is in {done.backup}; delete"
        " that file when you don't need it.",
    )
