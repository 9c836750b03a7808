"""What a puller does, line by line: state with its light, doing, who, last, next, since start."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout

from app.domain.sources.pull import PullState
from app.views.looks.theme import STEP
from app.views.widgets.plain import Label

ROLES = {
    PullState.OFF: "muted",
    PullState.STANDBY: "muted",
    PullState.WAITING: "success",
    PullState.PULLING: "success",
    PullState.BACKING_OFF: "warning",
    PullState.UNAVAILABLE: "refusal",
}
_LINES = ("State", "Doing", "Puller", "Last success", "Next try", "Since start")


class StatusLines(QGridLayout):
    """The lines, their names before them; `dot` is the light.

    Not a form of Qt: that gives the height of what takes two lines to what takes one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.dot = Label("●")
        self.values = {name: Label(wordWrap=True) for name in _LINES}
        state = QHBoxLayout()
        state.setSpacing(2 * STEP)
        state.addWidget(self.dot, 0, Qt.AlignmentFlag.AlignTop)
        state.addWidget(self.values["State"], 1)
        self.setHorizontalSpacing(4 * STEP)
        self.setVerticalSpacing(STEP)
        self.setColumnStretch(1, 1)
        for row, (name, value) in enumerate(self.values.items()):
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label = Label(name)
            label.setProperty("role", "muted")
            self.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            if name == "State":
                self.addLayout(state, row, 1)
            else:
                self.addWidget(value, row, 1)

    def say(self, name: str, text: str) -> None:
        """Shows a line's text; nothing moves where it is the same."""
        if self.values[name].text() != text:
            self.values[name].setText(text)
