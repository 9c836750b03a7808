"""Cycles: lists of datasets to be certified in each workspace until a deadline."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from app.domain.certification.datasets import (
    COMPLETED,
    NOT_SIGNIFICANT,
    WAITING,
    state_key,
    states_of,
    where,
)
from app.domain.configuration.in_force import GLOBAL
from app.domain.counting import counted
from app.domain.errors import BadInput, Refused
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE, DatasetKey
from app.domain.text.names import not_found

PENDING = "pending"
CLOSED = "completed"
MOST_DATASETS = 1000

ADDED, TAKEN_OUT = "datasets added", "datasets taken out"
"""What was done to a cycle, as it is kept."""


_TOLD = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """How many datasets of a cycle are in which state in one workspace."""

    completed: int = 0
    signed_off: int = 0
    open: int = 0
    waiting: int = 0
    not_significant: int = 0

    @property
    def total(self) -> int:
        """Datasets that have to be COMPLETED; what doesn't matter to the workspace is none."""
        return self.completed + self.signed_off + self.open + self.waiting

    @property
    def share(self) -> float:
        """Share of them that is, 0 to 1."""
        return self.completed / self.total if self.total else 1.0


@dataclass(frozen=True)
class Cycle:
    """A cycle; `states` are `pending` or `completed`, by workspace with `global` first.

    `deadline` is a day, and lasts until its end.
    """

    id: int
    name: str
    states: Mapping[str, str]
    deadline: date
    created: datetime
    datasets: int
    progress: Mapping[str, Progress]
    deleted: bool = False

    @property
    def workspaces(self) -> tuple[str, ...]:
        """Workspaces that take part, `global` first."""
        return tuple(self.states)

    def pending_in(self, workspace: str) -> bool:
        """Whether there is something left to do in the workspace."""
        return self.states.get(workspace) == PENDING

    def overdue(self, today: date) -> bool:
        """Whether the deadline has passed and the cycle isn't completed as a whole."""
        return self.deadline < today and self.pending_in(GLOBAL)


@dataclass(frozen=True, slots=True)
class CycleEntry:
    """Something that was done to a cycle."""

    at: datetime
    by: str
    what: str
    details: JsonObject


def deadline_moment(day: date) -> datetime:
    """The moment that is stored for a day: noon, which is that day for whoever reads it."""
    return datetime.combine(day, time(12), UTC)


def deadline_day(moment: datetime) -> date:
    """The day that a stored moment means."""
    return moment.astimezone(UTC).date()


def checked_name(name: str) -> str:
    """The name without blanks around it; BadInput when nothing is left."""
    if not name.strip():
        raise BadInput("A cycle needs a name.")
    return name.strip()


def new_states(workspaces: Collection[str]) -> JsonObject:
    """Attributes of a new cycle: `global` and the workspaces, all pending."""
    if not set(workspaces) - {GLOBAL}:
        raise BadInput("Choose at least one workspace for the cycle.")
    return {state_key(name): PENDING for name in (GLOBAL, *sorted(set(workspaces) - {GLOBAL}))}


def changed_states(cycle: Cycle, workspaces: Collection[str]) -> JsonObject:
    """Attributes with other workspaces: new ones are pending, completed ones always stay."""
    wanted = new_states(workspaces)
    added = [key for key in wanted if key.removesuffix("_state") not in cycle.states]
    if added and not cycle.pending_in(GLOBAL):
        raise Refused(
            f"{_named(cycle)} is completed in {GLOBAL}: move it back to pending before you add a"
            " workspace."
        )
    kept = {
        state_key(name): state
        for name, state in cycle.states.items()
        if state_key(name) in wanted or state == CLOSED
    }
    return {**wanted, **kept}


def check_size(number: int) -> None:
    """Refuses a cycle without datasets, or with too many."""
    if number == 0:
        raise BadInput("A cycle needs datasets: select at least one.")
    if number > MOST_DATASETS:
        raise Refused(f"A cycle has at most {MOST_DATASETS} datasets; these would be {number}.")


def check_keys(keys: Collection[DatasetKey]) -> None:
    """Refuses `online`, which is certified by signing off its run."""
    for run_number, name in keys:
        if name == ONLINE:
            raise Refused(f"{ONLINE} of run {run_number} can't be in a cycle: sign off the run.")


