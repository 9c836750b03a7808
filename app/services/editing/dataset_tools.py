"""Tools over many datasets: a preview first, then one version, all or nothing.

A tool is a value that holds the request. `preview` answers what it would do to every dataset,
`apply` does it. The caller names the datasets by their keys.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.domain.certification import datasets
from app.domain.certification.dataset_tools import (
    Applied,
    ChangeStates,
    CopyColumns,
    Duplicate,
    Effect,
    Hide,
    Preview,
    SetColumns,
    Tool,
    Unhide,
    first_of,
)
from app.domain.certification.datasets import (
    EDITABLE_STATES,
    NOT_SIGNIFICANT,
    WAITING,
    state_key,
    where,
)
from app.domain.certification.second_eyes import Protected, frozen_text
from app.domain.configuration import permissions
from app.domain.configuration.in_force import GLOBAL, Configuration
from app.domain.counting import counted
from app.domain.errors import BadInput, Refused
from app.domain.identity import Actor
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import LumiRange
from app.domain.progress import SILENT, Progress
from app.domain.state import copies
from app.domain.state.grid import DatasetState, Grid
from app.domain.text.names import no_dataset, not_found
from app.domain.triplets import SETTABLE_STATUSES, Triplet
from app.models.events import rows
from app.models.events import states as states_model
from app.models.events.action import Action, begin
from app.models.events.event_log import Change, DatasetChange, LumisectionChange
from app.models.events.rows import DatasetRow
from app.models.events.states import StoredEvent
from app.services.acting import Acting
from app.services.certification.datasets import check_workspace, distinct, named_datasets
from app.services.configuration import in_force as configurations

_BLOCK = 50
"""Datasets between two checkpoints."""


@dataclass
class _Plan:
    """The effects of a tool, and the changes that have to be written for them."""

    what: str
    comment: str
    effects: list[Effect] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def preview(self) -> Preview:
        return Preview(self.what, tuple(self.effects))

    def leave_frozen(self, protected: Protected) -> None:
        """Calls a problem what would change in a frozen cycle."""
        self.effects = [
            replace(each, text="", problem=frozen_text(each.key, protected.frozen[each.key]))
            if each.changes and not each.problem and each.key in protected.frozen
            else each
            for each in self.effects
        ]


def preview(
    acting: Acting,
    tool: Tool,
    *,
    progress: Progress = SILENT,
) -> Preview:
    """What `apply` would do now. It is refused as `apply` would be, but problems of single datasets
    are in the answer."""
    configuration = configurations.current(acting)
    _check_right(configuration, acting.actor, tool)
    with acting.db.read() as connection:
        action = Action(connection, acting.db.desk, acting.db.record)
        return _plan(action, configuration, tool, progress).preview


def apply(
    acting: Acting,
    tool: Tool,
    *,
    reason: str = "",
    progress: Progress = SILENT,
) -> Applied:
    """Applies a tool as one version with the reason as its comment, or changes nothing at all.

    Raises Cancelled, and leaves nothing behind, when the person stops it.
    """
    reason = reason.strip()
    if isinstance(tool, Hide | Unhide) and not reason:
        raise BadInput("A reason is required: it is kept with the datasets.")
    configuration = configurations.current(acting)
    _check_right(configuration, acting.actor, tool)
    planning, storing = progress.part(0.0, 0.4), progress.part(0.6, 1.0)
    runs = {run_number for run_number, _ in tool.keys}
    with begin(acting.db, runs, storing.at, reason=reason or acting.reason) as action:
        plan = _plan(action, configuration, tool, planning)
        if plan.preview.problems:
            raise Refused(f"Nothing was changed: {first_of(plan.preview.problems)}")
        if not plan.preview.changed:
            raise Refused(f"{plan.what}: nothing to change.")
        version = action.append(acting.actor.email, reason or plan.comment, plan.changes)
        storing.at(0.0)
    progress.tell(1.0)
    changed = plan.preview.changed
    return Applied(version, f"{plan.what}: {counted(len(changed), 'dataset')} changed.", changed)


def _check_right(configuration: Configuration, actor: Actor, tool: Tool) -> None:
    if isinstance(tool, ChangeStates):
        paths = change_states_paths(tool.workspace, tool.from_states, tool.to_state)
        configuration.permissions.check_all(actor, paths)
        return
    path = {
        Duplicate: permissions.duplicate_datasets_path(),
        CopyColumns: permissions.copy_columns_path(),
        SetColumns: permissions.set_columns_path(),
        Hide: permissions.hide_datasets_path(),
        Unhide: permissions.hide_datasets_path(),
    }[type(tool)]
    configuration.permissions.check(actor, path)


def change_states_paths(
    workspace: str | None, from_states: Iterable[str], to_state: str
) -> tuple[str, ...]:
    """Paths that must all be allowed to change states in a workspace, or in all without one."""
    if workspace is None:
        return (permissions.change_states_in_all_workspaces_path(to_state),)
    return tuple(
        permissions.change_states_path(workspace, state, to_state)
        for state in from_states
        if state != to_state
    )


def _plan(action: Action, configuration: Configuration, tool: Tool, progress: Progress) -> _Plan:
    plan = _planned(action, configuration, tool, progress)
    plan.leave_frozen(action.protected({run_number for run_number, _ in tool.keys}))
    return plan


def _planned(action: Action, configuration: Configuration, tool: Tool, progress: Progress) -> _Plan:
    keys = distinct(tool.keys)
    if isinstance(tool, Duplicate):
        return _duplicate(action, configuration, replace(tool, keys=tuple(keys)), progress)
    if isinstance(tool, CopyColumns):
        return _copy_columns(action, configuration, replace(tool, keys=tuple(keys)), progress)
    rows_by_key = named_datasets(action, keys)
    if isinstance(tool, SetColumns):
        return _set_columns(action, configuration, tool, rows_by_key, progress)
    if isinstance(tool, ChangeStates):
        return _change_states(configuration, tool, rows_by_key)
    return _hide(rows_by_key, hide=isinstance(tool, Hide))


# --- duplicate ------------------------------------------------------------------------------------


def _duplicate(
    action: Action, configuration: Configuration, tool: Duplicate, progress: Progress
) -> _Plan:
    target = tool.target.strip()
    names = sorted({name for _, name in tool.keys})
    if len(names) > 1:
        raise BadInput(
            f"Only datasets of one name can be duplicated at a time, not {', '.join(names)}."
        )
    source = names[0]
    if not target or target == ONLINE:
        raise BadInput("The copies need a name of their own, such as /ReReco/Run2025C/DQM.")
    if target == source:
        raise BadInput(f"The datasets are already called {target}: choose another name.")
    for workspace in tool.workspaces:
        check_workspace(configuration, workspace)
    workspaces = [GLOBAL, *(name for name in tool.workspaces if name != GLOBAL)]
    plan = _Plan(f"Duplicate {source} as {target}", f"duplicate {source} as {target}")
    known = _with_online(action, tool.keys)
    taken: list[DatasetKey] = []
    for key in tool.keys:
        problem = _hidden(key, known[key])
        if (key[0], target) in known:
            hidden = " (hidden)" if known[key[0], target].deleted else ""
            problem = f"Run {key[0]} already has a dataset {target}{hidden}."
        if problem:
            plan.effects.append(Effect(key[0], target, "", problem=problem))
        else:
            taken.append(key)
    for block in _blocks(taken, progress):
        for key, (rr, oms) in _copied_lumisections(action, block, target).items():
            new = (key[0], target)
            attributes = _duplicated_attributes(known[key], workspaces)
            plan.changes.append(DatasetChange(*new, attributes=attributes))
            plan.changes.append(LumisectionChange(*new, _events(rr)))
            plan.changes.append(
                LumisectionChange(*new, [(bits, (lumis,)) for bits, lumis in oms], oms=True)
            )
            states = ", ".join(f"{name} {attributes[state_key(name)]}" for name in workspaces)
            plan.effects.append(
                Effect(*new, f"new, {copies.lumisections(rr)} LS in {len(rr)} ranges; {states}")
            )
    return plan


def _copied_lumisections(
    action: Action, keys: Sequence[DatasetKey], target: str
) -> dict[DatasetKey, tuple[copies.ColumnEvents, copies.OmsEvents]]:
    """The lumisections that the copies need of their own, by the key of the original."""
    needed = {*keys, *((run_number, ONLINE) for run_number, _ in keys)}
    loaded = action.compact_states(needed)
    copied = {}
    for key in keys:
        state, online = loaded[key], loaded[key[0], ONLINE]
        copied[key] = copies.rr_of(state), copies.oms_of(state, online)
        action.is_copy((key[0], target), key)
    return copied


def _with_online(action: Action, keys: Collection[DatasetKey]) -> Mapping[DatasetKey, DatasetRow]:
    """All datasets of the runs; NotFound when one of the keys is missing."""
    named_datasets(action, [key for key in keys if key[1] != ONLINE])
    known = rows.datasets_of_runs(action.connection, {run_number for run_number, _ in keys})
    for run_number, name in keys:
        if (run_number, name) not in known:
            raise no_dataset(run_number, name, (each for of, each in known if of == run_number))
    return known


def _duplicated_attributes(row: DatasetRow, workspaces: Sequence[str]) -> JsonObject:
    attributes: JsonObject = {
        key: value
        for key, value in row.attributes.items()
        if not key.endswith(datasets.STATE_SUFFIX)
    }
    for workspace in workspaces:
        key = state_key(workspace)
        attributes[key] = row.attributes.get(key) or WAITING
    return attributes


# --- columns --------------------------------------------------------------------------------------


def _copy_columns(
    action: Action, configuration: Configuration, tool: CopyColumns, progress: Progress
) -> _Plan:
    source, target = tool.source, tool.target
    if source == target:
        raise BadInput("Source and target are the same dataset.")
    if target == ONLINE:
        raise BadInput(f"Columns can only be copied into offline datasets, not into {ONLINE}.")
    columns = _checked_columns(configuration, tool.columns)
    others = sorted({name for _, name in tool.keys} - {source, target})
    if others:
        raise BadInput(
            f"The selection also holds {', '.join(others)}. Select only datasets named {source} or"
            f" {target}."
        )
    runs = sorted({run_number for run_number, _ in tool.keys})
    known = rows.datasets_of_runs(action.connection, runs)
    plan = _Plan(
        f"Copy {', '.join(columns)} of {source} into {target}",
        f"copy {', '.join(columns)} of {source} into {target}",
    )
    pairs: list[DatasetKey] = []
    for run_number in runs:
        problem = ""
        for name in (source, target):
            row = known.get((run_number, name))
            if row is None:
                problem = f"Run {run_number} has no dataset {name}: every source needs a target."
            else:
                problem = problem or _hidden((run_number, name), row)
        if problem:
            plan.effects.append(Effect(run_number, target, "", problem=problem))
        else:
            pairs.append((run_number, target))
    for block in _blocks(pairs, progress):
        states = action.states({*block, *((run_number, source) for run_number, _ in block)})
        by_hand = _by_hand(action, block)
        for run_number, _ in block:
            plan.effects.append(
                _copied(
                    plan,
                    states[run_number, source],
                    states[run_number, target],
                    by_hand,
                    columns,
                    known,
                )
            )
    return plan


def _copied(
    plan: _Plan,
    source: DatasetState,
    target: DatasetState,
    by_hand: Mapping[DatasetKey, Grid[Triplet]],
    columns: Sequence[str],
    known: Mapping[DatasetKey, DatasetRow],
) -> Effect:
    key = (target.run_number, target.name)
    missing = sorted(set(columns) - copies.present(source.rr, columns))
    if missing:
        problem = f"{where(source.run_number, source.name)} has no column {', '.join(missing)}."
        return Effect(*key, "", problem=problem)
    events = copies.columns_of(source.rr, target.rr, by_hand[key], columns)
    beyond = source.rr.length - target.rr.length
    more = f"; the source is {beyond} LS longer" if beyond > 0 else ""
    return _written(plan, key, events, more + _not_open(known[key], columns))


def _set_columns(
    action: Action,
    configuration: Configuration,
    tool: SetColumns,
    rows_by_key: Mapping[DatasetKey, DatasetRow],
    progress: Progress,
) -> _Plan:
    columns = _checked_columns(configuration, tool.columns)
    if tool.status not in SETTABLE_STATUSES:
        raise BadInput(
            f'"{tool.status}" can\'t be set: choose one of {", ".join(SETTABLE_STATUSES)}.'
        )
    plan = _Plan(
        f"Set {', '.join(columns)} to {tool.status}", f"set {', '.join(columns)} to {tool.status}"
    )
    for block in _blocks(list(_visible(plan, rows_by_key)), progress):
        states, by_hand = action.states(block), _by_hand(action, block)
        for key in block:
            events = copies.with_status(states[key].rr, by_hand[key], columns, tool.status)
            plan.effects.append(_written(plan, key, events, _not_open(rows_by_key[key], columns)))
    return plan


def _by_hand(action: Action, keys: Collection[DatasetKey]) -> dict[DatasetKey, Grid[Triplet]]:
    """Columns as people set them by hand."""
    events: dict[DatasetKey, list[StoredEvent]] = {key: [] for key in keys}
    for event in states_model.rr_events(action.connection, keys, only_manual=True):
        events[event.run_number, event.name].append(event)
    return {key: states_model.fold_rr(manual) for key, manual in events.items()}


def _written(plan: _Plan, key: DatasetKey, events: copies.ColumnEvents, more: str) -> Effect:
    """Adds new values of columns to the plan."""
    if not events:
        return Effect(*key, f"already set by hand to these values{more}", changes=False)
    plan.changes.append(LumisectionChange(*key, _events(events)))
    number = copies.lumisections(events)
    return Effect(*key, f"{counted(copies.cells(events), 'cell')} in {number} LS{more}")


def _events(events: copies.ColumnEvents) -> list[tuple[dict[str, Triplet], tuple[LumiRange]]]:
    return [(values, (lumis,)) for values, lumis in events]


def _checked_columns(configuration: Configuration, columns: Sequence[str]) -> tuple[str, ...]:
    if not columns:
        raise BadInput("No columns were given: choose at least one.")
    for column in columns:
        if column not in configuration.offline_columns:
            raise not_found(
                f"No offline workspace has a column {column}",
                column,
                configuration.offline_columns,
                BadInput,
            )
    return tuple(dict.fromkeys(columns))


def _not_open(row: DatasetRow, columns: Sequence[str]) -> str:
    """Says where the dataset isn't OPEN: the tool may change it, but the person should know."""
    states = {column.split("-", 1)[0]: "" for column in columns}
    for workspace in states:
        states[workspace] = str(row.attributes.get(state_key(workspace)) or "without a state")
    closed = [f"{name} is {state}" for name, state in states.items() if state != datasets.OPEN]
    return f"; {', '.join(closed)}" if closed else ""


