"""`verify`: what a second person verified."""

from app.cli.arguments import add_command, add_group, add_run
from app.cli.certification.dataset_tools import add_selection, keys_document, selection
from app.cli.output import Answer, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.certification.second_eyes import WHOLE
from app.domain.configuration.in_force import GLOBAL
from app.domain.json_value import JsonValue
from app.services import names
from app.services.certification import second_eyes
from app.services.certification.second_eyes import Verified


def add(commands: Commands, common: Parser) -> None:
    """Adds `verify` and its commands."""
    group = add_group(commands, common, "verify", HELP["verify"])
    parser = add_command(
        group, common, "list", "marks of a dataset, and what was done to them", _list, writes=False
    )
    add_run(parser)
    parser.add_argument("dataset", metavar="DATASET", help="name of the dataset")
    parser = add_command(
        group,
        common,
        "mark",
        "verify a workspace of datasets, or all of them",
        _mark,
        writes=True,
        example="--run 396370 --workspace dt",
    )
    add_selection(parser)
    _add_workspace(parser)
    parser.add_argument("--comment", default="", metavar="TEXT", help="what was looked at")
    parser = add_command(
        group,
        common,
        "take-back",
        "take marks away without changing anything else",
        _take_back,
        writes=True,
        example="--run 396370 --workspace dt --reason 'looked at the wrong run'",
    )
    add_selection(parser)
    _add_workspace(parser)
    parser.add_argument("--reason", required=True, metavar="TEXT", help="kept with the mark")


def _add_workspace(parser: Parser) -> None:
    parser.add_argument(
        "--workspace",
        default=GLOBAL,
        metavar="W",
        help="workspace that is verified (global: the whole dataset)",
    )


def _list(program: Program, arguments: Arguments) -> Answer:
    program.acting.check_reads_record("Marks")
    key = (arguments.run, arguments.dataset)
    names.check_dataset(program.acting, *key)
    standing = second_eyes.marks(program.acting, [key]).get(key, ())
    entries = second_eyes.history(program.acting, key)
    frozen = second_eyes.protected(program.acting, [arguments.run]).frozen.get(key)
    document: JsonValue = {
        "marks": [
            {"workspace": each.workspace, "by": each.by, "at": each.at.isoformat()}
            for each in standing
        ],
        "frozen_in": frozen,
        "history": [
            {
                "workspace": each.mark.workspace,
                "verified": each.verified,
                "by": each.mark.by,
                "at": each.mark.at.isoformat(),
                "why": each.why,
            }
            for each in entries
        ],
    }
    rows = [
        ("whole" if each.workspace == WHOLE else each.workspace, each.by, f"{each.at:%F %H:%M}")
        for each in standing
    ]
    lines = [
        table(("verified", "by", "at"), rows) if rows else "Nothing of it is verified.",
        *([f"It is in cycle {frozen}, which is frozen."] if frozen else []),
        *(f"{each.mark.at:%F %H:%M} {each.mark.by}: {each.text}" for each in entries),
    ]
    return Answer(document, together(lines))


def _mark(program: Program, arguments: Arguments) -> Answer:
    return _answer(
        second_eyes.verify(
            program.acting,
            selection(program, arguments),
            arguments.workspace,
            comment=arguments.comment,
        )
    )


def _take_back(program: Program, arguments: Arguments) -> Answer:
    keys = selection(program, arguments)
    return _answer(
        second_eyes.take_back(program.acting, keys, arguments.workspace, arguments.reason)
    )


def _answer(done: Verified) -> Answer:
    return Answer({"datasets": keys_document(done.datasets), "text": done.text}, done.text)
