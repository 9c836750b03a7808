"""Qt model of proposals: agent, column, lumisections and value."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt

from app.domain.agents.proposals import Proposal
from app.domain.clock import server_now
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.triplets import Triplet
from app.views.changes.history_axis import LANE_ROLE, value_words
from app.views.changes.lines import Piece
from app.views.looks import words
from app.views.widgets.plain import shown
from app.views.widgets.tables.copying import COPY_ROLE
from app.views.widgets.tables.titled_model import TitledModel

AGENT, COLUMN, LANE, RANGES, NOW, VALUE, SINCE = range(7)
TITLES = ("Agent", "Column", "", "LS", "Now", "Proposed", "Since")

Index = QModelIndex | QPersistentModelIndex
Values = tuple[tuple[tuple[LumiRange, ...], Triplet], ...]


class ProposalModel(TitledModel):
    """One row per proposal."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._proposals: tuple[Proposal, ...] = ()
        self._lanes: tuple[tuple[Piece, ...], ...] = ()
        self._standing: Mapping[int, Values] = {}

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

    def show_standing(self, standing: Mapping[int, Values]) -> None:
        """Shows what stands now in the lumisections of the proposals, by their ids."""
        self._standing = standing
        if self._proposals:
            last = len(self._proposals) - 1
            self.dataChanged.emit(self.index(0, NOW), self.index(last, NOW))

    def _now_text(self, proposal: Proposal, *, ranges: bool = False) -> str:
        values = self._standing.get(proposal.id, ())
        several = len(values) > 1 or ranges
        return "\n".join(
            f"{value_words(value)} (LS {format_ranges(where)})" if several else value_words(value)
            for where, value in values
        )

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
                self._now_text(proposal).replace("\n", "; "),
                value_words(proposal.triplet),
                words.ago(proposal.proposed, server_now()),
            )[column]
        if role == COPY_ROLE and column == SINCE:
            return words.time(proposal.proposed)
        if role == LANE_ROLE and column == LANE:
            return self._lanes[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole and column != LANE:
            if column == SINCE:
                return words.time(proposal.proposed)
            if column == NOW:
                return self._now_text(proposal, ranges=True)
            if column == RANGES:
                return f"{words.number(proposal.lumisections)} LS: {format_ranges(proposal.ranges)}"
            return self.data(index)
        return None
