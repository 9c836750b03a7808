"""Reads the log: older entries as they are needed, and new ones on top."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from PySide6.QtCore import QObject, Signal

from app.domain.history.log import LogEntry, LogQuery, Position, Source
from app.services.acting import Acting
from app.services.history import log
from app.views.background import Background, Work
from app.views.log.log_model import LogModel

_LEAST_LINES, _MOST_PARTS = 30, 10
"""So many lines a reading adds at least, unless it would take more parts than that."""
_PART = 100
_WHOLE_HISTORY = 2_000
_MOST_NEWS = 400


class LogReader(QObject):
    """Fills the model with the entries that fulfil a query.

    Signals: `restarted()` when the model was emptied for another search; `changed()` when entries
    or the state of the search changed; `prepended(int)` with the number of new entries on top.
    """

    restarted = Signal()
    changed = Signal()
    prepended = Signal(int)

    def __init__(
        self, acting: Acting, background: Background, model: LogModel, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._model = model
        self._reading = Work(background, self)
        self._reading_news = Work(background, self)
        self._after: Position | None = None
        self._limit = _PART
        self.query = LogQuery()
        self.begun = False
        self.is_complete = False
        self.back_to: datetime | None = None
        self._reading.running_changed.connect(self.changed)

    @property
    def is_reading(self) -> bool:
        """Whether older entries are on their way."""
        return self._reading.is_running

    @property
    def is_unread(self) -> bool:
        """Whether a search has ended before anything was read."""
        return self.begun and not self.is_reading and self._after is None and not self.is_complete

    def search(self, query: LogQuery) -> None:
        """Begins another search, from the newest entry on."""
        self._reading.drop()
        self._reading_news.drop()
        self.begun = True
        self.query = query
        self._after, self.is_complete, self.back_to = None, False, None
        self._limit = _WHOLE_HISTORY if query.run is not None else _PART
        self._model.start()
        self.restarted.emit()
        self._reading.start(self._read())

    def read_more(self) -> None:
        """Goes on with older entries, unless that is under way or there are none."""
        if self.begun and not self.is_reading and not self.is_complete:
            self._limit = self._model.count + _PART
            self._reading.start(self._read())

    def stop(self) -> None:
        """Looks no further back."""
        self._limit = self._model.count
        self._reading.drop()

    def read_news(self) -> None:
        """Puts new entries on top."""
        if self.is_unread:
            self.search(self.query)
        elif self.begun:
            self._reading_news.renew(self._read_news)

    async def _read(self) -> None:
        lines_before, parts = self._model.rowCount(), 0
        while True:
            wanted = self._limit - self._model.count
            part = min(wanted, _PART) if wanted > 0 else _PART
            page = await self._background.read(
                partial(log.page, self._acting, self.query, self._after, limit=part)
            )
            self._model.append(page.entries)
            self._after, self.is_complete = page.after, page.after is None
            self.back_to = page.back_to
            parts += 1
            # A hundred automatic versions may be one line.
            is_seen = self._model.rowCount() - lines_before >= _LEAST_LINES or parts >= _MOST_PARTS
            if self.is_complete or (self._model.count >= self._limit and is_seen):
                break
            self.changed.emit()
        self._limit = self._model.count

    async def _read_news(self) -> None:
        acting, query = self._acting, self.query
        known = {entry.key for entry in self._model.entries[:_MOST_NEWS]}
        entries, joins = await self._background.read(lambda: _news(acting, query, known))
        if not joins:
            self.search(query)
            return
        number = self._model.prepend(entries)
        if number:
            self._limit = max(self._limit, self._model.count)
            self.prepended.emit(number)
        self.changed.emit()


def _news(
    acting: Acting, query: LogQuery, known: Collection[tuple[Source, int]]
) -> tuple[list[LogEntry], bool]:
    """Entries newer than the known ones, and whether they join those without a gap."""
    entries: list[LogEntry] = []
    position: Position | None = None
    while len(entries) < _MOST_NEWS:
        page = log.page(acting, query, position, limit=_PART)
        for entry in page.entries:
            if entry.key in known:
                return entries, True
            entries.append(entry)
        position = page.after
        # Where the page ends early, nothing is new as far back as it looked.
        if position is None or page.back_to is not None or not (page.entries or known):
            return entries, True
    return entries, False
