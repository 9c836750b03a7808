"""Says that a grid shows another moment than now, and leads back."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from app.views.theme import STEP, Themes


class MomentLine(QFrame):
    """A line above the grid, there only while another moment is shown.

    Signals: `now_wanted()`.
    """

    now_wanted = Signal()

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._themes = themes
        self.moment = ""
        self._sign = QLabel()
        self.text = QLabel()
        self.back = QPushButton("Back to now")
        self.back.setToolTip("Show the present state again (Esc)")
        self.back.clicked.connect(self.now_wanted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2 * STEP, STEP, STEP, STEP)
        layout.addWidget(self._sign)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.back)
        themes.changed.connect(self._dress)
        self._dress()
        self.hide()

    def show_moment(self, moment: str) -> None:
        """What is shown is as it was then."""
        self.moment = moment
        self.text.setText(f"As of {moment}. It can be looked at, not edited.")
        self.show()

    def show_now(self) -> None:
        """What is shown is the present state."""
        self.moment = ""
        self.hide()

    def _dress(self) -> None:
        self._sign.setPixmap(self._themes.theme.icon("history", "warning").pixmap(16, 16))
