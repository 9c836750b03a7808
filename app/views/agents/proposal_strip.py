"""A strip above the lumisections that says what agents propose there; opened it lists them."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.agents.proposals import Proposal
from app.views import words
from app.views.agents.proposal_list import ProposalList
from app.views.backend.agents import Agents
from app.views.background import Background, Job
from app.views.focus import give_keys
from app.views.theme import ROW_HEIGHT, STEP, Theme, Themes
from app.views.widgets.plain import Label

_MOST_ROWS = 7
_AROUND_ROWS = 78


class ProposalStrip(QFrame):
    """There only while something is proposed on the dataset that is looked at.

    Signals: `cells_wanted(column, ranges)` to show what a proposal is about.
    """

    cells_wanted = Signal(str, object)

    def __init__(
        self,
        agents: Agents,
        background: Background,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setAccessibleName("Proposals of agents")
        self._agents = agents
        self._background = background
        self._themes = themes
        self._key: tuple[int, str] | None = None
        self._length: int | None = None
        self._job: Job[Sequence[Proposal]] | None = None
        self._said = False
        self.sign = Label()
        self.text = Label(wordWrap=True)
        self.toggle = QPushButton("Show")
        self.toggle.setCheckable(True)
        self.toggle.setToolTip("List what is proposed, to accept or reject it")
        self.list = ProposalList(agents, background, themes)
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        line.setSpacing(2 * STEP)
        line.addWidget(self.sign)
        line.addWidget(self.text, 1)
        line.addWidget(self.toggle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addWidget(self.list)
        self.list.hide()
        self.hide()
        self.toggle.toggled.connect(self._open)
        self.list.shown_changed.connect(self._point)
        self.list.acted.connect(self._acted)
        themes.changed.connect(self._dress)
        self._dress(themes.theme)

    def show_dataset(self, run_number: int, dataset: str, length: int | None = None) -> None:
        """Looks for proposals on a dataset with so many lumisections; hides while it has none."""
        if self._key != (run_number, dataset):
            self._key = (run_number, dataset)
            self._said = False
            self.toggle.setChecked(False)
            self.hide()
        self._length = length
        self.refresh()

    def refresh(self) -> None:
        """Looks again."""
        if self._key is None:
            return
        if self._job is not None:
            self._job.cancel()
        agents, key = self._agents, self._key
        self._job = self._background.read_then(
            lambda: agents.proposals(*key), self._show, owner=self
        )

    def _show(self, proposals: Sequence[Proposal]) -> None:
        self._job = None
        self.list.show_proposals(proposals, length=self._length)
        rows = min(max(len(proposals), 2), _MOST_ROWS)
        self.list.setFixedHeight(_AROUND_ROWS + rows * ROW_HEIGHT)
        self.setVisible(bool(proposals) or self._said)
        self.toggle.setVisible(bool(proposals))
        if proposals:
            by = sorted({f"{each.agent} {each.agent_version}" for each in proposals})
            columns = sorted({each.column for each in proposals})
            self.text.setText(
                f"{words.counted(len(proposals), 'proposal')} of {', '.join(by)}"
                f" on {', '.join(columns)}"
            )
        else:
            self.toggle.setChecked(False)
            self.text.setText(self.list.told.text())

    def _open(self, opened: bool) -> None:
        self.list.setVisible(opened)
        self.toggle.setText("Hide" if opened else "Show")
        if opened:
            self._said = False
            give_keys(self.list.table)
            chosen = self.list.chosen
            self._point(chosen[0] if chosen else None)

    def _point(self, proposal: Proposal | None) -> None:
        if proposal is not None and self.toggle.isChecked():
            self.cells_wanted.emit(proposal.column, proposal.ranges)

    def _acted(self, _text: str) -> None:
        self._said = True
        self.refresh()

    def _dress(self, theme: Theme) -> None:
        self.sign.setPixmap(theme.icon("machine", "warning").pixmap(16, 16))
