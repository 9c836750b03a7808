"""Qt model of proposals: whose, where, what, with the lumisections drawn."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt

from app.domain.agents.proposals import Proposal
from app.domain.lumisections import format_ranges
from app.views import words
from app.views.backend.history import Piece
from app.views.grid.history_axis import LANE_ROLE, value_words
from app.views.widgets.plain import shown
from app.views.widgets.titled_model import TitledModel

AGENT, COLUMN, LANE, RANGES, SAYS, SINCE = range(6)
TITLES = ("Agent", "Column", "", "LS", "Says", "Since")

Index = QModelIndex | QPersistentModelIndex


class ProposalModel(TitledModel):
    """Shows proposals as they are."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._proposals: tuple[Proposal, ...] = ()
        self._lanes: tuple[tuple[Piece, ...], ...] = ()
        self._now = datetime.now(UTC)

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """What is shown."""
        return self._proposals

    @property
    def lanes(self) -> tuple[tuple[Piece, ...], ...]:
        """What is drawn of each."""
        return self._lanes

    def show_proposals(self, proposals: Sequence[Proposal]) -> None:
        """Shows others."""
        self.beginResetModel()
        self._proposals = tuple(proposals)
        self._lanes = tuple(
            (Piece(each.column, each.ranges, each.triplet, each.triplet),) for each in proposals
        )
        self._now = datetime.now(UTC)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._proposals)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        each, column = self._proposals[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                f"{each.agent} {each.agent_version}",
                each.column,
                "",
                format_ranges(each.ranges),
                value_words(each.triplet),
                words.ago(each.proposed, self._now),
            )[column]
        if role == LANE_ROLE and column == LANE:
            return self._lanes[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole and column != LANE:
            if column == SINCE:
                return words.time(each.proposed)
            if column == RANGES:
                return f"{words.number(each.lumisections)} LS: {format_ranges(each.ranges)}"
            return self.data(index)
        return None
