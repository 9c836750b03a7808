"""What edits of lumisections would do: each line's refusal, each cell's change, the events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import numpy as np

from app.domain.certification.second_eyes import Protected
from app.domain.configuration import permissions
from app.domain.configuration.in_force import Configuration
from app.domain.counting import counted
from app.domain.editing import edits as rules
from app.domain.editing.edits import BitEdit, ColumnEdit, Edit
from app.domain.errors import BadInput, Conflict, NotFound, Refused
from app.domain.history.cells import Action as Author
from app.domain.identity import Actor
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import (
    LumiRange,
    Mask,
    format_ranges,
    join,
    mask_of_ranges,
    ranges_of_mask,
)
from app.domain.sources.oms import DCS_BITS
from app.domain.state.grid import (
    MISSING,
    Codes,
    DatasetState,
    Grid,
    ValueList,
    padded,
    with_changes,
)
from app.domain.text.names import no_dataset, not_found
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models.events import states
from app.models.events.action import Action
from app.models.events.event_log import LumisectionChange
from app.models.events.rows import DatasetRow, RunRow
from app.models.history import writes as history

CellValue: TypeAlias = "Triplet | JsonValue"
Given = TypeVar("Given", ColumnEdit, BitEdit, Edit)


@dataclass(frozen=True)
class Line:
    """One edit of those given, by its place: refused, or the number of cells it changes."""

    place: int
    edit: Edit
    refused: Refused | None
    cells: int


@dataclass(frozen=True)
class CellsChanged:
    """A column or bit of a dataset in some lumisections, from a value to another.

    `before` None is a bit without a value. Where both are equal, an automatic value is confirmed
    by hand, or a value seen from `online` becomes the dataset's own.
    """

    run_number: int
    dataset: str
    key: str
    oms: bool
    before: CellValue
    after: CellValue
    ranges: tuple[LumiRange, ...]

    @property
    def cells(self) -> int:
        """Number of lumisections."""
        return sum(last - first + 1 for first, last in self.ranges)


@dataclass(frozen=True)
class CellsInConflict:
    """Cells that somebody else changed after the person looked: what was seen, what is there
    now by whose version, and what the edit sets."""

    run_number: int
    dataset: str
    key: str
    oms: bool
    ranges: tuple[LumiRange, ...]
    seen: CellValue
    now: CellValue
    new: CellValue
    version: int
    by: str


class ChangedMeanwhile(Conflict):
    """Somebody else changed cells after the person looked at them; both values are in `cells`."""

    def __init__(self, cells: Sequence[CellsInConflict]) -> None:
        self.cells = tuple(cells)
        first = self.cells[0]
        others = len(self.cells) - 1
        more = f" and {counted(others, 'more place')}" if others else ""
        super().__init__(
            f"{first.key} of {where(first.run_number, first.dataset)}, LS"
            f" {format_ranges(first.ranges)}{more}: somebody else ({first.by})"
            " changed it while you looked at it. Look at the new values, then decide."
        )


@dataclass
class Plan:
    """The outcome of edits on the present state; nothing is written yet."""

    lines: list[Line]
    states: Mapping[DatasetKey, DatasetState]
    conflicts: tuple[CellsInConflict, ...] = ()
    targets: dict[tuple[DatasetKey, bool], "_Target"] = field(default_factory=dict)

    @property
    def refused(self) -> list[Line]:
        """Lines that can't be written."""
        return [line for line in self.lines if line.refused is not None]

    def changes(self) -> Iterator[CellsChanged]:
        """Cells that change, by dataset and column."""
        for ((run_number, dataset), oms), target in sorted(
            self.targets.items(), key=lambda item: item[0]
        ):
            yield from target.changes(run_number, dataset, oms=oms)

    def touched(self) -> dict[DatasetKey, Mask]:
        """Lumisections of each dataset in which any cell changes."""
        masks: dict[DatasetKey, Mask] = {}
        for (key, _), target in self.targets.items():
            touched = target.touched()
            if touched.any():
                masks[key] = masks[key] | touched if key in masks else touched
        return masks

    def appended(self) -> list[LumisectionChange]:
        """What has to be appended; empty when nothing changes."""
        return [
            LumisectionChange(*key, events, oms=oms)
            for (key, oms), target in sorted(self.targets.items(), key=lambda item: item[0])
            if (events := target.events())
        ]

    def after(self) -> dict[DatasetKey, DatasetState]:
        """States of the datasets that change; where bits of `online` do, those that follow it and
        are loaded too."""
        changed: dict[DatasetKey, DatasetState] = {}
        for (key, oms), target in sorted(self.targets.items(), key=lambda item: item[0]):
            events = target.events()
            if not events:
                continue
            # A bit of `online` holds for every dataset of its run.
            following = (
                [known for known in self.states if known[0] == key[0]]
                if oms and key[1] == ONLINE
                else [key]
            )
            for dataset in following:
                before = changed.get(dataset, self.states[dataset])
                if not oms:
                    changed[dataset] = before.with_columns(with_changes(before.rr, events))  # type: ignore[arg-type]
                    continue
                own = before.own_oms
                if dataset == key:
                    # A bit makes a lumisection the dataset's own, whatever its value was.
                    length = max(own.size, *(r.last for _, ranges in events for r in ranges))
                    own = padded(own, length).copy()
                    for _, ranges in events:
                        own |= mask_of_ranges(ranges, length)
                changed[dataset] = before.with_oms(with_changes(before.oms, events), own)  # type: ignore[arg-type]
        return changed


