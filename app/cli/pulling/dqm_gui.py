"""Commands on the DQM GUI: `pull --dqm-gui`, `simulate dqm-gui`, `dqm-gui try`."""

import signal
import threading
from pathlib import Path

from app.cli.arguments import add_command, add_group, port, run_number
from app.cli.output import DONE, REFUSED, Answer, show, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.json_value import JsonValue
from app.domain.sources.dqm_gui import expression_matches
from app.services.acting import Acting
from app.services.pulling import dqm_gui

FROM_SETTINGS = ""


def add(commands: Commands, common: Parser) -> None:
    """Adds `dqm-gui`."""
    group = add_group(commands, common, "dqm-gui", HELP["dqm-gui"])
    parser = add_command(
        group,
        common,
        "try",
        "what regular expressions of an accepted dataset find",
        _try,
        writes=False,
    )
    parser.add_argument("expressions", nargs="+", metavar="EXPRESSION")
    parser.add_argument("--url", metavar="URL", help="the DQM GUI, up to and with /dqm/offline")
    parser.add_argument("--first-run", type=run_number, metavar="N", help="from this run on")
    parser.add_argument("--last-run", type=run_number, metavar="N", help="up to this run")


def add_pull_option(parser: Parser) -> None:
    """Adds `--dqm-gui` to `pull`."""
    parser.add_argument(
        "--dqm-gui",
        nargs="?",
        const=FROM_SETTINGS,
        metavar="URL",
        dest="dqm_gui",
        help="from the DQM GUI instead of OMS; without URL from that of the settings",
    )


def add_simulation(group: Commands, common: Parser) -> None:
    """Adds `simulate dqm-gui`."""
    parser = add_command(
        group,
        common,
        "dqm-gui",
        "serve the datasets of a folder until Ctrl-C",
        _simulate,
        writes=False,
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="folder with samples.json"
    )
    parser.add_argument("--port", type=port, default=0, metavar="N", help="a free one if 0")


def pull(program: Program, arguments: Arguments) -> Answer:
    """One look at the DQM GUI."""
    database = program.db
    outcome = dqm_gui.apply(
        Acting(database), program.dqm_gui_listing(arguments.dqm_gui or None, to_write=True)
    )
    document: JsonValue = {
        "atomic_version": outcome.atomic_version,
        "appeared": [
            {"run_number": each.run_number, "name": each.name, "in_gui": list(each.in_gui)}
            for each in outcome.appeared
        ],
        "opened": outcome.opened,
        "problems": list(outcome.problems),
        "text": outcome.text,
    }
    told = [f"{each.name} of run {each.run_number} appeared." for each in outcome.appeared]
    code = REFUSED if outcome.problems else DONE
    return Answer(document, together([*told, *outcome.problems, outcome.text]), code)


def _try(program: Program, arguments: Arguments) -> Answer:
    listing = program.dqm_gui_listing(arguments.url)
    found = expression_matches(
        "\n".join(arguments.expressions), listing, arguments.first_run, arguments.last_run
    )
    rows = [
        (
            each.expression,
            each.datasets,
            len(each.runs),
            each.problem or ", ".join(each.examples[:2]),
        )
        for each in found
    ]
    document: JsonValue = {
        "expressions": [
            {
                "expression": each.expression,
                "datasets": each.datasets,
                "runs": [*each.runs],
                "examples": list(each.examples),
                "problem": each.problem or None,
            }
            for each in found
        ]
    }
    text = table(("expression", "datasets", "runs", "such as"), rows, right=("datasets", "runs"))
    return Answer(document, text, REFUSED if any(each.problem for each in found) else DONE)


def _simulate(program: Program, arguments: Arguments) -> Answer:
    stopped = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        with program.simulated_dqm_gui(arguments.data, arguments.port) as gui:
            text = f"Serving {arguments.data} at {gui.url}. Ctrl-C ends it."
            show(Answer({"url": gui.url}, text), as_json=arguments.as_json)
            stopped.wait()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
    return Answer()
