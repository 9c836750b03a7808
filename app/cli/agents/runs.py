"""`agent run`: a turn of an agent that is installed, once or again and again."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol

from app.cli.arguments import add_command, positive
from app.cli.output import Answer, Lines, ProgressLine, complain, show
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.domain.errors import NotFound, Unavailable
from app.domain.progress import Progress
from app.domain.text.names import not_found
from app.services.acting import Acting

GROUP = "run_registry.agents"
"""Entry points of packages: each is an agent, by its name."""

_EVERY_MINUTES = 10
_COMES_WITH = (
    "One comes with the Python package: pip install 'run-registry-desktop[agent]', against the same"
    " database."
)


@dataclass(frozen=True)
class Asked:
    """What a turn is asked for; empty texts and no columns mean what is usual."""

    columns: Sequence[str]
    datasets: str
    learn_from: str
    judge: str
    dry_run: bool
    explain: bool
    shown: Progress

    def progress(self, share: float) -> None:
        """Shows how far the turn is."""
        self.shown.at(share)


class Turn(Protocol):
    """What a turn came to."""

    @property
    def text(self) -> str: ...

    @property
    def document(self) -> Mapping[str, Any]: ...


class Agent(Protocol):
    """What an entry point leads to."""

    def __call__(self, acting: Acting, asked: Asked, /) -> Turn: ...


def add(group: Commands, common: Parser) -> None:
    """Adds `agent run`."""
    parser = add_command(
        group,
        common,
        "run",
        "have an installed agent learn, judge what is open, and propose",
        _run,
        writes=True,
        example="anomaly --column dt-dt --dry-run --explain --once",
    )
    parser.add_argument("name", metavar="AGENT")
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="C",
        dest="columns",
        help="column to judge (all that it is registered for); may be repeated",
    )
    parser.add_argument(
        "--datasets",
        default="online",
        metavar="PATTERN",
        help="online, or a pattern of names such as /PromptReco/%% (online)",
    )
    parser.add_argument(
        "--train-from",
        default="",
        metavar="TEXT",
        dest="learn_from",
        help="filter of what it learns from, of what is signed off (the newest 200)",
    )
    parser.add_argument(
        "--judge", default="", metavar="TEXT", help="filter of what it judges (what is OPEN)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print what it would propose and write nothing"
    )
    parser.add_argument(
        "--explain", action="store_true", help="say cell by cell what speaks for it and against it"
    )
    parser.add_argument("--once", action="store_true", help="one turn, then end")
    parser.add_argument(
        "--every",
        type=positive,
        default=_EVERY_MINUTES,
        metavar="MINUTES",
        help=f"pause between turns ({_EVERY_MINUTES})",
    )


def _run(program: Program, arguments: Arguments) -> Answer:
    agent = _installed(arguments.name)
    while True:
        try:
            answer = _turn(agent, program, arguments)
        except Unavailable as error:
            if arguments.once:
                raise
            complain(f"{error} It tries again in {arguments.every} min.")
        else:
            if arguments.once:
                return answer
            show(answer, as_json=arguments.as_json)
        time.sleep(60 * arguments.every)


def _turn(agent: Agent, program: Program, arguments: Arguments) -> Answer:
    line = ProgressLine()
    asked = Asked(
        tuple(dict.fromkeys(arguments.columns)),
        arguments.datasets,
        arguments.learn_from,
        arguments.judge,
        arguments.dry_run,
        arguments.explain,
        line.shares("reading"),
    )
    try:
        done = agent(program.acting, asked)
    finally:
        line.clear()
    return Answer(dict(done.document), Lines(done.text))


def _installed(name: str) -> Agent:
    """The agent of that name. Raises NotFound."""
    known = {each.name: each for each in entry_points(group=GROUP)}
    if not known:
        raise NotFound(f"No agent is installed here. {_COMES_WITH}")
    if name not in known:
        raise not_found(f"No agent {name} is installed here", name, known)
    try:
        agent: Agent = known[name].load()
    except ImportError as error:
        # A bundle has the names of the package, and not all of its modules.
        raise NotFound(f"The agent {name} can't be loaded here: {error}. {_COMES_WITH}") from error
    return agent
