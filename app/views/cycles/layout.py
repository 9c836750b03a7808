"""How the parts of the cycles' place stand beside each other."""

from collections.abc import Iterable

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.views.looks.theme import STEP
from app.views.widgets.line_label import LineLabel
from app.views.widgets.narrow import WrappingLine

_MOST_WORDS = 420


class TitleWords(LineLabel):
    """A few words beside a title, which rather go into a line without buttons than be cut."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        wide = self.fontMetrics().horizontalAdvance(self.text()) + STEP
        return QSize(min(wide, _MOST_WORDS), super().minimumSizeHint().height())


def title_bar(title: QLabel, words: QLabel, buttons: Iterable[QPushButton]) -> QWidget:
    """A title with a few words about it, and what can be done at the right."""
    bar = QWidget()
    bar.setObjectName("bar")
    line = WrappingLine(bar)
    line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
    line.setSpacing(3 * STEP)
    line.add(title)
    line.add(words, 1)
    together = QWidget()
    row = QHBoxLayout(together)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(3 * STEP)
    for button in buttons:
        row.addWidget(button)
    line.add(together)
    return bar


def stack_in(parent: QWidget, *widgets: QWidget) -> QWidget:
    """Stacks widgets without gaps; those behind the first take the height, as does a single one."""
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for position, widget in enumerate(widgets):
        column.addWidget(widget, 1 if position or len(widgets) == 1 else 0)
    return parent
