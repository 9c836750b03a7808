"""Stored lists computed again, and the events that moved lumisections in or out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from app.domain.configuration.in_force import parse_condition
from app.domain.counting import number
from app.domain.errors import NotFound
from app.domain.history.cells import Action, Attribution
from app.domain.json_logic import Rule
from app.domain.json_logic.access import read
from app.domain.json_value import JsonValue
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange, join, ranges_of_numbers
from app.domain.progress import SILENT, Progress
from app.domain.state.grid import Value
from app.domain.triplets import Triplet
from app.golden.compare import Comparison, compare
from app.golden.document import from_json, lumisections
from app.golden.leaves import coordinate
from app.golden.season import Season, SeasonDataset
from app.golden.selection import Selection, select
from app.models.golden.generated_json import JsonRow
from app.services.acting import Acting
from app.services.golden import generation as golden
from app.services.golden.checks.same import LISTS, name_of, same_lists, same_sums
from app.services.golden.moments import (
    NOW,
    Moment,
    Voices,
    actions,
    moment_of,
    season_at,
    voices_at,
)
from app.services.seal.wanted import UNSEALED, SealOfList, seal_now

THE_RULE = "the rule"
THE_DATASETS = "the pattern of dataset names"
THE_DATASET = "the dataset"
TAKING_PART = "taking part"

_ONE_SIDE = 0.35
"""Share of the progress that reading one of two states takes."""

Ranges = tuple[LumiRange, ...]
Cells = NDArray[np.intp]


@dataclass(frozen=True)
class Reproduced:
    """A stored list computed again.

    `exact`: the events it was made from are known; otherwise only its version is, and a
    transaction that was under way then may make a difference. `differing` names the columns
    that came out differently; `comparison` goes from the stored list to the new one; `made_by` is
    the version of the program that made the list, empty where it wasn't kept; `seal` tells whether
    the sealed history is still the one of that time.
    """

    stored: JsonRow
    exact: bool
    comparison: Comparison
    differing: tuple[str, ...]
    made_by: str = ""
    seal: SealOfList = UNSEALED

    @property
    def equal(self) -> bool:
        """Whether all that is stored came out the same."""
        return not self.differing

    @property
    def text(self) -> str:
        """The result in a sentence."""
        how = "from the events it was made from" if self.exact else "as of its version"
        name = f"Golden JSON {self.stored.entry.id}"
        if self.equal:
            return f"{name} comes out the same {how}: nothing differs."
        differing = ", ".join(name_of(column) for column in self.differing)
        return f"{name} does not come out the same {how}: {differing}."

    @property
    def reason(self) -> str:
        """Why it may come out differently; empty when it came out the same exactly."""
        if not self.exact:
            return (
                "Only the version of this list is known, as for every list of the web service."
                " What was being written while it was made may or may not be in it."
            )
        if self.equal:
            return ""
        text = (
            "All events it was made from are known, so the stored list was changed later, or what"
            " it was made from had been forged (db check tells what was found)"
        )
        this = golden.program_version()
        if self.made_by != this:
            text += f", or version {self.made_by} of the program computes differently from {this}"
        return f"{text}."


@dataclass(frozen=True)
class Responsible:
    """One value that changed and moved lumisections of a dataset in or out.

    `action` set it, None where no event did (`name` then says what). Before and after are None
    where there was no value.
    """

    action: Action | None
    run_number: int
    dataset: str
    name: str
    before: JsonValue
    after: JsonValue
    gained: Ranges
    lost: Ranges


@dataclass(frozen=True)
class Changes:
    """What differs from an old list to a new one, or to what the old one would be now."""

    comparison: Comparison
    responsible: tuple[Responsible, ...]

    @property
    def text(self) -> str:
        """What the list would gain and lose if it were made now."""
        if self.comparison.equal:
            return "If it were made now, it would hold the same lumisections."
        gained, lost = (
            number(lumisections(part)) for part in (self.comparison.gained, self.comparison.lost)
        )
        return f"If it were made now, it would gain {gained} LS and lose {lost} LS."


@dataclass(frozen=True, eq=False)
class Side:
    """One of two lists with what it was computed from."""

    pattern: str
    rule: Rule
    moment: Moment
    selection: Selection

    def datasets(self, runs: Iterable[int]) -> dict[DatasetKey, SeasonDataset]:
        chosen_runs = set(runs)
        return {
            (dataset.run_number, dataset.name): dataset
            for dataset in self.selection.season.datasets
            if dataset.run_number in chosen_runs
        }


def reproduce(
    acting: Acting,
    id_: int,
    *,
    progress: Progress = SILENT,
) -> Reproduced:
    """Computes a stored list again from the events it was made from; stores nothing.

    No row that is only derived is believed, unless a puller of a guarded database has counted it.
    """
    stored, moment = moment_of(acting, id_)
    side = _side(acting, stored, moment, progress, proved=True)
    made = side.selection.as_row()
    differing = [
        column for column in LISTS if not same_lists(getattr(stored, column), made[column])
    ]
    differing += [
        column
        for column, value in stored.luminosity.items()
        if column in made and not same_sums(value, made[column])
    ]
    if moment.provenance is not None and golden.texts(stored).sha256 != moment.provenance.sha256:
        differing.append("the checksum of the stored list")
    old = from_json(stored.generated_json).document
    return Reproduced(
        stored,
        moment.provenance is not None,
        compare(old, side.selection.document),
        tuple(differing),
        "" if moment.provenance is None else moment.provenance.program_version,
        seal_now(acting, id_),
    )


def changes_since(acting: Acting, id_: int, progress: Progress = SILENT) -> Changes:
    """What the same rule over the same names would give now, and the events responsible."""
    stored, moment = moment_of(acting, id_)
    old = _side(acting, stored, moment, progress.part(0.0, _ONE_SIDE))
    new = _side(acting, stored, NOW, progress.part(_ONE_SIDE, 2 * _ONE_SIDE))
    return changes_of(acting, old, new, progress.part(2 * _ONE_SIDE, 1.0))


def changes_between(acting: Acting, old: int, new: int, progress: Progress = SILENT) -> Changes:
    """From one stored list to another, with the events between the two."""
    before = _side(acting, *moment_of(acting, old), progress.part(0.0, _ONE_SIDE))
    after = _side(acting, *moment_of(acting, new), progress.part(_ONE_SIDE, 2 * _ONE_SIDE))
    return changes_of(acting, before, after, progress.part(2 * _ONE_SIDE, 1.0))


def _side(
    acting: Acting,
    stored: JsonRow,
    moment: Moment,
    progress: Progress,
    *,
    proved: bool = False,
) -> Side:
    rule = parse_condition(stored.json_logic)
    pattern = stored.entry.dataset_name_filter
    season = season_at(acting, pattern, moment, proved=proved, progress=progress)
    return Side(pattern, rule, moment, select(season, rule))


def changes_of(acting: Acting, old: Side, new: Side, progress: Progress = SILENT) -> Changes:
    """From one selection to another, with the events between the two."""
    comparison = compare(old.selection.document, new.selection.document)
    runs = {*comparison.gained, *comparison.lost}
    before, after = old.datasets(runs), new.datasets(runs)
    keys = sorted({*before, *after})
    names = _variables(old.rule, new.rule)
    progress.at(0.0)
    voices = voices_at(acting, keys, [old.moment, new.moment], names)
    moved_by_event: list[tuple[int | None, Responsible]] = []
    for at, key in enumerate(keys):
        progress.at(0.5 + 0.5 * at / len(keys))
        moved = _moved(old, new, key, comparison)
        if not any(moved):
            continue
        moved_by_event += _of_dataset(
            key, moved, (old, new), (before.get(key), after.get(key)),
            (voices[0][key], voices[1][key]),
        )  # fmt: skip
    done_by = actions(acting, {event for event, _ in moved_by_event if event is not None})
    merged: dict[str, Responsible] = {}
    for event, each in moved_by_event:
        action = None if event is None else done_by[event]
        version = 0 if action is None else action.version
        same = (version, each.run_number, each.dataset, each.name, each.before, each.after)
        known = merged.get(repr(same))
        gained, lost = (each.gained, each.lost) if known is None else _both(known, each)
        merged[repr(same)] = replace(each, action=action, gained=gained, lost=lost)
    named = sorted(
        merged.values(),
        key=lambda each: (
            0 if each.action is None else each.action.version,
            each.run_number,
            each.dataset,
            each.name,
        ),
    )
    return Changes(comparison, tuple(named))


def _both(one: Responsible, other: Responsible) -> tuple[Ranges, Ranges]:
    return join((*one.gained, *other.gained)), join((*one.lost, *other.lost))


def _moved(
    old: Side, new: Side, key: DatasetKey, comparison: Comparison
) -> tuple[set[int], set[int]]:
    """Lumisections of the run that were gained and lost, as far as this dataset took part in it."""
    name = f"{key[0]}-{key[1]}"
    good_before = _numbers(old.selection.document_with_names.get(name, ()))
    good_after = _numbers(new.selection.document_with_names.get(name, ()))
    gained = _numbers(comparison.gained.get(key[0], ()))
    lost = _numbers(comparison.lost.get(key[0], ()))
    return gained & (good_after - good_before), lost & (good_before - good_after)


def _of_dataset(
    key: DatasetKey,
    moved: tuple[set[int], set[int]],
    sides: tuple[Side, Side],
    datasets: tuple[SeasonDataset | None, SeasonDataset | None],
    voices: tuple[Voices, Voices],
) -> Iterator[tuple[int | None, Responsible]]:
    def responsible(
        name: str, cells: Iterable[int], before: JsonValue = None, after: JsonValue = None
    ) -> Responsible:
        chosen = set(cells)
        gained, lost = (ranges_of_numbers(chosen & part) for part in moved)
        return Responsible(None, *key, name, before, after, gained, lost)

    old, new = sides
    everything = moved[0] | moved[1]
    if datasets[0] is None or datasets[1] is None:
        event = _appearance(voices)
        if event is None and old.pattern != new.pattern:
            yield (
                None,
                responsible(THE_DATASETS, everything, old.pattern, new.pattern),
            )
        else:
            there = [each is not None for each in datasets]
            yield event, responsible(THE_DATASET, everything, *there)
        return
    explained: set[int] = set()
    views = _Views(datasets[0]), _Views(datasets[1])
    for name in _variables(old.rule, new.rule):
        for event, cells, before, after in _differing(name, sorted(everything), datasets, voices):
            if _decides(name, min(cells), sides, views):
                explained |= cells
                yield event, responsible(name, cells, before, after)
    rest = everything - explained
    if rest and old.rule.source != new.rule.source:
        by_rule = {
            cell
            for cell in rest
            if (data := views[0].data(cell)) is not None
            and old.rule.holds(data) != new.rule.holds(data)
        }
        if by_rule:
            yield None, responsible(THE_RULE, by_rule)
        rest -= by_rule
    between = voices[0].words.events ^ voices[1].words.events
    written: list[tuple[int, Ranges]] = []
    for voice in reversed(voices):
        written += [(write.event, write.ranges) for write in voice.words.rr]
        written += [(write.event, write.ranges) for write in voice.words.oms]
    for event, ranges in written:
        if event not in between:
            continue
        cells = {cell for cell in rest if any(first <= cell <= last for first, last in ranges)}
        if cells:
            yield event, responsible(TAKING_PART, cells)
            rest -= cells
    if rest:
        yield None, responsible(TAKING_PART, rest)


class _Views:
    """The data that a rule reads of the lumisections of one dataset."""

    def __init__(self, dataset: SeasonDataset) -> None:
        self._dataset = dataset
        self._season = Season([dataset])

    def data(self, lumisection: int) -> dict[str, JsonValue] | None:
        """None where the lumisection takes no part."""
        try:
            return self._season.lumisection(
                self._dataset.run_number, self._dataset.name, lumisection
            )
        except NotFound:
            return None


def _variables(*rules: Rule) -> list[str]:
    return sorted({name for rule in rules for leaf in rule.leaves for name in leaf.variables or ()})


def _decides(
    name: str, lumisection: int, sides: tuple[Side, Side], views: tuple[_Views, _Views]
) -> bool:
    """Whether a condition that names the variable has another answer than before."""
    before, after = (view.data(lumisection) for view in views)
    if before is None or after is None:
        return True
    return any(
        leaf.holds(before) != leaf.holds(after)
        for side in sides
        for leaf in side.rule.leaves
        if name in (leaf.variables or ())
    )


def _differing(
    name: str,
    cells: Sequence[int],
    datasets: tuple[SeasonDataset | None, SeasonDataset | None],
    voices: tuple[Voices, Voices],
) -> Iterator[tuple[int | None, set[int], JsonValue, JsonValue]]:
    """Where a variable has another value than before: the event, lumisections, both values."""
    numbers = np.array(cells, np.intp)
    match coordinate(name):
        case ("lumisection", "rr", key):
            yield from _cells(
                key, numbers, (voices[0].columns_now, voices[1].columns_now), voices, _status
            )
        case ("lumisection", "oms", key):
            yield from _cells(
                key, numbers, (voices[0].bits_now, voices[1].bits_now), voices, lambda value: value
            )
        case ("run", _, _) | ("dataset", _):
            before, after = (_attribute(dataset, name) for dataset in datasets)
            if before != after:
                was, is_ = (
                    0 if each is None else each[0]
                    for each in (voice.event_of(name, 0) for voice in voices)
                )
                yield _newer(was, is_, voices), set(cells), before, after


def _cells(
    key: str,
    cells: Cells,
    now: tuple[Attribution[Value], Attribution[Value]],
    voices: tuple[Voices, Voices],
    shown: Callable[[Value], JsonValue],
) -> Iterator[tuple[int | None, set[int], JsonValue, JsonValue]]:
    events, codes = zip(*(_at(each, key, cells) for each in now), strict=True)
    groups: dict[tuple[int, int, int, int], set[int]] = {}
    for cell, *group in zip(
        cells.tolist(), *(each.tolist() for each in (*events, *codes)), strict=True
    ):
        if group[0] != group[1]:
            groups.setdefault((group[0], group[1], group[2], group[3]), set()).add(cell)
    for (event_before, event_after, *coded), members in groups.items():
        before, after = (
            None if value is None else shown(value)
            for value in (
                attribution.values.values[code]
                for attribution, code in zip(now, coded, strict=True)
            )
        )
        if before != after:
            yield _newer(event_before, event_after, voices), members, before, after


def _at(
    attribution: Attribution[Value], key: str, cells: Cells
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The event and the code behind these cells of one column or bit, 0 where there is none."""
    events, codes = np.zeros(cells.size, np.int64), np.zeros(cells.size, np.int64)
    row = attribution.row(key)
    if row is not None:
        inside = cells <= attribution.length
        at = cells[inside] - 1
        table = np.array([0, *(write.event for write in attribution.writes)], np.int64)
        events[inside] = table[attribution.writers[row, at]]
        codes[inside] = attribution.codes[row, at]
    return events, codes


def _newer(before: int, after: int, voices: tuple[Voices, Voices]) -> int | None:
    """The event of the two that the other side didn't know."""
    if after and after not in voices[0].words.events:
        return after
    return before or after or None


def _appearance(voices: tuple[Voices, Voices]) -> int | None:
    """The event that made a dataset appear or disappear between the two."""
    known = [{event.version: event for event in voice.words.dataset} for voice in voices]
    changed = sorted(known[0].keys() ^ known[1].keys())
    either = known[0] | known[1]
    for event in reversed(changed):
        if "deleted" in either[event].values:
            return event
    return changed[0] if changed and not (known[0] and known[1]) else None


def _attribute(dataset: SeasonDataset | None, name: str) -> JsonValue:
    assert dataset is not None
    data: JsonValue = {"run": dataset.run_data, "dataset": dataset.dataset_data}
    return cast("JsonValue", read(data, name.split("."), None))


def _status(triplet: Triplet) -> JsonValue:
    return triplet.status


def _numbers(ranges: Iterable[tuple[int, int]]) -> set[int]:
    return {lumi for first, last in ranges for lumi in range(first, last + 1)}
