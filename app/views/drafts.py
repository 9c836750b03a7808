"""Edits that the person hasn't written yet, per dataset: one place for all views of a window."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from app.domain.clock import server_now
from app.domain.errors import Refused, Unavailable
from app.domain.keys import DatasetKey
from app.services.acting import Acting
from app.services.editing import drafts
from app.services.editing.drafts import Draft, Offer
from app.services.editing.landing import DraftMark
from app.views.background import Background, Work


class DraftBook(QObject):
    """Holds drafts and keeps each one as it is made; drafts kept earlier are offered at the start.

    Files first and by themselves: a server that is silent holds up what is stored there, and never
    what is kept on this machine.

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
        self._unfiled: dict[DatasetKey, Draft | None] = {}
        self._unstored: dict[DatasetKey, Draft | None] = {}
        self._forgotten: set[DatasetKey] = set()
        self._problems: dict[DatasetKey, str] = {}
        self._filing = Work(background, self)
        self._storing = Work(background, self)
        self.offers: tuple[Offer, ...] = ()

    def find(self, key: DatasetKey) -> Draft | None:
        """The draft of a dataset."""
        return self._drafts.get(key)

    def mark(self, key: DatasetKey) -> DraftMark | None:
        """What tells the draft of a dataset from all others."""
        draft = self._drafts.get(key)
        return DraftMark(key, draft.mark) if draft is not None else None

    @property
    def is_kept(self) -> bool:
        """Whether every draft is on this machine and in the database."""
        left = self._unfiled or self._unstored or self._forgotten
        return not (left or self._filing.is_running or self._storing.is_running)

    def put(self, draft: Draft) -> None:
        """Replaces the draft of a dataset."""
        draft = replace(draft, saved=server_now())
        self._drafts[draft.key] = draft
        self._settle(draft.key, draft)

    def drop(self, key: DatasetKey) -> None:
        """Deletes a draft that is written, or given up."""
        if self._drafts.pop(key, None) is not None:
            self._settle(key, None)

    def load(self) -> None:
        """Reads the drafts that were stored earlier."""
        self._background.run(self._load(), self)

    def take(self, key: DatasetKey) -> None:
        """Stops offering a draft: somebody looks at it."""
        left = tuple(offer for offer in self.offers if offer.draft.key != key)
        if left != self.offers:
            self.offers = left
            self.offers_changed.emit()

    async def keep(self) -> None:
        """Keeps what isn't kept yet: the program ends and runs nothing else."""
        await self._file()
        await self._store()
        await self._file()

    async def _load(self) -> None:
        acting = self._acting
        damaged: list[str] = []
        offers = await self._background.read(lambda: drafts.offered(acting, damaged.append))
        if damaged:
            self._background.refused.emit(Refused("\n".join(damaged)))
        fresh = [offer for offer in offers if offer.draft.key not in self._drafts]
        for offer in fresh:
            self._drafts[offer.draft.key] = offer.draft
        self.offers = tuple(fresh)
        for offer in fresh:
            self.changed.emit(*offer.draft.key)
        self.offers_changed.emit()

    def _settle(self, key: DatasetKey, draft: Draft | None) -> None:
        self._unfiled[key] = self._unstored[key] = draft
        self._problems.pop(key, None)
        self.changed.emit(*key)
        self.take(key)
        self._filing.renew(self._file)
        self._storing.renew(self._store)

    async def _file(self) -> None:
        """One after the other, so that an older draft never comes after a newer one."""
        acting = self._acting
        while self._unfiled:
            key = next(iter(self._unfiled))
            draft = self._unfiled.pop(key)
            try:
                await self._background.act(_filing(acting, key, draft), reaches_server=False)
            except Refused as refused:
                self._problems[key] = str(refused)
        while self._forgotten:
            key = self._forgotten.pop()
            if key not in self._drafts:
                removing = partial(drafts.remove_file, acting, key)
                await self._background.act(removing, reaches_server=False)

    async def _store(self) -> None:
        acting = self._acting
        while self._unstored:
            key = next(iter(self._unstored))
            draft = self._unstored.pop(key)
            try:
                await self._store_one(acting, key, draft)
            except Refused as refused:
                self._background.refused.emit(refused)
        if self._forgotten:
            self._filing.renew(self._file)

    async def _store_one(self, acting: Acting, key: DatasetKey, draft: Draft | None) -> None:
        done = draft is None
        if acting.db.desk:
            # Without the server the file of this machine has the draft, and the banner says so.
            try:
                await self._background.act(_storing(acting, key, draft))
                done = True
            except Unavailable:
                done = False
        if done and draft is None:
            self._forgotten.add(key)
        problem = self._problems.pop(key, "")
        if acting.draft_folder is None:
            problem = "neither a folder nor the database can take it."
        if problem and not done:
            verb = "deleted" if draft is None else "kept"
            raise Refused(f"The draft can't be {verb}: {problem}")


def _filing(acting: Acting, key: DatasetKey, draft: Draft | None) -> Callable[[], None]:
    if draft is None:
        return partial(drafts.give_up_file, acting, key)
    return partial(drafts.keep_file, acting, draft)


def _storing(acting: Acting, key: DatasetKey, draft: Draft | None) -> Callable[[], object]:
    if draft is None:
        return partial(drafts.forget, acting, key)
    return partial(drafts.store, acting, draft)
