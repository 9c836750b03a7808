"""The text of a golden JSON, one run per line, with a search for runs."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from app.views.golden.forms import RunLines
from app.views.looks.theme import monospaced
from app.views.widgets.search_line import SearchLine

_NOTHING = RunLines("", ())


class RunText(QPlainTextEdit):
    """Read-only; marks the line of the run that was found."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setFont(monospaced())
        self.setAccessibleName(name)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.lines = _NOTHING

    def show_lines(self, lines: RunLines) -> None:
        """Shows another JSON."""
        self.lines = lines
        self.setExtraSelections([])
        self.setPlainText(lines.text)

    def show_key(self, place: int | None) -> None:
        """Scrolls to a run and marks it; None marks nothing."""
        self.setExtraSelections([])
        if place is None:
            return
        block = self.document().findBlockByNumber(place + 1)  # the first line is the bracket
        cursor = QTextCursor(block)
        self.setTextCursor(cursor)
        self.centerCursor()
        mark = QTextEdit.ExtraSelection()
        cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
        mark.cursor = cursor
        palette = self.palette()
        mark.format.setBackground(palette.highlight())
        mark.format.setForeground(palette.highlightedText())
        self.setExtraSelections([mark])


class FindLine(SearchLine):
    """The line for the run to search.

    Signals: `next_wanted(int)` with 1 for the next and -1 for the previous one.
    """

    next_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("Find run")
        self.setAccessibleName("Find run")
        self.setToolTip("Enter: next; Shift+Enter: previous; Escape: clear")
        self.setFixedWidth(160)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.next_wanted.emit(-1 if back else 1)
        else:
            super().keyPressEvent(event)
