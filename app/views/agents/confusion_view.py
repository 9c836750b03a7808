"""A confusion table painted: what the agent said in rows, what people said in columns."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.domain.agents.agreement import Confusion
from app.views import words
from app.views.theme import STEP, Theme, Themes, contrast
from app.views.widgets.plain import Label, MarkedUp, shown
from app.views.widgets.plain_table import PlainTable

GROUND_ROLE = Qt.ItemDataRole.UserRole

Index = QModelIndex | QPersistentModelIndex

if TYPE_CHECKING:
    from app.views.agents.rates_chart import RatesChart

_STRONGEST = 190
_LEAST_CELL = 62
_CHART_WIDTH = 300


def percent(share: float | None) -> str:
    """`98.2 %`, a dash where it can't be told."""
    return "-" if share is None else f"{100 * share:.1f} %"


class ConfusionModel(QAbstractTableModel):
    """Lumisections by what both said; then precision in the last column, recall in the last row."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._confusion = Confusion()
        self._said: tuple[str, ...] = ()
        self._meant: tuple[str, ...] = ()

    @property
    def confusion(self) -> Confusion:
        """What is shown."""
        return self._confusion

    def show_confusion(self, confusion: Confusion) -> None:
        """Shows another one."""
        self.beginResetModel()
        self._confusion = confusion
        self._said = tuple(each for each in confusion.statuses if confusion.said(each))
        self._meant = tuple(each for each in confusion.statuses if confusion.meant(each))
        self.endResetModel()

    def set_theme(self, theme: Theme) -> None:
        """Shows other colours."""
        self._theme = theme
        if self._said:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._said), len(self._meant)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() or not self._said else len(self._said) + 1

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() or not self._meant else len(self._meant) + 1

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        if role == GROUND_ROLE:
            return self._ground(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            ground = self._ground(row, column)
            if ground is not None:
                return _ink(ground)
            return self._theme.colour("muted" if self._is_rate(row, column) else "text")
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or not self._said:
            return None
        across = orientation == Qt.Orientation.Horizontal
        names = self._meant if across else self._said
        if section == len(names):
            return "precision" if across else "recall"
        return names[section]

    def _is_rate(self, row: int, column: int) -> bool:
        return row == len(self._said) or column == len(self._meant)

    def _count(self, row: int, column: int) -> int:
        return self._confusion.counts.get((self._said[row], self._meant[column]), 0)

    def _text(self, row: int, column: int) -> str:
        last_row, last_column = row == len(self._said), column == len(self._meant)
        if last_row and last_column:
            return percent(self._confusion.share)
        if last_column:
            return percent(self._confusion.precision(self._said[row]))
        if last_row:
            return percent(self._confusion.recall(self._meant[column]))
        return words.number(self._count(row, column))

    def _tip(self, row: int, column: int) -> str:
        last_row, last_column = row == len(self._said), column == len(self._meant)
        confusion = self._confusion
        if last_row and last_column:
            return "Part of the lumisections in which both said the same"
        if last_column:
            said = self._said[row]
            return f"Of the LS that the agent called {said}: the part that people called so, too"
        if last_row:
            meant = self._meant[column]
            return f"Of the LS that people called {meant}: the part that the agent called so, too"
        share = self._count(row, column) / confusion.compared if confusion.compared else 0.0
        return (
            f"The agent said {self._said[row]}, people {self._meant[column]}:"
            f" {self._count(row, column)} LS, {percent(share)}"
        )

    def _ground(self, row: int, column: int) -> QColor | None:
        """Stronger with the share of what people called so; agreement in one colour, else other."""
        if self._is_rate(row, column) or not self._count(row, column):
            return None
        share = self._count(row, column) / max(self._confusion.meant(self._meant[column]), 1)
        agrees = self._said[row] == self._meant[column]
        colour = self._theme.colour("success" if agrees else "danger")
        under = self._theme.colour("surface")
        part = (40 + (_STRONGEST - 40) * share) / 255
        return QColor(
            round(colour.red() * part + under.red() * (1 - part)),
            round(colour.green() * part + under.green() * (1 - part)),
            round(colour.blue() * part + under.blue() * (1 - part)),
        )


class GroundDelegate(QStyledItemDelegate):
    """Paints the colour of a cell, which the style sheet would hide."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        ground = index.data(GROUND_ROLE)
        if ground is not None:
            painter.fillRect(option.rect.adjusted(1, 1, -1, -1), ground)
        super().paint(painter, option, index)


