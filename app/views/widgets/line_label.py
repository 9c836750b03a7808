"""Labels of one line that show where they are cut."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.views.widgets.plain import Label, cell


class CutLabel(Label):
    """A label that ends in an ellipsis where its text is wider than the room it is given."""

    @property
    def shown(self) -> str:
        """The text as it is painted."""
        room = self.contentsRect().width()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)

    def paintEvent(self, event: QPaintEvent) -> None:
        line = self.shown
        # What is selected is seen in the text itself.
        if line == self.text() or self.hasSelectedText():
            super().paintEvent(event)
            return
        painter = QPainter(self)
        self.style().drawItemText(
            painter,
            self.contentsRect(),
            self.alignment(),
            self.palette(),
            self.isEnabled(),
            line,
            self.foregroundRole(),
        )
        painter.end()


class LineLabel(CutLabel):
    """Asks for no width, and shows its text in one line; the whole of it is the tooltip.

    Signals: `cut_changed(bool)`: whether a part of the text doesn't fit.
    """

    cut_changed = Signal(bool)

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        self._is_cut = False
        super().__init__(text, parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:
        line = cell(text)
        super().setText(line)
        self.setToolTip(text)
        self.setAccessibleName(line)
        self._measure()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _measure(self) -> None:
        is_cut = self.shown != self.text()
        if is_cut != self._is_cut:
            self._is_cut = is_cut
            self.cut_changed.emit(is_cut)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()
