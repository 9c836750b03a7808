"""The command palette: every action by name, with its shortcut."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QDialog, QFrame, QLineEdit, QListWidget, QVBoxLayout, QWidget

from app.views.theme import STEP


class CommandPalette(QDialog):
    """A line to type in and the actions that match; Enter does the first."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = [action for action in actions if action.text()]
        self._found: list[QAction] = []
        frame = QFrame()
        frame.setObjectName("palette")
        self.line = QLineEdit(placeholderText="What do you want to do?")
        self.list = QListWidget()
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(STEP, STEP, STEP, STEP)
        inside.addWidget(self.line)
        inside.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)
        self.resize(520, 360)
        self.line.textChanged.connect(self.search)
        self.line.returnPressed.connect(self.run_chosen)
        self.list.itemActivated.connect(self.run_chosen)
        self.list.itemClicked.connect(self.run_chosen)
        self.line.installEventFilter(self)
        self.search("")

    def search(self, text: str) -> None:
        """Shows the actions whose text holds every word."""
        wanted = text.casefold().split()
        self._found = [
            action
            for action in self._actions
            if all(word in f"{action.text()} {action.toolTip()}".casefold() for word in wanted)
        ]
        self.list.clear()
        for action in self._found:
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            name = action.text().replace("&", "")
            self.list.addItem(f"{name}   {keys}" if keys else name)
        self.list.setCurrentRow(0)

    def run_chosen(self) -> None:
        """Closes, then does what is chosen."""
        row = self.list.currentRow()
        if 0 <= row < len(self._found):
            action = self._found[row]
            self.accept()
            action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            watched is self.line
            and isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
        ):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None:
                last = self.list.count() - 1
                self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), last))
                return True
        return super().eventFilter(watched, event)
