"""The newest row of a table is chosen until somebody acts on what is there."""

from PySide6.QtCore import QObject, QTimer

from app.services.certification.tables import Row
from app.views.tables.table import Table
from app.views.tables.table_model import TableModel

_CALM_MS = 5000


class NewestRow(QObject):
    """Chooses the newest row when no newer one has come for some seconds.

    Row after row comes while much is pulled: what is looked at would never stand still.
    """

    def __init__(self, table: Table, model: TableModel) -> None:
        super().__init__(table)
        self._table = table
        self._model = model
        self._follows = True
        self.calm = QTimer(self, singleShot=True, interval=_CALM_MS)
        self.calm.timeout.connect(self._choose)
        table.touched.connect(self.stay)

    def stay(self) -> None:
        """From now on a newer row moves nothing."""
        self._follows = False
        self.calm.stop()

    def renewed(self, top_before: Row | None) -> None:
        """The rows were read again; `top_before` was the first of them."""
        if self._follows and _is_newer(self._model.row_at(0), top_before):
            self.calm.start()

    def _choose(self) -> None:
        if _is_newer(self._model.row_at(0), self._model.row_at(self._table.currentIndex().row())):
            self._table.selectRow(0)
            self._table.scrollToTop()


def _is_newer(row: Row | None, other: Row | None) -> bool:
    return row is not None and (other is None or row.run_number > other.run_number)
