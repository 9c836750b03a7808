"""A thin bar that says that something is on its way."""

from PySide6.QtWidgets import QFrame, QWidget

from app.views.looks.theme import Themes


class LoadingBar(QFrame):
    """A thin bar at the top of a pane while something is on its way."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(2)
        self._themes = themes
        self._loading = False
        themes.changed.connect(self._apply_theme)

    @property
    def loading(self) -> bool:
        return self._loading

    def set_loading(self, loading: bool) -> None:
        """Shows or hides the bar; its place stays, so that nothing jumps."""
        self._loading = loading
        self._apply_theme()

    def _apply_theme(self) -> None:
        token = self._themes.theme.tokens["accent"] if self._loading else "transparent"
        self.setStyleSheet(f"background: {token}; border: none;")
