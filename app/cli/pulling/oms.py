"""Commands on OMS: `pull`, `simulate oms`."""

import signal
import threading
from collections import Counter
from pathlib import Path

from app.cli.arguments import add_command, add_group, port, run_number
from app.cli.certification.wishes import add_no_wait, answered
from app.cli.output import DONE, REFUSED, Answer, ProgressLine, number_of, show, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program, PullReport
from app.cli.pulling import dqm_gui
from app.cli.words import HELP
from app.domain.json_value import JsonValue
from app.domain.sources.pull import OutcomeKind
from app.services.certification import asking
from app.services.wishes.pulling import ask_for_runs


def add(commands: Commands, common: Parser) -> None:
    """Adds `pull` and `simulate`."""
    parser = add_command(commands, common, "pull", HELP["pull"], _pull, writes=True)
    parser.add_argument(
        "--run",
        type=run_number,
        action="append",
        metavar="N",
        dest="runs",
        help="only this run, changed or not; may be repeated",
    )
    dqm_gui.add_pull_option(parser)
    add_no_wait(parser)
    group = add_group(commands, common, "simulate", HELP["simulate"])
    parser = add_command(
        group,
        common,
        "oms",
        "serve OMS documents of a folder until Ctrl-C",
        _simulate,
        writes=False,
    )
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="DIR",
        help="runs.json, fills.json and lumisections_RUN.json",
    )
    parser.add_argument("--port", type=port, default=0, metavar="N", help="a free one if 0")
    dqm_gui.add_simulation(group, common)


def _pull(program: Program, arguments: Arguments) -> Answer:
    if arguments.dqm_gui is not None:
        return dqm_gui.pull(program, arguments)
    program.db  # noqa: B018 - a database that can't be used is refused before OMS is asked
    if arguments.runs and asking.must_ask(program.acting):
        asked = ask_for_runs(program.acting, arguments.runs)
        return answered(program, arguments, asked, {"runs": list(arguments.runs)})
    line = ProgressLine()
    try:
        report = program.pull(arguments.runs, line.say)
    finally:
        line.clear()
    good = not (report.failed or report.problems)
    return Answer(_document(report), _text(report), DONE if good else REFUSED)


def _document(report: PullReport) -> JsonValue:
    return {
        "runs": [
            {"run_number": number, "outcome": outcome.kind.value, "text": outcome.text}
            for number, outcome in report.outcomes
        ],
        "failed": [
            {"run_number": failed.run_number, "reason": failed.reason} for failed in report.failed
        ],
        "problems": list(report.problems),
    }


def _text(report: PullReport) -> str:
    counted = Counter(outcome.kind for _, outcome in report.outcomes)
    told = [
        outcome.text for _, outcome in report.outcomes if outcome.kind is not OutcomeKind.UNCHANGED
    ]
    told += [f"Run {each.run_number} failed: {each.reason}" for each in report.failed]
    told += list(report.problems)
    counts = [f"{counted[kind]} {kind.value}" for kind in OutcomeKind if counted[kind]]
    if report.failed:
        counts.append(f"{len(report.failed)} failed")
    if not counts:
        return together([*told, "OMS has nothing new."])
    done = len(report.outcomes) + len(report.failed)
    return together([*told, f"{number_of(done, 'run')}: {', '.join(counts)}."])


def _simulate(program: Program, arguments: Arguments) -> Answer:
    stopped = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        with program.simulated_oms(arguments.data, arguments.port) as oms:
            show(
                Answer(
                    {"url": oms.url, "token_url": oms.token_url},
                    f"Serving {arguments.data} at {oms.url} (tokens at {oms.token_url})."
                    " Ctrl-C ends it.",
                ),
                as_json=arguments.as_json,
            )
            stopped.wait()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
    return Answer()
