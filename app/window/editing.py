"""Editing the lumisections of one dataset: looking first, writing, drafts, who else is there."""

import contextlib
import threading
from collections.abc import Callable, Collection, Mapping, Sequence

from app.domain.editing.edits import Edit
from app.domain.errors import Refused
from app.domain.json_value import JsonValue
from app.domain.keys import DatasetKey
from app.domain.progress import Cancelled, Progress
from app.services.acting import Acting
from app.services.editing import bulk as bulk_edit
from app.services.editing import drafts, presence
from app.services.editing import remarks as editing
from app.services.editing.bulk import Preview, Written
from app.services.editing.drafts import Draft, Offer
from app.services.editing.presence import Present
from app.services.editing.remarks import Remarks
from app.services.golden import generation as golden
from app.services.news import Change, News
from app.window.parts import Parts

_RULE_IN_FORCE = "golden"


class EditingBackend(Parts):
    """Edits, drafts and presence, as the person of the window."""

    def __init__(self, acting: Acting, news: News) -> None:
        super().__init__(acting, news)
        self._client = acting.client
        self._folder = acting.draft_folder
        self._opened: dict[DatasetKey, set[int]] = {}
        self._opening = threading.Lock()

    def subscribe(
        self,
        on_change: Callable[[Change], None],
        on_connection: Callable[[bool, str], None],
    ) -> Callable[[], None]:
        return self._news.subscribe(on_change, on_connection)

    def refusals(self, run_number: int, dataset: str, keys: Collection[str]) -> Mapping[str, str]:
        return editing.refusals(self._acting, run_number, dataset, keys)

    def remarks(self) -> Remarks:
        return editing.remarks(self._acting)

    def preview_edits(
        self,
        edits: Sequence[Edit],
        *,
        comment: str,
        seen: Mapping[DatasetKey, int],
        progress: Callable[[float], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> Preview | None:
        with contextlib.suppress(Cancelled):
            return bulk_edit.preview(
                self._acting,
                edits,
                comment=comment,
                seen=seen,
                rule=self._rule_in_force(),
                progress=Progress(progress, is_cancelled),
            )
        return None

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
        with contextlib.suppress(Cancelled):
            return bulk_edit.write(
                self._acting,
                edits,
                comment=comment,
                seen=seen,
                leave_out_refused=leave_out_refused,
                progress=Progress(progress, is_cancelled),
            )
        return None

    def save_draft(self, draft: Draft) -> bool:
        return drafts.save(self._acting, draft, self._folder)

    def drop_draft(self, run_number: int, dataset: str) -> None:
        drafts.drop(self._acting, (run_number, dataset), self._folder)

    def offered_drafts(self) -> Sequence[Offer]:
        return drafts.offered(self._acting, self._folder)

    def open_dataset(
        self, run_number: int, dataset: str, *, view: int, editing: bool
    ) -> Sequence[Present]:
        key = (run_number, dataset)
        with self._opening:
            self._opened.setdefault(key, set()).add(view)
        return presence.open_dataset(self._acting, self._client, key, editing=editing)

    def close_dataset(self, run_number: int, dataset: str, *, view: int) -> None:
        key = (run_number, dataset)
        with self._opening:
            views = self._opened.get(key, set())
            views.discard(view)
            if views:
                return
            self._opened.pop(key, None)
        presence.close_dataset(self._acting, self._client, key)

    def others(self, run_number: int, dataset: str) -> Sequence[Present]:
        presence.heartbeat(self._acting, self._client)
        return presence.others(self._acting, self._client, (run_number, dataset))

    def _rule_in_force(self) -> JsonValue:
        try:
            return golden.rule_named(self._acting, _RULE_IN_FORCE)
        except Refused:
            return None  # without a golden rule edits have no effect on one
