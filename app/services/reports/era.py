"""The report of an era: luminosity accumulated over time, and the efficiency of sub-systems."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.configuration.in_force import parse_condition
from app.domain.counting import counted, number, percent
from app.domain.errors import NotFound
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE
from app.domain.progress import SILENT, Progress
from app.domain.reports.document import Block, Drawing, Report, Section, Sentence, Tone, table
from app.domain.reports.plots import BarPlot, Line, TimePlot
from app.golden.accumulated import (
    Accumulated,
    SubsystemEfficiency,
    Sums,
    TimedRun,
    accumulated,
    efficiencies,
    recorded_for_physics,
)
from app.golden.losses import combinations_of, losses_of
from app.golden.season import Season, SeasonDataset
from app.golden.selection import Selection, select
from app.models.history import moment_of_reports
from app.services.acting import Acting
from app.services.golden import generation
from app.services.reports.moment import ReportMoment, datasets_at, start_of
from app.services.reports.words import (
    basis_of,
    file_name,
    pb,
    rules_section,
    share_of,
    unknown,
)

_LETTER = re.compile(r"([A-Za-z]+[0-9]{2,4})[A-Z]")
_WORST = 14
"""Sub-systems that the plot of efficiencies shows."""


@dataclass(frozen=True)
class EraFigures:
    """One era: its runs, what was accumulated [pb^-1], and the efficiency of each sub-system.

    `selection` is the rule over its datasets; `physics` the luminosity recorded for physics.
    """

    name: str
    selection: Selection
    over_time: Accumulated
    physics: float
    subsystems: tuple[SubsystemEfficiency, ...]
    runs: int

    @property
    def sums(self) -> Sums:
        """All of it."""
        return self.over_time.total


def era_of_name(dataset: str) -> str:
    """The era in the name of a dataset: `Collisions2025C` of `/PromptReco/Collisions2025C/DQM`."""
    parts = [part for part in dataset.split("/") if part]
    return parts[1] if len(parts) > 1 else dataset


def patterns(acting: Acting) -> tuple[str, ...]:
    """Patterns of dataset names to choose from: the eras of a period together, then each name."""
    known = [
        name for name in generation.datasets_matching(acting, "/%").runs_of if era_of_name(name)
    ]
    periods: dict[str, int] = {}
    for name in known:
        if (found := _LETTER.fullmatch(era_of_name(name))) is not None:
            joined = name.replace(found[0], f"{found[1]}_", 1)
            periods[joined] = periods.get(joined, 0) + 1
    together = sorted(periods, key=lambda name: ("/PromptReco/" not in name, name))
    return (*together, *sorted(known))


def figures(
    acting: Acting,
    moment: ReportMoment,
    pattern: str,
    rule: JsonValue,
    progress: Progress = SILENT,
) -> tuple[tuple[EraFigures, ...], Accumulated]:
    """Each era among the datasets whose names match, and all together. NotFound when none does."""
    condition = parse_condition(rule)
    datasets = datasets_at(acting, moment, pattern, progress=progress.part(0.0, 0.5))
    if not datasets:
        hint = " Any text is written %, not *." if "*" in pattern else ""
        raise NotFound(f'No dataset name matched "{pattern}" at {moment.text}.{hint}')
    by_era: dict[str, list[SeasonDataset]] = {}
    for each in datasets:
        by_era.setdefault(era_of_name(each.name), []).append(each)
    first, last = datasets[0].run_number, datasets[-1].run_number
    with acting.db.read() as connection:
        run_numbers = moment_of_reports.run_numbers_within(connection, first, last)
    online = datasets_at(
        acting, moment, ONLINE, run_numbers=run_numbers, progress=progress.part(0.5, 0.8)
    )
    found: list[EraFigures] = []
    for at, (name, of_era) in enumerate(sorted(by_era.items())):
        part = progress.part(0.8 + 0.2 * at / len(by_era), 0.8 + 0.2 * (at + 1) / len(by_era))
        found.append(_figures(name, of_era, online, select(Season(of_era), condition, part)))
    document = {run: ranges for era in found for run, ranges in era.selection.document.items()}
    return tuple(found), accumulated(_timed(online), document)


def report(
    acting: Acting,
    moment: ReportMoment,
    pattern: str,
    rule: tuple[str, JsonValue],
    progress: Progress = SILENT,
) -> Report:
    """Recorded, delivered and certified luminosity over time, and efficiencies by era."""
    eras, whole = figures(acting, moment, pattern, rule[1], progress)
    title = ", ".join(era.name for era in eras) if len(eras) <= 3 else pattern
    sections = [
        Section(
            "Luminosity",
            (
                *unknown(rule[0], eras[0].selection),
                *_remarks(whole),
                *_luminosity(eras, whole),
                *_drawings(whole),
            ),
        ),
        Section("Efficiency of certification", tuple(_efficiency(eras))),
        Section("Day by day", _days(whole)),
        rules_section([rule]),
    ]
    basis = basis_of(moment, ("Datasets", pattern), ("Rule", rule[0]))
    return Report(f"Era {title}", file_name("era", title, moment), basis, tuple(sections))


def _figures(
    name: str,
    datasets: Sequence[SeasonDataset],
    online: Sequence[SeasonDataset],
    selection: Selection,
) -> EraFigures:
    first, last = datasets[0].run_number, datasets[-1].run_number
    within = [each for each in online if first <= each.run_number <= last]
    losses = losses_of(combinations_of(selection))
    return EraFigures(
        name,
        selection,
        accumulated(_timed(within), selection.document),
        recorded_for_physics(losses, selection.total),
        efficiencies(losses, selection.total),
        len({each.run_number for each in datasets}),
    )


def _timed(online: Sequence[SeasonDataset]) -> list[TimedRun]:
    return [
        TimedRun(each.run_number, None if start is None else start.timestamp(), each.state)
        for each in online
        for start in (start_of(each.run_oms),)
    ]


def _remarks(whole: Accumulated) -> list[Block]:
    found: list[Block] = []
    if not whole.total.recorded:
        found.append(
            Sentence(
                "No luminosity is stored for these runs. Import it from brilcalc, or pull them.",
                Tone.WARNING,
            )
        )
    if whole.untimed:
        runs = ", ".join(map(str, whole.untimed[:10]))
        more = f" and {len(whole.untimed) - 10} more" if len(whole.untimed) > 10 else ""
        found.append(
            Sentence(
                f"OMS gives no start of runs {runs}{more}: they are in the sums but not in the"
                " plots.",
                Tone.WARNING,
            )
        )
    return found


def _luminosity(eras: Sequence[EraFigures], whole: Accumulated) -> tuple[Block, ...]:
    heads = (
        *("Era", "Runs", "LS certified", "Delivered /pb", "Recorded /pb", "Certified /pb"),
        *("Recorded of delivered", "Certified of recorded"),
    )
    rows: list[tuple[object, ...]] = [
        _row(era.name, era.runs, era.selection.lumisections, era.sums) for era in eras
    ]
    if len(eras) > 1:
        runs = sum(era.runs for era in eras)
        rows.append(_row("All", runs, sum(e.selection.lumisections for e in eras), whole.total))
    return table(heads, rows, right=heads[1:])


def _row(name: str, runs: int, lumisections: int, sums: Sums) -> tuple[object, ...]:
    return (
        name,
        number(runs),
        number(lumisections),
        *(pb(each) for each in (sums.delivered, sums.recorded, sums.certified)),
        percent(share_of(sums.recorded, sums.delivered)),
        percent(share_of(sums.certified, sums.recorded)),
    )


def _drawings(whole: Accumulated) -> tuple[Block, ...]:
    times = tuple(time for time, _ in whole.points)
    names = ("Delivered", "Recorded", "Certified")
    lines = tuple(
        Line(name, times, tuple(getattr(sums, name.lower()) for _, sums in whole.points))
        for name in names
    )
    days = BarPlot(
        "days",
        "Luminosity by day",
        "pb⁻¹",
        tuple(_day(day) for day, _ in whole.days),
        tuple(
            (name, tuple(getattr(sums, name.lower()) for _, sums in whole.days)) for name in names
        ),
    )
    return (
        Drawing(TimePlot("accumulated", "Luminosity accumulated over time (UTC)", "pb⁻¹", lines)),
        Drawing(days),
    )


def _efficiency(eras: Sequence[EraFigures]) -> list[Block]:
    lost: dict[str, float] = {}
    for era in eras:
        for each in era.subsystems:
            lost[each.subsystem] = lost.get(each.subsystem, 0.0) + each.lost
    worst = sorted(lost, key=lambda name: (-lost[name], name))
    return [
        Sentence(
            "The efficiency of a sub-system is the share of the luminosity recorded for physics in"
            " which none of its DCS bits and flags made the rule fail, whatever else did. For"
            " physics: without commissioning, short and special runs.",
            Tone.HINT,
        ),
        *_efficiency_of_eras(eras),
        Drawing(_efficiency_plot(eras, worst[:_WORST])),
        *_efficiency_of_subsystems(eras, worst, lost),
    ]


def _efficiency_of_eras(eras: Sequence[EraFigures]) -> Iterable[Block]:
    return table(
        (
            *("Era", "Recorded for physics /pb", "Certified /pb"),
            *("Data taking", "Certification", "Sub-systems below 100 %"),
        ),
        [
            (
                era.name,
                pb(era.physics),
                pb(era.selection.in_json.recorded),
                percent(share_of(era.sums.recorded, era.sums.delivered)),
                percent(share_of(era.selection.in_json.recorded, era.physics)),
                number(sum(each.lost > 0 for each in era.subsystems)),
            )
            for era in eras
        ],
        right=("Recorded for physics /pb", "Certified /pb", "Data taking", "Certification"),
    )


def _efficiency_plot(eras: Sequence[EraFigures], names: Sequence[str]) -> BarPlot:
    series = [
        (
            era.name,
            tuple(
                100 * next((e.efficiency for e in era.subsystems if e.subsystem == name), 1.0)
                for name in names
            ),
        )
        for era in eras
    ]
    lowest = min((value for _, values in series for value in values), default=100.0)
    least = max(10.0 * math.floor((lowest - 1e-9) / 10), 0.0)
    title = f"Efficiency by sub-system, from {least:.0f} %"
    return BarPlot("efficiency", title, "%", tuple(names), tuple(series), least, 100.0)


def _efficiency_of_subsystems(
    eras: Sequence[EraFigures], worst: Sequence[str], lost: Mapping[str, float]
) -> Iterable[Block]:
    heads = ("Sub-system", *(era.name for era in eras), "Lost /pb", "of it DCS /pb")
    rows: list[tuple[object, ...]] = []
    for name in worst:
        of_eras = [{each.subsystem: each for each in era.subsystems}.get(name) for era in eras]
        shares = (percent(1.0 if each is None else each.efficiency) for each in of_eras)
        dcs = sum(each.dcs for each in of_eras if each is not None)
        rows.append((name, *shares, pb(lost[name]), pb(dcs)))
    return table(heads, rows, right=heads[1:], nothing="No sub-system lost anything.")


def _days(whole: Accumulated) -> tuple[Block, ...]:
    heads = ("Day (UTC)", "Delivered /pb", "Recorded /pb", "Certified /pb", "Certified of recorded")
    rows: list[tuple[object, ...]] = [
        (
            _day(day),
            *(pb(each) for each in (sums.delivered, sums.recorded, sums.certified)),
            percent(share_of(sums.certified, sums.recorded)),
        )
        for day, sums in whole.days
    ]
    return (
        Sentence(f"{counted(len(rows), 'day')} with runs.", Tone.HINT),
        *table(heads, rows, right=heads[1:], most=400),
    )


def _day(day: float) -> str:
    return f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d}"
