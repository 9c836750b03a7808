"""Planning the undo of a version: what the person may restore, part by part."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

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
    undo_attributes,
    undo_cells,
)
from app.domain.identity import Actor
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE, DatasetKey, where
from app.domain.lumisections import LumiRange, join
from app.domain.sources.oms import DCS_BITS, LUMINOSITY
from app.domain.text.names import no_version
from app.domain.triplets import EMPTY_TRIPLET, Triplet
from app.models.events import rows as stored
from app.models.events.action import Action
from app.models.events.event_log import LumisectionChange
from app.models.events.rows import RunRow
from app.models.history import cell_writes
from app.models.history import writes as history
from app.models.history.writes import AttributeWrite, Touched
from app.models.lists import cycles
from app.services.editing.plan import Checks
from app.services.history.undo_preview import (
    HIDING,
    UNHIDING,
    AttributesOf,
    BitsUndone,
    ColumnsUndone,
    Kept,
    PartRefused,
    Preview,
    Visibility,
)

STATE = "state"

_AnyWrite = TypeVar("_AnyWrite", AttributeWrite, Write[Triplet], Write[JsonValue])


def step_of(action: Action, version: int) -> tuple[tuple[int, ...], Touched]:
    """The versions that are undone together with one, and all that they touched."""
    step = history.step_of(action.connection, version)
    parts = [history.touched_by(action.connection, number) for number in step]
    return step, Touched(
        frozenset().union(*(touched.runs for touched in parts)),
        frozenset().union(*(touched.datasets for touched in parts)),
        frozenset().union(*(touched.rr for touched in parts)),
        frozenset().union(*(touched.oms for touched in parts)),
    )


def plan(
    action: Action,
    configuration: Configuration,
    actor: Actor,
    step: Sequence[int],
    touched: Touched,
) -> Preview:
    """What undoing the versions of a step would do in the state that the action reads."""
    version = step[0]
    undone = history.action(action.connection, version)
    if undone is None:
        raise no_version(version, history.newest_version(action.connection))
    if not touched.run_numbers:
        raise Refused(f"Version {version} changed no run and no dataset.")
    checks = Checks(
        configuration,
        actor,
        stored.run_states(action.connection, touched.run_numbers),
        stored.datasets_of_runs(action.connection, touched.run_numbers),
        protected=action.protected(touched.run_numbers),
    )
    certifiable = configuration.certifiable_online_columns
    planner = _Planner(action, checks, certifiable, undone, frozenset(step), touched.oms)
    planner.plan_runs(touched.runs)
    created = planner.plan_datasets(touched.datasets)
    planner.plan_columns(touched.rr - created)
    planner.plan_bits(touched.oms - created)
    return planner.preview()


class _Planner:
    """Plans one part after the other, and collects what becomes of them."""

    def __init__(
        self,
        action: Action,
        checks: Checks,
        certifiable: Sequence[str],
        undone: VersionInfo,
        step: frozenset[int],
        oms: frozenset[DatasetKey],
    ) -> None:
        self._action = action
        self._checks = checks
        self._certifiable = certifiable
        self._undone = undone
        self._version = undone.version
        self._step = step
        self._oms = oms
        self._columns: list[ColumnsUndone] = []
        self._bits: list[BitsUndone] = []
        self._attributes: list[AttributesOf] = []
        self._visibility: list[Visibility] = []
        self._kept: list[Kept] = []
        self._refused: list[PartRefused] = []
        self._bit_changes: list[LumisectionChange] = []
        self._made: list[str] = []
        self._in_pending_cycle: dict[str, set[DatasetKey]] = {}

    def preview(self) -> Preview:
        """All that was planned."""
        parts: tuple[ColumnsUndone | BitsUndone, ...] = (*self._columns, *self._bits)
        since = {each.version for part in parts for each in part.cells.changed_since}
        since |= {each.version for of in self._attributes for each in of.attributes.changed_since}
        return Preview(
            self._undone,
            self._step,
            tuple(self._columns),
            tuple(self._bits),
            tuple(self._attributes),
            tuple(self._visibility),
            tuple(self._kept),
            tuple(self._refused),
            history.actions(self._action.connection, since),
            tuple(self._bit_changes),
            tuple(self._made),
        )

    def _as_one(self, writes: Sequence[_AnyWrite]) -> list[_AnyWrite]:
        """The writes of all versions of the step as those of its first one."""
        return [
            replace(write, version=self._version) if write.version in self._step else write
            for write in writes
        ]

    def plan_runs(self, run_numbers: frozenset[int]) -> None:
        """Attributes and states of runs."""
        writes_of = history.run_writes(self._action.connection, run_numbers)
        for run_number, stored_writes in sorted(writes_of.items()):
            writes = self._as_one(stored_writes)
            if writes[0].version == self._version:
                raise self._created_run(run_number)
            self._plan_run(run_number, writes)

    def _created_run(self, run_number: int) -> Refused:
        return Refused(f"Version {self._version} created run {run_number}: that can't be undone.")

    def _plan_run(self, run_number: int, writes: Sequence[AttributeWrite]) -> None:
        version = self._version
        if any(write.oms for write in writes if write.version == version):
            self._kept.append(Kept(run_number, None, "OMS attributes", "they come from OMS"))
        undone = undo_attributes(
            [(write.version, write.as_event) for write in writes],
            version,
            {*EDITABLE_ATTRIBUTES, STATE},
            manual_first=True,
        )
        run = self._checks.known_runs[run_number]
        self._kept.extend(Kept(run_number, None, name, reason) for name, reason in undone.kept)
        left = []
        for each in undone.restored:
            try:
                self._check_run(run, each.name, str(each.restored))
            except Refused as refused:
                self._refused.append(PartRefused(run_number, None, each.name, refused))
            else:
                left.append(each)
        undone.restored = left
        if any(each.name == STATE and each.restored == OPEN for each in left):
            self._tell_made(run_number)
        self._attributes.append(AttributesOf(run_number, None, undone))

    def _tell_made(self, run_number: int) -> None:
        """The datasets that the sign-off made stay: they may be certified already."""
        made = history.made_by_sign_off(self._action.connection, run_number, self._version)
        reason = "the sign-off made it; a dataset can't be deleted, but hidden"
        self._kept.extend(Kept(run_number, name, "the dataset", reason) for name in made)
        self._made.extend(made)

    def _check_run(self, run: RunRow, name: str, restored: str) -> None:
        allowed = self._checks.configuration.permissions
        if run.deleted:
            raise NotFound(f"Run {run.run_number} is not in the Run Registry.")
        if name == STATE:
            allowed.check(self._checks.actor, permissions.move_run_path(run.state, restored))
            if restored != OPEN:
                check_can_be_signed_off(
                    run.run_number,
                    run.class_,
                    self._action.state(run.run_number, ONLINE),
                    self._certifiable,
                )
            return
        allowed.check(self._checks.actor, permissions.edit_run_path(run.run_number, name))
        if run.state != OPEN:
            raise Refused(
                f"Run {run.run_number} is in state {run.state}: it must be OPEN to be edited."
            )

    def plan_datasets(self, keys: frozenset[DatasetKey]) -> frozenset[DatasetKey]:
        """Attributes and visibility; returns the datasets that the version made."""
        version = self._version
        made: set[DatasetKey] = set()
        writes_of = history.dataset_writes(self._action.connection, keys)
        for key, stored_writes in sorted(writes_of.items()):
            writes = self._as_one(stored_writes)
            if writes[0].version == version:
                if key[1] == ONLINE:
                    raise self._created_run(key[0])
                made.add(key)
                if not writes[-1].deleted:
                    self._plan_visibility(Visibility(*key, hide=True, made=True))
                continue
            before = [write for write in writes if write.version < version][-1].deleted
            after = [write for write in writes if write.version <= version][-1].deleted
            if before != after and writes[-1].deleted == after:
                self._plan_visibility(Visibility(*key, hide=before))
            if any(write.in_gui for write in writes if write.version == version):
                self._kept.append(Kept(*key, "Names in the DQM GUI", "they can't be removed"))
            undone = undo_attributes(
                [(write.version, write.as_event) for write in writes],
                version,
                None,
                manual_first=False,
            )
            self._check_dataset(key, undone)
            if undone.restored or undone.changed_since:
                self._attributes.append(AttributesOf(*key, undone))
        return frozenset(made)

    def _plan_visibility(self, change: Visibility) -> None:
        path, checks = permissions.hide_datasets_path(), self._checks
        try:
            checks.check(
                "hide", by=lambda: checks.configuration.permissions.check(checks.actor, path)
            )
            checks.protected.check_thawed([(change.run_number, change.dataset)])
        except Refused as refused:
            name = HIDING if change.hide else UNHIDING
            self._refused.append(PartRefused(change.run_number, change.dataset, name, refused))
        else:
            self._visibility.append(change)

    def _check_dataset(self, key: DatasetKey, undone: AttributesUndone) -> None:
        """Leaves the states that the person may move back; other attributes aren't set by hand."""
        allowed = self._checks.configuration.permissions
        self._kept.extend(Kept(*key, name, reason) for name, reason in undone.kept)
        left = []
        for each in undone.restored:
            if not each.name.endswith(STATE_SUFFIX):
                self._kept.append(Kept(*key, each.name, "it can't be set by a person"))
                continue
            workspace, now, back = each.name.removesuffix(STATE_SUFFIX), each.now, each.restored
            try:
                if self._checks.known_datasets[key].deleted and not any(
                    not shown.hide and (shown.run_number, shown.dataset) == key
                    for shown in self._visibility
                ):
                    raise Refused(f"{where(*key)} is hidden: un-hide it before editing it.")
                self._checks.protected.check_thawed([key])
                pending = key in self._pending_cycle(workspace)
                paths = permissions.move_dataset_paths(
                    workspace, str(now), str(back), in_pending_cycle=pending
                )
                tool = permissions.change_states_path(workspace, str(now), str(back))
                allowed.check_any(self._checks.actor, (*paths, tool))
            except Refused as refused:
                self._refused.append(PartRefused(*key, each.name, refused))
            else:
                left.append(each)
        undone.restored = left

    def _pending_cycle(self, workspace: str) -> set[DatasetKey]:
        """Datasets that a pending cycle of the workspace holds."""
        if workspace not in self._in_pending_cycle:
            self._in_pending_cycle[workspace] = cycles.in_pending_cycle(
                self._action.connection, list(self._checks.known_datasets), workspace
            )
        return self._in_pending_cycle[workspace]

    def plan_columns(self, keys: frozenset[DatasetKey]) -> None:
        """RR columns."""
        version = self._version
        around = cell_writes.rr_around(self._action.connection, keys, self._step)
        came = self._came(keys)
        for key, stored_writes in sorted(around.writes.items()):
            writes = self._as_one(stored_writes)
            frame = Frame(writes, _keys_written(writes, version), around.lengths[key])
            undone = undo_cells(
                frame,
                version,
                Instead(EMPTY_TRIPLET),
                came=came.get(key, ()),
                manual_first=True,
            )
            edit = ColumnEdit(*key, "", (LumiRange(1, 1),), EMPTY_TRIPLET)
            self._leave_permitted(
                key,
                undone,
                lambda column, edit=edit: self._checks.refusal(replace(edit, column=column)),  # type: ignore[misc]
            )
            self._columns.append(ColumnsUndone(*key, undone))

    def plan_bits(self, keys: frozenset[DatasetKey]) -> None:
        """OMS attributes; those of `online` reach every dataset of their run."""
        version = self._version
        online = {key[0] for key in keys if key[1] == ONLINE}
        following = {key for key in self._checks.known_datasets if key[0] in online} - keys
        around = cell_writes.oms_around(self._action.connection, keys | following, self._step)
        came = self._came(keys | following)
        of_online: dict[int, CellsUndone[JsonValue]] = {}
        for key in sorted(around.writes, key=lambda key: (key[1] != ONLINE, key)):
            run_number, name = key
            writes = self._as_one(around.writes[key])
            frame = Frame(writes, _keys_written(writes, version), around.lengths[key])
            undone = undo_cells(
                frame,
                version,
                Instead[JsonValue](None),
                came=came.get(key, ()),
                # Luminosity that was pulled is OMS's; a person may undo an import of it.
                restorable=DCS_BITS | LUMINOSITY if self._undone.manual else DCS_BITS,
                manual_first=False,
            )
            if key in keys:
                edit = BitEdit(*key, "", (LumiRange(1, 1),), value=True)

                def refusal(name: str, edit: BitEdit = edit) -> Refused | None:
                    if name in LUMINOSITY:
                        return self._checks.luminosity()
                    return self._checks.refusal(edit)

                self._leave_permitted(key, undone, refusal)
                self._bits.append(BitsUndone(*key, undone))
            if name == ONLINE:
                of_online[run_number] = undone
                events = undone.events
            else:
                events = follow_online(frame, undone, of_online.get(run_number))
            if events:
                self._bit_changes.append(LumisectionChange(*key, events, oms=True))

    def _came(self, keys: frozenset[DatasetKey]) -> Mapping[DatasetKey, tuple[LumiRange, ...]]:
        """Lumisections that came with an automatic version: it is the first whose OMS events
        cover them, those of the dataset or those of `online`; a manual version adds none."""
        if self._undone.manual:
            return {}
        here = {key for key in keys if self._oms & {key, (key[0], ONLINE)}}
        return cell_writes.came_with(self._action.connection, here, self._version)

    def _leave_permitted(
        self,
        key: DatasetKey,
        undone: CellsUndone[Triplet] | CellsUndone[JsonValue],
        refusal: Callable[[str], Refused | None],
    ) -> None:
        """Takes out the columns or bits that the person may not edit now."""
        for name, ranges, reason in undone.kept:
            self._kept.append(Kept(*key, name, reason, ranges))
        refused: dict[str, Refused | None] = {}
        for name in {each.key for each in undone.restored}:
            refused[name] = refusal(name)
        for name, reason_refused in sorted(refused.items()):
            if reason_refused is not None:
                ranges = join(
                    r for each in undone.restored if each.key == name for r in each.ranges
                )
                self._refused.append(PartRefused(*key, name, reason_refused, ranges))
        undone.restored = [each for each in undone.restored if refused[each.key] is None]  # type: ignore[assignment]


def _keys_written(
    writes: Sequence[Write[Triplet]] | Sequence[Write[JsonValue]], version: int
) -> set[str]:
    return {key for write in writes if write.version == version for key in write.values}
