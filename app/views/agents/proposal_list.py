"""Proposals on a dataset, to be accepted, corrected or rejected, one by one or all."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QPushButton, QVBoxLayout, QWidget

from app.domain.agents.proposals import Proposal
from app.domain.errors import Refused, Unavailable
from app.views.agents.dialogs import CorrectDialog, RejectDialog
from app.views.agents.proposal_model import (
    AGENT,
    COLUMN,
    LANE,
    RANGES,
    SAYS,
    SINCE,
    ProposalModel,
)
from app.views.backend.agents import Agents
from app.views.background import Background
from app.views.grid.history_axis import AxisHeader, LaneDelegate, last_lumisection
from app.views.theme import STEP, Theme, Themes, set_property
from app.views.widgets.plain import Label
from app.views.widgets.plain_table import PlainTable

_WIDTHS = {AGENT: 170, COLUMN: 120, RANGES: 150, SAYS: 230, SINCE: 90}


class ProposalList(QWidget):
    """Asks for decisions and does them.

    Signals: `acted(str)` when something was decided; `shown_changed(Proposal | None)` for the one
    that is looked at; `opened(Proposal)` by Enter or double click.
    """

    acted = Signal(str)
    shown_changed = Signal(object)
    opened = Signal(object)

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
        self._themes = themes
        self._acting = False
        self.model = ProposalModel(self)
        self.table = PlainTable("Proposals")
        self.table.setModel(self.model)
        self._lanes = LaneDelegate(themes.theme, self.table)
        self.table.setHorizontalHeader(AxisHeader(LANE, self._lanes, self.table))
        self.table.setItemDelegateForColumn(LANE, self._lanes)
        self.accept = QPushButton("Accept")
        self.correct = QPushButton("Correct...")
        self.reject = QPushButton("Reject...")
        self.accept_all = QPushButton("Accept all")
        self.reject_all = QPushButton("Reject all...")
        self.told = Label(wordWrap=True)
        self.told.hide()
        self._lay_out()
        self._connect()
        self._offer()

    @property
    def chosen(self) -> tuple[Proposal, ...]:
        """The proposals whose rows are selected."""
        rows = self.table.selectionModel().selectedRows()
        return tuple(self.model.proposals[row] for row in sorted(each.row() for each in rows))

    def show_proposals(self, proposals: Sequence[Proposal], *, length: int | None = None) -> None:
        """Shows others, drawn from LS 1 to `length` or to the last that any is about."""
        if tuple(proposals) == self.model.proposals:
            return
        before = {each.id for each in self.chosen}
        self.model.show_proposals(proposals)
        self._lanes.set_length(max(length or 1, last_lumisection(self.model.lanes)))
        row = next((n for n, each in enumerate(proposals) if each.id in before), 0)
        if proposals:
            self.table.selectRow(row)
        self.table.say("" if proposals else "Nothing is proposed here.")
        self.table.horizontalHeader().viewport().update()
        self._offer()

    def say(self, text: str, role: str = "muted") -> None:
        """Tells the outcome of a decision; nothing when the text is empty."""
        set_property(self.told, "role", role)
        self.told.setText(text)
        self.told.setVisible(bool(text))

    def _accept(self, proposals: Sequence[Proposal]) -> None:
        agents, ids = self._agents, [each.id for each in proposals]
        if ids:
            self._act(lambda: agents.accept_proposals(ids))

    def _act(self, work: Callable[[], str]) -> None:
        if self._acting:
            return
        self._acting = True
        self._offer()
        self.say("")

        def finish() -> None:
            self._acting = False
            self._offer()

        self._background.act_then(
            work,
            self._done,
            owner=self,
            refused=self._refused,
            unavailable=self._unavailable,
            finished=finish,
        )

    def _correct(self) -> None:
        chosen = self.chosen
        if len(chosen) == 1:
            dialog = CorrectDialog(self._agents, self._background, chosen[0], self.window())
            dialog.acted.connect(self._done)
            dialog.open()

    def _reject(self, proposals: Sequence[Proposal]) -> None:
        if proposals:
            dialog = RejectDialog(self._agents, self._background, proposals, self.window())
            dialog.acted.connect(self._done)
            dialog.open()

    def _done(self, text: str) -> None:
        self.say(text)
        self.acted.emit(text)

    def _refused(self, error: Refused) -> None:
        self.say(str(error), "refusal")

    def _unavailable(self, error: Unavailable) -> None:
        self.say(f"{error} Nothing was written: try again.", "refusal")

    def _offer(self) -> None:
        chosen, any_ = self.chosen, bool(self.model.proposals)
        free = not self._acting
        self.accept.setEnabled(free and bool(chosen))
        self.reject.setEnabled(free and bool(chosen))
        self.correct.setEnabled(free and len(chosen) == 1)
        self.accept_all.setEnabled(free and any_)
        self.reject_all.setEnabled(free and any_)

    def _selected(self) -> None:
        self._offer()
        chosen = self.chosen
        self.shown_changed.emit(chosen[0] if chosen else None)

    def _lay_out(self) -> None:
        for button, tip in (
            (self.accept, "Make it your own word, as one version that names the agent too (A)"),
            (self.correct, "Accept it with another status, comment or other lumisections (E)"),
            (self.reject, "Say no, and why (R)"),
            (self.accept_all, "Make all of them your own word, as one version"),
            (self.reject_all, "Say no to all of them"),
        ):
            button.setToolTip(tip)
        header = self.table.horizontalHeader()
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(LANE, QHeaderView.ResizeMode.Stretch)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(2 * STEP, 0, 2 * STEP, STEP)
        buttons.setSpacing(STEP)
        buttons.addWidget(self.told, 1)
        buttons.addStretch(0)
        for button in (self.accept, self.correct, self.reject, self.accept_all, self.reject_all):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.table, 1)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.accept.clicked.connect(lambda: self._accept(self.chosen))
        self.reject.clicked.connect(lambda: self._reject(self.chosen))
        self.correct.clicked.connect(self._correct)
        self.accept_all.clicked.connect(lambda: self._accept(self.model.proposals))
        self.reject_all.clicked.connect(lambda: self._reject(self.model.proposals))
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.table.entered.connect(self._open)
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        self._themes.changed.connect(self._dress)
        for key, button in (
            (Qt.Key.Key_A, self.accept),
            (Qt.Key.Key_E, self.correct),
            (Qt.Key.Key_R, self.reject),
        ):
            shortcut = QShortcut(QKeySequence(key), self.table)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(button.click)

    def _open(self, row: int) -> None:
        self.opened.emit(self.model.proposals[row])

    def _dress(self, theme: Theme) -> None:
        self._lanes.set_theme(theme)
        self.table.viewport().update()
