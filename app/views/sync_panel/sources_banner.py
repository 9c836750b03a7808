"""Says that OMS or the DQM GUI doesn't answer, since when, what still works, and the next try;
and that a puller seals nothing because the history is another one."""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.seal.status import SealStatus
from app.domain.sources.dqm_gui import GuiStatus
from app.domain.sources.pull import LoopStatus, PullState, PullStatus
from app.services.pulling.pullers import ask_gui_now, pull_now
from app.views.background import Outage, Work
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.places import PlaceContext
from app.views.sync_panel.asking import ask_puller
from app.views.sync_panel.seal_panel import SealLine
from app.views.widgets.plain import Label, tip

_DOWN = frozenset({PullState.UNAVAILABLE, PullState.BACKING_OFF})
_HICCUP = timedelta(seconds=5)
"""A server that answers again within this is nothing to tell."""


class _Source(Struct, frozen=True):
    """A server that is asked, and what its silence means."""

    name: str
    works: str


_OMS = _Source(
    "OMS",
    "New runs and lumisections don't arrive; certification, history and golden JSONs go on.",
)
_GUI = _Source(
    "the DQM GUI", "Datasets that wait for it go on waiting; everything else goes on as before."
)


class SourcesBanner(QFrame):
    """One line for each of the two servers that doesn't answer, and one for the seal; hidden while
    the database is lost, which has a banner of its own."""

    def __init__(self, context: PlaceContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        pullers = context.workplace.pullers
        self._database_is_lost = False
        self.lines = (
            SourceLine(_OMS, context, lambda: pull_now(pullers)),
            SourceLine(_GUI, context, lambda: ask_gui_now(pullers)),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        layout.setSpacing(STEP)
        self.seal = SealLine(context)
        for line in (*self.lines, self.seal):
            layout.addWidget(line)
        context.background.outage.connect(self._lose)
        context.background.restored.connect(self._regain)
        self.hide()

    def show_status(self, oms: PullStatus, gui: GuiStatus, seal: SealStatus, now: datetime) -> None:
        """Shows or hides the lines; called as time goes on."""
        of_oms, of_gui = self.lines
        of_oms.show_status(oms, now)
        of_gui.show_status(gui, now)
        self.seal.show_status(seal)
        self._show()

    def _lose(self, _outage: Outage) -> None:
        self._database_is_lost = True
        self._show()

    def _regain(self) -> None:
        self._database_is_lost = False
        self._show()

    def _show(self) -> None:
        told = any(line.is_told for line in (*self.lines, self.seal))
        self.setVisible(told and not self._database_is_lost)


class SourceLine(QWidget):
    """What is told of one server; `ask` asks it at once and says who does."""

    def __init__(self, source: _Source, context: PlaceContext, ask: Callable[[], str]) -> None:
        super().__init__()
        self._source = source
        self._themes = context.themes
        self._since: datetime | None = None
        self._reason = ""
        self.is_told = False
        self._asking = Work(context.background, self)
        self._sign = Label()
        self.text = Label(wordWrap=True)
        self.retry = QPushButton("Try now")
        # A click leaves the keys where they are.
        self.retry.setFocusPolicy(self.retry.focusPolicy().TabFocus)
        self.retry.setToolTip(f"Ask {source.name} now")
        background, notices = context.background, context.notices
        self.retry.clicked.connect(
            lambda: self._asking.start(ask_puller(background, notices, notices.not_done, ask))
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * STEP)
        layout.addWidget(self._sign)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.retry)
        context.themes.changed.connect(self._apply_theme)
        self._apply_theme()
        self.hide()

    def show_status(self, status: LoopStatus, now: datetime) -> None:
        """Follows the puller, of this client or of another: while it tries again the server is as
        silent as before."""
        if status.state in _DOWN or status.trouble:
            self._since = self._since or now
            self._reason = status.trouble or status.activity or self._reason
        elif status.state is not PullState.PULLING:
            self._since = None
        since = self._since
        self.is_told = since is not None and now - since >= _HICCUP
        self.setVisible(self.is_told)
        self.retry.setHidden(status.state is PullState.STANDBY)  # the other client tries
        if since is None or not self.is_told:
            return
        age = words.ago(since, now)
        trying = status.state is PullState.PULLING or status.next_try is None
        following = "Trying now." if trying else f"Next try {_when(status.next_try, now)}."
        last = (
            f" The last pull was {words.ago(status.last_success, now)}."
            if status.last_success is not None
            else ""
        )
        self.text.setText(
            f"Nothing is read from {self._source.name} since {since:%H:%M} UTC ({age}):"
            f" {self._reason.rstrip('.') or 'no answer'}. {self._source.works}{last} {following}"
        )
        self.setToolTip(tip(self._reason))

    def _apply_theme(self) -> None:
        self._sign.setPixmap(self._themes.theme.icon("warning", "warning").pixmap(16, 16))


def _when(at: datetime | None, now: datetime) -> str:
    return words.ago(at, now) if at is not None and at > now else "now"
