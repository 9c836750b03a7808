"""The bell of the status bar: how much happened that the person hasn't looked at."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton, QWidget

from app.views.looks.theme import Themes, set_property
from app.views.notifications.entries import TITLE, State
from app.views.widgets.plain import tip

_MOST_SHOWN = 99


class Bell(QToolButton):
    """Opens the list; seen once there is something in it.

    Signals: `list_wanted()`.
    """

    list_wanted = Signal()

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._state = State()
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setProperty("role", "in line")
        # A click leaves the keys where they are.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self.list_wanted)
        themes.changed.connect(self._dress)
        self.show_state(State())

    def show_state(self, state: State) -> None:
        """Shows another state."""
        self._state = state
        unread = state.happened.unread
        shown = min(unread, _MOST_SHOWN)
        is_all = shown == unread and not state.happened.more
        self.setText("" if not unread else str(shown) if is_all else f"{shown}+")
        self.setToolTip(tip(f"{TITLE} (Ctrl+D): {state.words}"))
        self.setAccessibleName(f"{TITLE}: {state.words}")
        self.setVisible(bool(state.happened.notifications))
        self._dress()

    def _dress(self) -> None:
        fresh = self._state.happened.unread > 0
        set_property(self, "fresh", "yes" if fresh else "")
        self.setIcon(self._themes.theme.icon("bell", "accent" if fresh else "muted"))
