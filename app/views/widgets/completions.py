"""The list of what fits to what is typed, below a line."""

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QCompleter, QLineEdit, QListView

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class OneEnter(QCompleter):
    """A list of which one Enter is enough: it takes what is marked, and only then is an Enter in
    the line. Qt has it the other way round: the line acts on what isn't completed yet."""

    def __init__(self, model: QAbstractItemModel, parent: QObject) -> None:
        super().__init__(model, parent)
        self.list = QListView()
        self.list.setObjectName("completions")
        self.setPopup(self.list)

    def take(self, line: QLineEdit, marked: QModelIndex) -> bool:
        """Puts what is marked into the line; whether that is whole now, to be entered."""
        raise NotImplementedError

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        line = self.widget()
        enters = (
            watched is self.list
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and Qt.Key(event.key()) in _ENTER
        )
        if not enters or not isinstance(line, QLineEdit):
            return super().eventFilter(watched, event)
        marked = next(iter(self.list.selectedIndexes()), QModelIndex())
        self.list.hide()
        if not marked.isValid() or self.take(line, marked):
            QApplication.sendEvent(line, event)
        return True


class Completions(OneEnter):
    """Finds what is typed anywhere in the texts of a model."""

    def __init__(self, model: QAbstractItemModel, parent: QObject) -> None:
        super().__init__(model, parent)
        self.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)

    def take(self, line: QLineEdit, marked: QModelIndex) -> bool:
        line.setText(str(marked.data(self.completionRole())))
        self.activated.emit(line.text())
        return True
