"""Cycles: creating and editing them, completing workspaces, moving all their datasets."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.certification import cycles
from app.domain.certification.cycles import CLOSED, PENDING, Cycle, CycleEntry
from app.domain.certification.datasets import (
    COMPLETED,
    EDITABLE_STATES,
    check_state,
    state_key,
    where,
)
from app.domain.configuration import permissions
from app.domain.configuration.in_force import Configuration
from app.domain.counting import counted
from app.domain.errors import BadInput, Refused
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import DatasetKey
from app.models.events.action import Action, begin
from app.models.events.event_log import DatasetChange
from app.models.lists import cycles as model
from app.services.acting import Acting
from app.services.certification import looks
from app.services.certification.datasets import Moved, check_workspace, distinct, visible_datasets
from app.services.configuration import in_force as configurations

_TOLD = 3


def all_cycles(acting: Acting, workspace: str | None = None) -> tuple[Cycle, ...]:
    """Cycles that aren't deleted, or those of one workspace: what is pending there first, then by
    deadline."""
    now = looks.moment_of(acting)
    with acting.db.read() as connection:
        found = model.cycles(connection, now=now)
    if workspace is None:
        return tuple(sorted(found, key=lambda each: not each.pending_in("global")))
    there = [each for each in found if workspace in each.states]
    return tuple(sorted(there, key=lambda each: not each.pending_in(workspace)))


def cycle(acting: Acting, id_cycle: int) -> Cycle:
    """One cycle; NotFound when it is deleted."""
    with acting.db.read() as connection:
        return model.cycle(connection, id_cycle)


def datasets(acting: Acting, id_cycle: int) -> tuple[DatasetKey, ...]:
    """Datasets of a cycle that aren't hidden."""
    with acting.db.read() as connection:
        model.cycle(connection, id_cycle)
        return tuple(model.datasets_of(connection, id_cycle))


def history(acting: Acting, id_cycle: int) -> tuple[CycleEntry, ...]:
    """What this program did to a cycle, the newest first; nothing where there is no record."""
    if not acting.db.record:
        return ()
    with acting.db.read() as connection:
        return model.history(connection, id_cycle)


def create(
    acting: Acting,
    name: str,
    deadline: date,
    workspaces: Collection[str],
    keys: Sequence[DatasetKey],
) -> Cycle:
    """A new cycle, pending in `global` and in the workspaces."""
    configuration = _permitted(acting, permissions.cycles_path())
    name = cycles.checked_name(name)
    states = _new_states(configuration, workspaces)
    wanted = _checked_keys(keys)
    cycles.check_size(len(wanted))
    with begin(acting.db, {run_number for run_number, _ in wanted}) as action:
        visible_datasets(action, wanted)
        id_cycle = model.create(action.connection, name, states, cycles.deadline_moment(deadline))
        model.add(action.connection, id_cycle, wanted)
        if acting.db.record:
            details: JsonObject = {
                "name": name,
                "deadline": deadline.isoformat(),
                "workspaces": [key.removesuffix("_state") for key in states],
                "datasets": _listed(wanted),
            }
            model.note(action.connection, id_cycle, acting.actor.email, "created", details)
        return model.cycle(action.connection, id_cycle)


def edit(
    acting: Acting,
    id_cycle: int,
    *,
    name: str | None = None,
    deadline: date | None = None,
    workspaces: Collection[str] | None = None,
) -> Cycle:
    """Gives a cycle another name, deadline or workspaces; completed workspaces always stay."""
    configuration = _permitted(acting, permissions.cycles_path())
    name = None if name is None else cycles.checked_name(name)
    with acting.db.transaction() as connection:
        before = model.cycle(connection, id_cycle, lock=True, thawed=acting.db.record)
        states: JsonObject | None = None
        if workspaces is not None:
            for workspace in set(workspaces) - set(before.states):
                check_workspace(configuration, workspace)
            states = cycles.changed_states(before, workspaces)
        model.change(
            connection,
            id_cycle,
            name=name,
            attributes=states,
            deadline=None if deadline is None else cycles.deadline_moment(deadline),
        )
        after = model.cycle(connection, id_cycle)
        changed: JsonObject = {}
        if after.name != before.name:
            changed["name"] = [before.name, after.name]
        if after.deadline != before.deadline:
            changed["deadline"] = [before.deadline.isoformat(), after.deadline.isoformat()]
        if after.workspaces != before.workspaces:
            changed["workspaces"] = [[*before.workspaces], [*after.workspaces]]
        if acting.db.record and changed:
            model.note(connection, id_cycle, acting.actor.email, "edited", changed)
        return after


