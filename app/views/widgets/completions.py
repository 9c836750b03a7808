"""The list of what fits to what is typed, below a line."""

from PySide6.QtCore import QAbstractItemModel, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QCompleter, QLineEdit, QListView

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Completions(QCompleter):
    """Finds what is typed anywhere in the texts of a model.

    One Enter is enough: it takes what is marked in the list, and is an Enter in the line as well.
    """

    def __init__(self, model: QAbstractItemModel, parent: QObject) -> None:
        super().__init__(model, parent)
        self.setFilterMode(Qt.MatchFlag.MatchContains)
        self.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        popup = QListView()
        popup.setObjectName("completions")
        self.setPopup(popup)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        popup, line = self.popup(), self.widget()
        enters = (
            watched is popup
            and event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and Qt.Key(event.key()) in _ENTER
        )
        if popup is None or not enters or not isinstance(line, QLineEdit):
            return super().eventFilter(watched, event)
        marked = popup.currentIndex()
        popup.hide()
        if marked.isValid():
            line.setText(str(marked.data(self.completionRole())))
            self.activated.emit(line.text())
        QApplication.sendEvent(line, event)
        return True
