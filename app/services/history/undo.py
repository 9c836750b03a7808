"""Undoing a version as a new one: what it would restore, what was changed since, and the deed.

Undoing is an edit like any other: it takes the rights and the open states that setting the earlier
values by hand takes, whosever version it is. Having made a version gives no right of its own.
Undoing the undo is the redo.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from app.domain.certification.growth import Gained, gained_text
from app.domain.certification.runs import EDITABLE_ATTRIBUTES, check_can_be_signed_off
from app.domain.configuration import permissions
from app.domain.configuration.in_force import Configuration
from app.domain.editing.edits import OPEN, STATE_SUFFIX, BitEdit, ColumnEdit
from app.domain.errors import NotFound, Refused
from app.domain.history.cells import Action as VersionInfo
from app.domain.history.cells import Frame, Write
from app.domain.history.undo import (
    AttributesUndone,
    CellsUndone,
    Instead,
    follow_online,
    last_to_redo,
    last_to_undo,
    undo_attributes,
    undo_cells,
    undo_comment,
)
from app.domain.identity import Actor
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LumiRange, count, join, ranges_of_numbers
from app.domain.progress import SILENT, Progress
from app.domain.sources.oms import DCS_BITS, LUMINOSITY
from app.domain.text.names import no_version
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models.events import rows as stored
from app.models.events.action import Action, begin
from app.models.events.event_log import Change, DatasetChange, LumisectionChange, RunChange
from app.models.events.rows import RunRow
from app.models.history import writes as history
from app.models.history.writes import AttributeWrite, Touched
from app.models.lists import cycles
from app.services.acting import Acting
from app.services.certification import runs
from app.services.configuration import in_force as configurations
from app.services.editing.plan import Checks, where

STATE = "state"

_VISIBILITY = ("un-hiding", "hiding")
_LOOKED_BACK = 100


_AnyWrite = TypeVar("_AnyWrite", AttributeWrite, Write[Triplet], Write[JsonValue])


@dataclass(frozen=True)
class ColumnsUndone:
    """RR columns of one dataset."""

    run_number: int
    dataset: str
    cells: CellsUndone[Triplet]


@dataclass(frozen=True)
class BitsUndone:
    """DCS bits of one dataset."""

    run_number: int
    dataset: str
    cells: CellsUndone[JsonValue]


@dataclass(frozen=True)
class AttributesOf:
    """Attributes of a run (`dataset` is None) or of a dataset."""

    run_number: int
    dataset: str | None
    attributes: AttributesUndone


@dataclass(frozen=True)
class Visibility:
    """A dataset that is hidden or shown again; `made`: the version made it, and it can't be
    taken away, so that it is hidden."""

    run_number: int
    dataset: str
    hide: bool
    made: bool = False


@dataclass(frozen=True)
class Kept:
    """What the version wrote and an undo can't take back, with the reason; `dataset` None: of the
    run itself."""

    run_number: int
    dataset: str | None
    name: str
    reason: str
    ranges: tuple[LumiRange, ...] = ()

    @property
    def text(self) -> str:
        """The same in a sentence."""
        size = f", {count(self.ranges)} LS" if self.ranges else ""
        return (
            f"{self.name} of {where(self.run_number, self.dataset or ONLINE)}{size}: {self.reason}"
        )


@dataclass(frozen=True)
class PartRefused:
    """A part that could be restored, but that the person may not change now."""

    run_number: int
    dataset: str | None
    name: str
    reason: Refused
    ranges: tuple[LumiRange, ...] = ()

    @property
    def what(self) -> str:
        """The part in words."""
        there = where(self.run_number, self.dataset or ONLINE)
        return f"{self.name} {there}" if self.name in _VISIBILITY else f"{self.name} of {there}"


@dataclass
class Preview:
    """What undoing a version would do now.

    `step`: the versions that go back together, as one action made them. `authors`: who made the
    versions that changed something since, by version. `by_hand` says that
    automatic values come back as the person's word, because a person's word can't be withdrawn.
    """

    undone: VersionInfo
    step: frozenset[int] = frozenset()
    columns: list[ColumnsUndone] = field(default_factory=list)
    bits: list[BitsUndone] = field(default_factory=list)
    attributes: list[AttributesOf] = field(default_factory=list)
    visibility: list[Visibility] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    refused: list[PartRefused] = field(default_factory=list)
    authors: Mapping[int, VersionInfo] = field(default_factory=dict)
    _bit_changes: list[LumisectionChange] = field(default_factory=list)

    @property
    def parts(self) -> list[ColumnsUndone | BitsUndone]:
        """Columns and bits of all datasets."""
        return [*self.columns, *self.bits]

    @property
    def cells(self) -> int:
        """Cells that go back to an earlier value."""
        return sum(count(each.ranges) for part in self.parts for each in part.cells.restored)

    @property
    def left_alone(self) -> int:
        """Cells and attributes that somebody changed since."""
        cells = sum(count(each.ranges) for part in self.parts for each in part.cells.changed_since)
        return cells + sum(len(each.attributes.changed_since) for each in self.attributes)

    @property
    def by_hand(self) -> bool:
        """Whether any automatic value comes back as a person's word."""
        return any(each.by_hand for part in self.columns for each in part.cells.restored) or any(
            each.by_hand for part in self.attributes for each in part.attributes.restored
        )

    @property
    def datasets(self) -> int:
        """Datasets in which anything is restored."""
        touched = {(each.run_number, each.dataset) for each in self.parts if each.cells.restored}
        touched |= {
            (each.run_number, each.dataset or ONLINE)
            for each in self.attributes
            if each.attributes.restored
        }
        touched |= {(each.run_number, each.dataset) for each in self.visibility}
        return len(touched)

    @property
    def changes(self) -> list[Change]:
        """What has to be appended."""
        found: list[Change] = []
        hidden = {(each.run_number, each.dataset): each.hide for each in self.visibility}
        for of in self.attributes:
            values = of.attributes.values
            if of.dataset is None and values:
                found.append(RunChange(of.run_number, rr=values))
            elif of.dataset is not None and (values or (of.run_number, of.dataset) in hidden):
                key = (of.run_number, of.dataset)
                found.append(DatasetChange(*key, attributes=values, deleted=hidden.pop(key, None)))
        found.extend(DatasetChange(*key, deleted=hide) for key, hide in sorted(hidden.items()))
        found.extend(
            LumisectionChange(each.run_number, each.dataset, events)
            for each in self.columns
            if (events := each.cells.events)
        )
        # Those of `online` come first: they are the newest word on every dataset of the run.
        found.extend(self._bit_changes)
        return found

    @property
    def text(self) -> str:
        """What would be undone, in a sentence."""
        parts = [f"{self.cells} cells"] if self.cells else []
        attributes = sum(len(each.attributes.restored) for each in self.attributes)
        if attributes:
            parts.append(f"{attributes} attributes" if attributes > 1 else "1 attribute")
        shown = sum(not each.hide for each in self.visibility)
        hidden = len(self.visibility) - shown
        if hidden:
            parts.append(f"{hidden} datasets hidden" if hidden > 1 else "1 dataset hidden")
        if shown:
            parts.append(f"{shown} datasets shown again" if shown > 1 else "1 dataset shown again")
        text = f"version {self.undone.version}: {', '.join(parts) or 'nothing'}"
        if self.left_alone:
            text += f"; {self.left_alone} changed since, left alone"
        return text


