"""A line for a comment or cause that offers what was written lately."""

from collections.abc import Iterable

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QWidget


class RemarkEdit(QLineEdit):
    """Shows what the selected cells have, takes what is typed instead.

    Signals: `entered(str)` when another text was typed and the line is left, or Enter pressed;
    `done()` after Enter, `left()` after Escape, which forgets what was typed.
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
        popup = QListView()
        popup.setObjectName("completions")
        self._completer.setPopup(popup)
        self._completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._completer.setMaxVisibleItems(10)
        self.setCompleter(self._completer)

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
        if self.isModified():
            return
        one = next(iter(texts)) if len(texts) == 1 else ""
        self._shown = one
        self.setText(one)
        self.setPlaceholderText(
            f"{len(texts)} different ones" if len(texts) > 1 else self._placeholder
        )
        self.setCursorPosition(0)

    def enter(self) -> None:
        """Hands over what was typed, if anything was."""
        text = self.typed
        if text is not None:
            self.setModified(False)
            self._shown = text
            self.entered.emit(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enter()
            self.done.emit()
        elif key == Qt.Key.Key_Escape:
            self.setModified(False)
            self.setText(self._shown)
            self.left.emit()
        elif key == Qt.Key.Key_Down:
            self._completer.setCompletionPrefix("" if not self.isModified() else self.text())
            self._completer.complete()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        # The list of offers takes the focus, too, and gives it back.
        if event.reason() not in (
            Qt.FocusReason.PopupFocusReason,
            Qt.FocusReason.ActiveWindowFocusReason,
        ):
            self.enter()
