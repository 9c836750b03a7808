"""A thin bar that says that something is on its way."""

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.views.looks.theme import Themes

_HEIGHT = 2


class LoadingBar(QWidget):
    """A thin bar at the top of a pane while something is on its way."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        self._themes = themes
        self._loading = False
        themes.changed.connect(self.update)

    @property
    def loading(self) -> bool:
        return self._loading

    def set_loading(self, loading: bool) -> None:
        """Shows or hides the bar; its place stays, so that nothing jumps."""
        self._loading = loading
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        # A style sheet of its own would cost each bar as much as a whole list at a change of look.
        if self._loading:
            QPainter(self).fillRect(self.rect(), self._themes.theme.colour("accent"))
