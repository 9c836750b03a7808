"""States of a run and what must be true before it is signed off."""

from collections.abc import Iterable

import numpy as np

from app.domain.errors import BadInput, Refused
from app.domain.grid import MISSING, Grid
from app.domain.triplets import EMPTY, NO_VALUE_FOUND, Triplet

OPEN = "OPEN"
SIGNOFF = "SIGNOFF"
COMPLETED = "COMPLETED"
RUN_STATES = (OPEN, SIGNOFF, COMPLETED)

EDITABLE_ATTRIBUTES = {"class": str, "stop_reason": str, "significant": bool, "short_run": bool}
"""RR attributes that a person may set, and their types; the state is moved, not set."""


def check_move(run_number: int, state: str, to_state: str) -> None:
    """Refuses a move to a state that doesn't exist or that the run is in already."""
    if to_state not in RUN_STATES:
        raise BadInput(f'"{to_state}" is no state of a run: choose OPEN, SIGNOFF or COMPLETED.')
    if state == to_state:
        raise Refused(f"Run {run_number} is in state {to_state} already.")


def check_can_be_signed_off(
    run_number: int, class_: str, rr: Grid[Triplet], certifiable: Iterable[str]
) -> None:
    """Refuses to sign off a run in which a certifiable column has no status somewhere.

    The first lumisection and its column are named. Columns the run doesn't have don't count.
    """
    if not rr.covered.any():
        raise Refused(
            f"Run {run_number} has no RR lumisections, so there is nothing to sign off: mark it"
            " significant first."
        )
    first: tuple[int, str, str] | None = None
    for column in certifiable:
        row = rr.row_of.get(column)
        if row is None or not rr.codes[row].any():
            continue
        unset = np.array(
            [value is None or value.status in {"", EMPTY, NO_VALUE_FOUND} for value in rr.values]
        )
        unset[MISSING] = True
        at = np.flatnonzero(unset[rr.codes[row]])
        if at.size and (first is None or at[0] + 1 < first[0]):
            value = rr.values[int(rr.codes[row, at[0]])]
            first = (int(at[0]) + 1, column, value.status if value is not None else EMPTY)
    if first is not None:
        number, column, status = first
        workspace = column.split("-", 1)[0].upper()
        raise Refused(
            f"{column} is {status or 'without a status'} in LS {number} of run {run_number}:"
            f" set it or ask the {workspace} expert, then sign off."
        )
    if not class_:
        raise Refused(f"Run {run_number} has no class: set one before signing it off.")
