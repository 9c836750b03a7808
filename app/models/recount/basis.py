"""What states are read from: our read model, or only what is sure to follow from the events."""

from collections.abc import Collection
from enum import Enum

from sqlalchemy import Connection

from app.domain.keys import DatasetKey
from app.models.events import states
from app.models.events.states import Counted
from app.models.recount import marks


class Basis(Enum):
    """`READ_MODEL`: rows of ours that fit the events, and what this process has folded;
    `MEMORY`: only the latter; `COUNTED`: those of our rows that a puller has counted since, which
    only a guarded database knows; `EVENTS`: none, all is folded."""

    READ_MODEL = 1
    MEMORY = 2
    COUNTED = 3
    EVENTS = 4

    @property
    def is_quick(self) -> bool:
        """Whether it rests on what nobody has proved."""
        return self in {Basis.READ_MODEL, Basis.MEMORY}

    @staticmethod
    def proved(*, desk: bool, guarded: bool) -> "Basis":
        """What a list may rest on that others rely on."""
        return Basis.COUNTED if desk and guarded else Basis.EVENTS

    @staticmethod
    def quick(*, desk: bool) -> "Basis":
        """What there is."""
        return Basis.READ_MODEL if desk else Basis.MEMORY


def kept(
    connection: Connection, keys: Collection[DatasetKey], basis: Basis
) -> dict[DatasetKey, Counted]:
    """States of these datasets that needn't be folded."""
    if basis in {Basis.EVENTS, Basis.MEMORY}:
        return {}
    if basis is Basis.COUNTED:
        keys = marks.confirmed(connection, keys)
    return states.fresh_compact(connection, keys)


def states_on(
    connection: Connection,
    keys: Collection[DatasetKey],
    basis: Basis,
    *,
    as_of: int | None = None,
) -> tuple[dict[DatasetKey, Counted], dict[DatasetKey, Counted]]:
    """Compact states of these datasets, and those that had to be folded from events."""
    if as_of is None and basis.is_quick:
        return states.load_compact(connection, keys, desk=basis is Basis.READ_MODEL)
    found = kept(connection, keys, basis) if as_of is None else {}
    rest = [key for key in keys if key not in found]
    folded = states.fold_compact(connection, rest, as_of=as_of)
    return found | folded, folded
