"""Says that a grid shows another moment than now, and leads back."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app.views.theme import STEP, Themes
from app.views.widgets.plain import Label


class MomentLine(QFrame):
    """A line above the grid, there only while another moment is shown.

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
        self.older.setToolTip("The moment before, when this dataset was last another (<)")
        self.newer = QPushButton("Newer")
        self.newer.setToolTip("The moment after, when this dataset next became another (>)")
        self.compare = QPushButton("Compare with now")
        self.compare.setToolTip("What changed since")
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
        themes.changed.connect(self._dress)
        self._dress()
        self.hide()

    def show_moment(self, moment: str) -> None:
        """What is shown is as it was then."""
        self.moment = moment
        text = f"Read-only, as of {moment}."
        self.text.setText(text)
        self.text.setToolTip(text)
        self.show()

    def offer(self, *, older: bool, newer: bool) -> None:
        """Whether there are moments beside the one that is shown."""
        self.older.setEnabled(older)
        self.newer.setEnabled(newer)

    def show_now(self) -> None:
        """What is shown is the present state."""
        self.moment = ""
        self.hide()

    def _dress(self) -> None:
        self._sign.setPixmap(self._themes.theme.icon("history", "warning").pixmap(16, 16))
