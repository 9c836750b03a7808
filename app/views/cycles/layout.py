"""How the parts of the cycles' place stand beside each other."""

from collections.abc import Iterable

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.views.looks.theme import STEP


def title_bar(title: QLabel, words: QLabel, buttons: Iterable[QPushButton]) -> QWidget:
    """A title with a few words about it, and what can be done at the right."""
    bar = QWidget()
    bar.setObjectName("bar")
    line = QHBoxLayout(bar)
    line.setContentsMargins(2 * STEP, STEP, STEP, STEP)
    line.setSpacing(3 * STEP)
    line.addWidget(title)
    line.addWidget(words, 1)
    for button in buttons:
        line.addWidget(button)
    return bar


def stack_in(parent: QWidget, *widgets: QWidget) -> QWidget:
    """Stacks widgets without gaps; those behind the first take the height, as does a single one."""
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for position, widget in enumerate(widgets):
        column.addWidget(widget, 1 if position or len(widgets) == 1 else 0)
    return parent
