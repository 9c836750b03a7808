"""The sync panel: what the puller does, and the runs it could not pull."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.clock import server_now
from app.domain.keys import RunNumber
from app.domain.sources.pull import PullState, PullStatus
from app.services.pulling.pullers import pull_now
from app.services.wishes.pulling import pull_run
from app.views.background import Background, Work
from app.views.looks import words
from app.views.looks.theme import STEP, set_property
from app.views.notices import Notices
from app.views.rights import nothing_here, offer
from app.views.session import Workplace
from app.views.sync_panel.asking import ask_puller
from app.views.sync_panel.failed_model import REASON, RUN, SINCE, TRY, FailedRunsModel
from app.views.sync_panel.puller_words import MEANINGS, when
from app.views.sync_panel.status_lines import ROLES, StatusLines
from app.views.widgets.dialogs.refusal_line import RefusalLine
from app.views.widgets.plain import Label
from app.views.widgets.tables.details_table import DetailsTable

_NEXT = {
    PullState.OFF: "never: switched off in the settings",
    PullState.STANDBY: "when the other client stops",
    PullState.PULLING: "under way",
}
_READING = "Reading the status ..."
_WIDTHS = {RUN: 68, SINCE: 88, TRY: 76}
_LEAST_WIDTH = 340

Index = QModelIndex | QPersistentModelIndex


class _TryDelegate(QStyledItemDelegate):
    """Paints what can be clicked as a link."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        link = option.palette.color(QPalette.ColorRole.Link)
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.HighlightedText):
            option.palette.setColor(role, link)


