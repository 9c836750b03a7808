"""Command `report`: what happened, as one page in a file."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from app import files
from app.cli import out_files
from app.cli.arguments import add_command, add_force, add_group, moment, positive
from app.cli.output import Answer, ProgressLine
from app.cli.parser import Arguments, Commands, Parser
from app.cli.program import Program
from app.cli.words import HELP
from app.domain.errors import BadInput
from app.domain.progress import Progress
from app.domain.reports.document import Report
from app.services.golden import rules as golden_rules
from app.services.reports import call, era, page, shift
from app.services.reports.moment import ReportMoment, moment_of, time_named

_PDF = ".pdf"
_HTML = (".html", ".htm")

Made = Callable[[ReportMoment, Progress], Report]


def add(commands: Commands, common: Parser) -> None:
    """Adds `report` and its commands."""
    group = add_group(commands, common, "report", HELP["report"])
    parser = add_command(
        group,
        common,
        "shift",
        "runs taken in a shift, flags, sign-offs, what is open, notes",
        _shift,
        writes=False,
        example="--from 2025-08-18T07:00 --out shift.html",
    )
    parser.add_argument("--from", dest="since", default="", metavar="TIME", help="begin, in UTC")
    parser.add_argument(
        "--to",
        dest="until",
        default="",
        metavar="TIME",
        help="end, in UTC; else 8 h after the begin, or the end of the newest run",
    )
    _add_common(parser)
    parser = add_command(
        group,
        common,
        "call",
        "for the certification call: cycle by cycle, since the last call",
        _call,
        writes=False,
        example="--out call.html",
    )
    parser.add_argument(
        "--cycle", type=positive, metavar="ID", help="one cycle; else all that are pending"
    )
    parser.add_argument(
        "--since",
        type=moment,
        metavar="VERSION|DAY",
        help="the last call; else a week before",
    )
    parser.add_argument(
        "--rule",
        action="append",
        metavar="FILE",
        help="a rule by name or in a file; may be given several times, the first says what was"
        f" lost ({', '.join(call.RULES)})",
    )
    _add_common(parser)
    parser = add_command(
        group,
        common,
        "era",
        "luminosity accumulated over time, and efficiencies",
        _era,
        writes=False,
        example="--datasets '/PromptReco/Collisions2025_/DQM' --out era.html",
    )
    parser.add_argument(
        "--datasets",
        required=True,
        metavar="PATTERN",
        help="names, e.g. '/PromptReco/Collisions2025_/DQM'; _ and %% are wildcards",
    )
    parser.add_argument(
        "--rule", default="golden", metavar="FILE", help="a rule by name or in a file (golden)"
    )
    _add_common(parser)


def _add_common(parser: Parser) -> None:
    parser.add_argument(
        "--as-of",
        type=moment,
        metavar="VERSION|DAY",
        help="as it was at that version, or when that day ended (UTC; a minute: until then)",
    )
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FILE", help="FILE.html, or FILE.pdf"
    )
    add_force(parser)


def _shift(program: Program, arguments: Arguments) -> Answer:
    acting = program.acting
    since = time_named(arguments.since, "--from")
    until = time_named(arguments.until, "--to")

    def made(at: ReportMoment, progress: Progress) -> Report:
        return shift.report(acting, at, shift.period_of(acting, at, since, until), progress)

    return _written(program, arguments, made)


def _call(program: Program, arguments: Arguments) -> Answer:
    acting = program.acting
    since: int | datetime | None = arguments.since
    rules = [
        call.NamedRule(name, golden_rules.named_or_in_file(acting, name))
        for name in arguments.rule or call.RULES
    ]

    def made(at: ReportMoment, progress: Progress) -> Report:
        return call.report(acting, at, rules, cycle=arguments.cycle, since=since, progress=progress)

    return _written(program, arguments, made)


def _era(program: Program, arguments: Arguments) -> Answer:
    acting = program.acting
    rule = golden_rules.named_or_in_file(acting, arguments.rule)

    def made(at: ReportMoment, progress: Progress) -> Report:
        return era.report(acting, at, arguments.datasets, (arguments.rule, rule), progress)

    return _written(program, arguments, made)


def _written(program: Program, arguments: Arguments, made: Made) -> Answer:
    """Makes a report and writes it in the form that the name of the file says."""
    out: Path = arguments.out
    kind = out.suffix.lower()
    if kind not in (_PDF, *_HTML):
        raise BadInput(f"{out} is neither FILE.html nor FILE.pdf: the name says what is written.")
    as_pdf = program.printer() if kind == _PDF else None
    files.check_writable(out)
    out_files.check_report(out, force=arguments.force)
    line = ProgressLine()
    try:
        at = moment_of(program.acting, arguments.as_of)
        report = made(at, line.shares("reading"))
    finally:
        line.clear()
    files.write(out, page.html_of(report) if as_pdf is None else as_pdf(report))
    return Answer(
        {"title": report.title, "version": at.version, "at": at.at.isoformat(), "file": str(out)},
        f"Wrote {report.title}, as of {at.text}, to {out}.",
    )
