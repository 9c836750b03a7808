"""The report for the weekly certification call: cycle by cycle what is golden, what was lost and
why, what changed since the last call, and what is left."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.certification import cycles as rules
from app.domain.certification.cycles import Cycle, CycleEntry
from app.domain.certification.datasets import (
    COMPLETED,
    NOT_SIGNIFICANT,
    OPEN,
    SIGNOFF,
    WAITING,
    states_of,
)
from app.domain.certification.second_eyes import WHOLE, Mark
from app.domain.configuration.in_force import parse_condition
from app.domain.counting import counted, number, percent
from app.domain.errors import NotFound
from app.domain.json_logic import condition_words
from app.domain.json_value import JsonValue, js_stringify
from app.domain.keys import DatasetKey
from app.domain.lumisections import count, format_ranges, ranges_of_mask
from app.domain.progress import SILENT, Progress
from app.domain.reports.document import Block, Drawing, Report, Section, Sentence, Tone, table
from app.domain.reports.plots import BarPlot
from app.golden.compare import compare
from app.golden.list_luminosity import luminosity_by_run, run_luminosity, together
from app.golden.losses import Losses, combinations_of, losses_of
from app.golden.season import Season, SeasonDataset
from app.golden.selection import Selection, select
from app.models.lists import cycles as model
from app.services import names
from app.services.acting import Acting
from app.services.certification import cycles, second_eyes
from app.services.golden.checks.reproduce import Side, changes_of
from app.services.golden.moments import Moment
from app.services.reports.moment import ReportMoment, datasets_at, moment_of
from app.services.reports.words import (
    basis_of,
    file_name,
    pb,
    rules_section,
    share_of,
    unknown,
)

RULES = ("golden", "muon", "dcs-only")
"""Rules of the report where no others are named."""

WEEK = timedelta(days=7)
_MOST_CAUSES = 12
_MOST_RUNS = 15
_MOST_CHANGES = 60
_MOST_OPEN = 60
_VERIFIED = "verified"
_CHARTS = ("conditions", "short-runs", "exclusive", "subsystems")


@dataclass(frozen=True)
class NamedRule:
    """A rule with the name that the report gives it."""

    name: str
    rule: JsonValue


@dataclass(frozen=True)
class _OfCycle:
    """A cycle at the moment: its datasets then, and what each rule selects of them."""

    cycle: Cycle
    season: Season
    selections: Mapping[str, Selection]
    entries: tuple[CycleEntry, ...]
    marks: Mapping[DatasetKey, Sequence[Mark]] | None
    """By which a second person verified something; None where nobody can."""

    @property
    def datasets(self) -> Sequence[SeasonDataset]:
        return self.season.datasets

    def is_verified(self, key: DatasetKey, workspace: str) -> bool:
        """Whether a second person verified that workspace of a dataset, or all of it."""
        marks = (self.marks or {}).get(key, ())
        return any(each.workspace in {workspace, WHOLE} for each in marks)


def report(
    acting: Acting,
    moment: ReportMoment,
    golden: Sequence[NamedRule],
    *,
    cycle: int | None = None,
    since: int | datetime | None = None,
    progress: Progress = SILENT,
) -> Report:
    """One cycle, or all that were pending. The first of the rules says what was lost and what
    changed since the last call, which was at `since`: a version or a time; a week before if
    None."""
    listed = _cycles_at(acting, moment, cycle)
    found: list[_OfCycle] = []
    share = 0.5 / (len(listed) or 1)
    for at, (each, keys, entries) in enumerate(listed):
        part = progress.part(share * at, share * (at + 1))
        found.append(_of_cycle(acting, moment, each, keys, entries, golden, part))
    sections = [Section("Cycles", _overview(found, golden))]
    for at, of_cycle in enumerate(found):
        part = progress.part(0.5 + share * at, 0.5 + share * (at + 1))
        sections += _sections(acting, moment, of_cycle, golden, since, part)
    sections.append(rules_section([(each.name, each.rule) for each in golden]))
    title = found[0].cycle.name if len(found) == 1 else "all pending cycles"
    told = f"cycle {title}" if len(found) == 1 else title
    basis = basis_of(moment, ("Datasets", told), ("Rules", ", ".join(each.name for each in golden)))
    return Report(
        f"Certification call: {title}", file_name("call", title, moment), basis, (*sections,)
    )


def _cycles_at(
    acting: Acting, moment: ReportMoment, chosen: int | None
) -> list[tuple[Cycle, frozenset[DatasetKey], tuple[CycleEntry, ...]]]:
    """The chosen cycle, or those that were pending in `global`, with their datasets then."""
    if chosen is None:
        listed = [each for each in cycles.all_cycles(acting) if each.created <= moment.at]
    else:
        listed = [cycles.cycle(acting, chosen)]
    found = []
    for each in sorted(listed, key=lambda cycle: (cycle.deadline, cycle.id)):
        entries = cycles.history(acting, each.id)
        if chosen is None and not _was_pending(each, entries, moment):
            continue
        with acting.db.read() as connection:
            keys = model.keys_of(connection, each.id)
        found.append((each, rules.keys_at(keys, entries, moment.at), entries))
    return found


def _was_pending(cycle: Cycle, entries: Sequence[CycleEntry], moment: ReportMoment) -> bool:
    """Whether there was something left to do in `global`."""
    pending = cycle.pending_in("global")
    for entry in entries:
        if entry.at <= moment.at:
            break
        if entry.details.get("workspace") == "global":
            pending = entry.what == "completed"
    return pending


def _of_cycle(
    acting: Acting,
    moment: ReportMoment,
    cycle: Cycle,
    keys: frozenset[DatasetKey],
    entries: tuple[CycleEntry, ...],
    golden: Sequence[NamedRule],
    progress: Progress,
) -> _OfCycle:
    datasets = _datasets(acting, moment, keys, progress.part(0.0, 0.7))
    season = Season(datasets)
    selections = {
        each.name: select(season, parse_condition(each.rule), progress.part(0.7, 1.0))
        for each in golden
    }
    marks = second_eyes.marks_at(acting, keys, moment.at, moment.version)
    return _OfCycle(cycle, season, selections, entries, marks)


def _datasets(
    acting: Acting, moment: ReportMoment, keys: frozenset[DatasetKey], progress: Progress
) -> tuple[SeasonDataset, ...]:
    if not keys:
        return ()
    return datasets_at(
        acting, moment, "%", run_numbers={run for run, _ in keys}, keys=keys, progress=progress
    )


def _overview(found: Sequence[_OfCycle], golden: Sequence[NamedRule]) -> tuple[Block, ...]:
    heads = (
        *("Cycle", "Deadline", "Datasets", "Recorded /pb"),
        *(f"{each.name} /pb" for each in golden),
        "Certified of recorded",
    )
    rows: list[tuple[object, ...]] = [
        (
            each.cycle.name,
            each.cycle.deadline.isoformat(),
            number(len(each.datasets)),
            pb(each.season.total.recorded),
            *(pb(each.selections[rule.name].in_json.recorded) for rule in golden),
            percent(
                share_of(
                    each.selections[golden[0].name].in_json.recorded, each.season.total.recorded
                )
            ),
        )
        for each in found
    ]
    return table(heads, rows, right=heads[2:], nothing="No cycle was pending.")


def _sections(
    acting: Acting,
    moment: ReportMoment,
    of: _OfCycle,
    golden: Sequence[NamedRule],
    since: int | datetime | None,
    progress: Progress,
) -> list[Section]:
    """The parts of one cycle."""
    first = golden[0]
    selection = of.selections[first.name]
    losses = losses_of(combinations_of(selection), _CHARTS)
    title = f"Cycle {of.cycle.name}"
    if not of.datasets:
        return [Section(title, (Sentence("It held no dataset that is shown.", Tone.HINT),))]
    changed = _changed(acting, moment, of, first, since, progress)
    return [
        Section(title, _luminosity(of, golden)),
        Section(f"Lost for {first.name}", _lost(of, losses), 3),
        Section("Runs that lost most", _runs(of, losses), 3),
        Section("Changed since the last call", changed, 3),
        Section("Left to do", _left(of), 3),
    ]


def _luminosity(of: _OfCycle, golden: Sequence[NamedRule]) -> tuple[Block, ...]:
    total = of.season.total
    segments = of.season.segments
    # As in the luminosity, a lumisection of a run counts once.
    everything = int((segments.last - segments.first + 1)[segments.primary].sum())
    heads = ("List", "Runs", "LS", "Recorded /pb", "Delivered /pb", "Of recorded")
    rows: list[tuple[object, ...]] = [
        (
            rule.name,
            number(len(selection.document)),
            number(selection.lumisections),
            pb(selection.in_json.recorded),
            pb(selection.in_json.delivered),
            percent(share_of(selection.in_json.recorded, total.recorded)),
        )
        for rule in golden
        for selection in (of.selections[rule.name],)
    ]
    runs = len({each.run_number for each in of.datasets})
    rows.append(
        (
            *("all that takes part", number(runs), number(everything)),
            *(
                pb(total.recorded),
                pb(total.delivered),
                percent(share_of(total.recorded, total.recorded)),
            ),
        )
    )
    plot = BarPlot(
        f"cycle-{of.cycle.id}",
        f"Recorded luminosity of cycle {of.cycle.name}",
        "pb⁻¹",
        (*(rule.name for rule in golden), "all"),
        (
            (
                "Recorded",
                (
                    *(of.selections[rule.name].in_json.recorded for rule in golden),
                    total.recorded,
                ),
            ),
        ),
    )
    found = (
        *(block for rule in golden for block in unknown(rule.name, of.selections[rule.name])),
        *table(heads, rows, right=heads[1:]),
    )
    if not total.recorded:
        return (*found, Sentence("No luminosity is stored for these datasets.", Tone.WARNING))
    return (*found, Drawing(plot))


def _lost(of: _OfCycle, losses: Losses) -> tuple[Block, ...]:
    if not losses.combinations:
        return (Sentence("Nothing was lost.", Tone.HINT),)
    heads = ("Sub-system", "Lost /pb", "LS", "by it alone /pb")
    alone = {bar.name: bar.recorded for bar in losses.chart("exclusive").bars}
    subsystems = losses.chart("subsystems").bars
    by_subsystem = table(
        heads,
        [
            (bar.name, pb(bar.recorded), number(bar.lumisections), pb(alone.get(bar.name, 0.0)))
            for bar in subsystems
        ],
        right=heads[1:],
        title="By sub-system, DCS and quality",
        most=_MOST_CAUSES * 2,
    )
    plot = BarPlot(
        f"lost-{of.cycle.id}",
        f"Luminosity lost in cycle {of.cycle.name} by sub-system",
        "pb⁻¹",
        tuple(bar.name for bar in subsystems[:_MOST_CAUSES]),
        (
            ("Lost", tuple(bar.recorded for bar in subsystems[:_MOST_CAUSES])),
            ("alone", tuple(alone.get(bar.name, 0.0) for bar in subsystems[:_MOST_CAUSES])),
        ),
    )
    causes = table(
        ("Condition that failed", "Lost /pb", "LS"),
        [
            (condition_words(json.loads(bar.name)), pb(bar.recorded), number(bar.lumisections))
            for bar in losses.chart("conditions").bars
        ],
        right=("Lost /pb", "LS"),
        title="By cause",
        most=_MOST_CAUSES,
    )
    short = losses.short_runs.recorded
    said = (
        f"{pb(losses.total.recorded)} /pb in {number(losses.total.lumisections)} LS were lost, of"
        f" these {pb(short)} /pb in commissioning, short and special runs. A lumisection that"
        " failed for several reasons counts at each."
    )
    drawn: tuple[Block, ...] = (Drawing(plot),) if losses.total.recorded else ()
    return (Sentence(said), *by_subsystem, *drawn, *causes)


def _runs(of: _OfCycle, losses: Losses) -> tuple[Block, ...]:
    """Runs by what they lost, with the sub-systems that lost it."""
    luminosities = {each.run_number: run_luminosity(each.state) for each in of.datasets}
    lost = luminosity_by_run(losses.runs(losses.total), luminosities)
    subsystems: dict[int, list[tuple[float, str]]] = {}
    for bar in losses.chart("subsystems").bars:
        for run, part in luminosity_by_run(losses.runs(bar), luminosities).items():
            subsystems.setdefault(run, []).append((part.recorded, bar.name))
    if losses.total.recorded:
        lost = {run: each for run, each in lost.items() if each.recorded}
    ranked = sorted(lost, key=lambda run: (-lost[run].recorded, -lost[run].lumisections, run))
    rows: list[tuple[object, ...]] = [
        (
            run,
            number(lost[run].lumisections),
            pb(lost[run].recorded),
            ", ".join(
                f"{name} {pb(part)}"
                for part, name in sorted(
                    subsystems.get(run, ()), key=lambda pair: (-pair[0], pair[1])
                )[:4]
            ),
        )
        for run in ranked[:_MOST_RUNS]
    ]
    return table(
        ("Run", "LS lost", "Lost /pb", "By sub-system /pb"),
        rows,
        right=("Run", "LS lost", "Lost /pb"),
        nothing="No run lost anything.",
    )


def _changed(
    acting: Acting,
    moment: ReportMoment,
    of: _OfCycle,
    golden: NamedRule,
    since: int | datetime | None,
    progress: Progress,
) -> tuple[Block, ...]:
    before = _last_call(acting, moment, of, since)
    if before is None:
        return (Sentence("Nothing was written before: all of it is new.", Tone.HINT),)
    keys = frozenset((each.run_number, each.name) for each in of.datasets)
    rule = parse_condition(golden.rule)
    then = select(Season(_datasets(acting, before, keys, progress.part(0.0, 0.5))), rule)
    now = of.selections[golden.name]
    compared = compare(then.document, now.document)
    said = f"Compared with {before.text}, on the datasets that the cycle has now."
    if compared.equal:
        return (Sentence(said, Tone.HINT), Sentence("Nothing changed."))
    luminosities = {each.run_number: run_luminosity(each.state) for each in of.datasets}
    gained, lost = (
        together(luminosity_by_run(part, luminosities).values())
        for part in (compared.gained, compared.lost)
    )
    changes = changes_of(
        acting,
        Side("", rule, Moment(before.version), then),
        Side("", rule, Moment(moment.version), now),
        progress.part(0.5, 1.0),
    )
    heads = ("Run", "Dataset", "What", "Before", "Now", "LS gained", "LS lost", "By", "Version")
    rows: list[tuple[object, ...]] = [
        (
            each.run_number,
            each.dataset,
            each.name.removeprefix("lumisection.").removeprefix("rr.").removeprefix("oms."),
            *(_value(value) for value in (each.before, each.after)),
            number(count(each.gained)),
            number(count(each.lost)),
            "–" if each.action is None else each.action.by,
            "–" if each.action is None else each.action.version,
        )
        for each in sorted(
            changes.responsible,
            key=lambda each: (
                -count(each.gained) - count(each.lost),
                each.run_number,
                each.dataset,
                each.name,
            ),
        )
    ]
    return (
        Sentence(said, Tone.HINT),
        Sentence(
            f"Gained {number(gained.lumisections)} LS and {pb(gained.recorded)} /pb; lost"
            f" {number(lost.lumisections)} LS and {pb(lost.recorded)} /pb."
        ),
        *table(heads, rows, right=("Run", "LS gained", "LS lost", "Version"), most=_MOST_CHANGES),
    )


def _last_call(
    acting: Acting, moment: ReportMoment, of: _OfCycle, since: int | datetime | None
) -> ReportMoment | None:
    """The moment of the last call: as named; else a week before, or when the cycle began."""
    if since is not None:
        named = moment_of(acting, since)
        if named.version > moment.version:
            raise NotFound(
                f"The last call can't be later than the report: {named.text} is after"
                f" {moment.text}."
            )
        return named
    for at in (moment.at - WEEK, of.cycle.created):
        try:
            return ReportMoment(names.version_before(acting, at), at)
        except NotFound:
            continue
    return None


def _left(of: _OfCycle) -> tuple[Block, ...]:
    """States of the datasets by workspace and how many a second person verified there, those that
    are OPEN, and holes in them."""
    counts: dict[str, dict[str, int]] = {}
    waiting: dict[DatasetKey, list[str]] = {}
    for each in of.datasets:
        for workspace, state in states_of(each.attributes).items():
            if workspace not in of.cycle.states:
                continue
            counted_here = counts.setdefault(workspace, {})
            counted_here[state] = counted_here.get(state, 0) + 1
            if of.is_verified((each.run_number, each.name), workspace):
                counted_here[_VERIFIED] = counted_here.get(_VERIFIED, 0) + 1
            if state == OPEN:
                waiting.setdefault((each.run_number, each.name), []).append(workspace)
    order = [name for name in of.cycle.states if name in counts]
    heads: tuple[str, ...] = (
        *("Workspace", "OPEN", "SIGNOFF", "COMPLETED", "waiting", "not significant"),
    )
    states: tuple[str, ...] = (OPEN, SIGNOFF, COMPLETED, WAITING, NOT_SIGNIFICANT)
    if of.marks is not None:
        heads, states = (*heads, "verified"), (*states, _VERIFIED)
    blocks: tuple[Block, ...] = table(
        heads,
        [(name, *(number(counts[name].get(state, 0)) for state in states)) for name in order],
        right=heads[1:],
        nothing="No workspace takes part.",
    )
    holes = [
        (each.run_number, each.name, f"LS {format_ranges(gaps)} take no part")
        for each in of.datasets
        if (gaps := ranges_of_mask(~each.state.per_lumisection(each.state.participating)))
    ]
    left = sum(map(len, waiting.values()))
    rows: list[tuple[object, ...]] = [
        (
            run,
            name,
            f"OPEN in {', '.join(where) if len(where) < 6 else counted(len(where), 'workspace')}",
        )
        for (run, name), where in sorted(waiting.items())
    ]
    return (
        *blocks,
        Sentence(
            "Everything is signed off or completed."
            if not left
            else f"{counted(len(waiting), 'dataset')} OPEN in one workspace or more."
        ),
        *_verified(of),
        *(
            table(("Run", "Dataset", "What"), [*holes, *rows], right=("Run",), most=_MOST_OPEN)
            if holes or rows
            else ()
        ),
    )


def _value(value: JsonValue) -> str:
    return "–" if value is None else value if isinstance(value, str) else js_stringify(value)


def _verified(of: _OfCycle) -> tuple[Block, ...]:
    """How many datasets somebody else than their author has looked at as a whole."""
    if of.marks is None:
        return ()
    whole = sum(of.is_verified((each.run_number, each.name), WHOLE) for each in of.datasets)
    are = "is" if whole == 1 else "are"
    of_all = counted(len(of.datasets), "dataset")
    return (Sentence(f"{number(whole)} of {of_all} {are} verified as a whole by a second person."),)
