"""The tab of attributes: everything OMS and the Run Registry know of a run, searched and copied."""

from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.views.looks.theme import STEP
from app.views.runs.attributes_model import AttributesModel
from app.views.widgets.tables.details_table import DetailsTable

_WIDTHS = (120, 260)


class AttributesTab(QWidget):
    """A line to search in, and the attributes that have what it says."""

    def __init__(self, attributes: AttributesModel) -> None:
        super().__init__()
        self.found = QSortFilterProxyModel(self)
        self.found.setSourceModel(attributes)
        self.found.setFilterKeyColumn(-1)
        self.found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.search = QLineEdit(placeholderText="Find an attribute or value")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.found.setFilterFixedString)
        self.table = DetailsTable("Attributes")
        self.table.setModel(self.found)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.addWidget(self.search)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
