"""The sealed history in the dock of the pullers, and the line that says when it isn't sealed."""

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.domain.seal.status import SealStatus
from app.domain.sources.pull import PullState
from app.views.looks import words
from app.views.looks.theme import STEP, set_property
from app.views.places import PlaceContext
from app.views.sync_panel.status_lines import ROLES
from app.views.widgets.plain import Label, tip

_MEANINGS = {
    PullState.OFF: "off: this client doesn't seal",
    PullState.STANDBY: "standing by: another client seals",
    PullState.WAITING: "this client seals",
    PullState.PULLING: "this client is sealing",
    PullState.BACKING_OFF: "waiting",
    PullState.UNAVAILABLE: "nothing can be sealed now",
}


class SealPanel(QWidget):
    """Who seals and how far, in two lines; a refusal in full."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.dot = Label("●")
        self.state = Label(wordWrap=True)
        self.doing = Label(wordWrap=True)
        self.doing.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        first = QHBoxLayout()
        first.setSpacing(2 * STEP)
        first.addWidget(self.dot)
        first.addWidget(self.state, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        layout.setSpacing(STEP)
        layout.addLayout(first)
        layout.addWidget(self.doing)

    def show_status(self, status: SealStatus, now: datetime) -> None:
        """Shows what the sealing does now."""
        refused = bool(status.refusals)
        self.state.setText(_MEANINGS[status.state])
        set_property(self.dot, "role", "refusal" if refused else ROLES[status.state])
        last = status.last_success
        parts = [each.text for each in status.refusals]
        if not refused:
            parts.append(status.activity)
            parts.append(f"looked {words.ago(last, now)}" if last is not None else "")
        self.doing.setText(("\n" if refused else "; ").join(filter(None, parts)))
        set_property(self.doing, "role", "refusal" if refused else "muted")
        self.doing.setVisible(bool(self.doing.text()))


class SealLine(QWidget):
    """One line of the banner: the history isn't sealed, because it isn't the one that was."""

    def __init__(self, context: PlaceContext) -> None:
        super().__init__()
        self._themes = context.themes
        self.is_told = False
        self._sign = Label()
        self.text = Label(wordWrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2 * STEP)
        layout.addWidget(self._sign)
        layout.addWidget(self.text, 1)
        context.themes.changed.connect(self._apply_theme)
        self._apply_theme()
        self.hide()

    def show_status(self, status: SealStatus) -> None:
        """Shows the newest refusal, whichever client it comes from."""
        self.is_told = bool(status.refusals)
        self.setVisible(self.is_told)
        if not status.refusals:
            return
        newest = status.refusals[0]
        self.text.setText(
            f"The history may have been altered: {newest.puller} finds another one than it sealed"
            f" before, and seals nothing since {newest.at:%Y-%m-%d %H:%M} UTC. Work goes on. Choose"
            " Help, Verify history, and tell who looks after the database."
        )
        self.setToolTip(tip(newest.why))

    def _apply_theme(self) -> None:
        self._sign.setPixmap(self._themes.theme.icon("warning", "warning").pixmap(16, 16))
