"""What edits of lumisections would do: each line's refusal, each cell's change, the events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec import Struct

from app.domain.certification.second_eyes import Protected
from app.domain.configuration import permissions
from app.domain.configuration.in_force import ColumnsAndRights
from app.domain.editing import edits as rules
from app.domain.editing.edits import BitEdit, ColumnEdit, Edit
from app.domain.errors import BadInput, NotFound, Refused
from app.domain.identity import Actor
from app.domain.keys import ONLINE, DatasetKey, where
from app.domain.lumisections import (
    Mask,
    join,
    mask_of_ranges,
)
from app.domain.sources.oms import DCS_BITS
from app.domain.state.grid import (
    DatasetState,
    Grid,
    padded,
    with_changes,
)
from app.domain.text.names import no_dataset, not_found
from app.domain.triplets import Triplet
from app.models.events import states
from app.models.events.action import Action
from app.models.events.event_log import LumisectionChange
from app.models.events.rows import DatasetRow, RunRow
from app.models.history import writes as history
from app.services.editing.conflicts import CellsInConflict, conflicts
from app.services.editing.targets import CellsChanged, CellValue, Target

Given = TypeVar("Given", ColumnEdit, BitEdit, Edit)


class Line(Struct, frozen=True):
    """One edit of those given, by its place: refused, or the number of cells it changes."""

    place: int
    edit: Edit
    refused: Refused | None
    cells: int


@dataclass
class Plan:
    """The outcome of edits on the present state; nothing is written yet."""

    lines: list[Line]
    states: Mapping[DatasetKey, DatasetState]
    conflicts: tuple[CellsInConflict, ...] = ()
    targets: dict[tuple[DatasetKey, bool], Target] = field(default_factory=dict)

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


@dataclass
class Checks:
    """Rights and states that many edits share, each checked once; an agent may edit what it is
    registered for, whatever the rights."""

    configuration: ColumnsAndRights
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
    configuration: ColumnsAndRights,
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
        made.conflicts = tuple(conflicts(action, made.targets, actions_seen))
    return made


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
) -> Target:
    if (key, oms) not in made.targets:
        shown: Grid[CellValue] = state.oms if oms else state.rr  # type: ignore[assignment]
        held: Grid[CellValue] = shown.within(state.own_oms) if oms else held_rr[key]  # type: ignore[assignment]
        made.targets[key, oms] = Target(shown, held, state.length)
    return made.targets[key, oms]


def _column_of(edit: Edit) -> str:
    return edit.bit if isinstance(edit, BitEdit) else edit.column


def _value_of(edit: Edit) -> CellValue:
    return edit.value if isinstance(edit, BitEdit) else edit.triplet
