"""What states are read from: our read model, or only what is sure to follow from the events."""

from collections.abc import Collection
from enum import Enum

from sqlalchemy import Connection

from app.domain.keys import DatasetKey
from app.domain.state.compact import CompactState
from app.models.events import states
from app.models.events.states import EventCounts
from app.models.recount import marks


class Basis(Enum):
    """`READ_MODEL`: rows of ours that fit the events; `COUNTED`: those among them that a puller has
    counted since, which only a guarded database knows; `EVENTS`: none, all is folded."""

    READ_MODEL = 1
    COUNTED = 2
    EVENTS = 3

    @staticmethod
    def proved(*, desk: bool, guarded: bool) -> "Basis":
        """What a list may rest on that others rely on."""
        return Basis.COUNTED if desk and guarded else Basis.EVENTS

    @staticmethod
    def quick(*, desk: bool) -> "Basis":
        """What there is."""
        return Basis.READ_MODEL if desk else Basis.EVENTS


def kept(
    connection: Connection, keys: Collection[DatasetKey], basis: Basis
) -> dict[DatasetKey, tuple[CompactState, EventCounts]]:
    """States of these datasets that needn't be folded."""
    if basis is Basis.EVENTS:
        return {}
    if basis is Basis.COUNTED:
        keys = marks.confirmed(connection, keys)
    return states.fresh_compact(connection, keys)
