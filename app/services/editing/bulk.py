"""Editing many columns and bits of many datasets at once: a preview, then one version."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from app.domain.counting import counted
from app.domain.editing.edit_words import edited_text
from app.domain.editing.edits import BitEdit, ColumnEdit, Edit
from app.domain.errors import Refused
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LumiRange, Mask, count, ranges_of_mask
from app.domain.progress import SILENT, Cancelled, Progress
from app.domain.state.summaries import exact_sum, luminosity_numbers
from app.domain.triplets import Triplet
from app.models.events import rows, states
from app.models.events.action import Action, begin
from app.models.events.rows import DatasetRow
from app.models.history import writes as history
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.editing import landing
from app.services.editing.conflicts import CellsInConflict, ChangedMeanwhile
from app.services.editing.landing import DraftMark
from app.services.editing.plan import Line, Plan, check_given, plan
from app.services.editing.ranges_left import without
from app.services.editing.targets import CellsChanged

if TYPE_CHECKING:
    from app.services.editing.golden_effect import GoldenEffect

NOTHING_TO_CHANGE = "Nothing to change: every cell has that value already."


class DatasetEffect(Struct, frozen=True):
    """What changes in one dataset: lumisections with a changed cell, and their luminosity
    [pb^-1] as far as they take part."""

    run_number: int
    dataset: str
    cells: int
    ranges: tuple[LumiRange, ...]
    recorded: float
    delivered: float

    @property
    def lumisections(self) -> int:
        """Number of lumisections with a changed cell."""
        return count(self.ranges)


class Preview(Struct, frozen=True):
    """What edits would do; `seen` is the newest event of each dataset that it knows of, which
    makes `write` notice what changes later.

    Luminosities [pb^-1] are of the lumisections with a changed cell that take part in any of the
    datasets; one that several datasets of a run have counts once.
    """

    lines: tuple[Line, ...]
    changes: tuple[CellsChanged, ...]
    datasets: tuple[DatasetEffect, ...]
    conflicts: tuple[CellsInConflict, ...]
    golden: "GoldenEffect | None"
    seen: Mapping[DatasetKey, int]
    recorded: float
    delivered: float

    @property
    def refused(self) -> tuple[Line, ...]:
        """Lines that can't be written, with the reason."""
        return tuple(line for line in self.lines if line.refused is not None)

    @property
    def cells(self) -> int:
        """Cells that change."""
        return sum(dataset.cells for dataset in self.datasets)

    @property
    def lumisections(self) -> int:
        """Lumisections with a changed cell; one that several datasets of a run have counts once."""
        by_run: dict[int, set[int]] = {}
        for dataset in self.datasets:
            numbers = by_run.setdefault(dataset.run_number, set())
            for first, last in dataset.ranges:
                numbers.update(range(first, last + 1))
        return sum(map(len, by_run.values()))


@dataclass(frozen=True)
class Written:
    """What was written; `version` is None when every cell had that value already."""

    version: int | None
    cells: int
    datasets: int
    left_out: tuple[Line, ...]
    text: str


def preview(
    acting: Acting,
    edits: Sequence[Edit],
    *,
    comment: str = "",
    seen: Mapping[DatasetKey, int] | None = None,
    rule: JsonValue = None,
    progress: Progress = SILENT,
) -> Preview:
    """What the edits would do now, line by line and cell by cell; nothing is written.

    `comment` is checked where DCS bits need one. With `rule` also what that golden rule loses and
    gains. Refusals are in the answer; only edits that set nothing at all raise.
    """
    check_given(edits, comment)
    configuration = configurations.current(acting)
    with acting.db.read() as connection:
        action = Action(connection, acting.db.desk, acting.db.record)
        progress.at(0.0)
        made = plan(action, configuration, acting.actor, edits, seen=seen)
        progress.at(0.4)
        run_numbers = {run_number for run_number, _ in made.states}
        known_runs = rows.run_states(connection, run_numbers)
        known_datasets = rows.datasets_of_runs(connection, run_numbers)
        newest = history.newest_events(connection, list(made.states))
        following = _following(made, known_datasets)
        if rule is not None and following:
            made.states = {**made.states, **action.states(following)}
    progress.at(0.6)
    changes = tuple(made.changes())
    datasets = tuple(_effects(made, changes))
    effect = None
    if rule is not None:
        # Not above: drafts are offered without, and it brings all of golden JSON.
        from app.services.editing.golden_effect import effect_of

        effect = effect_of(made, rule, known_runs, known_datasets, progress)
    progress.at(1.0)
    recorded, delivered = (_luminosity_of_runs(made, name) for name in ("recorded", "delivered"))
    return Preview(
        tuple(made.lines),
        changes,
        datasets,
        made.conflicts,
        effect,
        newest,
        recorded,
        delivered,
    )


