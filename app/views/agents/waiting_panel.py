"""Open proposals of agents, by dataset."""

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

from app.services.acting import Acting
from app.services.agents import proposals as services
from app.services.agents.proposals import Waiting
from app.views.agents.proposal_list import ProposalList
from app.views.background import Background, Work
from app.views.looks import words
from app.views.looks.theme import Themes
from app.views.rights import Rights
from app.views.widgets.plain import shown
from app.views.widgets.tables.plain_table import PlainTable
from app.views.widgets.tables.titled_model import TitledModel

TITLES = ("Run", "Dataset", "Agent", "Proposals", "Columns")
_WIDTHS = (80, 280, 190, 80)
_PARTS = [280, 260]

Index = QModelIndex | QPersistentModelIndex


class WaitingModel(TitledModel):
    """One row per dataset and agent."""

    titles = TITLES

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.waiting: tuple[Waiting, ...] = ()

    def show_waiting(self, waiting: Sequence[Waiting]) -> None:
        """Shows other datasets."""
        self.beginResetModel()
        self.waiting = tuple(waiting)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.waiting)

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        waiting = self.waiting[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return (
                str(waiting.run_number),
                waiting.dataset,
                waiting.agent,
                words.number(waiting.proposals),
                ", ".join(waiting.columns),
            )[index.column()]
        return None


class WaitingPanel(QWidget):
    """Datasets above, the proposals on the selected one below.

    Signals: `opened(run_number, dataset)`; `acted(str, object)` with the version to undo or None.
    """

    opened = Signal(int, str)
    acted = Signal(str, object)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        rights: Rights,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._acting = acting
        self._background = background
        self._reading = Work(background, self)
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
        self.list = ProposalList(acting, background, themes, rights)
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
        self.list.opened.connect(lambda proposal: self.opened.emit(*proposal.key))
        self.list.acted.connect(self.acted)

    @property
    def chosen(self) -> Waiting | None:
        """The selected dataset."""
        row = self.table.currentIndex().row()
        return self.model.waiting[row] if 0 <= row < len(self.model.waiting) else None

    def show_waiting(self, waiting: Sequence[Waiting]) -> None:
        """Shows the present open proposals."""
        self._all = tuple(waiting)
        self._show()

    def show_agent(self, name: str) -> None:
        """Shows the proposals of one agent."""
        self._agent = name
        self._show()

    def _show(self) -> None:
        before = self.chosen
        shown = [waiting for waiting in self._all if waiting.agent == self._agent]
        self.model.show_waiting(shown)
        self.table.say("" if shown else "No proposal of this agent is open.")
        place = 0
        if before is not None:
            same = (before.run_number, before.dataset)
            keys = [(waiting.run_number, waiting.dataset) for waiting in shown]
            place = keys.index(same) if same in keys else 0
        if shown:
            self.table.selectRow(place)
        self._choose()

    def _choose(self) -> None:
        chosen = self.chosen
        if chosen is None:
            self._reading.drop()
            self.list.show_proposals(())
        else:
            self._reading.start(self._read(chosen))

    async def _read(self, chosen: Waiting) -> None:
        acting, run_number, dataset = self._acting, chosen.run_number, chosen.dataset
        self.list.show_proposals(
            await self._background.read(
                lambda: services.proposals(
                    acting, run_number=run_number, dataset=dataset, agent=chosen.agent
                )
            )
        )

    def _open(self, row: int) -> None:
        waiting = self.model.waiting[row]
        self.opened.emit(waiting.run_number, waiting.dataset)
