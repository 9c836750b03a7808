"""The choice of the dataset whose lumisections are shown."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox

from app.views.widgets.plain import ChoiceBox

_WIDEST = 420
_NARROWEST = 120


class DatasetChoice(ChoiceBox):
    """The datasets of a run. Its signals tell what the person chooses, not what is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Dataset")
        self.setMaximumWidth(_WIDEST)
        self.setMinimumWidth(_NARROWEST)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)

    def show_datasets(self, names: Sequence[str], chosen: str = "") -> None:
        """Offers these, with one of them chosen."""
        with QSignalBlocker(self):
            if [self.itemText(i) for i in range(self.count())] != list(names):
                self.clear()
                self.addItems(names)
            self.setCurrentText(chosen)