def write(
    acting: Acting,
    edits: Sequence[Edit],
    *,
    comment: str = "",
    seen: Mapping[DatasetKey, int] | None = None,
    leave_out_refused: bool = False,
    progress: Progress = SILENT,
    name: Callable[[int], str] = lambda _: "",
    draft: DraftMark | None = None,
) -> Written:
    """Writes the edits as one version, all or none; refused ones are left out only with
    `leave_out_refused`.

    Raises the first refusal, ChangedMeanwhile when somebody changed the same cells after `seen`,
    and Cancelled, after which nothing is left behind. `name` says how a refusal calls the edit at
    a place. `draft` is the one that is written: it lands with the version.
    """
    check_given(edits, comment)
    configuration = configurations.current(acting)
    progress.at(0.0)
    finishing = progress.part(0.5, 1.0)
    runs, reason = {edit.run_number for edit in edits}, comment or acting.reason
    with begin(acting.db, runs, finishing.at, reason=reason) as action:
        progress.at(0.05)
        made = plan(action, configuration, acting.actor, edits, seen=seen)
        progress.at(0.3)
        if made.refused and not leave_out_refused:
            raise _refusal(made, name)
        if made.conflicts:
            raise ChangedMeanwhile(made.conflicts)
        appended = made.appended()
        left_out = tuple(made.refused)
        if not appended:
            if left_out:
                raise _refusal(made, name)
            return Written(None, 0, 0, (), NOTHING_TO_CHANGE)
        cells = sum(line.cells for line in made.lines)
        datasets = len({(change.run_number, change.name) for change in appended})
        version = action.append(acting.actor.email, comment or _comment(edits, datasets), appended)
        if draft is not None:
            landing.note(action, acting.actor.email, draft)
    text = edited_text([line.edit for line in made.lines if line.refused is None], cells)
    if left_out:
        text += f" Left out: {counted(len(left_out), 'line')}."
    return Written(version, cells, datasets, left_out, text)


def resolved(
    edits: Sequence[Edit], conflicts: Sequence[CellsInConflict], keep_theirs: Sequence[bool]
) -> list[Edit]:
    """The edits without the cells for which the other's value is kept, conflict by conflict.

    Written with the `seen` of a newer preview the other conflicts are then overwritten.
    """
    theirs = [conflict for conflict, keep in zip(conflicts, keep_theirs, strict=True) if keep]
    left: list[Edit] = []
    for edit in edits:
        name = edit.bit if isinstance(edit, BitEdit) else edit.column
        out = [
            taken
            for conflict in theirs
            if (conflict.run_number, conflict.dataset, conflict.key)
            == (edit.run_number, edit.dataset, name)
            for taken in conflict.ranges
        ]
        ranges = without(edit.ranges, out)
        if ranges:
            left.append(replace(edit, ranges=ranges))
    return left


