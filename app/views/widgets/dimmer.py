"""What no longer fits its question is dimmed until it does."""

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.views.looks.theme import Themes

_OPACITY = 0.6
_AFTER_MS = 100


class Dimmer(QWidget):
    """Lies over a widget and makes it pale while it shows the answer to an earlier question.

    An answer that comes at once isn't preceded by a flicker. It takes no click and no key. Over a
    splitter, which would make one of its panes of it, it is a child of what is `around` that.
    """

    def __init__(self, over: QWidget, themes: Themes, around: QWidget | None = None) -> None:
        self._around = around or over
        super().__init__(self._around)
        self._themes = themes
        self._over = over
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._pause = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._pause.timeout.connect(self._begin)
        over.installEventFilter(self)
        self.hide()

    @property
    def is_dimming(self) -> bool:
        """Whether what lies below is an earlier answer."""
        return self._pause.isActive() or not self.isHidden()

    def dim(self) -> None:
        """The question is another one by now."""
        if not self.is_dimming:
            self._pause.start()

    def clear(self) -> None:
        """The answer is there."""
        self._pause.stop()
        self.hide()

    def _begin(self) -> None:
        self._cover()
        self.show()
        self.raise_()

    def _cover(self) -> None:
        if self._over is self._around or self._around.isAncestorOf(self._over):
            corner = self._over.mapTo(self._around, QPoint())
            self.setGeometry(QRect(corner, self._over.size()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._cover()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(_OPACITY)
        painter.fillRect(self.rect(), self._themes.theme.colour("surface"))