class _Target:
    """New values of the columns, or of the bits, of a dataset.

    A cell of `new` is 0 where no edit goes; `held` is what stands already in the way that
    lasts: for columns the value set by hand (the automatic one for an agent), for bits the value
    where the dataset has an OMS event of its own. A value that it only sees from `online` isn't
    held: there the edit makes the lumisection take part.
    """

    def __init__(self, shown: Grid[CellValue], held: Grid[CellValue], length: int) -> None:
        self._length = length
        self._shown = shown
        self._values: ValueList[CellValue] = ValueList(shown.values)
        self._held = held
        self._held_codes = self._values.translate(held.values)
        self._rows: dict[str, tuple[Codes, Codes]] = {}

    def set(self, key: str, ranges: Sequence[LumiRange], value: CellValue) -> int:
        """Adds an edit; returns the number of cells it changes after those before it."""
        if key not in self._rows:
            self._rows[key] = (
                np.zeros(self._length, np.int32),
                self._padded(self._held, key, self._held_codes),
            )
        new, held = self._rows[key]
        code = self._values.code(value)
        changed = 0
        for first, last in ranges:
            here = slice(first - 1, last)
            now = np.where(new[here] != MISSING, new[here], held[here])
            changed += int(np.count_nonzero(now != code))
        if changed:
            for first, last in ranges:
                new[first - 1 : last] = code
        return changed

    def _changed(self, key: str) -> Mask:
        new, held = self._rows[key]
        changed: Mask = (new != MISSING) & (new != held)
        return changed

    def touched(self) -> Mask:
        """Lumisections in which any cell changes."""
        mask = np.zeros(self._length, np.bool_)
        for key in self._rows:
            mask |= self._changed(key)
        return mask

    def changes(self, run_number: int, dataset: str, *, oms: bool) -> Iterator[CellsChanged]:
        """From what to what, per column or bit."""
        values = self._values.values
        size = len(values)
        codes = np.arange(size, dtype=np.int32)
        for key in sorted(self._rows):
            changed = self._changed(key)
            if not changed.any():
                continue
            shown = self._padded(self._shown, key, codes).astype(np.int64)
            joint = np.where(changed, shown * size + self._rows[key][0], -1)
            for kind in np.unique(joint[changed]).tolist():
                was, becomes = divmod(kind, size)
                before = values[was] if was != MISSING or oms else EMPTY_TRIPLET
                yield CellsChanged(
                    run_number,
                    dataset,
                    key,
                    oms,
                    before,
                    values[becomes],
                    ranges_of_mask(joint == kind),
                )

    def shown(self, key: str) -> tuple[Codes, ValueList[CellValue]]:
        """Codes of what a column or bit shows now, in the codes of the values."""
        codes = np.arange(len(self._shown.values), dtype=np.int32)
        return self._padded(self._shown, key, codes), self._values

    def edited(self) -> Iterator[tuple[str, Codes]]:
        """Every column or bit that is edited, with codes of its new values."""
        for key in sorted(self._rows):
            yield key, self._rows[key][0]

    def events(self) -> list[tuple[dict[str, CellValue], tuple[LumiRange, ...]]]:
        """Events that write it: columns that change in the same lumisections share one."""
        values = self._values.values
        by_ranges: dict[tuple[LumiRange, ...], dict[str, CellValue]] = {}
        for key in sorted(self._rows):
            new, held = self._rows[key]
            if not ((new != MISSING) & (new != held)).any():
                continue
            for code in np.unique(new[new != MISSING]).tolist():
                mask = new == code
                if (held[mask] != code).any():
                    by_ranges.setdefault(ranges_of_mask(mask), {})[key] = values[code]
        return [(payload, ranges) for ranges, payload in sorted(by_ranges.items())]

    def _padded(self, grid: Grid[CellValue], key: str, translation: Codes) -> Codes:
        codes = np.zeros(self._length, np.int32)
        row = grid.row_of.get(key)
        if row is not None:
            length = min(grid.length, self._length)
            codes[:length] = translation[grid.codes[row, :length]]
        return codes


