"""What the puller of the DQM GUI does, below that of OMS."""

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.clock import server_now
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import PullState
from app.services.pulling.pullers import ask_gui_now
from app.views.background import Background, Work
from app.views.looks import words
from app.views.looks.theme import STEP, set_property
from app.views.notices import Notices
from app.views.rights import nothing_here, offer
from app.views.session import Workplace
from app.views.sync_panel.asking import ask_puller
from app.views.sync_panel.status_lines import ROLES, StatusLines
from app.views.widgets.dialogs.refusal_line import RefusalLine

_MEANINGS = {
    PullState.OFF: "off: this client doesn't read the DQM GUI",
    PullState.STANDBY: "standing by: another client reads it",
    PullState.WAITING: "this client reads it; waiting for the next time",
    PullState.PULLING: "this client is reading it",
    PullState.BACKING_OFF: "waiting for the DQM GUI",
    PullState.UNAVAILABLE: "the DQM GUI can't be read now",
}
_NEXT = {
    PullState.OFF: "never: switched off, or no certificate in the settings",
    PullState.STANDBY: "when the other client stops",
    PullState.PULLING: "under way",
}
_PROBLEMS_HEIGHT = 84


class GuiPanel(QWidget):
    """Shows the status it is given, and requests readings of the DQM GUI."""

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
        self._workplace = workplace
        self._background = background
        self._notices = notices
        self._asking = Work(background, self)
        self._asking.running_changed.connect(self._allow)
        self._state = PullState.OFF
        self.lines = StatusLines()
        self.dot, self.values = self.lines.dot, self.lines.values
        self.read_now = QPushButton("Read now")
        self.refusal = RefusalLine()
        self.problems = QPlainTextEdit(readOnly=True)
        self.problems.setAccessibleName("Problems of the last reading")
        self.problems.setFixedHeight(_PROBLEMS_HEIGHT)
        self.problems.setTabChangesFocus(True)
        self.problems.hide()
        self._lay_out()
        self.read_now.clicked.connect(self.ask)
        self.show_status(GuiStatus())

    def ask(self) -> None:
        """Requests a reading now."""
        if not self._asking.is_running:
            self.refusal.say("")
            self._asking.start(self._ask())

    async def _ask(self) -> None:
        pullers = self._workplace.pullers
        await ask_puller(
            self._background, self._notices, self.refusal.tell, lambda: ask_gui_now(pullers)
        )

    def show_status(self, status: GuiStatus, now: datetime | None = None) -> None:
        """Shows what the puller does now."""
        at = now or server_now()
        self._state = status.state
        problems = "\n".join(status.problems)
        self.lines.say("State", _MEANINGS[status.state])
        set_property(self.dot, "role", "warning" if problems else ROLES[status.state])
        self.lines.say("Doing", status.activity or "nothing")
        unavailable = status.state is PullState.UNAVAILABLE
        set_property(self.values["Doing"], "role", "refusal" if unavailable else "")
        self.lines.say("Puller", status.puller or "nobody")
        last = status.last_success
        self.lines.say(
            "Last success", f"{words.time(last)}, {words.ago(last, at)}" if last else "never"
        )
        self.lines.say("Next try", _next_try(status, at))
        self.lines.say(
            "Since start",
            f"{words.counted(status.pulls, 'reading')},"
            f" {words.counted(status.appeared, 'dataset')} appeared",
        )
        if problems != self.problems.toPlainText():
            self.problems.setPlainText(problems)
        self.problems.setVisible(bool(problems))
        self._allow()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.read_now)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        layout.setSpacing(2 * STEP)
        layout.addLayout(self.lines)
        layout.addLayout(buttons)
        layout.addWidget(self.refusal)
        layout.addWidget(self.problems)

    def _allow(self) -> None:
        possible = self._state not in (PullState.OFF, PullState.PULLING)
        offer(
            self.read_now,
            nothing_here(self._workplace.acting),
            possible=not self._asking.is_running and possible,
        )


def _next_try(status: GuiStatus, now: datetime) -> str:
    if status.next_try is not None:
        return f"{words.time(status.next_try)}, {words.ago(status.next_try, now)}"
    return _NEXT.get(status.state, "unknown")