@dataclass(frozen=True)
class Undone:
    """What an undo wrote, and what it brought into datasets of runs that it signed off again."""

    version: int
    preview: Preview
    gained: tuple[Gained, ...] = ()

    @property
    def text(self) -> str:
        """What to tell the person."""
        text = f"Undid {self.preview.text}."
        if self.preview.by_hand:
            text += " Automatic values came back as your word: later automatic ones don't show."
        if self.gained:
            text += f" {gained_text(self.gained)}"
        return text


def preview(acting: Acting, version: int) -> Preview:
    """What undoing a version would restore, leave alone, keep and be refused; writes nothing.

    Versions that one action of a person made at once, such as marking a run significant and
    classifying it, are undone as one.
    """
    configuration = configurations.current(acting)
    with acting.db.read() as connection:
        action = Action(connection, acting.db.desk)
        step, touched = _step(action, version)
        return _plan(action, configuration, acting.actor, step, touched)


def undo(
    acting: Acting,
    version: int,
    *,
    comment: str = "",
    leave_out_refused: bool = False,
    progress: Progress = SILENT,
) -> Undone:
    """Undoes a version as far as its word still holds, as one new version.

    Raises the first refusal unless refused parts are to be left out, and Refused when nothing is
    left to restore. A run that is signed off again gets the waiting datasets it lacks, and its
    datasets the lumisections that they lack.
    """
    configuration = configurations.current(acting)
    with acting.db.read() as connection:
        step, touched = _step(Action(connection, acting.db.desk), version)

    def finishing(share: float) -> None:
        progress.at(0.5 + 0.5 * share)

    with begin(acting.db, touched.run_numbers, finishing) as action:
        progress.at(0.05)
        made = _plan(action, configuration, acting.actor, step, touched)
        progress.at(0.4)
        if made.refused and not leave_out_refused:
            raise made.refused[0].reason
        changes = made.changes
        if not changes:
            raise Refused(_nothing_left(made))
        what = undo_comment(made.undone)
        written = action.append(
            acting.actor.email, f"{what} ({comment})" if comment else what, changes
        )
        gained: tuple[Gained, ...] = ()
        for of in made.attributes:
            state = of.attributes.values.get(STATE) if of.dataset is None else None
            if isinstance(state, str) and state != OPEN:
                run = stored.get_run(action.connection, of.run_number)
                _, of_run = runs.make_datasets_whole(action, configuration, run, state)
                gained += of_run
    return Undone(written, made, gained)


