"""Second eyes: what another person verified, which cycles are frozen, and what that asks of who
changes something there."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec import Struct

from app.domain.certification.datasets import STATE_SUFFIX, WAITING, states_of, where
from app.domain.configuration.in_force import GLOBAL
from app.domain.counting import counted
from app.domain.errors import BadInput, Refused
from app.domain.json_value import JsonValue
from app.domain.keys import DatasetKey

LONGEST_REASON = 2_000
"""Characters of a reason."""

WHOLE = GLOBAL
"""The workspace of a mark that is on all of a dataset."""

_TOLD = 3


class Mark(Struct, frozen=True):
    """Somebody verified a workspace of a dataset, or with `WHOLE` all of it."""

    run_number: int
    name: str
    workspace: str
    by: str
    at: datetime

    @property
    def what(self) -> str:
        """What it is on, in words."""
        return "as a whole" if self.workspace == WHOLE else f"in {self.workspace}"

    @property
    def words(self) -> str:
        """The mark in words, without its dataset."""
        return f"verified {self.what} by {self.by}"


class MarkEntry(Struct, frozen=True):
    """A row about marks, which never changes: one was set, or taken away."""

    mark: Mark
    verified: bool
    why: str

    @property
    def text(self) -> str:
        """What was done, in words."""
        done = "verified" if self.verified else "mark taken away"
        reason = f": {self.why}" if self.why else ""
        return f"{done} {self.mark.what}{reason}"


class Freeze(Struct, frozen=True):
    """A cycle that is frozen, by whom, when and why."""

    id_cycle: int
    by: str
    at: datetime
    why: str


class LostMark(Struct, frozen=True):
    """A mark that somebody took away, and why; `number` is that of the row that says so, or less
    than 0 and that of the event that did it without one."""

    number: int
    mark: Mark
    by: str
    at: datetime
    why: str


class FreezeEntry(Struct, frozen=True):
    """A row about a cycle, which never changes: it was frozen or thawed."""

    number: int
    id_cycle: int
    frozen: bool
    by: str
    at: datetime
    why: str


class CycleFrozen(Refused):
    """Something is in a frozen cycle."""


class NeedsReason(Refused):
    """Something verified would change, for which no reason was given; `marks` would fall."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self.marks = tuple(marks)
        first = marks[0]
        others = len(marks) - 1
        more = f", and there {'is' if others == 1 else 'are'} {counted(others, 'more mark')}"
        what = f"{first.words}{more if others else ''}"
        super().__init__(
            f"{where(first.run_number, first.name)} is {what}: give a reason for changing it,"
            f" which takes the mark{'s' if others else ''} away."
        )


class Touch(Struct, frozen=True):
    """What a change touches of a dataset: columns, states, DCS bits, or whether it is hidden."""

    columns: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    bits: frozenset[str] = frozenset()
    visibility: bool = False

    def __or__(self, other: "Touch") -> "Touch":
        return Touch(
            self.columns | other.columns,
            self.attributes | other.attributes,
            self.bits | other.bits,
            self.visibility or other.visibility,
        )

    def takes(self, workspace: str) -> bool:
        """Whether it takes away a mark there."""
        if self.visibility:
            return True
        if workspace == WHOLE:
            states = any(name.endswith(STATE_SUFFIX) for name in self.attributes)
            return states or bool(self.columns or self.bits)
        return f"{workspace}{STATE_SUFFIX}" in self.attributes or any(
            column.startswith(f"{workspace}-") for column in self.columns
        )


@dataclass(frozen=True)
class Protected:
    """What is protected of some datasets: by the name of a frozen cycle, and by marks."""

    frozen: Mapping[DatasetKey, str] = field(default_factory=dict)
    marks: Mapping[DatasetKey, tuple[Mark, ...]] = field(default_factory=dict)

    def check_thawed(self, keys: Iterable[DatasetKey]) -> None:
        """CycleFrozen names the first of the datasets that is in a frozen cycle."""
        for key in sorted(keys):
            if key in self.frozen:
                raise CycleFrozen(frozen_text(key, self.frozen[key]))

    def fallen(self, touched: Mapping[DatasetKey, Touch]) -> tuple[Mark, ...]:
        """The marks that changes take away."""
        return tuple(
            mark
            for key in sorted(touched)
            for mark in self.marks.get(key, ())
            if touched[key].takes(mark.workspace)
        )


def frozen_text(key: DatasetKey, cycle: str) -> str:
    """Why a dataset can't be changed."""
    return (
        f"{where(*key)} is in cycle {cycle}, which is frozen: nothing in it changes until the cycle"
        " is thawed."
    )


def check_reason(why: str, *, needed: bool = True) -> str:
    """The reason without blanks around it; BadInput when it is missing or too long."""
    why = why.strip()
    if needed and not why:
        raise BadInput("Give a reason: it is kept for everybody to read.")
    if len(why) > LONGEST_REASON:
        raise BadInput(f"A reason has up to {LONGEST_REASON} characters; this has {len(why)}.")
    return why


def check_can_be_verified(
    key: DatasetKey,
    attributes: Mapping[str, JsonValue],
    workspace: str,
    authors: Mapping[str, str],
    email: str,
) -> None:
    """Refuses to verify what waits, and what the person changed last: `authors` are those of the
    newest change by what it changed."""
    states = states_of(attributes)
    if workspace not in states:
        raise Refused(f"{where(*key)} has no state in workspace {workspace}.")
    if states[workspace] == WAITING:
        raise Refused(f"{where(*key)} is still {WAITING} in workspace {workspace}.")
    for what, author in sorted(authors.items()):
        if author.lower() == email.lower():
            raise Refused(
                f"You made the newest change of the {what} of {where(*key)}"
                f"{'' if workspace == WHOLE else f' in {workspace}'}: a second person has to"
                " verify it."
            )


def listed(keys: Collection[DatasetKey]) -> str:
    """Some datasets in words."""
    named = ", ".join(where(*key) for key in sorted(keys)[:_TOLD])
    return f"{named} and {len(keys) - _TOLD} more" if len(keys) > _TOLD else named
