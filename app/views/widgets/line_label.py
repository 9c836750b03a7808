"""Labels of one line that show where they are cut."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.views.widgets.plain import Label, cell


class CutLabel(Label):
    """A label that ends in an ellipsis where its text is wider than the room it is given."""

    def paintEvent(self, event: QPaintEvent) -> None:
        room, metrics = self.contentsRect(), self.fontMetrics()
        if metrics.horizontalAdvance(self.text()) <= room.width():
            super().paintEvent(event)
            return
        line = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter = QPainter(self)
        self.style().drawItemText(
            painter,
            room,
            self.alignment(),
            self.palette(),
            self.isEnabled(),
            line,
            self.foregroundRole(),
        )
        painter.end()


class LineLabel(Label):
    """Shows as much of a text as fits; the whole of it is the tooltip.

    Signals: `cut_changed(bool)`: whether a part of the text doesn't fit.
    """

    cut_changed = Signal(bool)

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        self._whole = ""
        self._is_cut = False
        super().__init__(parent=parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    @property
    def whole(self) -> str:
        """The text in one line, cut or not."""
        return self._whole

    def setText(self, text: str) -> None:
        self._whole = cell(text)
        self.setToolTip(text)
        self.setAccessibleName(self._whole)
        self._is_cut = False
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _fit(self) -> None:
        room = self.contentsRect().width()
        line = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, room)
        super().setText(line)
        is_cut = line != self._whole
        if is_cut != self._is_cut:
            self._is_cut = is_cut
            self.cut_changed.emit(is_cut)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()