# --- states and hiding ----------------------------------------------------------------------------


def _change_states(
    configuration: Configuration, tool: ChangeStates, rows_by_key: Mapping[DatasetKey, DatasetRow]
) -> _Plan:
    if tool.to_state not in EDITABLE_STATES:
        raise BadInput(
            f'The new state must be one of {", ".join(EDITABLE_STATES)}, not "{tool.to_state}".'
        )
    for state in tool.from_states:
        datasets.check_state(state)
    if tool.workspace is not None:
        check_workspace(configuration, tool.workspace)
    there = "all workspaces" if tool.workspace is None else f"workspace {tool.workspace}"
    plan = _Plan(
        f"Change states to {tool.to_state} in {there}",
        f"change states from {', '.join(tool.from_states)} to {tool.to_state} in {there}",
    )
    for key in _visible(plan, rows_by_key):
        states = datasets.states_of(rows_by_key[key].attributes)
        if tool.workspace is not None and tool.workspace not in states:
            problem = f"{where(*key)} has no state in workspace {tool.workspace}."
            plan.effects.append(Effect(*key, "", problem=problem))
            continue
        chosen = states if tool.workspace is None else {tool.workspace: states[tool.workspace]}
        plan.effects.append(_changed_states(plan, key, chosen, tool))
    return plan


