"""States of a run and what must be true before it is signed off."""

from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from app.domain.errors import BadInput, Refused
from app.domain.lumisections import LumiRange, Mask, count, format_ranges, ranges_of_mask
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

    Every such place is named. Columns the run doesn't have don't count.
    """
    if not online.rr.covered.any():
        raise NothingToSignOff(run_number)
    unset = all_without_status(online, certifiable)
    if unset:
        raise StatusMissing(run_number, unset)
    if not class_:
        raise ClassMissing(f"Run {run_number} has no class: set one before signing it off.")


class NothingToSignOff(Refused):
    """A run without RR lumisections can't be signed off."""

    def __init__(self, run_number: int) -> None:
        self.run_number = run_number
        super().__init__(
            f"Run {run_number} has no RR lumisections, so there is nothing to sign off: mark it"
            " significant first."
        )


class ClassMissing(Refused):
    """A run without a class can't be signed off."""


class Unset(Struct, frozen=True):
    """A certifiable column that is EMPTY, NO VALUE FOUND or "" in some lumisections."""

    column: str
    status: str
    ranges: tuple[LumiRange, ...]

    @property
    def text(self) -> str:
        """The same in words."""
        status = self.status or "without a status"
        return f"{self.column} is {status} in LS {format_ranges(self.ranges)}"


class StatusMissing(Refused):
    """A run can't be signed off as long as these columns have no status in some lumisections; the
    first lumisections come first."""

    def __init__(self, run_number: int, unset: Sequence[Unset]) -> None:
        self.run_number = run_number
        self.unset = tuple(unset)
        *others, last = sorted({each.column.split("-", 1)[0].upper() for each in unset})
        experts = f"{', '.join(others)} and {last} experts" if others else f"{last} expert"
        it = "it" if count(unset[0].ranges) == len(unset) == 1 else "them"
        super().__init__(
            f"{'; '.join(each.text for each in unset)} of run {run_number}: set {it} or ask the"
            f" {experts}, then sign off."
        )


class WithoutStatus(Struct, frozen=True):
    """A lumisection in which a certifiable column is EMPTY, NO VALUE FOUND or ""."""

    lumisection: int
    column: str
    status: str

    @property
    def text(self) -> str:
        """The same in words."""
        return f"{self.column} is {self.status or 'without a status'} in LS {self.lumisection}"


def all_without_status(
    online: DatasetState, certifiable: Iterable[str], where: Mask | None = None
) -> tuple[Unset, ...]:
    """Where, up to the last lumisection with flags, certifiable columns that the run has are
    without a status; only in some lumisections with `where`."""
    rr = online.rr
    looked_at = np.ones(rr.length, np.bool_) if where is None else padded(where, rr.length)
    statuses = np.array([value.status if value else EMPTY for value in rr.values], np.object_)
    statuses[MISSING] = EMPTY
    found: list[Unset] = []
    for column in certifiable:
        row = rr.row_of.get(column)
        if row is None or not rr.codes[row].any():
            continue
        of_column = statuses[rr.codes[row]]
        for status in ("", EMPTY, NO_VALUE_FOUND):
            at = (of_column == status) & looked_at
            if at.any():
                found.append(Unset(column, status, ranges_of_mask(at)))
    return tuple(sorted(found, key=lambda each: each.ranges[0].first))


def first_without_status(
    online: DatasetState, certifiable: Iterable[str], where: Mask | None = None
) -> WithoutStatus | None:
    """The first of those."""
    for first in all_without_status(online, certifiable, where):
        return WithoutStatus(first.ranges[0].first, first.column, first.status)
    return None
