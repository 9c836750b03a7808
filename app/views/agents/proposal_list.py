"""Proposals on a dataset, to be accepted, corrected or rejected, one by one or all."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.agents.proposals import Proposal
from app.domain.errors import Refused, Unavailable
from app.domain.text.plain_text import harmless
from app.services.acting import Acting
from app.services.agents import proposals as decisions
from app.views.agents.dialogs import CorrectDialog, RejectDialog, deciding_paths
from app.views.agents.proposal_model import (
    AGENT,
    COLUMN,
    LANE,
    NOW,
    RANGES,
    SINCE,
    VALUE,
    ProposalModel,
)
from app.views.background import Background, Work
from app.views.changes.history_axis import AxisHeader, LaneDelegate, last_lumisection
from app.views.changes.value_words import golden_text
from app.views.looks import words
from app.views.looks.ages import Ages
from app.views.looks.theme import STEP, Theme, Themes, set_property
from app.views.rights import Rights, offer
from app.views.widgets.dialogs.reason import with_reason
from app.views.widgets.plain import Label
from app.views.widgets.tables.plain_table import PlainTable

_REASON_LINES = 3
_LONGEST_REASON = 2_000
_WIDTHS = {AGENT: 120, COLUMN: 90, RANGES: 90, NOW: 160, VALUE: 160, SINCE: 96}


class ProposalList(QWidget):
    """Lists proposals and carries out decisions on them.

    Signals: `acted(str, object)` when something was decided, with the version to undo or None;
    `shown_changed(Proposal | None)` for the first selected one; `opened(Proposal)` by Enter or
    double click.
    """

    acted = Signal(str, object)
    shown_changed = Signal(object)
    opened = Signal(object)

    def __init__(
        self,
        acting: Acting,
        background: Background,
        themes: Themes,
        rights: Rights,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._rights = rights
        self._acting = acting
        self._background = background
        self._themes = themes
        self._deciding = Work(background, self)
        self._reading = Work(background, self)
        self._weighing = Work(background, self)
        self.model = ProposalModel(self)
        self.table = PlainTable("Proposals")
        self.table.setModel(self.model)
        Ages.of_table(self.table)
        self._lanes = LaneDelegate(themes.theme, self.table)
        self.table.setHorizontalHeader(AxisHeader(LANE, self._lanes, self.table))
        self.table.setItemDelegateForColumn(LANE, self._lanes)
        self.accept = QPushButton("Accept")
        self.correct = QPushButton("Correct...")
        self.reject = QPushButton("Reject...")
        self.accept_all = QPushButton("Accept all")
        self.reject_all = QPushButton("Reject all...")
        self.outcome = Label(wordWrap=True)
        self.outcome.hide()
        # What is longer than its lines is scrolled, by the keys, too.
        self.reason = QPlainTextEdit(readOnly=True)
        self.reason.setAccessibleName("Why the agent proposes it")
        self.reason.setTabChangesFocus(True)
        self.reason.setFixedHeight(
            _REASON_LINES * self.reason.fontMetrics().lineSpacing() + 2 * STEP
        )
        self.reason.hide()
        self.effect = Label(wordWrap=True)
        self.effect.setProperty("role", "muted")
        self.effect.setAccessibleName("What accepting the selected proposals would change")
        self.effect.hide()
        self._lay_out()
        self._connect()
        self._offer()

    @property
    def chosen(self) -> tuple[Proposal, ...]:
        """The selected proposals."""
        rows = self.table.selectionModel().selectedRows()
        return tuple(self.model.proposals[row] for row in sorted(index.row() for index in rows))

    def show_proposals(self, proposals: Sequence[Proposal], *, length: int | None = None) -> None:
        """Shows proposals, drawn from LS 1 to `length` or to the last LS of any proposal."""
        if tuple(proposals) == self.model.proposals:
            self._read(proposals, length)
            return
        before = {proposal.id for proposal in self.chosen}
        self.model.show_proposals(proposals)
        self._lanes.set_length(max(length or 1, last_lumisection(self.model.lanes)))
        row = next((n for n, proposal in enumerate(proposals) if proposal.id in before), 0)
        if proposals:
            self.table.selectRow(row)
        self.table.say("" if proposals else "There are no proposals here.")
        self.table.horizontalHeader().viewport().update()
        self._offer()
        self._read(proposals, length)

    def _read(self, proposals: Sequence[Proposal], length: int | None) -> None:
        """Reads what they are judged by; that may have changed under the same proposals."""
        self._weigh()
        self._show_reason()
        self._reading.drop()
        if proposals:
            self._reading.start(self._read_standing(tuple(proposals), length))

    async def _read_standing(self, proposals: Sequence[Proposal], length: int | None) -> None:
        acting = self._acting
        try:
            found = await self._background.read(lambda: decisions.standing(acting, proposals))
        except Refused:
            return  # the dataset is gone, and its proposals go with the next news
        self.model.show_standing(found.values)
        if length is None:
            last = last_lumisection(self.model.lanes)
            self._lanes.set_length(max(found.length, last))
            self.table.horizontalHeader().viewport().update()
            self.table.viewport().update()

    def _weigh(self) -> None:
        """Reads what accepting the selected proposals would do, before anybody does it."""
        self._weighing.drop()
        self.effect.setVisible(bool(self.chosen) and not self.effect.isHidden())
        if self.chosen:
            self._weighing.start(self._read_effect(self.chosen))

    async def _read_effect(self, chosen: Sequence[Proposal]) -> None:
        acting, progress = self._acting, self._weighing.progress
        try:
            preview = await self._background.read(
                lambda: decisions.effect(acting, chosen, progress)
            )
        except Refused as error:
            self._show_effect(str(error))
            return
        refused = next((str(line.refused) for line in preview.lines if line.refused), "")
        golden = golden_text(preview.golden) if preview.golden is not None else ""
        cells = words.counted(preview.cells, "cell")
        self._show_effect(refused or f"Accept changes {cells}. {golden}")

    def _show_effect(self, text: str) -> None:
        self.effect.setText(text)
        self.effect.show()

    def _show_reason(self) -> None:
        """The comment of the first selected proposal, which the column has no room for."""
        comment = self.chosen[0].triplet.comment.strip()[:_LONGEST_REASON] if self.chosen else ""
        self.reason.setPlainText(harmless(comment))
        self.reason.setVisible(any(each.triplet.comment.strip() for each in self.model.proposals))

    def say(self, text: str, role: str = "muted") -> None:
        """Shows the outcome of a decision; hides the line when the text is empty."""
        set_property(self.outcome, "role", role)
        self.outcome.setText(text)
        self.outcome.setVisible(bool(text))

    def _accept(self, proposals: Sequence[Proposal]) -> None:
        if proposals and not self._deciding.is_running:
            self.say("")
            acting, ids = self._acting, [proposal.id for proposal in proposals]
            self._deciding.start(self._accepting(acting, ids))

    async def _accepting(self, acting: Acting, ids: Sequence[int]) -> None:
        try:
            decided = await with_reason(
                self._background, acting, self, lambda acting: decisions.accept(acting, ids)
            )
        except (Refused, Unavailable) as error:
            self.say(words.failure(error), "refusal")
        else:
            self._done(decided.text, decided.version)

    def _correct(self) -> None:
        chosen = self.chosen
        if len(chosen) == 1:
            dialog = CorrectDialog(
                self._acting, self._background, self._rights, chosen[0], self.window()
            )
            dialog.acted.connect(self._done)
            dialog.open()

    def _reject(self, proposals: Sequence[Proposal]) -> None:
        if proposals:
            dialog = RejectDialog(
                self._acting, self._background, self._rights, proposals, self.window()
            )
            dialog.acted.connect(self._done)
            dialog.open()

    def _done(self, text: str, version: int | None) -> None:
        self.say(text)
        self.acted.emit(text, version)

    def _offer(self) -> None:
        chosen, every = self.chosen, self.model.proposals
        free = not self._deciding.is_running
        why_not = self._why_not(chosen or every)
        offer(self.accept, why_not, possible=free and bool(chosen))
        offer(self.reject, why_not, possible=free and bool(chosen))
        offer(self.correct, why_not, possible=free and len(chosen) == 1)
        why_not = self._why_not(every)
        offer(self.accept_all, why_not, possible=free and bool(every))
        offer(self.reject_all, why_not, possible=free and bool(every))

    def _why_not(self, proposals: Sequence[Proposal]) -> str:
        """Why the person may not edit all columns of these, which is what deciding takes."""
        refusal = self._rights.refusal_of_all(deciding_paths(proposals))
        return "" if refusal is None else str(refusal)

    def _selected(self) -> None:
        self._offer()
        self._weigh()
        self._show_reason()
        chosen = self.chosen
        self.shown_changed.emit(chosen[0] if chosen else None)

    def _lay_out(self) -> None:
        for button, tip in (
            (self.accept, "Accept the selected proposals as your own edits, in one version (A)"),
            (
                self.correct,
                "Accept the proposal with another status, comment or other lumisections (E)",
            ),
            (self.reject, "Reject the selected proposals, with a reason (R)"),
            (self.accept_all, "Accept all proposals as your own edits, in one version"),
            (self.reject_all, "Reject all proposals, with a reason"),
        ):
            button.setToolTip(tip)
        header = self.table.horizontalHeader()
        for column, width in _WIDTHS.items():
            header.resizeSection(column, width)
        header.setSectionResizeMode(LANE, QHeaderView.ResizeMode.Stretch)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(2 * STEP, 0, 2 * STEP, STEP)
        buttons.setSpacing(STEP)
        buttons.addWidget(self.outcome, 1)
        buttons.addStretch(0)
        for button in (self.accept, self.correct, self.reject, self.accept_all, self.reject_all):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.table, 1)
        for label in (self.reason, self.effect):
            line = QHBoxLayout()
            line.setContentsMargins(2 * STEP, 0, 2 * STEP, 0)
            line.addWidget(label)
            layout.addLayout(line)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self._deciding.running_changed.connect(lambda _running: self._offer())
        self._rights.changed.connect(self._offer)
        self.accept.clicked.connect(lambda: self._accept(self.chosen))
        self.reject.clicked.connect(lambda: self._reject(self.chosen))
        self.correct.clicked.connect(self._correct)
        self.accept_all.clicked.connect(lambda: self._accept(self.model.proposals))
        self.reject_all.clicked.connect(lambda: self._reject(self.model.proposals))
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.table.entered.connect(self._open)
        self.table.doubleClicked.connect(lambda index: self._open(index.row()))
        self._themes.changed.connect(self._apply_theme)
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

    def _apply_theme(self, theme: Theme) -> None:
        self._lanes.set_theme(theme)
        self.table.viewport().update()