def newest_to_undo(acting: Acting) -> VersionInfo:
    """The person's newest version that isn't undone yet and is no undo itself."""
    return _newest(acting, last_to_undo, "undo")


def newest_to_redo(acting: Acting) -> VersionInfo:
    """The person's newest undo that isn't undone itself."""
    return _newest(acting, last_to_redo, "redo")


def _newest(
    acting: Acting,
    choose: Callable[[Sequence[VersionInfo]], VersionInfo | None],
    what: str,
) -> VersionInfo:
    with acting.db.read() as connection:
        found = choose(history.versions_by(connection, acting.actor.email, _LOOKED_BACK))
    if found is None:
        raise Refused(f"There is nothing to {what}: none of your last versions can be.")
    return found


def _nothing_left(made: Preview) -> str:
    version = made.undone.version
    if made.refused:
        return f"Nothing of version {version} can be undone by you: {made.refused[0].reason}"
    if made.left_alone:
        return f"Nothing of version {version} is left to undo: all of it was changed since."
    reason = f" ({made.kept[0].text})" if made.kept else ""
    return f"There is nothing to undo in version {version}{reason}."


def _step(action: Action, version: int) -> tuple[tuple[int, ...], Touched]:
    """The versions that are undone together, and what they are about."""
    step = history.step_of(action.connection, version)
    each = [history.touched_by(action.connection, number) for number in step]
    return step, Touched(
        frozenset().union(*(touched.runs for touched in each)),
        frozenset().union(*(touched.datasets for touched in each)),
        frozenset().union(*(touched.rr for touched in each)),
        frozenset().union(*(touched.oms for touched in each)),
    )


def _as_one(plan: Preview, writes: Sequence[_AnyWrite]) -> list[_AnyWrite]:
    """The writes of all versions of the step as those of the first one."""
    first = plan.undone.version
    return [replace(each, version=first) if each.version in plan.step else each for each in writes]


def _plan(
    action: Action,
    configuration: Configuration,
    actor: Actor,
    step: Sequence[int],
    touched: Touched,
) -> Preview:
    connection, version = action.connection, step[0]
    undone = history.action(connection, version)
    if undone is None:
        raise no_version(version, history.newest_version(connection))
    if not touched.run_numbers:
        raise Refused(f"Version {version} changed no run and no dataset.")
    plan = Preview(undone, step=frozenset(step))
    checks = Checks(
        configuration,
        actor,
        stored.run_states(connection, touched.run_numbers),
        stored.datasets_of_runs(connection, touched.run_numbers),
    )
    by_run = history.run_writes(connection, touched.runs)
    for run_number, stored_writes in sorted(by_run.items()):
        writes = _as_one(plan, stored_writes)
        if writes[0].version == version:
            raise Refused(f"Version {version} made run {run_number}: that can't be undone.")
        _plan_run(plan, action, checks, run_number, writes)
    made = _plan_datasets(plan, action, checks, touched)
    _plan_columns(plan, action, checks, touched.rr - made)
    _plan_bits(plan, action, checks, touched.oms - made)
    since = {each.version for part in plan.parts for each in part.cells.changed_since}
    since |= {each.version for of in plan.attributes for each in of.attributes.changed_since}
    plan.authors = history.actions(connection, since)
    return plan


def _plan_run(
    plan: Preview,
    action: Action,
    checks: Checks,
    run_number: int,
    writes: Sequence[AttributeWrite],
) -> None:
    version = plan.undone.version
    if any(write.oms for write in writes if write.version == version):
        plan.kept.append(Kept(run_number, None, "OMS attributes", "they are what OMS says"))
    undone = undo_attributes(
        [(write.version, write.as_event) for write in writes],
        version,
        {*EDITABLE_ATTRIBUTES, STATE},
        manual_first=True,
    )
    run = checks.known_runs[run_number]
    plan.kept.extend(Kept(run_number, None, name, reason) for name, reason in undone.kept)
    left = []
    for each in undone.restored:
        try:
            _check_run(action, checks, run, each.name, str(each.restored))
        except Refused as refused:
            plan.refused.append(PartRefused(run_number, None, each.name, refused))
        else:
            left.append(each)
    undone.restored = left
    plan.attributes.append(AttributesOf(run_number, None, undone))