@dataclass
class Checks:
    """Rights and states that many edits share, each checked once; an agent may edit what it is
    registered for, whatever the rights."""

    configuration: Configuration
    actor: Actor
    known_runs: Mapping[int, RunRow]
    known_datasets: Mapping[DatasetKey, DatasetRow]
    of_agent: bool = False
    protected: Protected = field(default_factory=Protected)
    _answers: dict[tuple[object, ...], Refused | None] = field(default_factory=dict)

    def check(self, *question: object, by: Callable[[], object]) -> None:
        """Raises what `by` raised when this was checked first."""
        if question not in self._answers:
            try:
                by()
            except Refused as refused:
                self._answers[question] = refused
            else:
                self._answers[question] = None
        answer = self._answers[question]
        if answer is not None:
            raise answer

    def refusal(self, edit: Edit) -> Refused | None:
        """Why the person may not edit that column or bit there, whatever the value and range."""
        key = (edit.run_number, edit.dataset)
        try:
            if not self.of_agent:
                self.allowed(edit)
            self.dataset(key)
            self.thawed(edit)
            if isinstance(edit, ColumnEdit):
                self.column(key, edit.column)
        except Refused as refused:
            return refused
        return None

    def luminosity(self) -> Refused | None:
        """Why the person may not set luminosity; the state of the run is no reason."""
        allowed = self.configuration.permissions
        path = permissions.import_luminosity_path()
        try:
            self.check("luminosity", by=lambda: allowed.check(self.actor, path))
        except Refused as refused:
            return refused
        return None

    def allowed(self, edit: Edit) -> None:
        """The rights of the person."""
        allowed = self.configuration.permissions
        if isinstance(edit, BitEdit):
            path = permissions.edit_dcs_bits_path()
            self.check("bits", by=lambda: allowed.check(self.actor, path))
            return
        paths = permissions.edit_lumisections_paths(edit.dataset, [edit.column])
        self.check(*paths, by=lambda: allowed.check_all(self.actor, paths))

    def dataset(self, key: DatasetKey) -> None:
        """A dataset that is there and visible; `online` only of an OPEN run."""
        self.check("dataset", key, by=lambda: self._dataset(key))

    def _dataset(self, key: DatasetKey) -> None:
        run_number, name = key
        run = self.known_runs.get(run_number)
        if run is None or run.deleted:
            raise NotFound(f"Run {run_number} is not in the Run Registry.")
        dataset = self.known_datasets.get(key)
        if dataset is None:
            of_run = (other for run, other in self.known_datasets if run == run_number)
            raise no_dataset(run_number, name, of_run)
        if dataset.deleted:
            raise Refused(f"{where(*key)} is hidden: un-hide it before editing it.")
        if name == ONLINE and run.state != rules.OPEN:
            raise Refused(
                f"Run {run_number} is in state {run.state}: it must be OPEN to be edited."
            )

    def thawed(self, edit: Edit) -> None:
        """Nothing that is in a frozen cycle; bits of `online` are those of all its datasets."""
        key = (edit.run_number, edit.dataset)
        if isinstance(edit, BitEdit) and key[1] == ONLINE:
            self.protected.check_thawed(
                of for of in self.protected.frozen if of[0] == edit.run_number
            )
        else:
            self.protected.check_thawed([key])

    def column(self, key: DatasetKey, column: str) -> None:
        """A column that is known, of a dataset that is open in its workspace."""
        self.check("column", key, column, by=lambda: self._column(key, column))

    def _column(self, key: DatasetKey, column: str) -> None:
        online = key[1] == ONLINE
        configuration = self.configuration
        known = configuration.online_columns if online else configuration.offline_columns
        rules.check_column(column, known, "online" if online else "offline datasets")
        if not online:
            attributes: dict[str, object] = dict(self.known_datasets[key].attributes)
            workspace = configuration.workspace_of(column, online=False)
            expert_path = permissions.move_dataset_paths("global", rules.OPEN, "SIGNOFF")[0]
            rules.check_dataset_open(
                attributes,
                workspace,
                where(*key),
                global_expert=configuration.permissions.allows(self.actor, expert_path),
            )