class ConfusionView(QWidget):
    """Table and chart of one column, with a sentence above."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ConfusionModel(themes.theme, self)
        self.table = PlainTable("Confusion table")
        self.table.setSelectionMode(QTableView.SelectionMode.NoSelection)
        self.table.setModel(self.model)
        self.table.verticalHeader().show()
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.verticalHeader().setHighlightSections(False)
        self.table.verticalHeader().setDefaultSectionSize(32)
        self.table.setItemDelegate(GroundDelegate(self.table))
        header = self.table.horizontalHeader()
        header.setMinimumSectionSize(_LEAST_CELL)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.chart: RatesChart | None = None
        self.legend = MarkedUp()
        self.said = Label(wordWrap=True)
        self._themes = themes
        self._right = QVBoxLayout()
        self._right.setSpacing(STEP)
        self._right.addWidget(self.legend)
        self.sides = Label("LS that the agent called (rows) and people called (columns)")
        self.sides.setProperty("role", "muted")
        left = QVBoxLayout()
        left.setSpacing(STEP)
        left.addWidget(self.sides)
        left.addWidget(self.table, 1)
        both = QHBoxLayout()
        both.setSpacing(3 * STEP)
        both.addLayout(left, 3)
        both.addLayout(self._right, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * STEP, 2 * STEP, 2 * STEP, 2 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addWidget(self.said)
        layout.addLayout(both, 1)
        themes.changed.connect(self._dress)
        self._dress(themes.theme)

    def _make_chart(self) -> "RatesChart":
        if self.chart is None:
            # Drawing comes with a library that takes longer to load than all other views.
            from app.views.agents.rates_chart import RatesChart

            self.chart = RatesChart(self._themes)
            self.chart.setMinimumWidth(_CHART_WIDTH)
            self._right.addWidget(self.chart, 1)
        return self.chart

    def show_confusion(self, column: str, confusion: Confusion | None) -> None:
        """Shows the figures of a column, or none."""
        found = confusion or Confusion()
        self.model.show_confusion(found)
        if self.chart is not None or found.compared:
            chart = self._make_chart()
            chart.show_confusion(found)
            chart.setVisible(bool(found.compared))
        if confusion is None:
            self.said.setText("")
        elif not found.compared:
            self.said.setText(
                f"{column}: there is no lumisection on which both spoke;"
                f" the agent alone in {words.number(found.only_agent)} LS,"
                f" people alone in {words.number(found.only_people)}."
            )
        else:
            kappa = found.kappa
            more = "" if kappa is None else f", kappa {kappa:.2f} (1 is full, 0 is by chance)"
            self.said.setText(
                f"{column}: {percent(found.share)} of {words.number(found.compared)} LS agree"
                f"{more}. The agent alone spoke in {words.number(found.only_agent)} LS,"
                f" people alone in {words.number(found.only_people)}."
            )
        self.table.say("" if found.compared else "Nothing to compare.")
        self.legend.setVisible(bool(found.compared))
        self.sides.setVisible(bool(found.compared))

    def _dress(self, theme: Theme) -> None:
        self.model.set_theme(theme)
        one, other = theme.tokens["cause_1"], theme.tokens["cause_7"]
        self.legend.setText(
            f"<span style='color:{one}'>&#9632;</span> precision&nbsp;&nbsp;"
            f"<span style='color:{other}'>&#9632;</span> recall"
        )


def _ink(ground: QColor) -> QColor:
    black, white = QColor("#000000"), QColor("#ffffff")
    return black if contrast(ground, black) >= contrast(ground, white) else white
