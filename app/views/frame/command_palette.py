"""The command palette: every action by name, with its shortcut; and the question for a run."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QInputDialog,
    QLineEdit,
    QListWidget,
    QVBoxLayout,
    QWidget,
)

from app.views.focus import give_keys
from app.views.theme import STEP

_BELOW_TOP = 96
_LARGEST_RUN_NUMBER = 9_999_999


class CommandPalette(QDialog):
    """A line to type in, and the actions that match; Enter runs the selected one."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = [action for action in actions if action.text()]
        self._matching: list[QAction] = []
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

    def open_over(self, window: QWidget) -> None:
        """Opens in the upper middle of a window."""
        middle = window.mapToGlobal(window.rect().center())
        top = window.mapToGlobal(window.pos()).y() + _BELOW_TOP
        self.move(middle.x() - self.width() // 2, top)
        self.open()
        give_keys(self.line)

    def search(self, text: str) -> None:
        """Shows the actions whose text contains every word."""
        searched = text.casefold().split()
        self._matching = [
            action
            for action in self._actions
            if all(word in f"{action.text()} {action.toolTip()}".casefold() for word in searched)
        ]
        self.list.clear()
        for action in self._matching:
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            name = action.text().replace("&", "")
            self.list.addItem(f"{name}   {keys}" if keys else name)
        self.list.setCurrentRow(0)

    def run_chosen(self) -> None:
        """Closes, then runs the selected action."""
        row = self.list.currentRow()
        if 0 <= row < len(self._matching):
            action = self._matching[row]
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


def run_number_dialog(parent: QWidget) -> QInputDialog:
    """Asks for a run number."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setInputMode(QInputDialog.InputMode.IntInput)
    dialog.setIntRange(1, _LARGEST_RUN_NUMBER)
    dialog.setWindowTitle("Go to run")
    dialog.setLabelText("Run number")
    return dialog
