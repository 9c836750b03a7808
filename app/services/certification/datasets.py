"""Moving offline datasets between their states."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.domain.certification import datasets
from app.domain.certification.datasets import where
from app.domain.configuration import permissions
from app.domain.configuration.in_force import GLOBAL, Configuration
from app.domain.counting import counted
from app.domain.errors import BadInput, Conflict, NotFound, Refused
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE, DatasetKey
from app.domain.text.names import no_dataset
from app.models.events import rows
from app.models.events.action import Action, begin
from app.models.events.event_log import DatasetChange
from app.models.events.rows import DatasetRow
from app.models.lists import cycles
from app.services.acting import Acting
from app.services.configuration import in_force as configurations


@dataclass(frozen=True)
class Moved:
    """Datasets in their new state; `unchanged` are those that were already in it."""

    workspace: str
    state: str
    datasets: tuple[DatasetKey, ...]
    unchanged: tuple[DatasetKey, ...]
    atomic_version: int

    @property
    def text(self) -> str:
        """What to tell the person."""
        text = f"Moved {_named(self.datasets)} to {self.state} in workspace {self.workspace}."
        if not self.unchanged:
            return text
        were = "was" if len(self.unchanged) == 1 else "were"
        return f"{text} {counted(len(self.unchanged), 'dataset')} {were} already in {self.state}."


def move(
    acting: Acting,
    keys: Sequence[DatasetKey],
    workspace: str,
    to_state: str,
    *,
    from_state: str | None = None,
    comment: str = "",
) -> Moved:
    """Moves datasets to a state in a workspace, as one version, all or none.

    Those already in that state are left alone; refused when that is all of them. With
    `from_state`, Conflict when somebody has moved one elsewhere. While a dataset is in a cycle
    that is pending in the workspace, the right to move datasets of cycles is enough.
    """
    configuration = configurations.current(acting)
    check_workspace(configuration, workspace)
    datasets.check_state(to_state)
    chosen = distinct(keys)
    runs = {run_number for run_number, _ in chosen}
    with begin(acting.db, runs, reason=comment or acting.reason) as action:
        rows_by_key = visible_datasets(action, chosen)
        pending = cycles.in_pending_cycle(action.connection, chosen, workspace)
        changed: dict[DatasetKey, JsonObject] = {}
        checked: set[tuple[str, bool]] = set()
        for key, row in rows_by_key.items():
            state = datasets.state_in(row.attributes, workspace, where(*key))
            changes = datasets.move(row.attributes, workspace, to_state, where(*key))
            if not changes:
                continue
            if from_state is not None and state != from_state:
                raise Conflict(
                    f"{where(*key)} is {state} in workspace {workspace}, no longer {from_state}:"
                    " somebody else has moved it."
                )
            if (way := (state, key in pending)) not in checked:
                paths = permissions.move_dataset_paths(
                    workspace, state, to_state, in_pending_cycle=key in pending
                )
                configuration.permissions.check_any(acting.actor, paths)
                checked.add(way)
            changed[key] = changes
        if not changed:
            are = f"{where(*chosen[0])} is" if len(chosen) == 1 else "All of them are"
            raise Refused(f"{are} already {to_state} in workspace {workspace}.")
        version = action.append(
            acting.actor.email,
            comment.strip() or _comment(list(changed), workspace, to_state),
            [DatasetChange(*key, attributes=changes) for key, changes in changed.items()],
        )
        unchanged = tuple(key for key in chosen if key not in changed)
        return Moved(workspace, to_state, tuple(changed), unchanged, version)


def check_workspace(configuration: Configuration, workspace: str) -> None:
    """NotFound unless it is `global` or an offline workspace."""
    if workspace != GLOBAL:
        configuration.columns_of(workspace, online=False)


def distinct(keys: Collection[DatasetKey]) -> list[DatasetKey]:
    """The datasets named, each once, by run and name; BadInput when there are none."""
    chosen = sorted(set(keys))
    if not chosen:
        raise BadInput("No datasets were given: select at least one.")
    return chosen


def visible_datasets(
    action: Action, chosen: Sequence[DatasetKey]
) -> Mapping[DatasetKey, DatasetRow]:
    """The offline datasets as they are now.

    NotFound or Refused names the first that isn't there, is hidden, or is `online`.
    """
    rows_by_key = named_datasets(action, chosen)
    for key, row in rows_by_key.items():
        if row.deleted:
            raise Refused(f"{where(*key)} is hidden: un-hide it first.")
    return rows_by_key


def named_datasets(action: Action, chosen: Sequence[DatasetKey]) -> Mapping[DatasetKey, DatasetRow]:
    """Like `visible_datasets`, hidden ones too."""
    numbers = {run_number for run_number, _ in chosen}
    runs = rows.run_states(action.connection, numbers)
    known = rows.datasets_of_runs(action.connection, numbers)
    for run_number, name in chosen:
        if name == ONLINE:
            raise Refused(
                f"{ONLINE} of run {run_number} has no states of its own: move the run instead."
            )
        run = runs.get(run_number)
        if run is None or run.deleted:
            raise NotFound(f"Run {run_number} is not in the Run Registry.")
        if (run_number, name) not in known:
            raise no_dataset(run_number, name, (each for of, each in known if of == run_number))
    return {key: known[key] for key in chosen}


def _comment(keys: Sequence[DatasetKey], workspace: str, to_state: str) -> str:
    return f"move {_named(keys)} to {to_state} in workspace {workspace}"


def _named(keys: Sequence[DatasetKey]) -> str:
    return where(*keys[0]) if len(keys) == 1 else counted(len(keys), "dataset")
