"""Edits that the person hasn't written yet, per dataset: one place for all views of a window."""

from contextlib import suppress

from PySide6.QtCore import QObject, Signal

from app.domain.errors import Refused, Unavailable
from app.domain.keys import DatasetKey
from app.services.acting import Acting
from app.services.editing import drafts
from app.services.editing.drafts import Draft, Offer
from app.views.background import Background, Work


class DraftBook(QObject):
    """Holds drafts and stores each one as it is made; drafts stored earlier are offered at the
    start.

    Signals: `changed(run_number, dataset)` when a draft is another one, or gone;
    `offers_changed()`.
    """

    changed = Signal(int, str)
    offers_changed = Signal()

    def __init__(
        self, acting: Acting, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._drafts: dict[DatasetKey, Draft] = {}
        self._unsaved: dict[DatasetKey, Draft | None] = {}
        self._saving = Work(background, self)
        self.offers: tuple[Offer, ...] = ()

    def find(self, key: DatasetKey) -> Draft | None:
        """The draft of a dataset."""
        return self._drafts.get(key)

    @property
    def is_kept(self) -> bool:
        """Whether every draft is stored."""
        return not self._unsaved and not self._saving.is_running

    def put(self, draft: Draft) -> None:
        """Replaces the draft of a dataset."""
        self._drafts[draft.key] = draft
        self._unsaved[draft.key] = draft
        self._settle(draft.key)

    def drop(self, key: DatasetKey) -> None:
        """Deletes a draft that is written, or given up."""
        if self._drafts.pop(key, None) is not None:
            self._unsaved[key] = None
            self._settle(key)

    def load(self) -> None:
        """Reads the drafts that were stored earlier."""
        self._background.run(self._load(), self)

    def take(self, key: DatasetKey) -> None:
        """Stops offering a draft: somebody looks at it."""
        left = tuple(offer for offer in self.offers if offer.draft.key != key)
        if left != self.offers:
            self.offers = left
            self.offers_changed.emit()

    async def _load(self) -> None:
        acting = self._acting
        offers = await self._background.read(lambda: drafts.offered(acting))
        fresh = [offer for offer in offers if offer.draft.key not in self._drafts]
        for offer in fresh:
            self._drafts[offer.draft.key] = offer.draft
        self.offers = tuple(fresh)
        for offer in fresh:
            self.changed.emit(*offer.draft.key)
        self.offers_changed.emit()

    def _settle(self, key: DatasetKey) -> None:
        self.changed.emit(*key)
        self.take(key)
        self._saving.renew(self._save)

    async def _save(self) -> None:
        """One after the other, so that an older draft never comes after a newer one."""
        acting, unsaved = self._acting, self._unsaved

        def save() -> None:
            # What comes meanwhile is stored too: the window may close at any time.
            while unsaved:
                key = next(iter(unsaved))
                draft = unsaved.pop(key)
                if draft is None:
                    drafts.drop(acting, key)
                else:
                    drafts.save(acting, draft)

        while unsaved:
            # Without the server the file of this machine has the draft, and the banner says so.
            with suppress(Unavailable):
                try:
                    await self._background.act(save)
                except Refused as refused:
                    self._background.refused.emit(refused)
