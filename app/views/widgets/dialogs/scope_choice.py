"""The choice between the datasets that are selected and all that the table shows."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QRadioButton, QWidget

from app.services.certification.tables import Chosen
from app.views.looks import words
from app.views.looks.theme import STEP
from app.views.selection import Selection


class ScopeChoice(QWidget):
    """Two radio buttons; one where there is nothing to choose.

    Signals: `changed()`.
    """

    changed = Signal()

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self.selected = QRadioButton(f"{words.counted(selection.count, 'selected dataset')}")
        self.everything = QRadioButton(
            f"All {words.number(selection.everything_count)} that the table shows"
        )
        self.selected.setChecked(selection.count > 0)
        self.selected.setVisible(selection.count > 0)
        self.everything.setChecked(selection.count == 0)
        self.everything.setVisible(selection.everything is not None)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4 * STEP)
        line.addWidget(self.selected)
        line.addWidget(self.everything)
        line.addStretch(1)
        self.selected.toggled.connect(lambda _on: self.changed.emit())

    def chosen(self) -> Chosen:
        """What the person chose."""
        everything = self._selection.everything
        if everything is not None and self.everything.isChecked():
            return everything
        return self._selection.chosen
