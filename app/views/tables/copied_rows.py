"""The selected rows of a table on the clipboard, also those that are not loaded."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QObject

from app.domain.errors import Refused
from app.views.background import Background, Work
from app.views.tables.columns import PreparedRow, copied
from app.views.tables.table import Table
from app.views.tables.table_loader import TableLoader
from app.views.tables.table_model import TableModel
from app.views.widgets.tables.copying import columns_in_sight, copy_rows


class CopiedRows(QObject):
    """Copies the selected rows as they are shown, column by column."""

    def __init__(
        self,
        table: Table,
        model: TableModel,
        loader: TableLoader,
        background: Background,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._table = table
        self._model = model
        self._loader = loader
        self._reading = Work(background, self)
        table.copy_wanted.connect(self._copy)

    def _copy(self) -> None:
        places = _places(self._table.selectionModel().selection())
        current = self._table.currentIndex()
        if not places and current.isValid():
            places = [range(current.row(), current.row() + 1)]
        rows = [self._model.prepared(place) for each in places for place in each]
        loaded = [row for row in rows if row is not None]
        if len(loaded) == len(rows):
            self._put(loaded)
        else:
            self._reading.start(self._read(places))

    async def _read(self, places: Sequence[range]) -> None:
        rows: list[PreparedRow] = []
        try:
            for each in places:
                rows += await self._loader.read_rows(each.start, len(each))
        except Refused as error:
            self._loader.refused.emit(str(error))
        else:
            self._put(rows)

    def _put(self, rows: Sequence[PreparedRow]) -> None:
        if rows:
            columns = columns_in_sight(self._table)
            copy_rows([[copied(row.cells[column]) for column in columns] for row in rows])


def _places(selection: QItemSelection) -> list[range]:
    """The selected rows as stretches, from top to bottom."""
    chosen: set[int] = set()
    for number in range(selection.count()):
        stretch = selection.at(number)
        chosen.update(range(stretch.top(), stretch.bottom() + 1))
    places: list[range] = []
    for place in sorted(chosen):
        if places and places[-1].stop == place:
            places[-1] = range(places[-1].start, place + 1)
        else:
            places.append(range(place, place + 1))
    return places
