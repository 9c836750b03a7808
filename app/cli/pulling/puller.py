"""`puller`: the jobs of a puller without a window, and whether one works."""

import signal
from contextlib import suppress
from datetime import timedelta
from queue import Empty, SimpleQueue
from types import FrameType

from app.cli.arguments import add_command, positive
from app.cli.output import DONE, REFUSED, Answer, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.json_value import JsonValue
from app.services.pulling import health

_WITHIN_S = 300


def add(commands: Commands, common: Parser) -> None:
    """Adds `puller` and `puller health`."""
    parser = add_command(
        commands,
        common,
        "puller",
        HELP["puller"],
        _work,
        writes=True,
    )
    parser.add_argument("--once", action="store_true", help="one turn of each job, then end")
    parser.set_defaults(is_service=True)
    group = parser.add_subparsers(title="commands", metavar="COMMAND", required=False)
    parser = add_command(
        group, common, "health", "who works, and whether all is well", _health, writes=False
    )
    parser.add_argument(
        "--within",
        type=positive,
        default=_WITHIN_S,
        metavar="SECONDS",
        help=f"how long nothing may have worked ({_WITHIN_S})",
    )
    parser.set_defaults(is_service=False)


class _Stop:
    """Whether a signal has asked for the end. An event wouldn't do: the thread that the handler
    interrupts may hold the lock of it."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()
        self._is_asked = False

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked.put(None)

    def wait(self, timeout_s: float | None) -> bool:
        """Waits so long at most; true once the end was asked for."""
        if not self._is_asked:
            with suppress(Empty):
                self._asked.get(timeout=timeout_s)
                self._is_asked = True
        return self._is_asked


def _work(program: Program, arguments: Arguments) -> Answer:
    stop = _Stop()

    before = {each: signal.signal(each, stop.ask) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        states = program.work(stop.wait, once=arguments.once)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if not arguments.once:
        return Answer()
    jobs: list[JsonValue] = [
        {"job": each.name, "good": each.good, "text": each.words} for each in states
    ]
    good = all(each.good for each in states)
    lines = [f"{each.name}: {each.words}" for each in states]
    return Answer({"good": good, "jobs": jobs}, together(lines), DONE if good else REFUSED)


def _health(program: Program, arguments: Arguments) -> Answer:
    found = health.health(program.db, timedelta(seconds=arguments.within))
    rows = [
        (
            each.job,
            each.puller or "nobody",
            each.since and f"{each.since:%Y-%m-%d %H:%M}",
            each.report and f"{each.report.heartbeat:%Y-%m-%d %H:%M:%S}",
            each.report and (each.report.trouble or each.report.activity),
        )
        for each in found.jobs
    ]
    heads = ("job", "puller", "since (UTC)", "last turn (UTC)", "")
    lines = (found.text, table(heads, rows)) if rows else (found.text,)
    return Answer(found.document, together(lines), DONE if found.good else REFUSED)
