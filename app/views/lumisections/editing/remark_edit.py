"""A line for a comment or cause that offers recent ones."""

from collections.abc import Iterable

from PySide6.QtCore import QModelIndex, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QWidget

_PAUSE_MS = 600


class RemarkEdit(QLineEdit):
    """Shows what the selected cells have, and takes what is typed instead.

    Signals: `entered(str)` when another text was typed and the line is left, Enter pressed, or
    nothing more typed for a moment, so that nothing typed is lost; `done()` after Enter,
    `left()` after Escape, which forgets what wasn't entered.
    """

    entered = Signal(str)
    done = Signal()
    left = Signal()

    def __init__(self, name: str, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self._placeholder = placeholder
        self._shown = ""
        self._offers = QStringListModel(self)
        self._completer = QCompleter(self._offers, self)
        self._popup = QListView()
        self._popup.setObjectName("completions")
        self._completer.setPopup(self._popup)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setMaxVisibleItems(10)
        self.setCompleter(self._completer)
        self._completer.activated.connect(self._take)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self.enter)
        self.textEdited.connect(lambda _text: self._pause.start())

    @property
    def typed(self) -> str | None:
        """What was typed and not entered yet; None when nothing was."""
        return self.text().strip() if self.isModified() else None

    def offer(self, texts: Iterable[str]) -> None:
        """What can be taken from a list."""
        fresh = list(dict.fromkeys(texts))
        if fresh != self._offers.stringList():
            self._offers.setStringList(fresh)

    def offered(self) -> list[str]:
        """What can be taken from a list now."""
        return self._offers.stringList()

    def show_texts(self, texts: set[str]) -> None:
        """Shows what the cells have, unless something is being typed."""
        if self.isModified() or texts == {self.text().strip()}:
            return  # being typed, or there already: the cursor stays
        one = next(iter(texts)) if len(texts) == 1 else ""
        self._shown = one
        self.setText(one)
        self.setPlaceholderText(
            f"{len(texts)} different values" if len(texts) > 1 else self._placeholder
        )
        self.setCursorPosition(0)

    def enter(self) -> None:
        """Hands over what was typed, if anything was."""
        self._pause.stop()
        text = self.typed
        if text is not None:
            self.setModified(False)
            self._shown = text
            self.entered.emit(text)

    def add(self, text: str) -> None:
        """Adds to what is there, as if it were typed and entered."""
        self.setText(" ".join(filter(None, (self.text().strip(), text))))
        self.setCursorPosition(0)
        self.setModified(True)
        self.enter()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        enters = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if self._popup.isVisible() and key == Qt.Key.Key_Escape:
            event.ignore()  # for the list
        elif enters:
            # One Enter is enough: it takes what is marked in the list, and goes on.
            marked = self._popup.currentIndex() if self._popup.isVisible() else QModelIndex()
            self._popup.hide()
            if marked.isValid():
                self.setText(str(marked.data()))
                self.setModified(True)
            self.enter()
            self.done.emit()
        elif key == Qt.Key.Key_Escape:
            self._pause.stop()
            self.setModified(False)
            self.setText(self._shown)
            self.left.emit()
        elif key == Qt.Key.Key_Down:
            self._completer.setCompletionPrefix("" if not self.isModified() else self.text())
            self._completer.complete()
        else:
            super().keyPressEvent(event)

    def _take(self, text: str) -> None:
        """What was taken from the list counts as typed."""
        self.setText(text)
        self.setModified(True)
        self.enter()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # The list of offers takes the focus, too, and gives it back.
        if event.reason() not in (
            Qt.FocusReason.PopupFocusReason,
            Qt.FocusReason.ActiveWindowFocusReason,
        ):
            self.enter()
