"""Editing without a database: nothing is refused, drafts live as long as the test."""

from collections.abc import Callable, Collection, Mapping, Sequence

from app.domain.editing.edits import Edit
from app.domain.keys import DatasetKey
from app.services.editing.bulk import Preview, Written
from app.services.editing.drafts import Draft, Offer
from app.services.editing.presence import Present
from app.services.editing.remarks import Remarks


class FakeEditing:
    """What the editor of one dataset asks, answered at once."""

    def __init__(self) -> None:
        self.kept: dict[DatasetKey, Draft] = {}
        self.offers: tuple[Offer, ...] = ()
        self.refused: dict[str, str] = {}
        self.present: dict[DatasetKey, bool] = {}
        self.there: tuple[Present, ...] = ()
        self.said = Remarks(("HV trip", "noisy crate"), ("hv",))

    def refusals(self, run_number: int, dataset: str, keys: Collection[str]) -> Mapping[str, str]:
        return {key: reason for key, reason in self.refused.items() if key in keys}

    def remarks(self) -> Remarks:
        return self.said

    def preview_edits(
        self,
        edits: Sequence[Edit],
        *,
        comment: str,
        seen: Mapping[DatasetKey, int],
        progress: Callable[[float], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Preview | None:
        return Preview((), (), (), (), None, dict(seen), 0.0, 0.0)

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
        return Written(900, len(edits), 1, (), "Changed some cells.")

    def save_draft(self, draft: Draft) -> bool:
        self.kept[draft.key] = draft
        return True

    def drop_draft(self, run_number: int, dataset: str) -> None:
        self.kept.pop((run_number, dataset), None)

    def offered_drafts(self) -> Sequence[Offer]:
        return self.offers

    def open_dataset(
        self, run_number: int, dataset: str, *, view: int, editing: bool
    ) -> Sequence[Present]:
        self.present[run_number, dataset] = editing
        return self.there

    def close_dataset(self, run_number: int, dataset: str, *, view: int) -> None:
        self.present.pop((run_number, dataset), None)

    def others(self, run_number: int, dataset: str) -> Sequence[Present]:
        return self.there
