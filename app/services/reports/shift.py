"""The report of a shift: runs taken, flags and their reasons, sign-offs, what is open, notes."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.agents.proposals import Proposal
from app.domain.certification import notes as note_rules
from app.domain.certification.datasets import states_of
from app.domain.certification.notes import Note
from app.domain.certification.runs import OPEN, all_without_status
from app.domain.configuration.in_force import CERTIFIABLE_ONLINE_COLUMNS
from app.domain.counting import counted, number
from app.domain.errors import BadInput
from app.domain.history.cells import Action, Write
from app.domain.history.log import Kind, LogQuery, Who
from app.domain.history.moments import time_words
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import format_ranges, join, ranges_of_mask
from app.domain.progress import SILENT, Progress
from app.domain.reports.document import Block, Drawing, Report, Section, Sentence, Tone, table
from app.domain.reports.plots import BarPlot
from app.domain.sources.oms import DCS_BITS
from app.domain.triplets import Triplet
from app.golden.season import Season, SeasonDataset
from app.models import agents
from app.models.history import cell_writes, moment_of_reports, notes
from app.models.history import writes as history
from app.services.acting import Acting
from app.services.history import log
from app.services.reports.moment import (
    ReportMoment,
    datasets_at,
    end_of,
    end_of_data,
    run_attributes_at,
    start_of,
)
from app.services.reports.words import basis_of, clock, duration, file_name, pb

SHIFT = timedelta(hours=8)
_LONGEST = timedelta(days=7)
_MOST_ENTRIES = 200
_MOST_WORKSPACES = 4
_MOST_FLAGS = 500
_LOOKED_BACK = 50
"""Flags of a column before one that it is compared with."""


@dataclass(frozen=True)
class Period:
    """From one time to another; `since` belongs to it, `until` doesn't."""

    since: datetime
    until: datetime

    @property
    def text(self) -> str:
        """`2025-08-18 07:00 UTC to 2025-08-18 15:00 UTC`."""
        return f"{time_words(self.since)} to {time_words(self.until)}"


@dataclass(frozen=True)
class _Flag:
    """What one version of a person set in one column of a dataset, to one value."""

    action: Action
    key: DatasetKey
    write: Write[Triplet]
    column: str
    triplet: Triplet


def period_of(
    acting: Acting, moment: ReportMoment, since: datetime | None, until: datetime | None
) -> Period:
    """The time of a shift: 8 h from its beginning or up to its end; without either the last 8 h
    of data. BadInput for a time that ends before it begins, or that is longer than a week."""
    if until is None:
        until = end_of_data(acting, moment) if since is None else since + SHIFT
    since = until - SHIFT if since is None else since
    if since >= until:
        raise BadInput(f"The shift ends ({time_words(until)}) before it begins.")
    if until - since > _LONGEST:
        raise BadInput("A shift lasts a week at most: choose a shorter time, or the era report.")
    return Period(since, until)


def report(
    acting: Acting, moment: ReportMoment, period: Period, progress: Progress = SILENT
) -> Report:
    """What happened in a shift, as it is known at the moment."""
    with acting.db.read() as connection:
        candidates = moment_of_reports.runs_between(connection, period.since, period.until)
    numbers = [
        run.run_number
        for run in run_attributes_at(acting, moment, candidates)
        if _is_within(start_of(run.oms_attributes), end_of(run.oms_attributes), period)
    ]
    runs = datasets_at(
        acting, moment, ONLINE, run_numbers=numbers, progress=progress.part(0.0, 0.5)
    )
    offline = _keys_of(acting, moment, numbers)
    flags = list(_flags(acting, moment, [*((run, ONLINE) for run in numbers), *offline]))
    progress.at(0.7)
    sections = [
        Section("Runs taken", _runs(runs)),
        Section("Flags set by people", _flagged(flags)),
        Section(
            "DCS bits set by people",
            _bits(acting, moment, [*((run, ONLINE) for run in numbers), *offline]),
        ),
        Section("Sign-offs and moves", _moves(acting, moment, numbers, offline)),
        Section("Open questions", tuple(_open(acting, moment, runs, flags))),
        Section("Notes", _notes(acting, moment, numbers)),
    ]
    progress.at(0.9)
    sections.append(
        Section("What else people did in this time", _log(acting, moment, period, numbers))
    )
    progress.at(1.0)
    title = f"Shift {time_words(period.since)} to {time_words(period.until)}".replace(
        " UTC to", " to"
    )
    return Report(
        title,
        file_name("shift", f"{period.since:%Y-%m-%dT%H%M}", moment),
        basis_of(moment, ("Time", period.text)),
        tuple(sections),
    )