class SyncPanel(QWidget):
    """Shows the status it is given, and requests pulls."""

    def __init__(
        self,
        workplace: Workplace,
        background: Background,
        notices: Notices,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(_LEAST_WIDTH)
        self._workplace = workplace
        self._background = background
        self._notices = notices
        self._status: PullStatus | None = None
        self._asking = Work(background, self)
        self._asking.running_changed.connect(self._allow)
        self._to_try: deque[RunNumber] = deque()
        self._tried: RunNumber | None = None
        self._trying = Work(background, self)
        self.lines = StatusLines()
        self.dot, self.values = self.lines.dot, self.lines.values
        self.refusal = RefusalLine()
        self.failed_words = Label(wordWrap=True)
        self.reason = Label(wordWrap=True)
        self.failed = FailedRunsModel(self)
        self.table = DetailsTable("Runs that could not be pulled")
        self.pull_now = QPushButton("Pull now")
        self.pull_now.setToolTip("Ask OMS for everything new")
        self.try_now = QPushButton("Try run again")
        self._lay_out()
        self.pull_now.clicked.connect(lambda: self.ask(None))
        self.try_now.clicked.connect(self._try_chosen)
        self.table.clicked.connect(self._clicked)
        self.table.activated.connect(lambda index: self._try((self._run_of(index),)))
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.failed.modelReset.connect(self._selected)
        self.lines.say("State", _READING)
        set_property(self.dot, "role", "muted")
        self._show_failed(server_now())
        self._allow()

    def ask(self, run_number: RunNumber | None) -> None:
        """Requests a pull now, of everything new or of one run."""
        if run_number is not None:
            self._try((run_number,))
            return
        if not self._asking.is_running:
            self.refusal.say("")
            self._asking.start(self._ask())

    async def _ask(self) -> None:
        pullers = self._workplace.pullers
        await ask_puller(
            self._background, self._notices, self.refusal.tell, lambda: pull_now(pullers)
        )

    def show_status(self, status: PullStatus, now: datetime | None = None) -> None:
        """Shows what the puller does now."""
        at = now or server_now()
        self._status = status
        state = status.state
        problems = state is PullState.WAITING and status.activity
        self.lines.say("State", MEANINGS[state])
        set_property(self.dot, "role", "warning" if problems else ROLES[state])
        self.lines.say("Doing", status.activity or "nothing")
        set_property(
            self.values["Doing"],
            "role",
            "warning" if problems else ROLES[state] if state is PullState.UNAVAILABLE else "",
        )
        self.lines.say("Puller", status.puller or "nobody")
        self.lines.say("Last success", _with_ago(status.last_success, at) or "never")
        self.lines.say("Next try", _next_try(status, at))
        self.lines.say("Since start", _counts(status))
        self._show_failed(at)
        self._allow()

    def _lay_out(self) -> None:
        self.values["Since start"].setToolTip(
            "Flagged: OMS changed a run after its sign-off, so it needs a manual update"
        )
        self.table.setModel(self.failed)
        header = self.table.horizontalHeader()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(REASON, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            self.table.setColumnWidth(column, width)
        self.table.setItemDelegateForColumn(TRY, _TryDelegate(self.table))
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.reason.hide()
        buttons = QHBoxLayout()
        buttons.setSpacing(2 * STEP)
        buttons.addWidget(self.pull_now)
        buttons.addWidget(self.try_now)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addLayout(self.lines)
        layout.addLayout(buttons)
        layout.addWidget(self.refusal)
        layout.addWidget(self.failed_words)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.reason)
        layout.addStretch()

    # What is shown

    def _show_failed(self, now: datetime) -> None:
        failed = self._status.failed if self._status is not None else ()
        trying = {*self._to_try, *(() if self._tried is None else (self._tried,))}
        chosen = set(self._chosen())
        self.failed.show_failed(failed, trying, now)
        for row, run_number in enumerate(self.failed.run_numbers):
            if run_number in chosen and run_number not in self._chosen():
                self.table.selectionModel().select(
                    self.failed.index(row, 0),
                    QItemSelectionModel.SelectionFlag.Select
                    | QItemSelectionModel.SelectionFlag.Rows,
                )
        self.table.setVisible(bool(failed))
        set_property(self.failed_words, "role", "warning" if failed else "muted")
        if failed:
            text = (
                f"{words.counted(len(failed), 'run')} could not be pulled. Every pull tries again."
            )
        elif self._status is not None and self._status.last_success is not None:
            text = "All runs were pulled."
        else:
            text = "Runs that can't be pulled will be listed here with the reason."
        if self.failed_words.text() != text:
            self.failed_words.setText(text)

    def _allow(self) -> None:
        state = self._status.state if self._status is not None else PullState.OFF
        nothing = nothing_here(self._workplace.acting)
        why_not = {
            PullState.OFF: "Pulling is switched off in the settings",
            PullState.PULLING: "A pull is under way",
        }.get(state, "")
        offer(self.pull_now, nothing or why_not, possible=not self._asking.is_running)
        offer(self.try_now, nothing, possible=bool(self._chosen()))
        self.try_now.setVisible(self.failed.rowCount() > 0)

    def _selected(self) -> None:
        chosen = self.table.selectionModel().selectedRows(REASON)
        self.reason.setText(str(chosen[0].data()) if len(chosen) == 1 else "")
        self.reason.setVisible(len(chosen) == 1)
        self._allow()

    # Trying again

    def _chosen(self) -> tuple[int, ...]:
        return tuple(self._run_of(each) for each in self.table.selectionModel().selectedRows())

    def _run_of(self, index: QModelIndex) -> int:
        return self.failed.run_numbers[index.row()]

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() == TRY:
            self._try((self._run_of(index),))

    def _try_chosen(self) -> None:
        self._try(self._chosen())

    def _try(self, run_numbers: Iterable[int]) -> None:
        """Asks for one run after the other: every one may hold a thread of the pool for long."""
        self.refusal.say("")
        under_way = {self._tried, *self._to_try}
        self._to_try.extend(number for number in run_numbers if number not in under_way)
        self._show_failed(server_now())
        if not self._trying.is_running:
            self._trying.start(self._try_all())

    async def _try_all(self) -> None:
        try:
            while self._to_try:
                self._tried = run_number = self._to_try.popleft()
                self._show_failed(server_now())
                await self._try_one(run_number)
        except Exception:
            self._end_trying()
            raise
        self._end_trying()

    def _end_trying(self) -> None:
        self._tried = None
        self._to_try.clear()
        self._show_failed(server_now())

    async def _try_one(self, run_number: RunNumber) -> None:
        workplace = self._workplace
        await ask_puller(
            self._background,
            self._notices,
            partial(self.refusal.tell, about=f"Run {run_number}: "),
            lambda: pull_run(workplace.acting, workplace.pullers, run_number),
        )


def _next_try(status: PullStatus, now: datetime) -> str:
    if status.state in _NEXT:
        return _NEXT[status.state]
    if status.next_try is None:
        return "when asked"
    return when(status.next_try, now)


def _counts(status: PullStatus) -> str:
    if not status.pulls:
        return "this client has not pulled yet"
    return (
        f"{words.counted(status.pulls, 'pull')}: {words.counted(status.created, 'run')} made,"
        f" {words.number(status.updated)} updated, {words.number(status.unchanged)} unchanged,"
        f" {words.number(status.flagged)} flagged"
    )


def _with_ago(at: datetime | None, now: datetime) -> str:
    return f"{words.ago(at, now)}, {words.time(at)}" if at else ""
