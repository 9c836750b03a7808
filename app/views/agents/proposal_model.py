"""Qt model of proposals: agent, column, lumisections and value."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt

from app.domain.agents.proposals import Proposal
from app.domain.clock import server_now
from app.domain.lumisections import format_ranges
from app.views import words
from app.views.changes.history_axis import LANE_ROLE, value_words
from app.views.changes.lines import Piece
from app.views.widgets.plain import shown
from app.views.widgets.titled_model import TitledModel

AGENT, COLUMN, LANE, RANGES, VALUE, SINCE = range(6)
TITLES = ("Agent", "Column", "", "LS", "Value", "Since")

Index = QModelIndex | QPersistentModelIndex


class ProposalModel(TitledModel):
    """One row per proposal."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._proposals: tuple[Proposal, ...] = ()
        self._lanes: tuple[tuple[Piece, ...], ...] = ()

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """The proposals of the rows."""
        return self._proposals

    @property
    def lanes(self) -> tuple[tuple[Piece, ...], ...]:
        """The pieces that are drawn in the rows."""
        return self._lanes

    def show_proposals(self, proposals: Sequence[Proposal]) -> None:
        """Shows other proposals."""
        self.beginResetModel()
        self._proposals = tuple(proposals)
        self._lanes = tuple(
            (Piece(proposal.column, proposal.ranges, proposal.triplet, proposal.triplet),)
            for proposal in proposals
        )
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._proposals)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        proposal, column = self._proposals[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (
                f"{proposal.agent} {proposal.agent_version}",
                proposal.column,
                "",
                format_ranges(proposal.ranges),
                value_words(proposal.triplet),
                words.ago(proposal.proposed, server_now()),
            )[column]
        if role == LANE_ROLE and column == LANE:
            return self._lanes[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole and column != LANE:
            if column == SINCE:
                return words.time(proposal.proposed)
            if column == RANGES:
                return f"{words.number(proposal.lumisections)} LS: {format_ranges(proposal.ranges)}"
            return self.data(index)
        return None
