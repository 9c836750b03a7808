"""Windows and dialogs that fit the screen they open on."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.views.looks.theme import STEP
from app.views.widgets.plain import MarkedUp

MOST_OF_SCREEN = 0.9
_NARROWEST_TEXT = 240


def resize_to_fit(window: QWidget, width: int, height: int) -> None:
    """Gives a window this size, or as much of it as the screen has room for."""
    screen = window.screen().availableGeometry()
    window.resize(
        min(width, int(screen.width() * MOST_OF_SCREEN)),
        min(height, int(screen.height() * MOST_OF_SCREEN)),
    )


def make_room(part: QWidget) -> None:
    """Makes the dialog of a part that has come into sight as high as its form has to be now."""
    dialog = part.window()
    layout = dialog.layout()
    if not isinstance(dialog, QDialog) or not dialog.isVisible() or layout is None:
        return
    layout.activate()
    width = dialog.width()
    needed = layout.totalMinimumSize().height()
    if layout.hasHeightForWidth():
        needed = max(needed, layout.totalHeightForWidth(width))
    if dialog.height() < needed:
        resize_to_fit(dialog, width, needed)


class ScrolledText(QDialog):
    """A text of the program's own, with markup, so `wide` where the screen is; it scrolls where it
    is higher than that."""

    def __init__(self, title: str, markup: str, wide: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.text = MarkedUp()
        self.text.setText(markup)
        self.text.setContentsMargins(3 * STEP, 2 * STEP, 3 * STEP, 2 * STEP)
        self.area = QScrollArea(widgetResizable=True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidget(self.text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.area)
        layout.addWidget(buttons)
        self.text.setWordWrap(True)
        self.text.setMinimumWidth(_NARROWEST_TEXT)
        bar = self.area.verticalScrollBar().sizeHint().width()
        high = self.text.heightForWidth(wide)
        resize_to_fit(self, wide + bar + 8 * STEP, high + 24 * STEP)