def _check_run(action: Action, checks: Checks, run: RunRow, name: str, restored: str) -> None:
    allowed = checks.configuration.permissions
    if run.deleted:
        raise NotFound(f"Run {run.run_number} is not in the Run Registry.")
    if name == STATE:
        allowed.check(checks.actor, permissions.move_run_path(run.state, restored))
        if restored != OPEN:
            online = action.state(run.run_number, ONLINE)
            check_can_be_signed_off(
                run.run_number, run.class_, online, checks.configuration.certifiable_online_columns
            )
        return
    allowed.check(checks.actor, permissions.edit_run_path(run.run_number, name))
    if run.state != OPEN:
        raise Refused(
            f"Run {run.run_number} is in state {run.state}: it must be OPEN to be edited."
        )


def _plan_datasets(
    plan: Preview, action: Action, checks: Checks, touched: Touched
) -> frozenset[DatasetKey]:
    """Attributes and visibility; returns the datasets that the version made."""
    version = plan.undone.version
    made: set[DatasetKey] = set()
    writes_of = history.dataset_writes(action.connection, touched.datasets)
    pending: dict[str, set[DatasetKey]] = {}
    for key, stored_writes in sorted(writes_of.items()):
        writes = _as_one(plan, stored_writes)
        if writes[0].version == version:
            if key[1] == ONLINE:
                raise Refused(f"Version {version} made run {key[0]}: that can't be undone.")
            made.add(key)
            if not writes[-1].deleted:
                _plan_visibility(plan, checks, Visibility(*key, hide=True, made=True))
            continue
        before = [write for write in writes if write.version < version][-1].deleted
        after = [write for write in writes if write.version <= version][-1].deleted
        if before != after and writes[-1].deleted == after:
            _plan_visibility(plan, checks, Visibility(*key, hide=before))
        if any(write.in_gui for write in writes if write.version == version):
            plan.kept.append(Kept(*key, "Names in the DQM GUI", "they can't be taken away"))
        undone = undo_attributes(
            [(write.version, write.as_event) for write in writes],
            version,
            None,
            manual_first=False,
        )
        _check_dataset(plan, action, checks, key, undone, pending)
        if undone.restored or undone.changed_since:
            plan.attributes.append(AttributesOf(*key, undone))
    return frozenset(made)


def _plan_visibility(plan: Preview, checks: Checks, change: Visibility) -> None:
    path = permissions.hide_datasets_path()
    try:
        checks.check("hide", by=lambda: checks.configuration.permissions.check(checks.actor, path))
    except Refused as refused:
        name = _VISIBILITY[change.hide]
        plan.refused.append(PartRefused(change.run_number, change.dataset, name, refused))
    else:
        plan.visibility.append(change)


def _check_dataset(
    plan: Preview,
    action: Action,
    checks: Checks,
    key: DatasetKey,
    undone: AttributesUndone,
    pending: dict[str, set[DatasetKey]],
) -> None:
    """Leaves the states that the person may move back; other attributes aren't set by hand."""
    allowed = checks.configuration.permissions
    plan.kept.extend(Kept(*key, name, reason) for name, reason in undone.kept)
    left = []
    for each in undone.restored:
        if not each.name.endswith(STATE_SUFFIX):
            plan.kept.append(Kept(*key, each.name, "it can't be set by a person"))
            continue
        workspace, now, back = each.name.removesuffix(STATE_SUFFIX), each.now, each.restored
        try:
            if checks.known_datasets[key].deleted and not any(
                not shown.hide and (shown.run_number, shown.dataset) == key
                for shown in plan.visibility
            ):
                raise Refused(f"{where(*key)} is hidden: un-hide it before editing it.")
            if workspace not in pending:
                pending[workspace] = cycles.in_pending_cycle(
                    action.connection, list(checks.known_datasets), workspace
                )
            paths = permissions.move_dataset_paths(
                workspace, str(now), str(back), in_pending_cycle=key in pending[workspace]
            )
            tool = permissions.change_states_path(workspace, str(now), str(back))
            allowed.check_any(checks.actor, (*paths, tool))
        except Refused as refused:
            plan.refused.append(PartRefused(*key, each.name, refused))
        else:
            left.append(each)
    undone.restored = left


