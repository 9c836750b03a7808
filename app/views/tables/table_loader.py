"""Reads a table in blocks, in the background."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.errors import Refused
from app.services.acting import Acting
from app.services.certification import tables
from app.services.certification.tables import Page, TableQuery
from app.views.background import Background, Work
from app.views.tables.columns import Column, PreparedRow, prepare_row
from app.views.tables.table_model import BLOCK

_REFRESH_AFTER_MS = 150
_AROUND = 20


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a table from `offset` on, with the cells of `columns`."""

    offset: int
    columns: tuple[Column, ...]
    page: Page
    rows: list[PreparedRow]


class TableLoader(QObject):
    """Reads the first rows of a table, then those that come into sight and those that change.

    `query(offset, limit)` and `columns()` say what the table shows; `rows_in_sight()` which of
    its rows can be seen.

    Signals: `replaced(Block)` with the first rows of another table, `filled(Block)` with rows that
    came into sight, `renewed(Block)` with the present state of the rows in sight; `counted(int)`
    where rows came before their number; `replacing_changed(bool)` while another table is being
    read; `refused(str)`.
    """

    replaced = Signal(object)
    filled = Signal(object)
    renewed = Signal(object)
    counted = Signal(int)
    replacing_changed = Signal(bool)
    refused = Signal(str)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        query: Callable[[int, int], TableQuery],
        columns: Callable[[], tuple[Column, ...]],
        rows_in_sight: Callable[[], range],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._query = query
        self._columns = columns
        self._rows_in_sight = rows_in_sight
        self._is_replacing = False
        self._has_rows = False
        self._known: tuple[TableQuery, int] | None = None
        self._renews_after = False
        self._replacing = Work(background, self)
        self._renewing = Work(background, self)
        self._counting = Work(background, self)
        self._filling: dict[int, asyncio.Task[None]] = {}
        self._soon = QTimer(self, singleShot=True, interval=_REFRESH_AFTER_MS)
        self._soon.timeout.connect(self._renew)

    @property
    def shows_rows(self) -> bool:
        """Whether rows are there, and no other table is on its way."""
        return self._has_rows and not self._is_replacing

    def replace(self) -> None:
        """Reads another table from its first row on."""
        self._renewing.drop()
        self._counting.drop()
        for task in self._filling.values():
            task.cancel()
        self._filling.clear()
        self._is_replacing = True
        self.replacing_changed.emit(True)
        self._replacing.start(self._read_first())

    def fill(self, offset: int) -> None:
        """Reads a block that came into sight."""
        if self._is_replacing or offset in self._filling:
            return
        task = self._background.run(self._read_more(offset), self)
        if task is not None:
            self._filling[offset] = task
            task.add_done_callback(lambda ended: self._forget(offset, ended))

    async def read_rows(self, offset: int, limit: int) -> list[PreparedRow]:
        """Rows that may not be loaded, without showing them."""
        return (await self._read(offset, limit)).rows

    def renew_soon(self) -> None:
        """Reads the rows in sight again; calls in quick succession are one."""
        if not self._soon.isActive():
            self._soon.start()

    def _renew(self) -> None:
        if self._is_replacing:
            # What is on its way may have been read before the change.
            self._renews_after = True
        elif self._has_rows:
            self._renewing.renew(self._read_again)

    async def _read_first(self) -> None:
        with self._refusals_shown():
            try:
                block = await self._read(0, BLOCK)
            except Exception:
                self._end_replacing()
                raise
            self._end_replacing()
            self._has_rows = True
            self.replaced.emit(block)
            self._count(block)
            if self._renews_after:
                self._renews_after = False
                self.renew_soon()

    async def _read_more(self, offset: int) -> None:
        with self._refusals_shown():
            self.filled.emit(await self._read(offset, BLOCK))

    async def _read_again(self) -> None:
        seen = self._rows_in_sight()
        offset = max(seen.start - _AROUND, 0)
        limit = min(max(len(seen) + 2 * _AROUND, BLOCK), 5 * BLOCK)
        with self._refusals_shown():
            block = await self._read(offset, limit)
            self.renewed.emit(block)
            self._count(block)

    def _count(self, block: Block) -> None:
        """Reads how many rows there are, where they came before that was known."""
        if block.page.to_count:
            self._counting.renew(self._read_number)

    async def _read_number(self) -> None:
        query, acting = self._query(0, 1), self._acting
        with self._refusals_shown():
            number = await self._background.read(lambda: tables.number_of_rows(acting, query))
            self._known = replace(query, sort=()), number
            self.counted.emit(number)

    async def _read(self, offset: int, limit: int) -> Block:
        query, columns, acting = self._query(offset, limit), self._columns(), self._acting

        def read() -> Block:
            page = _with_known(tables.rows_at_once(acting, query), query, self._known)
            return Block(offset, columns, page, [prepare_row(row, columns) for row in page.rows])

        return await self._background.read(read)

    @contextmanager
    def _refusals_shown(self) -> Iterator[None]:
        try:
            yield
        except Refused as error:
            self.refused.emit(str(error))

    def _end_replacing(self) -> None:
        self._is_replacing = False
        self.replacing_changed.emit(False)

    def _forget(self, offset: int, ended: asyncio.Task[None]) -> None:
        if self._filling.get(offset) is ended:
            del self._filling[offset]


def _with_known(page: Page, query: TableQuery, known: tuple[TableQuery, int] | None) -> Page:
    """The page with the number of rows that is known of its filter, until they are counted again:
    a table that is read again or in another order doesn't become short meanwhile."""
    if not page.to_count or known is None or known[0] != replace(query, offset=0, limit=1, sort=()):
        return page
    return replace(page, count=max(page.count, known[1]), exact=True)
