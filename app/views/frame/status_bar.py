"""The status bar: what a person looks at before acting."""

from datetime import datetime

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.clock import server_now
from app.domain.connections.protection import ON_THIS_MACHINE
from app.domain.sources.pull import PullStatus
from app.views.looks.theme import STEP, Theme, Themes
from app.views.notices import NoticeBar, Notices
from app.views.session import DatabaseKind, Session
from app.views.sync_panel.puller_words import summary
from app.views.widgets.line_label import CutLabel
from app.views.widgets.plain import MarkedUp, tip

_STRIP_HEIGHT = 3
_LINE_HEIGHT = 24
_STRIP_TOKENS = {
    DatabaseKind.PRODUCTION: "danger",
    DatabaseKind.TEST: "warning",
    DatabaseKind.DEMONSTRATION: "accent",
}


def _warning(text: str, why: str) -> CutLabel:
    """A few words in the colour of warnings; they are seen while there is a reason."""
    label = CutLabel(text)
    label.setProperty("role", "warning")
    label.setToolTip(tip(why))
    # Nothing is shown here: without a parent yet it would come as a window of its own.
    if not why:
        label.hide()
    return label


class StatusBar(QFrame):
    """Shows database, connection with what protects it, puller, person and the last notice, below a
    strip in the colour of the database."""

    def __init__(
        self,
        session: Session,
        notices: Notices,
        themes: Themes,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._session = session
        self._themes = themes
        self._live = True
        self.strip = QFrame()
        self.strip.setFixedHeight(_STRIP_HEIGHT)
        self.live = MarkedUp()
        self.database = CutLabel(f"{session.database} ({session.kind.value})")
        self.puller = CutLabel()
        self.clock = _warning("clock is off", "")
        self.wishes = _warning("", "What you asked the puller for: run-registry wishes list")
        self.wishes.hide()
        self.standby = _warning("", "What is shown is read on a standby, which follows the primary")
        self.standby.setProperty("role", "muted")
        self.standby.hide()
        self.person = CutLabel()
        self.show_rights(session.rights)
        self.unproved = _warning("rights not proved", session.unproved)
        self.read_only = _warning("read-only", session.read_only)
        # What is as it has to be on one's own machine isn't worth the room.
        is_plain = session.protection == ON_THIS_MACHINE
        self.protection = _warning(
            session.protection.short, "" if is_plain else session.protection.text
        )
        if not session.protection.is_weak:
            self.protection.setProperty("role", "muted")
        self.notice = NoticeBar(notices, themes)
        self.notice.setFixedHeight(_LINE_HEIGHT)
        line = self._labels = self._line()
        line.addWidget(self.notice, 1)
        line.addStretch(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addLayout(line)
        self.notice.fresh_changed.connect(self._make_room)
        themes.changed.connect(self._apply_theme)
        self._apply_theme(themes.theme)

    def add_bell(self, bell: QWidget) -> None:
        """Puts the bell in front of the last notice."""
        bell.setFixedHeight(_LINE_HEIGHT)
        self._labels.insertWidget(self._labels.indexOf(self.notice), bell)

    def _line(self) -> QHBoxLayout:
        """What is always said, in one line."""
        line = QHBoxLayout()
        line.setContentsMargins(2 * STEP, 2, 2 * STEP, 2)
        line.setSpacing(4 * STEP)
        for label in (
            self.live,
            self.database,
            self.read_only,
            self.protection,
            self.standby,
            self.clock,
            self.puller,
            self.wishes,
            self.person,
            self.unproved,
        ):
            label.setFixedHeight(_LINE_HEIGHT)
            # The window can be narrow: names are cut, what a person has to know never is.
            whole = label in (self.live, self.read_only, self.clock, self.unproved)
            label.setMinimumWidth(0 if whole else 1)
            line.addWidget(label)
        return line

    def set_live(self, *, live: bool, reason: str = "") -> None:
        """Shows whether what others write is seen at once."""
        self._live = live
        self.live.setToolTip(tip(reason))
        self._apply_theme(self._themes.theme)

    def show_rights(self, rights: str) -> None:
        """Shows what the person may, beside who it is: the e-groups as they are now."""
        self.person.setText(
            f"{self._session.person} ({rights})" if rights else self._session.person
        )

    def show_clock(self, text: str) -> None:
        """Shows that the clock of this machine is off; nothing when the text is empty."""
        self.clock.setText("clock is off" if text else "")
        self.clock.setToolTip(text)
        self.clock.setVisible(bool(text))

    def show_wishes(self, text: str) -> None:
        """Shows what the person has asked a puller for and waits for; nothing without any."""
        self.wishes.setText(text)
        self.wishes.setVisible(bool(text))

    def show_standby(self, text: str) -> None:
        """Shows that a standby is read, and how far behind it is; nothing when none is."""
        self.standby.setText(text)
        self.standby.setVisible(bool(text))

    def show_pull(self, status: PullStatus, now: datetime | None = None) -> None:
        """Shows the puller in a few words."""
        text = summary(status, now or server_now())
        if text != self.puller.text():
            self.puller.setText(text)

    def _make_room(self, fresh: bool) -> None:
        """A notice that came just now has the room of what hardly changes."""
        for label in (self.puller, self.person):
            label.setVisible(not fresh)

    def _apply_theme(self, theme: Theme) -> None:
        colour = self._session.strip_colour or theme.tokens[_STRIP_TOKENS[self._session.kind]]
        self.strip.setStyleSheet(f"background: {colour}; border: none;")
        token = "success" if self._live else "danger"
        self.live.setText(
            f'<span style="color: {theme.tokens[token]}">●</span>'
            f" {'connected' if self._live else 'not connected'}"
        )
