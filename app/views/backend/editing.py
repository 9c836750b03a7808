"""Editing the lumisections of one dataset: looking first, writing, drafts, who else is there."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from app.domain.editing.edits import Edit
from app.domain.keys import DatasetKey
from app.services.editing.bulk import Preview, Written
from app.services.editing.drafts import Draft, Offer
from app.services.editing.presence import Present
from app.services.editing.remarks import Remarks


class Editing(Protocol):
    """Edits of one or more datasets, and what a person hasn't written yet."""

    def refusals(self, run_number: int, dataset: str, keys: Collection[str]) -> Mapping[str, str]:
        """Which of these columns and bits the person can't edit there now, and why."""
        ...

    def remarks(self) -> Remarks:
        """Comments and causes that the person wrote lately."""
        ...

    def preview_edits(
        self,
        edits: Sequence[Edit],
        *,
        comment: str,
        seen: Mapping[DatasetKey, int],
        progress: Callable[[float], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Preview | None:
        """What edits would do, also to the golden rule in force; None when cancelled."""
        ...

    def write_edits(
        self,
        edits: Sequence[Edit],
        *,
        comment: str,
        seen: Mapping[DatasetKey, int],
        leave_out_refused: bool = False,
        progress: Callable[[float], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Written | None:
        """Writes edits as one version; None when cancelled, then nothing is written. Raises
        `ChangedMeanwhile` when somebody changed the same cells after `seen`."""
        ...

    def save_draft(self, draft: Draft) -> bool:
        """Keeps the draft of a dataset; returns whether the database has it, too."""
        ...

    def drop_draft(self, run_number: int, dataset: str) -> None: ...

    def offered_drafts(self) -> Sequence[Offer]:
        """Drafts that were kept, the newest first, checked against what holds now."""
        ...

    def open_dataset(
        self, run_number: int, dataset: str, *, view: int, editing: bool
    ) -> Sequence[Present]:
        """Notes that the person looks at a dataset in a view of this window, by any number of its
        own, and whether edits are drafted; returns who else looks at it."""
        ...

    def close_dataset(self, run_number: int, dataset: str, *, view: int) -> None:
        """Notes that the view shows the dataset no more."""
        ...

    def others(self, run_number: int, dataset: str) -> Sequence[Present]:
        """Who else has a dataset open; also says that this client is alive."""
        ...
