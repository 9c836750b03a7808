"""`wishes list`, and waiting for what a puller was asked for."""

from app.cli.arguments import add_command, add_group
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.certification.wishes import NOBODY, Asked, MadeWish, WishState
from app.domain.json_value import JsonObject
from app.services.wishes import lists


def add(commands: Commands, common: Parser) -> None:
    """Adds `wishes`."""
    group = add_group(commands, common, "wishes", HELP["wishes"])
    parser = add_command(
        group, common, "list", "your wishes and what became of them", _list, writes=False
    )
    parser.add_argument("--all", action="store_true", dest="everybodys", help="those of everybody")
    parser.add_argument("--waiting", action="store_true", help="only those that wait")


def add_no_wait(parser: Parser) -> None:
    """The option that leaves what a puller does to the puller."""
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="on a guarded database: don't wait until a puller has done it",
    )


def answered(
    program: Program, arguments: Arguments, asked: Asked, document: JsonObject, text: str = ""
) -> Answer:
    """The answer of a command that asked a puller: what that made of it, unless nobody waits.

    `document` and `text` are what the command did itself.
    """
    if arguments.no_wait:
        made = lists.found(program.acting, asked.wishes)
        said = [asked.text]
    else:
        line = ProgressLine()
        try:
            made = lists.wait(program.acting, asked.wishes, line.say)
        finally:
            line.clear()
        said = [each.told for each in made if each.state is not WishState.WAITING]
        if any(each.state is WishState.WAITING for each in made):
            said += [NOBODY]
    bad = [each for each in made if each.state in {WishState.REFUSED, WishState.FAILED}]
    left = [each for each in made if each.state is WishState.WAITING]
    good = not bad and (arguments.no_wait or not left)
    lines = [*filter(None, (text,)), *said]
    states = {each.state.value for each in made}
    return Answer(
        {
            "outcome": states.pop() if len(states) == 1 else "mixed",
            **document,
            "wishes": [_document(each) for each in made],
            "text": " ".join(lines),
        },
        together(lines),
        DONE if good else REFUSED,
    )


def _list(program: Program, arguments: Arguments) -> Answer:
    program.acting.check_reads_record("Wishes")
    made = lists.listed(
        program.acting, everybodys=arguments.everybodys, only_waiting=arguments.waiting
    )
    rows = [
        (each.id, f"{each.at:%Y-%m-%d %H:%M:%S}", each.by, each.words, each.state, each.text)
        for each in made
    ]
    heads = ("wish", "at (UTC)", "by", "to", "", "")
    text = table(heads, rows, right=("wish",)) if rows else "No wish."
    return Answer({"wishes": [_document(each) for each in made]}, text)


def _document(made: MadeWish) -> JsonObject:
    return {
        "id": made.id,
        "words": made.words,
        "by": made.by,
        "at": made.at.isoformat(),
        "state": made.state.value,
        "text": made.text,
        "ended": None if made.ended is None else made.ended.isoformat(),
    }