def same_edits(
    acting: Acting,
    keys: Sequence[DatasetKey],
    names: Sequence[str],
    value: Triplet | bool,
    ranges: tuple[LumiRange, ...] = (),
) -> list[Edit]:
    """Edits that set columns, or DCS bits when `value` is true or false, in the same lumisections
    of these datasets; without ranges in all lumisections of each."""
    lengths = {} if ranges else _lengths(acting, keys)
    edits: list[Edit] = []
    for run_number, dataset in keys:
        last = lengths.get((run_number, dataset), 0)
        here = ranges or ((LumiRange(1, last),) if last else ())
        for name in names if here else ():
            if isinstance(value, bool):
                edits.append(BitEdit(run_number, dataset, name, here, value))
            else:
                edits.append(ColumnEdit(run_number, dataset, name, here, value))
    return edits


def golden_rule(acting: Acting) -> JsonValue:
    """The golden rule in force, for the effect that a preview shows; None when there is none."""
    from app.services.editing import golden_effect

    return golden_effect.rule_in_force(acting)


def _lengths(acting: Acting, keys: Collection[DatasetKey]) -> dict[DatasetKey, int]:
    """The last lumisection of each dataset, 0 where it has none."""
    with acting.db.read() as connection:
        return states.lengths(connection, keys)


def _refusal(made: Plan, name: Callable[[int], str]) -> Refused:
    refused = made.refused
    first = refused[0]
    assert first.refused is not None
    more = len(refused) - 1
    rest = f" {counted(more, 'more line')} of {len(made.lines)} can't be written." if more else ""
    return type(first.refused)(f"{name(first.place)}{first.refused}{rest}")


def _effects(made: Plan, changes: Sequence[CellsChanged]) -> Iterator[DatasetEffect]:
    cells: dict[DatasetKey, int] = {}
    for change in changes:
        key = (change.run_number, change.dataset)
        cells[key] = cells.get(key, 0) + change.cells
    for key, touched in sorted(made.touched().items()):
        state = made.states[key]
        both = _padded(touched, state.length) & state.participating
        recorded, delivered = (
            exact_sum(luminosity_numbers(state, name)[both].tolist())
            for name in ("recorded", "delivered")
        )
        yield DatasetEffect(*key, cells[key], ranges_of_mask(touched), recorded, delivered)


def _luminosity_of_runs(made: Plan, name: str) -> float:
    """Luminosity of everything touched; what several datasets of a run have counts once."""
    by_run: dict[int, NDArray[np.float64]] = {}
    for (run_number, dataset), touched in made.touched().items():
        state = made.states[run_number, dataset]
        here = luminosity_numbers(state, name)
        here[~(_padded(touched, state.length) & state.participating)] = 0.0
        known = by_run.get(run_number)
        if known is None:
            by_run[run_number] = here
            continue
        longer, shorter = (known, here) if known.size >= here.size else (here, known)
        longer[: shorter.size] = np.maximum(longer[: shorter.size], shorter)
        by_run[run_number] = longer
    return exact_sum(
        value for numbers in by_run.values() for value in numbers[numbers > 0].tolist()
    )


def _following(made: Plan, known: Mapping[DatasetKey, DatasetRow]) -> list[DatasetKey]:
    """Offline datasets whose bits change because those of `online` do."""
    runs = {run for ((run, name), oms) in made.targets if oms and name == ONLINE}
    return [
        key
        for key, row in known.items()
        if key[0] in runs and not row.deleted and key not in made.states
    ]


def _padded(mask: Mask, length: int) -> Mask:
    padded = np.zeros(length, np.bool_)
    padded[: mask.size] = mask[:length]
    return padded


def _comment(edits: Sequence[Edit], datasets: int) -> str:
    columns = {edit.column if isinstance(edit, ColumnEdit) else edit.bit for edit in edits}
    if len(columns) == 1:
        return f"Edit {next(iter(columns))} of {counted(datasets, 'dataset')}"
    return f"Edit {len(columns)} components of {counted(datasets, 'dataset')}"


__all__ = [
    "Cancelled",
    "CellsChanged",
    "CellsInConflict",
    "ChangedMeanwhile",
    "DatasetEffect",
    "Line",
    "Preview",
    "Written",
    "golden_rule",
    "preview",
    "resolved",
    "same_edits",
    "write",
]