def check_given(edits: Sequence[Edit], comment: str) -> None:
    """Something to do, and a comment where DCS bits ask for one."""
    if not edits:
        raise BadInput("Nothing to edit was given.")
    if any(isinstance(edit, BitEdit) for edit in edits):
        rules.check_bit_comment(comment)


def plan(
    action: Action,
    configuration: Configuration,
    actor: Actor,
    edits: Sequence[Edit],
    *,
    seen: Mapping[DatasetKey, int] | None = None,
    of_agent: bool = False,
) -> Plan:
    """What the edits do, in the order given, to what `action` reads.

    `seen`: the newest event of a dataset that the person knew of, such as its `Dataset.version`.
    `of_agent`: the values are automatic, and change what automatic values made before.
    """
    connection = action.connection
    run_numbers = {edit.run_number for edit in edits}
    checks = Checks(
        configuration,
        actor,
        action.runs(run_numbers),
        action.datasets(run_numbers),
        of_agent,
        action.protected(run_numbers),
    )
    refusals = [_refusal(checks, edit) for edit in edits]
    accepted = [edit for edit, refused in zip(edits, refusals, strict=True) if refused is None]
    keys = {(edit.run_number, edit.dataset) for edit in accepted}
    loaded = action.states(keys)
    held = _held(action, accepted, loaded, manual=not of_agent)
    made = Plan([], loaded)
    for place, (edit, refusal) in enumerate(zip(edits, refusals, strict=True)):
        key = (edit.run_number, edit.dataset)
        refused, cells = refusal, 0
        if refused is None:
            try:
                rules.check_ranges(edit.ranges, loaded[key].length, where(*key))
            except Refused as outside:
                refused = outside
            else:
                target = _target(made, key, loaded[key], held, oms=isinstance(edit, BitEdit))
                cells = target.set(_column_of(edit), join(edit.ranges), _value_of(edit))
        made.lines.append(Line(place, edit, refused, cells))
    if seen:
        known = history.versions_of_events(connection, list(seen.values()))
        actions_seen = {key: known.get(event, 0) for key, event in seen.items()}
        made.conflicts = tuple(_conflicts(action, made, actions_seen))
    return made


def where(run_number: int, name: str) -> str:
    """A dataset as people call it."""
    return f"run {run_number}" if name == ONLINE else f"{name} of run {run_number}"


def _refusal(checks: Checks, edit: Edit) -> Refused | None:
    try:
        if isinstance(edit, ColumnEdit):
            rules.check_triplet(edit.triplet)
        elif edit.bit not in DCS_BITS:
            raise not_found(f"{edit.bit} is not a DCS bit", edit.bit, DCS_BITS, BadInput)
    except Refused as refused:
        return refused
    return checks.refusal(edit)


def _held(
    action: Action,
    edits: Sequence[Edit],
    loaded: Mapping[DatasetKey, DatasetState],
    *,
    manual: bool,
) -> dict[DatasetKey, Grid[Triplet]]:
    """Columns as values set by hand alone made them, or automatic values alone.

    Whether a person set what is shown matters only where a person's edit says the same. Elsewhere
    the events aren't read: a dataset may have thousands.
    """
    of_columns = [edit for edit in edits if isinstance(edit, ColumnEdit)]
    held = {
        (edit.run_number, edit.dataset): loaded[edit.run_number, edit.dataset].rr
        for edit in of_columns
    }
    grouped: dict[DatasetKey, list[states.StoredEvent]] = {
        (edit.run_number, edit.dataset): []
        for edit in of_columns
        if not manual or _is_shown(edit, held[edit.run_number, edit.dataset])
    }
    for event in states.rr_events(action.connection, grouped, only_manual=manual):
        if event.manual is manual:
            grouped[event.run_number, event.name].append(event)
    return held | {key: states.fold_rr(events) for key, events in grouped.items()}


