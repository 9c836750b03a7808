"""Reports on a season of the web service, 800 runs of 700 LS: `python -m benchmarks.reports`."""

from datetime import date, timedelta

from app.domain.progress import Cancelled, Progress
from app.models.database.engine import Database
from app.services.acting import Acting
from app.services.certification import cycles
from app.services.configuration.in_force import shipped_rule
from app.services.golden import generation as golden
from app.services.reports import call, era, page, shift
from app.services.reports.moment import end_of_data, moment_of
from app.views.reports import printing
from benchmarks import figures, web_season
from benchmarks.chain import EXPERT
from benchmarks.database import folder_argument, measured, prepared, server

RUNS = 800
_CHANGED = 20
_IN_CYCLE = 100


@figures.kept("reports")
def main() -> None:
    parser = folder_argument(__doc__ or "")
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args()
    with server(given.folder) as running:
        db = prepared(running.dsn)
        acting = Acting(db, EXPERT)
        if not _built(db):
            web_season.build(db, given.runs)
        measure(acting, given.runs)
        db.close()


def measure(acting: Acting, runs: int) -> None:
    """Prints how long each report takes."""
    rule = ("golden", shipped_rule("golden"))
    names = [call.NamedRule(name, shipped_rule(name)) for name in call.RULES]

    def of_era(version: int | None = None) -> str:
        moment = moment_of(acting, version)
        return page.html_of(era.report(acting, moment, web_season.OFFLINE, rule))

    measured("era: the first one, nothing was folded yet", of_era, times=1)
    measured("era, as it is now", of_era, target="seconds")
    then = moment_of(acting).version
    before = of_era(then)
    for at in range(_CHANGED):
        web_season.edit(acting.db, web_season.FIRST_RUN + at, 1 + at)
    golden.forget_seasons(acting)
    measured(f"era, as of {_CHANGED} versions ago", lambda: of_era(then), target="seconds")
    assert of_era(then) == before, "the same version is the same page"
    moment = moment_of(acting)
    end = end_of_data(acting, moment)

    def of_shift() -> str:
        period = shift.period_of(acting, moment, None, end)
        return page.html_of(shift.report(acting, moment, period))

    measured("shift", of_shift)
    if not cycles.all_cycles(acting):
        keys = [
            (web_season.FIRST_RUN + at, web_season.OFFLINE) for at in range(min(_IN_CYCLE, runs))
        ]
        cycles.create(acting, "Call", date.today() + timedelta(7), ["dt", "tracker"], keys)  # noqa: DTZ011
    measured(
        f"call: a cycle of {_IN_CYCLE} datasets, {_CHANGED} versions since the last call",
        lambda: page.html_of(call.report(acting, moment_of(acting), names, since=then)),
    )
    made = era.report(acting, moment_of(acting), web_season.OFFLINE, rule)
    measured("the page of the era", lambda: page.html_of(made))
    measured("the same as PDF", lambda: printing.without_window(made), times=1)
    measured("how soon a cancelled era ends", lambda: _cancelled(acting, rule))


def _cancelled(acting: Acting, rule: tuple[str, object]) -> None:
    try:
        era.report(
            acting,
            moment_of(acting),
            web_season.OFFLINE,
            (rule[0], shipped_rule(rule[0])),
            Progress(None, lambda: True),
        )
    except Cancelled:
        return


def _built(db: Database) -> bool:
    return bool(golden.datasets_matching(Acting(db), web_season.OFFLINE).datasets)


if __name__ == "__main__":
    main()
