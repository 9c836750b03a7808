"""A strip above the lumisections with the proposals of agents, which can be listed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.agents.proposals import Proposal
from app.domain.keys import DatasetKey
from app.services.acting import Acting
from app.services.agents import proposals as services
from app.views.background import Background, Work
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme, Themes
from app.views.rights import Rights
from app.views.widgets.plain import Label

if TYPE_CHECKING:
    from app.views.agents.proposal_list import ProposalList

_MOST_ROWS = 7
_AROUND_ROWS = 100


class ProposalStrip(QFrame):
    """Visible only while the dataset that is shown has proposals.

    Signals: `cells_wanted(column, ranges)` to show what a proposal is about; `acted(str, object)`
    when something was decided, with the version to undo or None.
    """

    cells_wanted = Signal(str, object)
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
        self.setObjectName("banner")
        self.setAccessibleName("Proposals of agents")
        self._acting = acting
        self._background = background
        self._themes = themes
        self._reading = Work(background, self)
        self._key: DatasetKey | None = None
        self._length: int | None = None
        self._shows_outcome = False
        self.sign = Label()
        self.text = Label(wordWrap=True)
        self.toggle = QPushButton("Show")
        self.toggle.setCheckable(True)
        self.toggle.setToolTip("List the proposals, to accept or reject them")
        self._rights = rights
        self._list: ProposalList | None = None
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
        self._layout = layout
        self.hide()
        self.toggle.toggled.connect(self._open)
        themes.changed.connect(self._apply_theme)
        self._apply_theme(themes.theme)

    @property
    def list(self) -> "ProposalList":
        """The proposals; made when a dataset has the first ones, which most never have."""
        from app.views.agents.proposal_list import ProposalList

        if self._list is None:
            made = self._list = ProposalList(
                self._acting, self._background, self._themes, self._rights, self
            )
            made.hide()
            self._layout.addWidget(made)
            made.shown_changed.connect(self._point)
            made.acted.connect(self._acted)
            made.acted.connect(self.acted)
        return self._list

    @property
    def panes(self) -> tuple[QWidget, ...]:
        """What the keys can go to, shown or not."""
        return () if self._list is None else (self._list.table,)

    def show_dataset(self, run_number: int, dataset: str, length: int | None = None) -> None:
        """Shows the proposals on a dataset of `length` lumisections; hides while it has none."""
        if self._key != (run_number, dataset):
            self._reading.drop()
            self._key = (run_number, dataset)
            self._shows_outcome = False
            self.toggle.setChecked(False)
            self.hide()
        self._length = length
        self.refresh()

    def refresh(self) -> None:
        """Reads the proposals again."""
        if self._key is not None:
            run_number, dataset = self._key
            self._reading.renew(lambda: self._read(run_number, dataset))

    async def _read(self, run_number: int, dataset: str) -> None:
        acting = self._acting
        self._show(
            await self._background.read(
                lambda: services.proposals(acting, run_number=run_number, dataset=dataset)
            )
        )

    def _show(self, proposals: Sequence[Proposal]) -> None:
        if not proposals and self._list is None:
            return
        self.list.show_proposals(proposals, length=self._length)
        rows = min(max(len(proposals), 2), _MOST_ROWS)
        reason = 0 if self.list.reason.isHidden() else self.list.reason.height() + STEP
        self.list.setFixedHeight(_AROUND_ROWS + rows * ROW_HEIGHT + reason)
        self.setVisible(bool(proposals) or self._shows_outcome)
        self.toggle.setVisible(bool(proposals))
        if proposals:
            by = sorted({f"{proposal.agent} {proposal.agent_version}" for proposal in proposals})
            columns = sorted({proposal.column for proposal in proposals})
            self.text.setText(
                f"{words.counted(len(proposals), 'proposal')} by {', '.join(by)}"
                f" on {', '.join(columns)}"
            )
        else:
            self.toggle.setChecked(False)
            self.text.setText(self.list.outcome.text())

    def _open(self, opened: bool) -> None:
        if opened or self._list is not None:
            self.list.setVisible(opened)
        self.toggle.setText("Hide" if opened else "Show")
        if opened:
            self._shows_outcome = False
            give_keys(self.list.table)
            chosen = self.list.chosen
            self._point(chosen[0] if chosen else None)

    def _point(self, proposal: Proposal | None) -> None:
        if proposal is not None and self.toggle.isChecked():
            self.cells_wanted.emit(proposal.column, proposal.ranges)

    def _acted(self, _text: str) -> None:
        self._shows_outcome = True
        self.refresh()

    def _apply_theme(self, theme: Theme) -> None:
        self.sign.setPixmap(theme.icon("machine", "warning").pixmap(16, 16))
