"""The lumisections of one dataset: reading, editing, taking back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.domain.edits import BitEdit, ColumnEdit
from app.domain.grid import DatasetState
from app.domain.lumisections import Mask


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing a version would do now, in lines of text.

    `changed_since` and `kept` stay as they are; `refused` is what the person may not change now.
    """

    atomic_version: int
    summary: str
    restored: tuple[str, ...] = ()
    changed_since: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Who gave a cell the value it has, and when."""

    by: str
    at: datetime
    comment: str = ""


@dataclass(frozen=True, slots=True)
class DatasetLumisections:
    """A dataset's state and where a person's word holds: one mask per column, index 0 is LS 1."""

    state: DatasetState
    by_hand: Mapping[str, Mask]


class Lumisections(Protocol):
    """Reading and editing lumisections; actions answer with a sentence for the person."""

    def lumisections(self, run_number: int, dataset: str) -> DatasetLumisections: ...

    def origin(self, run_number: int, dataset: str, key: str, lumisection: int) -> Origin | None:
        """Who set a column or bit, None when no event did."""
        ...

    def edit_lumisections(self, edit: ColumnEdit) -> str: ...

    def edit_dcs_bit(self, edit: BitEdit, comment: str) -> str: ...

    def preview_undo(self, atomic_version: int) -> UndoPreview:
        """Writes nothing."""
        ...

    def undo(self, atomic_version: int, *, leave_out_refused: bool = False) -> str:
        """Refused as a whole while any part is, unless such parts are to be left out."""
        ...
