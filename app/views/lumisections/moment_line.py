"""Says that a grid shows a past moment, and leads back to now."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app.views.looks.theme import STEP, Themes
from app.views.widgets.plain import Label


class MomentLine(QFrame):
    """A line above the grid, visible only while a past moment is shown.

    Signals: `now_wanted()`; `older_wanted()` and `newer_wanted()` for the moments beside it;
    `comparison_wanted()` with now.
    """

    now_wanted = Signal()
    older_wanted = Signal()
    newer_wanted = Signal()
    comparison_wanted = Signal()

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._themes = themes
        self.moment = ""
        self._sign = Label()
        self.text = Label()
        self.text.setMinimumWidth(1)
        self.older = QPushButton("Older")
        self.older.setToolTip("The state before the last change of this dataset (<)")
        self.newer = QPushButton("Newer")
        self.newer.setToolTip("The state after the next change of this dataset (>)")
        self.compare = QPushButton("Compare with now")
        self.compare.setToolTip("Show what has changed since")
        self.back = QPushButton("Back to now")
        self.back.setToolTip("Show the present state again (Esc)")
        self.back.clicked.connect(self.now_wanted)
        self.older.clicked.connect(self.older_wanted)
        self.newer.clicked.connect(self.newer_wanted)
        self.compare.clicked.connect(self.comparison_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        layout.addWidget(self._sign)
        layout.addWidget(self.text, 1)
        for button in (self.older, self.newer, self.compare, self.back):
            layout.addWidget(button)
        themes.changed.connect(self._apply_theme)
        self._apply_theme()
        self.hide()

    def show_moment(self, moment: str) -> None:
        """Shows that the state is a past one."""
        self.moment = moment
        text = f"Read-only, as of {moment}."
        self.text.setText(text)
        self.text.setToolTip(text)
        self.show()

    def offer(self, *, older: bool, newer: bool) -> None:
        """Offers the moments before and after."""
        self.older.setEnabled(older)
        self.newer.setEnabled(newer)

    def show_now(self) -> None:
        """Hides: the present state is shown."""
        self.moment = ""
        self.hide()

    def _apply_theme(self) -> None:
        self._sign.setPixmap(self._themes.theme.icon("history", "warning").pixmap(16, 16))