def _is_within(begin: datetime | None, end: datetime | None, period: Period) -> bool:
    if begin is None or begin >= period.until:
        return False
    return begin >= period.since or (end is not None and end > period.since)


def _keys_of(acting: Acting, moment: ReportMoment, numbers: Collection[int]) -> list[DatasetKey]:
    """Offline datasets of the runs."""
    with acting.db.read() as connection:
        return moment_of_reports.offline_keys(connection, numbers, moment.version)


def _runs(runs: Sequence[SeasonDataset]) -> tuple[Block, ...]:
    heads = (
        *("Run", "Class", "State", "Start", "Duration", "LS", "Delivered /pb", "Recorded /pb"),
        *("Fill", "Beam"),
    )
    rows: list[tuple[object, ...]] = []
    delivered, recorded = [], []
    for run in runs:
        sums = Season([run]).total
        delivered.append(sums.delivered)
        recorded.append(sums.recorded)
        begin, end = start_of(run.run_oms), end_of(run.run_oms, run.state.length)
        rows.append(
            (
                run.run_number,
                _text(run.run_rr.get("class")),
                _text(run.run_rr.get("state")),
                clock(begin),
                duration(begin, end),
                number(run.state.length),
                pb(sums.delivered),
                pb(sums.recorded),
                _text(run.run_oms.get("fill_number")),
                _beam(run.run_oms.get("stable_beam"), run.run_oms.get("energy")),
            )
        )
    right = ("Run", "LS", "Delivered /pb", "Recorded /pb", "Fill", "Duration")
    found = table(heads, rows, right=right, nothing="No run was taken in this time.")
    if not rows:
        return found
    said = (
        f"{counted(len(rows), 'run')}, {number(sum(run.state.length for run in runs))} LS,"
        f" {pb(sum(delivered))} /pb delivered, {pb(sum(recorded))} /pb recorded."
    )
    if not sum(recorded):
        return (Sentence(said), Sentence("No luminosity is stored for them.", Tone.HINT), *found)
    plot = BarPlot(
        "runs",
        "Luminosity by run",
        "pb⁻¹",
        tuple(str(run.run_number) for run in runs),
        (("Delivered", tuple(delivered)), ("Recorded", tuple(recorded))),
    )
    return (Sentence(said), *found, Drawing(plot))


def _flags(acting: Acting, moment: ReportMoment, keys: Sequence[DatasetKey]) -> Iterator[_Flag]:
    """What people set in the lumisections of these datasets up to the moment, in its order."""
    with acting.db.read() as connection:
        writes = cell_writes.rr_writes(connection, keys, as_of=moment.version)
        manual = {
            key: [write for write in of_key if write.manual] for key, of_key in writes.items()
        }
        actions = history.actions(
            connection, {write.version for of_key in manual.values() for write in of_key}
        )
    for key in sorted(manual):
        for write in manual[key]:
            for column, triplet in sorted(write.values.items()):
                yield _Flag(actions[write.version], key, write, column, triplet)


def _flagged(flags: Sequence[_Flag]) -> tuple[Block, ...]:
    """One line for several columns that one version set to the same value."""
    alike: dict[tuple[object, ...], tuple[_Flag, list[str]]] = {}
    for flag in sorted(flags, key=lambda flag: (flag.key[0], flag.key[1], flag.write.event)):
        same = (flag.write.event, flag.triplet)
        alike.setdefault(same, (flag, []))[1].append(flag.column)
    rows: list[tuple[object, ...]] = [
        (
            *flag.key,
            ", ".join(columns),
            format_ranges(flag.write.ranges),
            flag.triplet.status,
            "; ".join(filter(None, (flag.triplet.comment, flag.triplet.cause))),
            flag.action.by,
            clock(flag.action.at),
            flag.action.version,
        )
        for flag, columns in alike.values()
    ]
    heads = ("Run", "Dataset", "Columns", "LS", "Status", "Why", "By", "At", "Version")
    return table(
        heads,
        rows,
        right=("Run", "Version"),
        most=_MOST_FLAGS,
        nothing="Nobody set a flag in these runs by hand.",
    )


