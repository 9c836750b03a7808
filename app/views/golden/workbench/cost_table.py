"""What each condition of a rule costs: lumisections and luminosity, together and alone."""

import json
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.domain.rules.tree import Condition, node_of, text_of
from app.golden.preview import Cost, Figures, Preview
from app.views.looks import words
from app.views.looks.theme import ROW_HEIGHT, STEP, Themes, tabular
from app.views.widgets.plain import shown

COST_ROLE = Qt.ItemDataRole.UserRole
_SHARE_ROLE = Qt.ItemDataRole.UserRole + 1
_HEADERS = ("Condition that fails", "LS", "Lost pb⁻¹", "Alone pb⁻¹")
_TIPS = (
    "Conditions that failed in lumisections outside the list",
    "Lumisections in which it failed, whatever else failed",
    "Recorded luminosity of those lumisections",
    "Recorded luminosity where nothing else failed: what the list would gain without it",
)
_WIDTHS = (64, 72, 76)
_BAR = 3

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class _Row:
    cost: Cost
    texts: tuple[str, str, str, str]
    tip: str
    share: float


class CostModel(QAbstractTableModel):
    """Lists the conditions, the greatest loss first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []

    def show_preview(self, preview: Preview) -> None:
        """Shows other costs; rows are kept, so that the scroll position stays."""
        costs = preview.costs
        largest = max((cost.failed.luminosity.recorded for cost in costs), default=0.0)
        most = max((cost.failed.lumisections for cost in costs), default=0)
        rows = [
            _Row(
                cost,
                (
                    condition_words(cost.condition, short=True),
                    words.number(cost.failed.lumisections),
                    pb(cost.failed),
                    pb(cost.alone) if cost.alone.lumisections else "",
                ),
                _tip(cost),
                cost.failed.luminosity.recorded / largest
                if largest
                else cost.failed.lumisections / max(most, 1),
            )
            for cost in costs
        ]
        known = len(self._rows)
        if len(rows) > known:
            self.beginInsertRows(QModelIndex(), known, len(rows) - 1)
            self._rows = rows
            self.endInsertRows()
        elif len(rows) < known:
            self.beginRemoveRows(QModelIndex(), len(rows), known - 1)
            self._rows = rows
            self.endRemoveRows()
        self._rows = rows
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(_HEADERS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(_HEADERS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return _HEADERS[section]
            if role == Qt.ItemDataRole.ToolTipRole:
                return _TIPS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole and not section:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.texts[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.tip
        if role == COST_ROLE:
            return row.cost
        return row.share if role == _SHARE_ROLE else None


class _BarDelegate(QStyledItemDelegate):
    """Paints a thin bar below the condition: its share of the greatest loss."""

    def __init__(self, themes: Themes, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        share = float(index.data(_SHARE_ROLE) or 0)
        area = option.rect
        painter.fillRect(
            area.left() + STEP,
            area.bottom() - _BAR,
            round(max(area.width() - 2 * STEP, 0) * share),
            _BAR - 1,
            self._themes.theme.colour("accent"),
        )


class CostTable(QTableView):
    """Read-only; Enter and a double click go to a condition."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.costs = CostModel(self)
        self.setModel(self.costs)
        self.setAccessibleName("What costs most")
        self.setFont(tabular(self.font()))
        self.setItemDelegateForColumn(0, _BarDelegate(themes, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate(_WIDTHS, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)


def condition_words(condition: str, *, short: bool = False) -> str:
    """A condition's JSON text as a person reads it; `short` leaves out where its variable is."""
    node = node_of(json.loads(condition))
    if short and isinstance(node, Condition):
        node = replace(node, variable=node.variable.rpartition(".")[2])
    return text_of(node)


def pb(figures: Figures) -> str:
    """Recorded luminosity; a question mark where it is unknown."""
    return words.luminosity(figures.luminosity.recorded) if figures.measured else "?"


def _tip(cost: Cost) -> str:
    text = (
        f"{condition_words(cost.condition)}\nfailed in {_full(cost.failed)}\n"
        f"alone in {_full(cost.alone)}"
    )
    return f"{text}\nEnter: go to the condition"


def _full(figures: Figures) -> str:
    text = f"{words.counted(figures.lumisections, 'lumisection')}"
    if figures.measured:
        text += f", {figures.luminosity.recorded!r} pb⁻¹ recorded"
    if figures.unmeasured:
        text += f", {words.number(figures.unmeasured)} of them without a luminosity"
    return text
