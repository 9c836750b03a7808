"""What agents propose and nobody has decided on, dataset by dataset."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QHeaderView, QSplitter, QVBoxLayout, QWidget

from app.domain.agents.proposals import Proposal
from app.models.agents import Waiting
from app.views import words
from app.views.agents.proposal_list import ProposalList
from app.views.backend.agents import Agents
from app.views.background import Background, Job
from app.views.theme import Themes
from app.views.widgets.plain import shown
from app.views.widgets.plain_table import PlainTable
from app.views.widgets.titled_model import TitledModel

TITLES = ("Run", "Dataset", "Agent", "Proposals", "Columns")
_WIDTHS = (80, 280, 190, 80)
_PARTS = [280, 260]

Index = QModelIndex | QPersistentModelIndex


class WaitingModel(TitledModel):
    """Shows datasets with proposals as they are."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.waiting: tuple[Waiting, ...] = ()

    def show_waiting(self, waiting: Sequence[Waiting]) -> None:
        """Shows others."""
        self.beginResetModel()
        self.waiting = tuple(waiting)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.waiting)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        each = self.waiting[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return (
                str(each.run_number),
                each.dataset,
                each.agent,
                words.number(each.proposals),
                ", ".join(each.columns),
            )[index.column()]
        return None


class WaitingPanel(QWidget):
    """Datasets above, the proposals on the one that is chosen below.

    Signals: `opened(run_number, dataset)`; `acted(str)`.
    """

    opened = Signal(int, str)
    acted = Signal(str)

    def __init__(
        self,
        agents: Agents,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._agents = agents
        self._background = background
        self._job: Job[Sequence[Proposal]] | None = None
        self._all: tuple[Waiting, ...] = ()
        self._agent = ""
        self.model = WaitingModel(self)
        self.table = PlainTable("Datasets with proposals")
        self.table.setModel(self.model)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, width)
        header.setSectionResizeMode(len(_WIDTHS), QHeaderView.ResizeMode.Stretch)
        self.list = ProposalList(agents, background, themes)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.table)
        splitter.addWidget(self.list)
        splitter.setSizes(_PARTS)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.table.entered.connect(self._open)
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        self.list.opened.connect(lambda each: self.opened.emit(*each.key))
        self.list.acted.connect(self.acted)

    @property
    def chosen(self) -> Waiting | None:
        """The dataset that is looked at."""
        row = self.table.currentIndex().row()
        return self.model.waiting[row] if 0 <= row < len(self.model.waiting) else None

    def show_waiting(self, waiting: Sequence[Waiting]) -> None:
        """Shows what waits now."""
        self._all = tuple(waiting)
        self._show()

    def show_agent(self, name: str) -> None:
        """Shows what waits of one agent."""
        self._agent = name
        self._show()

    def _show(self) -> None:
        before = self.chosen
        shown = [each for each in self._all if each.agent == self._agent]
        self.model.show_waiting(shown)
        self.table.say("" if shown else "Nothing of this agent waits for anybody.")
        place = 0
        if before is not None:
            same = (before.run_number, before.dataset)
            place = next(
                (n for n, each in enumerate(shown) if (each.run_number, each.dataset) == same), 0
            )
        if shown:
            self.table.selectRow(place)
        self._choose()

    def _choose(self) -> None:
        chosen = self.chosen
        if self._job is not None:
            self._job.cancel()
            self._job = None
        if chosen is None:
            self.list.show_proposals(())
            return
        agents = self._agents
        self._job = self._background.read_then(
            lambda: agents.proposals(chosen.run_number, chosen.dataset, chosen.agent),
            self.list.show_proposals,
            owner=self,
        )

    def _open(self, row: int) -> None:
        each = self.model.waiting[row]
        self.opened.emit(each.run_number, each.dataset)
