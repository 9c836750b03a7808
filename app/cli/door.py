"""`serve`: answers over HTTP what the clients of the web service ask for."""

from app.cli.arguments import add_command, port
from app.cli.output import Answer, complain
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP

_PORT = 9500
"""Where the clients of the web service look for one on this machine."""


def add(commands: Commands, common: Parser) -> None:
    """Adds `serve`."""
    parser = add_command(
        commands,
        common,
        "serve",
        HELP["serve"],
        _serve,
        writes=True,
    )
    parser.add_argument(
        "--host",
        action="append",
        metavar="HOST",
        help="address to listen on, once or several times (127.0.0.1 and ::1)",
    )
    parser.add_argument(
        "--port", type=port, default=_PORT, metavar="N", help=f"port to listen on ({_PORT})"
    )


def _serve(program: Program, arguments: Arguments) -> Answer:
    program.serve(
        arguments.host,
        arguments.port,
        lambda where: complain(f"listens on {where}; Ctrl-C ends it"),
    )
    return Answer({"stopped": True}, "Stopped.")
