"""What a puller does, line by line: state with its light, doing, who, last, next, since start."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFormLayout, QHBoxLayout

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


class StatusLines(QFormLayout):
    """The lines as a form; `dot` is the light."""

    def __init__(self) -> None:
        super().__init__()
        self.dot = Label("●")
        self.values = {name: Label(wordWrap=True) for name in _LINES}
        state = QHBoxLayout()
        state.setSpacing(2 * STEP)
        state.addWidget(self.dot)
        state.addWidget(self.values["State"], 1)
        self.setHorizontalSpacing(4 * STEP)
        self.setVerticalSpacing(STEP)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, value in self.values.items():
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label = Label(name)
            label.setProperty("role", "muted")
            if name == "State":
                self.addRow(label, state)
            else:
                self.addRow(label, value)

    def say(self, name: str, text: str) -> None:
        """Shows a line's text; nothing moves where it is the same."""
        if self.values[name].text() != text:
            self.values[name].setText(text)
