"""A plain table of attributes and the like."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableView, QWidget

from app.views.widgets.tables.plain_table import make_dense


class DetailsTable(QTableView):
    """A plain table of whole rows."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        make_dense(self, name)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
