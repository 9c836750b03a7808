"""The confusion table: statuses of the agent in rows, those of people in columns."""

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
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes, contrast
from app.views.widgets.plain import Label, MarkedUp, shown
from app.views.widgets.tables.plain_table import PlainTable

GROUND_ROLE = Qt.ItemDataRole.UserRole

Index = QModelIndex | QPersistentModelIndex

if TYPE_CHECKING:
    from app.views.agents.rates_chart import RatesChart

_STRONGEST = 190
_LEAST_CELL = 62
_CHART_WIDTH = 300


class ConfusionModel(QAbstractTableModel):
    """Lumisections by both statuses; precision in the last column, recall in the last row."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._confusion = Confusion()
        self._of_agent: tuple[str, ...] = ()
        self._of_people: tuple[str, ...] = ()

    @property
    def confusion(self) -> Confusion:
        """What is shown."""
        return self._confusion

    def show_confusion(self, confusion: Confusion) -> None:
        """Shows the figures of another column."""
        self.beginResetModel()
        self._confusion = confusion
        self._of_agent = tuple(filter(confusion.by_agent, confusion.statuses))
        self._of_people = tuple(filter(confusion.by_people, confusion.statuses))
        self.endResetModel()

    def set_theme(self, theme: Theme) -> None:
        """Shows other colours."""
        self._theme = theme
        if self._of_agent:
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self._of_agent), len(self._of_people))
            )

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() or not self._of_agent else len(self._of_agent) + 1

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() or not self._of_people else len(self._of_people) + 1

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
        if role != Qt.ItemDataRole.DisplayRole or not self._of_agent:
            return None
        across = orientation == Qt.Orientation.Horizontal
        names = self._of_people if across else self._of_agent
        if section == len(names):
            return "precision" if across else "recall"
        return names[section]

    def _is_rate(self, row: int, column: int) -> bool:
        return row == len(self._of_agent) or column == len(self._of_people)

    def _count(self, row: int, column: int) -> int:
        return self._confusion.counts.get((self._of_agent[row], self._of_people[column]), 0)

    def _text(self, row: int, column: int) -> str:
        last_row, last_column = row == len(self._of_agent), column == len(self._of_people)
        if last_row and last_column:
            return words.percent(self._confusion.share)
        if last_column:
            return words.percent(self._confusion.precision(self._of_agent[row]))
        if last_row:
            return words.percent(self._confusion.recall(self._of_people[column]))
        return words.number(self._count(row, column))

    def _tip(self, row: int, column: int) -> str:
        last_row, last_column = row == len(self._of_agent), column == len(self._of_people)
        confusion = self._confusion
        if last_row and last_column:
            return "Share of the lumisections to which both gave the same status"
        if last_column:
            status = self._of_agent[row]
            return f"Of the LS that the agent set to {status}: the share that people confirm"
        if last_row:
            status = self._of_people[column]
            return f"Of the LS that people set to {status}: the share that the agent found"
        share = self._count(row, column) / confusion.compared if confusion.compared else 0.0
        return (
            f"Agent {self._of_agent[row]}, people {self._of_people[column]}:"
            f" {self._count(row, column)} LS, {words.percent(share)}"
        )

    def _ground(self, row: int, column: int) -> QColor | None:
        """The colour of a cell, stronger with its share of the status of people."""
        if self._is_rate(row, column) or not self._count(row, column):
            return None
        share = self._count(row, column) / max(
            self._confusion.by_people(self._of_people[column]), 1
        )
        agrees = self._of_agent[row] == self._of_people[column]
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
        self.summary = Label(wordWrap=True)
        self._themes = themes
        self._right = QVBoxLayout()
        self._right.setSpacing(STEP)
        self._right.addWidget(self.legend)
        self.sides = Label("LS by the status of the agent (rows) and of people (columns)")
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
        layout.addWidget(self.summary)
        layout.addLayout(both, 1)
        themes.changed.connect(self._apply_theme)
        self._apply_theme(themes.theme)

    def _make_chart(self) -> "RatesChart":
        if self.chart is None:
            # Imported late: the plotting library takes longer to load than all other views.
            from app.views.agents.rates_chart import RatesChart

            self.chart = RatesChart(self._themes)
            self.chart.setMinimumWidth(_CHART_WIDTH)
            self._right.addWidget(self.chart, 1)
        return self.chart

    def show_confusion(self, column: str, confusion: Confusion | None) -> None:
        """Shows the figures of a column; nothing for None."""
        shown = confusion or Confusion()
        self.model.show_confusion(shown)
        if self.chart is not None or shown.compared:
            chart = self._make_chart()
            chart.show_confusion(shown)
            chart.setVisible(bool(shown.compared))
        if confusion is None:
            self.summary.setText("")
        elif not shown.compared:
            self.summary.setText(
                f"{column}: no lumisection was set by both the agent and people;"
                f" {words.number(shown.only_agent)} LS by the agent only,"
                f" {words.number(shown.only_people)} by people only."
            )
        else:
            kappa = shown.kappa
            more = (
                "" if kappa is None else f", kappa {kappa:.2f} (1 is full agreement, 0 is chance)"
            )
            self.summary.setText(
                f"{column}: {words.percent(shown.share)} of {words.number(shown.compared)} LS agree"
                f"{more}. Set by the agent only: {words.number(shown.only_agent)} LS,"
                f" by people only: {words.number(shown.only_people)}."
            )
        self.table.say("" if shown.compared else "Nothing to compare.")
        self.legend.setVisible(bool(shown.compared))
        self.sides.setVisible(bool(shown.compared))

    def _apply_theme(self, theme: Theme) -> None:
        self.model.set_theme(theme)
        precision, recall = theme.tokens["cause_1"], theme.tokens["cause_7"]
        self.legend.setText(
            f"<span style='color:{precision}'>&#9632;</span> precision&nbsp;&nbsp;"
            f"<span style='color:{recall}'>&#9632;</span> recall"
        )


def _ink(ground: QColor) -> QColor:
    black, white = QColor("#000000"), QColor("#ffffff")
    return black if contrast(ground, black) >= contrast(ground, white) else white
