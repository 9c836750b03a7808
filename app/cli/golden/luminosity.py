"""Commands on luminosity: import from brilcalc."""

from pathlib import Path

from app.cli.arguments import add_command, add_group
from app.cli.output import Answer, ProgressLine, luminosity, table, together
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.counting import counted
from app.domain.json_value import JsonObject
from app.domain.lumisections import count, format_ranges
from app.services.golden.luminosity import ImportReport, Outcome, RunReport, import_brilcalc

_RUNS_SHOWN = 100


def add(commands: Commands, common: Parser) -> None:
    """Adds `luminosity` and its commands."""
    group = add_group(commands, common, "luminosity", HELP["luminosity"])
    parser = add_command(
        group,
        common,
        "import",
        "import luminosity from a file that brilcalc lumi --byls wrote",
        _import,
        writes=True,
        example="lumi.csv",
    )
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="CSV with its line of column names; also .csv.gz",
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")


def _import(program: Program, arguments: Arguments) -> Answer:
    line = ProgressLine()
    try:
        report = import_brilcalc(
            program.acting,
            arguments.file,
            dry_run=arguments.dry_run,
            progress=line.shares("luminosity"),
        )
    finally:
        line.clear()
    document: JsonObject = {
        "atomic_version": report.version,
        "dry_run": report.dry_run,
        "lumisections_changed": report.changed,
        "runs": [_run(run) for run in report.runs],
        "unknown": [*report.unknown],
        "too_short": [run.run_number for run in report.too_short],
    }
    return Answer(document, _text(report))


def _run(each: RunReport) -> JsonObject:
    return {
        "run_number": each.run_number,
        "outcome": each.outcome.value,
        "lumisections": each.lumisections,
        "lumisections_changed": each.changed,
        "beyond": [list(pair) for pair in each.beyond],
        "recorded": each.recorded,
        "delivered": each.delivered,
        "recorded_before": each.recorded_before,
        "recorded_left_out": each.recorded_left_out,
        "delivered_left_out": each.delivered_left_out,
    }


def _text(report: ImportReport) -> str:
    lines = [report.text]
    if report.version is not None:
        lines[0] += f" Version {report.version}."
    rows = [
        (
            run.run_number,
            run.outcome.value,
            run.lumisections,
            run.changed,
            *(
                ("", "", "")
                if run.outcome is Outcome.UNKNOWN
                else map(luminosity, (run.recorded_before, run.recorded, run.delivered))
            ),
        )
        for run in report.runs
    ]
    heads = (
        "run",
        "outcome",
        "LS",
        "changed",
        "recorded before /pb",
        "recorded /pb",
        "delivered /pb",
    )
    right = [head for head in heads if head != "outcome"]
    lines.append(table(heads, rows[:_RUNS_SHOWN], right=right))
    if len(rows) > _RUNS_SHOWN:
        more = counted(len(rows) - _RUNS_SHOWN, "more run")
        lines.append(f"and {more}; --json lists them all.")
    if report.unknown:
        unknown = ", ".join(map(str, report.unknown))
        left_out = (run for run in report.runs if run.outcome is Outcome.UNKNOWN)
        lines.append(
            f"Left out, because they are not in the Run Registry: runs {unknown}"
            f"{_left_out(*left_out)}."
        )
    lines += [
        f"Run {run.run_number} ends at LS {run.length}: LS {format_ranges(run.beyond)}"
        f" ({count(run.beyond)}) left out{_left_out(run)}."
        for run in report.too_short
    ]
    return together(lines)


def _left_out(*runs: RunReport) -> str:
    """What is left out of some runs, which no sum of the table holds."""
    recorded = sum(run.recorded_left_out for run in runs)
    delivered = sum(run.delivered_left_out for run in runs)
    return f", recorded {luminosity(recorded)} /pb, delivered {luminosity(delivered)} /pb"
