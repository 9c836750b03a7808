"""States of an offline dataset in each workspace, and the moves that a person may make."""

from collections.abc import Mapping

from app.domain.configuration.in_force import GLOBAL
from app.domain.errors import BadInput, NotFound, Refused
from app.domain.json_value import JsonObject, JsonValue

WAITING = "waiting dqm gui"
OPEN = "OPEN"
SIGNOFF = "SIGNOFF"
COMPLETED = "COMPLETED"
NOT_SIGNIFICANT = "not significant for workspace"
DATASET_STATES = (WAITING, OPEN, SIGNOFF, COMPLETED, NOT_SIGNIFICANT)

EDITABLE_STATES = (OPEN, SIGNOFF, COMPLETED)
"""States of the datasets that experts work on; the others wait or don't matter."""

STATE_SUFFIX = "_state"

_MOVES: Mapping[str, tuple[str, ...]] = {
    WAITING: (OPEN,),
    NOT_SIGNIFICANT: (OPEN,),
    # The only way back for somebody who opened what doesn't matter.
    OPEN: (SIGNOFF, COMPLETED, NOT_SIGNIFICANT),
    SIGNOFF: (OPEN, COMPLETED),
    COMPLETED: (OPEN, SIGNOFF),
}


def where(run_number: int, name: str) -> str:
    """The dataset as a sentence names it."""
    return f"{name} of run {run_number}"


def state_key(workspace: str) -> str:
    """Name of the dataset attribute that holds a workspace's state."""
    return f"{workspace}{STATE_SUFFIX}"


def states_of(attributes: Mapping[str, JsonValue]) -> dict[str, str]:
    """State in each workspace that the dataset has one in, `global` first."""
    found = {
        key.removesuffix(STATE_SUFFIX): str(value)
        for key, value in attributes.items()
        if key.endswith(STATE_SUFFIX) and value
    }
    return {name: found[name] for name in sorted(found, key=lambda name: (name != GLOBAL, name))}


def moves_from(state: str) -> tuple[str, ...]:
    """States that a person may move a dataset to; from one that doesn't exist it is opened."""
    return _MOVES.get(state, (OPEN,))


def check_state(state: str) -> None:
    """BadInput for a state that datasets don't have."""
    if state not in DATASET_STATES:
        raise BadInput(f'"{state}" is not a state of a dataset: choose one of {", ".join(_MOVES)}.')


def state_in(attributes: Mapping[str, JsonValue], workspace: str, dataset: str) -> str:
    """State in a workspace; NotFound when the dataset has none there."""
    state = attributes.get(state_key(workspace))
    if not isinstance(state, str) or not state:
        raise NotFound(f"{dataset} has no state in workspace {workspace}.")
    return state


def move(
    attributes: Mapping[str, JsonValue], workspace: str, to_state: str, dataset: str
) -> JsonObject:
    """Attributes that a move by hand changes; nothing when the dataset is there already.

    Opening a waiting dataset in `global` opens every workspace that waits with it.
    """
    check_state(to_state)
    state = state_in(attributes, workspace, dataset)
    if state == to_state:
        return {}
    if to_state not in moves_from(state):
        possible = " or ".join(moves_from(state))
        raise Refused(
            f"{dataset} is {state} in workspace {workspace}: from there it can be moved to"
            f" {possible}, not to {to_state}."
        )
    changed: JsonObject = {state_key(workspace): to_state}
    if workspace == GLOBAL and state == WAITING:
        for other, other_state in states_of(attributes).items():
            if other_state == WAITING:
                changed[state_key(other)] = to_state
    return changed