def _changed_states(
    plan: _Plan, key: DatasetKey, states: Mapping[str, str], tool: ChangeStates
) -> Effect:
    moved = {
        workspace: state
        for workspace, state in states.items()
        if state in tool.from_states and state != tool.to_state
    }
    left = [
        f"{workspace} stays {state}"
        for workspace, state in states.items()
        if workspace not in moved and state in {WAITING, NOT_SIGNIFICANT}
    ]
    if not moved:
        return Effect(*key, "; ".join(left) or "nothing to change", changes=False)
    changes: JsonObject = {state_key(workspace): tool.to_state for workspace in moved}
    plan.changes.append(DatasetChange(*key, attributes=changes))
    steps = [f"{workspace} {state} -> {tool.to_state}" for workspace, state in moved.items()]
    return Effect(*key, "; ".join([", ".join(steps), *left]))


def _hide(rows_by_key: Mapping[DatasetKey, DatasetRow], *, hide: bool) -> _Plan:
    verb = "Hide" if hide else "Un-hide"
    plan = _Plan(f"{verb} datasets", f"{verb.lower()} datasets")
    for key, row in rows_by_key.items():
        if row.deleted is hide:
            text = "already hidden" if hide else "not hidden"
            plan.effects.append(Effect(*key, text, changes=False))
        else:
            plan.changes.append(DatasetChange(*key, deleted=hide))
            plan.effects.append(Effect(*key, "will be hidden" if hide else "will be shown again"))
    return plan


def _visible(plan: _Plan, rows_by_key: Mapping[DatasetKey, DatasetRow]) -> Iterator[DatasetKey]:
    """The datasets that aren't hidden; the others are noted as problems."""
    for key, row in rows_by_key.items():
        problem = _hidden(key, row)
        if problem:
            plan.effects.append(Effect(*key, "", problem=problem))
        else:
            yield key


def _hidden(key: DatasetKey, row: DatasetRow) -> str:
    return f"{where(*key)} is hidden: un-hide it first." if row.deleted else ""


def _blocks(keys: Sequence[DatasetKey], progress: Progress) -> Iterator[Sequence[DatasetKey]]:
    """Keys in blocks, with a checkpoint before every block."""
    for at in range(0, len(keys), _BLOCK):
        progress.at(at / len(keys))
        yield keys[at : at + _BLOCK]
    progress.checkpoint()