@dataclass(frozen=True, slots=True)
class CycleChanged:
    """A cycle after an action, with a sentence for the person; `keys` are the datasets that the
    action added or removed."""

    cycle: Cycle
    text: str
    keys: tuple[DatasetKey, ...] = ()


def add(acting: Acting, id_cycle: int, keys: Sequence[DatasetKey]) -> CycleChanged:
    """Adds datasets to a cycle; those that are in it already stay."""
    _permitted(acting, permissions.add_to_cycle_path())
    wanted = _checked_keys(keys)
    with begin(acting.db, {run_number for run_number, _ in wanted}) as action:
        cycle = model.cycle(action.connection, id_cycle, lock=True, thawed=acting.db.record)
        cycles.check_open(cycle, "add datasets")
        visible_datasets(action, wanted)
        new = sorted(set(wanted) - model.keys_of(action.connection, id_cycle))
        cycles.check_size(cycle.datasets + len(new))
        model.add(action.connection, id_cycle, new)
        if acting.db.record and new:
            details: JsonObject = {"datasets": _listed(new)}
            model.note(action.connection, id_cycle, acting.actor.email, cycles.ADDED, details)
        known = len(wanted) - len(new)
        already = (
            f"; {counted(known, 'dataset')} {'was' if known == 1 else 'were'} already in it"
            if known
            else ""
        )
        text = f"Added {counted(len(new), 'dataset')} to cycle {cycle.name}{already}."
        return CycleChanged(model.cycle(action.connection, id_cycle), text, tuple(new))


def remove(acting: Acting, id_cycle: int, keys: Sequence[DatasetKey]) -> CycleChanged:
    """Removes datasets from a cycle; refused when one isn't in it."""
    _permitted(acting, permissions.delete_from_cycle_path())
    wanted = distinct(keys)
    with acting.db.transaction() as connection:
        cycle = model.cycle(connection, id_cycle, lock=True, thawed=acting.db.record)
        cycles.check_open(cycle, "take datasets out")
        missing = sorted(set(wanted) - model.keys_of(connection, id_cycle))
        if missing:
            named = ", ".join(where(*key) for key in missing[:_TOLD])
            more = f" and {len(missing) - _TOLD} more" if len(missing) > _TOLD else ""
            raise Refused(f"Not in cycle {cycle.name}: {named}{more}.")
        model.remove(connection, id_cycle, wanted)
        if acting.db.record:
            details: JsonObject = {"datasets": _listed(wanted)}
            model.note(connection, id_cycle, acting.actor.email, cycles.TAKEN_OUT, details)
        text = f"Removed {counted(len(wanted), 'dataset')} from cycle {cycle.name}."
        return CycleChanged(model.cycle(connection, id_cycle), text, tuple(wanted))


def delete(acting: Acting, id_cycle: int) -> CycleChanged:
    """Deletes a cycle; its datasets stay as they are."""
    _permitted(acting, permissions.cycles_path())
    with acting.db.transaction() as connection:
        cycle = model.cycle(connection, id_cycle, lock=True, thawed=acting.db.record)
        model.change(connection, id_cycle, deleted=True)
        if acting.db.record:
            model.note(connection, id_cycle, acting.actor.email, "deleted", {"name": cycle.name})
        return CycleChanged(cycle, f"Deleted cycle {cycle.name}; its datasets stay as they are.")


def complete(acting: Acting, id_cycle: int, workspace: str) -> CycleChanged:
    """Completes a cycle in a workspace, whose datasets must all be COMPLETED there."""
    _permitted(acting, permissions.complete_cycle_path(workspace))
    with acting.db.read() as connection:
        keys = model.keys_of(connection, id_cycle)
    # So that nobody reopens a dataset between the look at it and the completion.
    with begin(acting.db, {run_number for run_number, _ in keys}) as action:
        cycle = model.cycle(action.connection, id_cycle, lock=True, thawed=acting.db.record)
        found = model.datasets_of(action.connection, id_cycle)
        cycles.check_can_complete(cycle, workspace, found)
        after = _set_state(acting, action, cycle, workspace, CLOSED)
        return CycleChanged(after, f"Completed cycle {after.name} in workspace {workspace}.")


