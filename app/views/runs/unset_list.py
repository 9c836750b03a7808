"""The places that stand in the way of a sign-off, each of which leads to its cell."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.certification.runs import Unset
from app.domain.counting import number
from app.domain.lumisections import count, format_ranges
from app.views.looks.theme import ROW_HEIGHT, Themes
from app.views.widgets.tables.lines_model import Line, LinesModel
from app.views.widgets.tables.plain_table import PlainTable

_TITLES = ("Column", "Status", "LS", "Lumisections")
_WIDTHS = (130, 130, 50)
_MOST_ROWS = 8
_MOST_WIDTH = 760
_MARGIN = 32


class UnsetList(QWidget):
    """Lists columns without a status; Enter or a click chooses one.

    Signals: `chosen(Unset)`.
    """

    chosen = Signal(object)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model: LinesModel[Unset] = LinesModel(_TITLES, themes, self, right=(2,))
        self.table = PlainTable("Columns without a status")
        self.table.setModel(self.model)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, width)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.table.entered.connect(self._choose)
        self.table.clicked.connect(lambda index: self._choose(index.row()))

    def show_unset(self, unset: tuple[Unset, ...]) -> None:
        """Shows them, the first one marked."""
        self.model.show_lines(
            [
                Line(
                    (each.column, each.status),
                    each,
                    (
                        each.column,
                        each.status or "no status",
                        number(count(each.ranges)),
                        format_ranges(each.ranges),
                    ),
                )
                for each in unset
            ]
        )
        rows = min(len(unset), _MOST_ROWS) + 1
        ranges = max(self.table.sizeHintForColumn(len(_WIDTHS)), 0)
        self.table.setMinimumWidth(min(sum(_WIDTHS) + ranges + _MARGIN, _MOST_WIDTH))
        self.table.setFixedHeight(rows * (ROW_HEIGHT + 2) + 4)
        self.table.setCurrentIndex(self.model.index(0, 0))

    def _choose(self, row: int) -> None:
        self.chosen.emit(self.model.item(row))
