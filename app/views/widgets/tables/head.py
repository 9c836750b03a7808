"""The head of a table, which doesn't ask for what nobody sees."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHeaderView, QWidget


class Head(QHeaderView):
    """A head that is measured while it is seen, and only where its height isn't fixed.

    Qt measures all heads whenever the style changes, and asks the model for each column then: a
    change of look would wait for thousands of answers, each behind whoever computes meanwhile.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(True)
        self._size: QSize | None = None

    def sizeHint(self) -> QSize:
        if self.minimumHeight() == self.maximumHeight():
            return QSize(self.width(), self.minimumHeight())
        if self._size is None or self.isVisible():
            self._size = super().sizeHint()
        return self._size

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.geometriesChanged.emit()