def reopen(acting: Acting, id_cycle: int, workspace: str) -> CycleChanged:
    """Moves a cycle back to pending in a workspace."""
    _permitted(acting, permissions.reopen_cycle_path(workspace))
    with begin(acting.db, ()) as action:
        cycle = model.cycle(action.connection, id_cycle, lock=True, thawed=acting.db.record)
        cycles.check_can_reopen(cycle, workspace)
        after = _set_state(acting, action, cycle, workspace, PENDING)
        return CycleChanged(
            after, f"Reopened cycle {after.name}: it is pending again in workspace {workspace}."
        )


def move_all(
    acting: Acting,
    id_cycle: int,
    workspace: str,
    to_state: str = COMPLETED,
    *,
    also: Collection[str] = (),
    comment: str = "",
) -> Moved:
    """Moves the datasets of a pending cycle to a state, as one version.

    Those that wait or don't matter stay, unless their state is in `also`.
    """
    check_state(to_state)
    if to_state not in EDITABLE_STATES:
        raise BadInput(f"Datasets of a cycle are moved to {', '.join(EDITABLE_STATES)} only.")
    _permitted(acting, permissions.move_all_datasets_path(workspace))
    with acting.db.read() as connection:
        keys = model.keys_of(connection, id_cycle)
    runs = {run_number for run_number, _ in keys}
    with begin(acting.db, runs, reason=comment or acting.reason) as action:
        cycle = model.cycle(action.connection, id_cycle, lock=True, thawed=acting.db.record)
        cycles.check_pending(cycle, workspace)
        found = model.datasets_of(action.connection, id_cycle)
        # Who was added meanwhile isn't held by us.
        held = {key: states for key, states in found.items() if key in keys}
        moved = cycles.to_move(held, workspace, to_state, also)
        if not moved:
            raise Refused(
                f"No dataset of cycle {cycle.name} is left to be moved to {to_state} in workspace"
                f" {workspace}."
            )
        version = action.append(
            acting.actor.email,
            comment.strip()
            or f"move {len(moved)} datasets of cycle {cycle.name} to {to_state} in workspace"
            f" {workspace}",
            [DatasetChange(*key, attributes={state_key(workspace): to_state}) for key in moved],
        )
        if acting.db.record:
            details: JsonObject = {"workspace": workspace, "state": to_state, "version": version}
            details["datasets"] = _listed(moved)
            model.note(action.connection, id_cycle, acting.actor.email, "datasets moved", details)
        rest = tuple(key for key in found if key not in moved)
        return Moved(workspace, to_state, tuple(moved), rest, version)


def _set_state(acting: Acting, action: Action, cycle: Cycle, workspace: str, state: str) -> Cycle:
    attributes: JsonObject = {state_key(name): each for name, each in cycle.states.items()}
    attributes[state_key(workspace)] = state
    model.change(action.connection, cycle.id, attributes=attributes)
    if acting.db.record:
        what = "completed" if state == CLOSED else "moved back to pending"
        model.note(action.connection, cycle.id, acting.actor.email, what, {"workspace": workspace})
    return model.cycle(action.connection, cycle.id)


def _permitted(acting: Acting, path: str) -> Configuration:
    configuration = configurations.current(acting)
    configuration.permissions.check(acting.actor, path)
    return configuration


def _new_states(configuration: Configuration, workspaces: Collection[str]) -> JsonObject:
    for workspace in workspaces:
        check_workspace(configuration, workspace)
    return cycles.new_states(workspaces)


def _checked_keys(keys: Sequence[DatasetKey]) -> list[DatasetKey]:
    wanted = distinct(keys)
    cycles.check_keys(wanted)
    return wanted


def _listed(keys: Collection[DatasetKey]) -> list[JsonValue]:
    return [[run_number, name] for run_number, name in keys]
