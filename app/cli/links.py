"""`open LINK`: what a link leads to, in the window."""

from app.cli.arguments import add_command
from app.cli.output import Answer
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP


def add(commands: Commands, common: Parser) -> None:
    """Adds `open`."""
    parser = add_command(
        commands,
        common,
        "open",
        HELP["open"],
        show,
        writes=False,
    )
    parser.add_argument("link", metavar="LINK", help="e.g. run-registry://run/396281?ls=30-60")


def show(program: Program, arguments: Arguments) -> Answer:
    """Shows what the link leads to."""
    text = program.open_link(arguments.link, arguments.screenshot)
    return Answer({"link": arguments.link, "text": text}, text)
