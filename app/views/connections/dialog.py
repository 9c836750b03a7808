"""The list of connections over a window."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.views.background import Background
from app.views.connections.pane import ConnectionsPane
from app.views.looks.theme import Themes
from app.views.session import Openings
from app.views.widgets.dialogs.fitting import resize_to_fit

_DIALOG_SIZE = (820, 560)


class ConnectionsDialog(QDialog):
    """The list of connections over a window.

    Signals: `open_wanted(str)` with the name of the connection to open; the dialog stays until
    that is open or `show_failure` says why not.
    """

    open_wanted = Signal(str)

    def __init__(
        self,
        openings: Openings,
        in_use: str,
        background: Background,
        themes: Themes,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Connections")
        self.pane = ConnectionsPane(openings, background, themes, in_use=in_use)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        for button in buttons.buttons():
            assert isinstance(button, QPushButton)
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pane, 1)
        layout.addWidget(buttons)
        self.pane.open_wanted.connect(self._open)
        resize_to_fit(self, *_DIALOG_SIZE)

    def show_failure(self, text: str) -> None:
        """Says why the other server isn't open; the one before still is."""
        self.pane.setEnabled(True)
        self.pane.findings.say(f"{text} This window stays as it is.")

    def _open(self, name: str) -> None:
        self.pane.setEnabled(False)
        self.pane.findings.say(f"Opening {name} ...")
        self.open_wanted.emit(name)
