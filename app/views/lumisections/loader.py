"""Reading the lumisections of a dataset for its grid and its editor."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from app.domain.editing.draft_cells import changed_cells
from app.domain.errors import Refused
from app.domain.keys import DatasetKey
from app.services.acting import Acting
from app.services.editing import remarks
from app.services.history import look as history
from app.services.history.look import Look
from app.views.background import Background, Work
from app.views.grid.snapshot import LumisectionsSnapshot, prepare
from app.views.lumisections.editing.editor import Loaded


class Loader(QObject):
    """Reads one dataset at a time, the newest that was chosen.

    Signals: `loaded(Loaded)`; `refused(str)` with the reason; `loading_changed(bool)`.
    """

    loaded = Signal(object)
    refused = Signal(str)
    loading_changed = Signal(bool)

    def __init__(self, acting: Acting, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._work = Work(background, self)
        self._work.running_changed.connect(self.loading_changed)
        self._key: DatasetKey | None = None
        self._order: tuple[str, ...] = ()
        self._last: LumisectionsSnapshot | None = None

    @property
    def is_reading(self) -> bool:
        """Whether something is on its way."""
        return self._work.is_running

    def choose(self, key: DatasetKey, order: Sequence[str]) -> None:
        """Goes over to a dataset with its columns in this order."""
        self._key, self._order = key, tuple(order)

    def read(self) -> None:
        """Reads the present state; what is under way is dropped."""
        self._work.start(self._read())

    def read_again(self) -> None:
        """Reads the present state after what is under way."""
        self._work.renew(self._read)

    def show(self, look: Look) -> None:
        """Prepares a state that was read already."""
        self._work.start(self._prepare(look))

    def drop(self) -> None:
        """Nobody waits any more for what is under way."""
        self._work.drop()

    def forget(self) -> None:
        """Nothing is shown any more, so nothing can have changed since."""
        self._last = None

    async def _read(self) -> None:
        if self._key is None:
            return
        acting, key, order, before = self._acting, self._key, self._order, self._last
        try:
            loaded = await self._background.read(lambda: _load(acting, key, order, before))
        except Refused as error:
            self.refused.emit(str(error))
            return
        self._take(loaded)

    async def _prepare(self, look: Look) -> None:
        order = self._order
        self._take(
            await self._background.read(
                lambda: Loaded(prepare(look.state, order=order, by_hand=look.by_hand))
            )
        )

    def _take(self, loaded: Loaded) -> None:
        self._last = loaded.snapshot
        self.loaded.emit(loaded)


def _load(
    acting: Acting,
    key: DatasetKey,
    order: tuple[str, ...],
    before: LumisectionsSnapshot | None,
) -> Loaded:
    look = history.look(acting, *key)
    snapshot = prepare(look.state, order=order, by_hand=look.by_hand)
    refusals = remarks.refusals(acting, *key, snapshot.keys)
    changed = None
    if before is not None and (before.run_number, before.dataset) == key:
        changed = changed_cells(before.state, look.state)
    return Loaded(snapshot, look.seen, refusals, changed)