def _bits(acting: Acting, moment: ReportMoment, keys: Sequence[DatasetKey]) -> tuple[Block, ...]:
    """What people said of the detectors against OMS."""
    with acting.db.read() as connection:
        writes = cell_writes.oms_writes(connection, keys, as_of=moment.version, setting=DCS_BITS)
        saying = [
            (key, write)
            for key in sorted(writes)
            for write in writes[key]
            # What `online` has is among the writes of each dataset of the run.
            if write.dataset == key[1] and not DCS_BITS.isdisjoint(write.values)
        ]
        actions = history.actions(connection, {write.version for _, write in saying})
    rows: list[tuple[object, ...]] = [
        (
            *key,
            ", ".join(f"{bit} {str(value).lower()}" for bit, value in sorted(write.values.items())),
            format_ranges(write.ranges),
            action.comment,
            action.by,
            clock(action.at),
            action.version,
        )
        for key, write in saying
        if (action := actions[write.version]).manual
    ]
    heads = ("Run", "Dataset", "Bits", "LS", "Why", "By", "At", "Version")
    return table(
        heads,
        rows,
        right=("Run", "Version"),
        most=_MOST_FLAGS,
        nothing="Nobody set a DCS bit in these runs by hand.",
    )


def _moves(
    acting: Acting, moment: ReportMoment, numbers: Sequence[int], offline: Sequence[DatasetKey]
) -> tuple[Block, ...]:
    """States that people moved runs and their datasets to, what one version moved together."""
    with acting.db.read() as connection:
        of_runs = history.run_writes(connection, numbers)
        of_datasets = history.dataset_writes(connection, offline)
        moved: dict[tuple[int, str], list[tuple[int, str]]] = {}
        for run, writes in of_runs.items():
            for write in writes[1:]:
                if "state" in write.values and write.version <= moment.version:
                    state = str(write.values["state"])
                    moved.setdefault((write.version, state), []).append((run, "the run"))
        for (run, name), writes in of_datasets.items():
            for write in writes[1:]:
                if write.version <= moment.version:
                    for state in _states(write.values):
                        moved.setdefault((write.version, state), []).append((run, name))
        actions = history.actions(connection, {version for version, _ in moved})
    rows: list[tuple[object, ...]] = [
        (
            ", ".join(map(str, sorted({run for run, _ in keys}))),
            ", ".join(sorted({what for _, what in keys})),
            *(state, actions[version].by, clock(actions[version].at), version),
        )
        for (version, state), keys in sorted(moved.items())
        if actions[version].manual
    ]
    return table(
        ("Runs", "What", "Moved to", "By", "At", "Version"),
        rows,
        right=("Version",),
        nothing="Nobody signed off or moved anything.",
    )


def _states(values: JsonObject) -> Iterator[str]:
    """`COMPLETED in dt, rpc` for each state among the attributes of a dataset."""
    states = states_of(values)
    for state in sorted(set(states.values())):
        where = [name for name, value in states.items() if value == state]
        told = ", ".join(where)
        if len(where) > _MOST_WORKSPACES:
            told = counted(len(where), "workspace")
        yield f"{state} in {told}"


def _open(
    acting: Acting, moment: ReportMoment, runs: Sequence[SeasonDataset], flags: Sequence[_Flag]
) -> Iterator[Block]:
    """What is left to do in the runs, one kind after the other."""
    rows: list[tuple[object, ...]] = []
    for run in runs:
        rows += [(run.run_number, what, text) for what, text in _questions(run)]
    rows += _conflicts(flags)
    rows += [
        (
            each.run_number,
            "Proposal",
            f"{each.agent} proposes {each.triplet.status} for {each.column} of {each.dataset},"
            f" LS {format_ranges(each.ranges)}",
        )
        for each in _proposals(acting, moment, [run.run_number for run in runs])
    ]
    rows.sort(key=lambda row: (str(row[0]), str(row[1])))
    yield from table(("Run", "What", "Details"), rows, right=("Run",), nothing="Nothing is open.")


def _questions(run: SeasonDataset) -> Iterator[tuple[str, str]]:
    state = str(run.run_rr.get("state") or OPEN)
    if state == OPEN and run.run_oms.get("end_time") is None:
        yield "Running", "the run hasn't ended yet"
    elif state == OPEN:
        yield "Not signed off", "the run is OPEN"
    if run.run_rr.get("run_needs_to_be_updated_manually") is True:
        yield "Flagged", "OMS changed after the sign-off: the run needs a manual update"
    if not run.run_rr.get("class"):
        yield "No class", "the run has no class"
    there = run.state.per_lumisection(run.state.participating)
    if holes := ranges_of_mask(~there):
        yield "Holes", f"LS {format_ranges(holes)} take no part: no flags, or nothing from OMS"
    for unset in all_without_status(run.state.expand(), CERTIFIABLE_ONLINE_COLUMNS):
        yield "Without a status", unset.text