def _plan_columns(
    plan: Preview, action: Action, checks: Checks, keys: frozenset[DatasetKey]
) -> None:
    version = plan.undone.version
    writes_of = history.rr_writes(action.connection, keys)
    came = _came(plan, action, keys)
    for key, stored_writes in sorted(writes_of.items()):
        writes = _as_one(plan, stored_writes)
        wanted = _keys_written(writes, version)
        frame = Frame(writes, wanted)
        undone = undo_cells(
            frame,
            version,
            Instead(EMPTY_TRIPLET),
            came=came.get(key, ()),
            manual_first=True,
        )
        edit = ColumnEdit(*key, "", (LumiRange(1, 1),), EMPTY_TRIPLET)
        _leave_permitted(
            plan,
            key,
            undone,
            lambda column, edit=edit: checks.refusal(replace(edit, column=column)),  # type: ignore[misc]
        )
        plan.columns.append(ColumnsUndone(*key, undone))


def _plan_bits(plan: Preview, action: Action, checks: Checks, keys: frozenset[DatasetKey]) -> None:
    version = plan.undone.version
    online = {key[0] for key in keys if key[1] == ONLINE}
    following = {key for key in checks.known_datasets if key[0] in online} - keys
    writes_of = history.oms_writes(action.connection, keys | following)
    came = _came(plan, action, keys | following)
    of_online: dict[int, CellsUndone[JsonValue]] = {}
    for key in sorted(writes_of, key=lambda key: (key[1] != ONLINE, key)):
        run_number, name = key
        writes = _as_one(plan, writes_of[key])
        frame = Frame(writes, _keys_written(writes, version))
        undone = undo_cells(
            frame,
            version,
            Instead[JsonValue](None),
            came=came.get(key, ()),
            # A pull's luminosity is OMS' word; what a person imported is a person's.
            restorable=DCS_BITS | LUMINOSITY if plan.undone.manual else DCS_BITS,
            manual_first=False,
        )
        if key in keys:
            edit = BitEdit(*key, "", (LumiRange(1, 1),), value=True)

            def refusal(name: str, edit: BitEdit = edit) -> Refused | None:
                return checks.luminosity() if name in LUMINOSITY else checks.refusal(edit)

            _leave_permitted(plan, key, undone, refusal)
            plan.bits.append(BitsUndone(*key, undone))
        if name == ONLINE:
            of_online[run_number] = undone
            events = undone.events
        else:
            events = follow_online(frame, undone, of_online.get(run_number))
        if events:
            plan._bit_changes.append(LumisectionChange(*key, events, oms=True))


def _came(
    plan: Preview, action: Action, keys: frozenset[DatasetKey]
) -> dict[DatasetKey, tuple[LumiRange, ...]]:
    """Lumisections that came with an automatic version: it is the first whose OMS events cover
    them, those of the dataset or those of `online`; a person's version adds none."""
    if plan.undone.manual:
        return {}
    version = plan.undone.version
    found: dict[DatasetKey, tuple[LumiRange, ...]] = {}
    for key, writes in history.oms_writes(action.connection, keys).items():
        new: set[int] = set()
        for name in {key[1], ONLINE}:
            of_name = [write for write in writes if write.dataset == name]
            here = _numbers(write for write in of_name if write.version == version)
            new |= here - _numbers(write for write in of_name if write.version < version)
        found[key] = ranges_of_numbers(new)
    return found


def _numbers(writes: Iterable[Write[JsonValue]]) -> set[int]:
    return {
        number
        for write in writes
        for first, last in write.ranges
        for number in range(first, last + 1)
    }


def _keys_written(
    writes: Sequence[Write[Triplet]] | Sequence[Write[JsonValue]], version: int
) -> set[str]:
    return {key for write in writes if write.version == version for key in write.values}


def _leave_permitted(
    plan: Preview,
    key: DatasetKey,
    undone: CellsUndone[Triplet] | CellsUndone[JsonValue],
    refusal: Callable[[str], Refused | None],
) -> None:
    """Takes out the columns or bits that the person may not edit now."""
    for name, ranges, reason in undone.kept:
        plan.kept.append(Kept(*key, name, reason, ranges))
    refused: dict[str, Refused | None] = {}
    for name in {each.key for each in undone.restored}:
        refused[name] = refusal(name)
    for name, reason_refused in sorted(refused.items()):
        if reason_refused is not None:
            ranges = join(r for each in undone.restored if each.key == name for r in each.ranges)
            plan.refused.append(PartRefused(*key, name, reason_refused, ranges))
    undone.restored = [each for each in undone.restored if refused[each.key] is None]  # type: ignore[assignment]
