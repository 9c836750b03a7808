"""What the person hasn't written yet, per dataset: one place for all views of a window."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from app.domain.errors import Unavailable
from app.domain.keys import DatasetKey
from app.services.editing.drafts import Draft, Offer
from app.views.backend.editing import Editing
from app.views.background import Background


class DraftBook(QObject):
    """Holds drafts and has each kept as it is made; what was kept before is offered at the start.

    Signals: `changed(run_number, dataset)` when a draft is another one, or gone;
    `offers_changed()`.
    """

    changed = Signal(int, str)
    offers_changed = Signal()

    def __init__(
        self, backend: Editing, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._backend = backend
        self._background = background
        self._drafts: dict[DatasetKey, Draft] = {}
        self._unsaved: dict[DatasetKey, Draft | None] = {}
        self._saving = False
        self.offers: tuple[Offer, ...] = ()

    def find(self, key: DatasetKey) -> Draft | None:
        """The draft of a dataset."""
        return self._drafts.get(key)

    @property
    def is_kept(self) -> bool:
        """Whether nothing is on its way to where it is kept."""
        return not self._unsaved and not self._saving

    def put(self, draft: Draft) -> None:
        """A draft instead of the one before."""
        self._drafts[draft.key] = draft
        self._unsaved[draft.key] = draft
        self._settle(draft.key)

    def drop(self, key: DatasetKey) -> None:
        """The draft is written, or given up."""
        if self._drafts.pop(key, None) is not None:
            self._unsaved[key] = None
            self._settle(key)

    def load(self) -> None:
        """Asks for what was kept before."""
        self._background.read_then(self._backend.offered_drafts, self._offer, owner=self)

    def take(self, key: DatasetKey) -> None:
        """Somebody looks at the draft: it needs not be offered any more."""
        left = tuple(offer for offer in self.offers if offer.draft.key != key)
        if left != self.offers:
            self.offers = left
            self.offers_changed.emit()

    def _offer(self, offers: Sequence[Offer]) -> None:
        fresh = [offer for offer in offers if offer.draft.key not in self._drafts]
        for offer in fresh:
            self._drafts[offer.draft.key] = replace(offer.draft)
        self.offers = tuple(fresh)
        for offer in fresh:
            self.changed.emit(*offer.draft.key)
        self.offers_changed.emit()

    def _settle(self, key: DatasetKey) -> None:
        self.changed.emit(*key)
        self.take(key)
        self._save()

    def _save(self) -> None:
        """One after the other, so that an older draft never comes after a newer one."""
        if self._saving or not self._unsaved:
            return
        backend, unsaved = self._backend, self._unsaved
        self._saving = True

        def keep() -> None:
            # What comes meanwhile goes the same way: the window may close at any time.
            while unsaved:
                key = next(iter(unsaved))
                draft = unsaved.pop(key)
                if draft is None:
                    backend.drop_draft(*key)
                else:
                    backend.save_draft(draft)

        self._background.act_then(keep, owner=self, unavailable=self._away, finished=self._saved)

    def _away(self, _error: Unavailable) -> None:
        """The banner says that the server is away; the file of this machine has the draft."""

    def _saved(self) -> None:
        self._saving = False
        self._save()