def check_open(cycle: Cycle, what: str) -> None:
    """Refuses to change what a cycle holds when it is completed as a whole."""
    if not cycle.pending_in(GLOBAL):
        raise Refused(f"{_named(cycle)} is completed: move it back to pending before you {what}.")


def check_workspace(cycle: Cycle, workspace: str) -> None:
    """Refuses a workspace that takes no part."""
    if workspace not in cycle.states:
        it_has = f"it has {', '.join(cycle.workspaces)}"
        what = f"{_named(cycle)} has no workspace {workspace}; {it_has}"
        raise not_found(what, workspace, cycle.workspaces, Refused, listed=False)


def check_pending(cycle: Cycle, workspace: str) -> None:
    """Refuses a workspace in which the cycle is completed."""
    check_workspace(cycle, workspace)
    if not cycle.pending_in(workspace):
        raise Refused(f"{_named(cycle)} is completed in {workspace} already.")


def check_can_complete(
    cycle: Cycle, workspace: str, datasets: Mapping[DatasetKey, Mapping[str, str]]
) -> None:
    """Refuses to complete a workspace that isn't done; `datasets` gives the states of each.

    A dataset without a state there, or not significant there, doesn't count.
    """
    check_pending(cycle, workspace)
    if workspace == GLOBAL:
        left = [name for name in cycle.states if name != GLOBAL and cycle.pending_in(name)]
        if left:
            raise Refused(f"{_named(cycle)} is still pending in {', '.join(left)}.")
    undone = [
        f"{where(*key)} ({states[workspace]})"
        for key, states in sorted(datasets.items())
        if states.get(workspace, COMPLETED) not in {COMPLETED, NOT_SIGNIFICANT}
    ]
    if undone:
        more = f" and {len(undone) - _TOLD} more" if len(undone) > _TOLD else ""
        verb = "isn't" if len(undone) == 1 else "aren't"
        raise Refused(
            f"{counted(len(undone), 'dataset')} of {_named(cycle)} {verb} COMPLETED in {workspace}:"
            f" {', '.join(undone[:_TOLD])}{more}."
        )


def check_can_reopen(cycle: Cycle, workspace: str) -> None:
    """Refuses to move a workspace back that is pending, or while `global` is completed."""
    check_workspace(cycle, workspace)
    if cycle.pending_in(workspace):
        raise Refused(f"{_named(cycle)} is pending in {workspace} already.")
    if workspace != GLOBAL and not cycle.pending_in(GLOBAL):
        raise Refused(
            f"{_named(cycle)} is completed in {GLOBAL}: it must be moved back to pending there"
            f" before it can be in {workspace}."
        )


def to_move(
    datasets: Mapping[DatasetKey, Mapping[str, str]],
    workspace: str,
    to_state: str,
    also: Collection[str] = (),
) -> Sequence[DatasetKey]:
    """Datasets that "move all" moves: in another state, but neither waiting nor insignificant
    unless that state is in `also`."""
    left = {WAITING, NOT_SIGNIFICANT} - set(also)
    return [
        key
        for key, states in sorted(datasets.items())
        if workspace in states and states[workspace] not in {to_state, *left}
    ]


def states_in_cycle(attributes: JsonObject) -> dict[str, str]:
    """State of a cycle by workspace, `global` first."""
    return states_of(attributes)


def keys_at(
    keys: Collection[DatasetKey], entries: Iterable[CycleEntry], at: datetime
) -> frozenset[DatasetKey]:
    """The datasets that a cycle held at a time, from those it holds now and what was done to it,
    the newest first. What the web service did is in no entry, and counts as if it had been so."""
    held = set(keys)
    for entry in entries:
        if entry.at <= at:
            break
        listed = entry.details.get("datasets")
        named: set[DatasetKey] = set()
        for pair in listed if isinstance(listed, list) else ():
            match pair:
                case [int(run_number), str(name)]:
                    named.add((run_number, name))
        if entry.what == ADDED:
            held -= named
        elif entry.what == TAKEN_OUT:
            held |= named
    return frozenset(held)


def _named(cycle: Cycle) -> str:
    return f"Cycle {cycle.name}"
