"""Statuses of an agent beside those of people: a row per dataset, drawn on its lumisections."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QHeaderView, QVBoxLayout, QWidget

from app.domain.lumisections import count, format_ranges
from app.domain.triplets import Triplet
from app.services.agents.agreement import OnDataset
from app.views.changes.history_axis import (
    LANE_ROLE,
    AxisHeader,
    LaneDelegate,
    last_lumisection,
)
from app.views.changes.lines import CellValue, Piece
from app.views.looks import words
from app.views.looks.theme import Theme, Themes
from app.views.widgets.plain import shown
from app.views.widgets.tables.plain_table import PlainTable
from app.views.widgets.tables.titled_model import TitledModel

RUN, DATASET, COLUMN, LANE, DIFFER, WHERE, AGENT, PEOPLE = range(8)
TITLES = ("Run", "Dataset", "Column", "", "Differ", "In LS", "Agent", "People")
_WIDTHS = {RUN: 64, DATASET: 150, DIFFER: 52, WHERE: 110, AGENT: 140, PEOPLE: 140}

Index = QModelIndex | QPersistentModelIndex


class VerdictsModel(TitledModel):
    """One row per dataset, in the order given."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[OnDataset, ...] = ()
        self._lanes: tuple[tuple[Piece, ...], ...] = ()

    @property
    def verdicts(self) -> tuple[OnDataset, ...]:
        """The verdicts of the rows."""
        return self._rows

    @property
    def lanes(self) -> tuple[tuple[Piece, ...], ...]:
        """The pieces that are drawn in the rows."""
        return self._lanes

    def show_verdicts(self, verdicts: Sequence[OnDataset]) -> None:
        """Shows other verdicts."""
        self.beginResetModel()
        self._rows = tuple(verdicts)
        self._lanes = tuple(_lane(dataset) for dataset in verdicts)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        dataset, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                str(dataset.run_number),
                dataset.dataset,
                dataset.column,
                "",
                words.number(count(dataset.differing)) if dataset.differing else "",
                format_ranges(dataset.differing),
                _counts(dataset.agent),
                _counts(dataset.people),
            )[column]
        if role == LANE_ROLE and column == LANE:
            return self._lanes[index.row()]
        if role == Qt.ItemDataRole.TextAlignmentRole and column == DIFFER:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and column != LANE:
            if column == COLUMN and dataset.judged_by != dataset.column:
                return f"{dataset.column}, compared with {dataset.judged_by} of people"
            return self.data(index)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        tip = role == Qt.ItemDataRole.ToolTipRole and orientation == Qt.Orientation.Horizontal
        if tip and section == LANE:
            return "People in the thin strip above, the agent below"
        return super().headerData(section, orientation, role)


class VerdictLanes(LaneDelegate):
    """Draws both statuses; the tooltip names them."""

    def tip(self, lane: Sequence[Piece], lumisection: int) -> str:
        for piece in lane:
            if any(first <= lumisection <= last for first, last in piece.ranges):
                people, agent = _status(piece.before), _status(piece.after)
                return f"LS {lumisection}: people {people}, agent {agent}"
        return f"LS {lumisection}: set by nobody"


class VerdictsTable(QWidget):
    """Verdicts of one column side by side.

    Signals: `opened(run_number, dataset)` by Enter or double click.
    """

    opened = Signal(int, str)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = VerdictsModel(self)
        self.table = PlainTable("Verdicts of the agent and of people")
        self.table.setModel(self.model)
        self._lanes = VerdictLanes(themes.theme, self.table)
        self.table.setHorizontalHeader(AxisHeader(LANE, self._lanes, self.table))
        self.table.setItemDelegateForColumn(LANE, self._lanes)
        header = self.table.horizontalHeader()
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)
        self.table.setColumnHidden(COLUMN, True)
        header.setSectionResizeMode(LANE, QHeaderView.ResizeMode.Stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        self.table.entered.connect(self._open)
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        themes.changed.connect(self._apply_theme)

    def show_verdicts(self, verdicts: Sequence[OnDataset], nothing: str) -> None:
        """Shows other verdicts; `nothing` is the text when there are none."""
        self.model.show_verdicts(verdicts)
        self._lanes.set_length(last_lumisection(self.model.lanes))
        self.table.say("" if verdicts else nothing)
        self.table.horizontalHeader().viewport().update()
        if verdicts:
            self.table.selectRow(0)

    def _open(self, row: int) -> None:
        dataset = self.model.verdicts[row]
        self.opened.emit(dataset.run_number, dataset.dataset)

    def _apply_theme(self, theme: Theme) -> None:
        self._lanes.set_theme(theme)
        self.table.viewport().update()


def _lane(verdicts: OnDataset) -> tuple[Piece, ...]:
    """The status of people as the old value, that of the agent as the new one."""
    return tuple(
        Piece(
            verdicts.column,
            pair.ranges,
            Triplet(pair.people) if pair.people else None,
            Triplet(pair.agent) if pair.agent else None,
            oms=True,  # a status that nobody set is not a missing value
        )
        for pair in verdicts.verdicts
    )


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{status} {words.number(number)}" for status, number in counts.items())


def _status(value: CellValue) -> str:
    return value.status if isinstance(value, Triplet) else "nothing"
