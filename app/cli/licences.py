"""`licences`: what the program is made with, and under which licence each part stands."""

from app.cli.arguments import add_command
from app.cli.output import Answer, Content, table
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.distribution import licences
from app.domain.json_value import JsonValue


def add(commands: Commands, common: Parser) -> None:
    """Adds `licences`."""
    parser = add_command(
        commands,
        common,
        "licences",
        HELP["licences"],
        _licences,
        writes=False,
    )
    parser.add_argument("--texts", action="store_true", help="also the texts of the licences")


def _licences(_program: Program, arguments: Arguments) -> Answer:
    found = licences(with_texts=arguments.texts)
    document: JsonValue = [
        {"name": each.name, "version": each.version, "licence": each.licence}
        | ({"texts": list(each.texts)} if arguments.texts else {})
        for each in found
    ]
    if not arguments.texts:
        rows = [(each.name, each.version, each.licence) for each in found]
        return Answer(document, table(("part", "version", "licence"), rows))
    parts = []
    for each in found:
        title = f"{each.name} {each.version}".rstrip() + f": {each.licence}"
        parts += [title, "=" * len(title), "", *(text.strip() + "\n" for text in each.texts), ""]
    return Answer(document, Content("\n".join(parts)))
