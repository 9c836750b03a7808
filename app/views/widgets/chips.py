"""Small buttons of which one is chosen."""

from collections.abc import Sequence

from PySide6.QtCore import (
    Signal,
)
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QToolButton,
    QWidget,
)

from app.views.looks import words
from app.views.looks.theme import STEP


class Chips(QWidget):
    """A choice among groups with the number in each: `All 12  ok 10  refused 2`.

    Signals: `chosen(object)`: the group, None for all.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(STEP)
        self._line.addStretch(1)
        self._buttons = QButtonGroup(self)
        self._groups: list[str | None] = []
        self._buttons.idClicked.connect(lambda place: self.chosen.emit(self._groups[place]))

    @property
    def group(self) -> str | None:
        """What is chosen."""
        place = self._buttons.checkedId()
        return self._groups[place] if place >= 0 else None

    def button(self, group: str | None) -> QToolButton:
        """The button of a group."""
        found = self._buttons.button(self._groups.index(group))
        assert isinstance(found, QToolButton)
        return found

    def show_groups(self, counts: Sequence[tuple[str, int]]) -> None:
        """Offers the groups that hold anything; the one chosen before stays so."""
        before = self.group
        for each in self._buttons.buttons():
            self._buttons.removeButton(each)
            self._line.removeWidget(each)
            each.hide()
            each.deleteLater()
        held = [(group, number) for group, number in counts if number]
        total = sum(number for _, number in held)
        self._groups = [None, *(group for group, _ in held)]
        for place, (text, number) in enumerate([("All", total), *held]):
            button = QToolButton()
            button.setText(f"{text}  {words.number(number)}")
            button.setCheckable(True)
            self._buttons.addButton(button, place)
            self._line.insertWidget(place, button)
        self.button(before if before in self._groups else None).setChecked(True)
        self.setVisible(len(held) > 1)