def _is_shown(edit: ColumnEdit, rr: Grid[Triplet]) -> bool:
    """Whether one of the lumisections shows what the edit says already."""
    row = rr.row_of.get(edit.column)
    if row is None or edit.triplet not in rr.values:
        return False
    same = rr.codes[row] == rr.values.index(edit.triplet)
    return any(bool(same[max(first, 1) - 1 : last].any()) for first, last in edit.ranges)


def _target(
    made: Plan,
    key: DatasetKey,
    state: DatasetState,
    held_rr: Mapping[DatasetKey, Grid[Triplet]],
    *,
    oms: bool,
) -> _Target:
    if (key, oms) not in made.targets:
        shown: Grid[CellValue] = state.oms if oms else state.rr  # type: ignore[assignment]
        held: Grid[CellValue] = shown.within(state.own_oms) if oms else held_rr[key]  # type: ignore[assignment]
        made.targets[key, oms] = _Target(shown, held, state.length)
    return made.targets[key, oms]


def _column_of(edit: Edit) -> str:
    return edit.bit if isinstance(edit, BitEdit) else edit.column


def _value_of(edit: Edit) -> CellValue:
    return edit.value if isinstance(edit, BitEdit) else edit.triplet


def _conflicts(
    action: Action, made: Plan, seen: Mapping[DatasetKey, int]
) -> Iterator[CellsInConflict]:
    """Cells that an edit goes to, that somebody changed since, and that don't agree with it."""
    connection = action.connection
    for oms in (False, True):
        concerned = {
            key: seen[key] for key, is_oms in made.targets if is_oms is oms and key in seen
        }
        fresh = history.newer_events(connection, concerned, oms=oms)
        if not fresh:
            continue
        authors = history.actions(connection, {version for _, version in fresh})
        for key, version_seen in sorted(concerned.items()):
            names = {key[1], ONLINE} if oms else {key[1]}
            newer = sorted(
                (
                    (event, version)
                    for event, version in fresh
                    if event.run_number == key[0] and event.name in names and version > version_seen
                ),
                key=lambda pair: pair[0].version,
            )
            if not newer:
                continue
            then = states.fold(connection, [key], as_of=version_seen)[key].state
            old: Grid[CellValue] = then.oms if oms else then.rr  # type: ignore[assignment]
            yield from _of_dataset(key, made.targets[key, oms], old, newer, authors, oms=oms)


def _of_dataset(
    key: DatasetKey,
    target: _Target,
    old: Grid[CellValue],
    newer: Sequence[tuple[states.StoredEvent, int]],
    authors: Mapping[int, Author],
    *,
    oms: bool,
) -> Iterator[CellsInConflict]:
    for key_name, new in target.edited():
        now, values = target.shown(key_name)
        length = now.size
        changed_by = np.zeros(length, np.int64)
        for event, version in newer:
            if key_name in event.values:
                changed_by[mask_of_ranges(event.ranges, length)] = version
        if not ((changed_by > 0) & (new != MISSING)).any():
            continue
        before = np.zeros(length, np.int32)
        row = old.row_of.get(key_name)
        if row is not None:
            shared = min(length, old.length)
            before[:shared] = values.translate(old.values)[old.codes[row, :shared]]
        disputed = (changed_by > 0) & (new != MISSING) & (now != before) & (now != new)
        kinds = np.stack([before, now, new, changed_by], axis=1)
        for kind in np.unique(kinds[disputed], axis=0).tolist():
            mask = disputed & (kinds == np.array(kind)).all(axis=1)
            seen, present, becomes = (
                values.values[code] if code != MISSING or oms else EMPTY_TRIPLET
                for code in kind[:3]
            )
            yield CellsInConflict(
                *key,
                key_name,
                oms,
                ranges_of_mask(mask),
                seen,
                present,
                becomes,
                kind[3],
                authors[kind[3]].by,
            )
