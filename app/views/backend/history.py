"""What happened to runs and datasets, what was when, and taking it back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.views.backend.done import Done
from app.views.backend.lumisections import DatasetLumisections

CellValue: TypeAlias = "Triplet | JsonValue"


@dataclass(frozen=True, slots=True)
class Piece:
    """A column, bit or attribute in some lumisections, from a value to another.

    A column's None is a cell without a value; a bit's or attribute's (`oms`) is null. `kinds`
    greater than one: that many different changes, too many to be told apart; 0: values aren't
    told. `overruled`: a
    person's earlier word goes on to hold. Attributes have no `ranges`.
    """

    key: str
    ranges: tuple[LumiRange, ...]
    before: CellValue
    after: CellValue
    oms: bool = False
    kinds: int = 1
    overruled: bool = False


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A piece with the run or dataset it belongs to.

    `group` is what becomes of it (`Comes back`), `note` a remark; without `valued` there are no
    values to tell.
    """

    where: str
    piece: Piece
    group: str = ""
    note: str = ""
    valued: bool = True


@dataclass(frozen=True, slots=True)
class Version:
    """One action of a person or of the puller."""

    atomic_version: int
    at: datetime
    by: str
    comment: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class VersionEntry:
    """A version as far as it touched what was asked for."""

    version: Version
    lines: tuple[ChangeLine, ...]


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Entries, the newest first; `before` asks for the next page, None when there is none."""

    entries: tuple[VersionEntry, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class HistorySubject:
    """What a history is of: a run; with `dataset` one of its datasets; with `keys` also just
    those columns and bits, in those lumisections (all without)."""

    run_number: int
    dataset: str | None = None
    keys: tuple[str, ...] = ()
    ranges: tuple[LumiRange, ...] = ()


@dataclass(frozen=True)
class Moment:
    """A dataset as it was after a version; `version` is None when there is none of that number.

    `older` and `newer` are the versions that touched the dataset before and after it.
    """

    lumisections: DatasetLumisections
    atomic_version: int
    version: Version | None
    older: int | None = None
    newer: int | None = None


@dataclass(frozen=True)
class MomentsCompared:
    """What differs between two moments of a dataset, drawn on the newer one; None is now."""

    old: int
    new: int | None
    lumisections: DatasetLumisections
    lines: tuple[ChangeLine, ...]


@dataclass(frozen=True, slots=True)
class UndoPreview:
    """What undoing a version would do now; each line's group is one of `UNDO_GROUPS`.

    `by_hand`: automatic values come back as the person's word. `restored` counts the lines that
    come back, `refused` those that the person may not change now; `length` is that of the
    longest dataset in lumisections.
    """

    version: Version
    summary: str
    lines: tuple[ChangeLine, ...]
    by_hand: bool
    restored: int
    refused: int
    length: int = 1


COMES_BACK = "Comes back"
CHANGED_SINCE = "Changed since, left alone"
STAYS = "Stays as it is"
REFUSED = "Refused"
UNDO_GROUPS = (COMES_BACK, CHANGED_SINCE, STAYS, REFUSED)


class History(Protocol):
    """What happened, what was when, and taking it back."""

    def history(
        self, subject: HistorySubject, *, limit: int = 50, before: int | None = None
    ) -> HistoryPage:
        """Versions that touched the subject, the newest first."""
        ...

    def moments(
        self, run_number: int, dataset: str, *, limit: int = 200, before: int | None = None
    ) -> tuple[Version, ...]:
        """Versions after which a dataset may have been another, the newest first."""
        ...

    def moment(self, run_number: int, dataset: str, atomic_version: int) -> Moment:
        """A dataset as it was after a version."""
        ...

    def compare(self, run_number: int, dataset: str, old: int, new: int | None) -> MomentsCompared:
        """What differs between a dataset after `old` and after `new`, or now."""
        ...

    def last_to_undo(self) -> int:
        """The newest version of this person that isn't undone and is no undo."""
        ...

    def last_to_redo(self) -> int:
        """The newest undo of this person that isn't undone itself."""
        ...

    def preview_undo(self, atomic_version: int) -> UndoPreview:
        """Writes nothing."""
        ...

    def undo(
        self,
        atomic_version: int,
        *,
        leave_out_refused: bool = False,
        comment: str = "",
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Done | None:
        """Refused as a whole while any part is, unless such parts are to be left out; None when
        it was cancelled, which leaves nothing behind."""
        ...