def _conflicts(flags: Sequence[_Flag]) -> list[tuple[object, ...]]:
    """Where one person set another status than another had set in the same lumisections."""
    rows: list[tuple[object, ...]] = []
    by_column: dict[tuple[DatasetKey, str], list[_Flag]] = {}
    for flag in flags:
        by_column.setdefault((flag.key, flag.column), []).append(flag)
    for (key, column), ordered in sorted(by_column.items()):
        for later_at, later in enumerate(ordered):
            for earlier in ordered[max(later_at - _LOOKED_BACK, 0) : later_at]:
                both = _common(earlier, later)
                different = earlier.triplet.status != later.triplet.status
                if both and different and earlier.action.author != later.action.author:
                    text = (
                        f"{column} of {key[1]}, LS {format_ranges(both)}: {earlier.action.by} said"
                        f" {earlier.triplet.status}, then {later.action.by}"
                        f" {later.triplet.status}"
                    )
                    rows.append((key[0], "Disagreement", text))
    return rows


def _common(one: _Flag, other: _Flag) -> tuple[tuple[int, int], ...]:
    return join(
        (max(a.first, b.first), min(a.last, b.last))
        for a in one.write.ranges
        for b in other.write.ranges
        if a.first <= b.last and b.first <= a.last
    )


def _proposals(acting: Acting, moment: ReportMoment, numbers: Sequence[int]) -> Iterator[Proposal]:
    """Proposals on the runs that nobody had decided on."""
    if not acting.db.record or not numbers:
        return
    with acting.db.read() as connection:
        found = agents.proposals(connection, runs=(min(numbers), max(numbers)))
    for each in found:
        waiting = each.decided is None or each.decided > moment.at
        if each.run_number in set(numbers) and each.proposed <= moment.at and waiting:
            yield each


def _notes(acting: Acting, moment: ReportMoment, numbers: Sequence[int]) -> tuple[Block, ...]:
    if not acting.db.record:
        why = f"Notes can't be read here: {acting.db.no_record.why}"
        return (Sentence(why, Tone.HINT),)
    with acting.db.read() as connection:
        found = note_rules.threads(notes.of_runs(connection, numbers, moment.at))
    rows: list[tuple[object, ...]] = []
    for note in found:
        rows += [_note(note, note.where)]
        rows += [_note(reply, f"answer to note {note.number}") for reply in note.replies]
    return table(("Note", "On", "Text", "By", "At"), rows, nothing="There is no note.")


def _note(note: Note, where: str) -> tuple[object, ...]:
    gone = note.taken_back
    text = note.text if gone is None else f"taken back by {gone.by}: {gone.text}"
    return (note.number, where, text, note.by, clock(note.at))


def _log(
    acting: Acting, moment: ReportMoment, period: Period, numbers: Collection[int]
) -> tuple[Block, ...]:
    """What people did in the time of the shift besides, by the log."""
    query = LogQuery(
        who=Who.PEOPLE,
        kinds=frozenset({Kind.RUN, Kind.DATASET, Kind.LUMISECTIONS, Kind.BITS}),
        since=period.since,
        until=period.until,
    )
    taken = set(numbers)
    rows: list[tuple[object, ...]] = []
    for entry in log.entries(acting, query, limit=_MOST_ENTRIES):
        runs = {subject.run_number for subject in entry.subjects}
        if entry.number <= moment.version and (not runs or not runs <= taken):
            said = ", ".join(map(str, sorted(runs))) + (" ..." if entry.more else "")
            rows.append((clock(entry.at), entry.by, said, entry.text, entry.number))
    rows.reverse()
    return table(
        ("At", "By", "Runs", "What", "Version"),
        rows,
        right=("Version",),
        nothing="Nothing that concerns other runs.",
    )


def _text(value: JsonValue) -> str:
    return "–" if value in (None, "") else str(value)


def _beam(stable: JsonValue, energy: JsonValue) -> str:
    known = isinstance(energy, int | float) and not isinstance(energy, bool) and energy > 0
    parts = ["stable" if stable is True else "no stable beam"]
    if known:
        parts.append(f"{energy:g} GeV")
    return ", ".join(parts)
