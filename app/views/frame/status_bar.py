"""The status bar: what a person must trust before acting."""

from datetime import UTC, datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.domain.sources.pull import PullStatus
from app.views.notices import Notice
from app.views.session import DatabaseKind, Session
from app.views.sync_panel.panel import summary
from app.views.theme import STEP, Theme, Themes
from app.views.widgets.plain import Label, MarkedUp, cell, tip

_STRIP_HEIGHT = 3
_STRIP_TOKENS = {
    DatabaseKind.PRODUCTION: "danger",
    DatabaseKind.TEST: "warning",
    DatabaseKind.DEMONSTRATION: "accent",
}


class StatusBar(QFrame):
    """Database, whether news arrive, puller, person, last notice; a strip in the database's
    colour over its whole width."""

    def __init__(self, session: Session, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._session = session
        self._themes = themes
        self._live = True
        self.strip = QFrame()
        self.strip.setFixedHeight(_STRIP_HEIGHT)
        self.live = MarkedUp()
        self.database = Label(f"{session.database} ({session.kind.value})")
        self.puller = Label()
        rights = f" ({session.rights})" if session.rights else ""
        self.person = Label(f"{session.person}{rights}")
        self.notice = Label()
        self.notice.setProperty("role", "muted")
        self.notice.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.notice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, 2, 2 * STEP, 2)
        line.setSpacing(4 * STEP)
        for label in (self.live, self.database, self.puller, self.person):
            line.addWidget(label)
        line.addWidget(self.notice, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addLayout(line)
        themes.changed.connect(self._dress)
        self._dress(themes.theme)

    def set_live(self, *, live: bool, reason: str = "") -> None:
        """Whether what is written elsewhere is seen at once."""
        self._live = live
        self.live.setToolTip(tip(reason))
        self._dress(self._themes.theme)

    def show_pull(self, status: PullStatus, now: datetime | None = None) -> None:
        """The puller in a few words."""
        text = summary(status, now or datetime.now(UTC))
        if text != self.puller.text():
            self.puller.setText(text)

    def show_notice(self, notice: Notice) -> None:
        """The last thing that was told."""
        self.notice.setText(cell(notice.text))
        self.notice.setToolTip(notice.text)

    def _dress(self, theme: Theme) -> None:
        colour = self._session.strip_colour or theme.tokens[_STRIP_TOKENS[self._session.kind]]
        self.strip.setStyleSheet(f"background: {colour}; border: none;")
        token = "success" if self._live else "danger"
        self.live.setText(
            f'<span style="color: {theme.tokens[token]}">●</span>'
            f" {'connected' if self._live else 'not connected'}"
        )
