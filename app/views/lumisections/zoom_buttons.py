"""The buttons that zoom a grid."""

from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from app.views.grid.grid_view import GridView
from app.views.looks.theme import STEP, Theme, Themes

_ICONS = ("zoom-in", "zoom-out", "zoom-fit")


class ZoomButtons(QWidget):
    """In, out, and the whole run."""

    def __init__(self, grid: GridView, themes: Themes) -> None:
        super().__init__()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2 * STEP)
        self._buttons: list[QToolButton] = []
        for text, zoom in (
            ("Zoom in (+)", lambda: grid.zoom(1.5)),
            ("Zoom out (-)", lambda: grid.zoom(1 / 1.5)),
            ("Whole run (0)", grid.fit),
        ):
            button = QToolButton()
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.clicked.connect(zoom)
            line.addWidget(button)
            self._buttons.append(button)
        themes.changed.connect(self._apply_theme)
        self._apply_theme(themes.theme)

    def _apply_theme(self, theme: Theme) -> None:
        for button, icon in zip(self._buttons, _ICONS, strict=True):
            button.setIcon(theme.icon(icon))
