"""States of a run and what must be true before it is signed off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.errors import BadInput, Refused
from app.domain.lumisections import Mask
from app.domain.state.grid import MISSING, DatasetState, padded
from app.domain.triplets import EMPTY, NO_VALUE_FOUND

OPEN = "OPEN"
SIGNOFF = "SIGNOFF"
COMPLETED = "COMPLETED"
RUN_STATES = (OPEN, SIGNOFF, COMPLETED)

EDITABLE_ATTRIBUTES = {"class": str, "stop_reason": str, "significant": bool, "short_run": bool}
"""RR attributes that a person may set, and their types; the state is moved, not set."""


def check_move(run_number: int, state: str, to_state: str) -> None:
    """Refuses a move to a state that doesn't exist or that the run is in already."""
    if to_state not in RUN_STATES:
        raise BadInput(f'"{to_state}" is not a state of a run: choose OPEN, SIGNOFF or COMPLETED.')
    if state == to_state:
        raise Refused(f"Run {run_number} is in state {to_state} already.")


def check_can_be_signed_off(
    run_number: int, class_: str, online: DatasetState, certifiable: Sequence[str]
) -> None:
    """Refuses to sign off a run in which a certifiable column has no status somewhere.

    The first lumisection and its column are named. Columns the run doesn't have don't count.
    """
    if not online.rr.covered.any():
        raise Refused(
            f"Run {run_number} has no RR lumisections, so there is nothing to sign off: mark it"
            " significant first."
        )
    first = first_without_status(online, certifiable)
    if first is not None:
        workspace = first.column.split("-", 1)[0].upper()
        raise Refused(
            f"{first.text} of run {run_number}: set it or ask the {workspace} expert, then sign"
            " off."
        )
    if not class_:
        raise Refused(f"Run {run_number} has no class: set one before signing it off.")


@dataclass(frozen=True, slots=True)
class WithoutStatus:
    """A lumisection in which a certifiable column is EMPTY, NO VALUE FOUND or ""."""

    lumisection: int
    column: str
    status: str

    @property
    def text(self) -> str:
        """The same in words."""
        return f"{self.column} is {self.status or 'without a status'} in LS {self.lumisection}"


def first_without_status(
    online: DatasetState, certifiable: Iterable[str], where: Mask | None = None
) -> WithoutStatus | None:
    """The first lumisection, up to the last one with flags, without a status in a certifiable
    column that the run has; only some lumisections with `where`."""
    rr = online.rr
    looked_at = np.ones(rr.length, np.bool_) if where is None else padded(where, rr.length)
    unset = np.array(
        [value is None or value.status in {"", EMPTY, NO_VALUE_FOUND} for value in rr.values]
    )
    unset[MISSING] = True
    first: WithoutStatus | None = None
    for column in certifiable:
        row = rr.row_of.get(column)
        if row is None or not rr.codes[row].any():
            continue
        at = np.flatnonzero(unset[rr.codes[row]] & looked_at)
        if at.size and (first is None or at[0] + 1 < first.lumisection):
            value = rr.values[int(rr.codes[row, at[0]])]
            first = WithoutStatus(int(at[0]) + 1, column, value.status if value else EMPTY)
    return first
