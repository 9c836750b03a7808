"""The lumisections of one dataset: reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.lumisections import Mask
from app.domain.state.grid import DatasetState


@dataclass(frozen=True, slots=True)
class Origin:
    """Who gave a cell the value it has, and when."""

    by: str
    at: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True)
class DatasetLumisections:
    """A dataset's state and where a person's word holds: one mask per column, index 0 is LS 1.

    `seen` is what `Editing` takes to notice what others write after this was read.
    """

    state: DatasetState
    by_hand: Mapping[str, Mask]
    seen: int = 0


class Lumisections(Protocol):
    """Reading lumisections."""

    def lumisections(self, run_number: int, dataset: str) -> DatasetLumisections: ...

    def origin(self, run_number: int, dataset: str, key: str, lumisection: int) -> Origin | None:
        """Who set a column or bit, None when no event did."""
        ...
