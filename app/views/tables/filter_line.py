"""The filter of a table as text: completion while typing, mistakes marked where they are."""

from PySide6.QtCore import (
    QCoreApplication,
    QModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import QCompleter, QLineEdit, QVBoxLayout, QWidget

from app.domain.errors import BadInput
from app.domain.filters import Completion, FilterError, Vocabulary, complete, parse
from app.views.looks.theme import Themes, set_property
from app.views.widgets.completion_model import CompletionModel
from app.views.widgets.completions import OneEnter
from app.views.widgets.plain import Label

_PAUSE_MS = 400
_WIDEST_POPUP = 420


class FilterEdit(QLineEdit):
    """A line of text that offers what can stand at the cursor."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.vocabulary: Vocabulary | None = None
        self.completions = CompletionModel(_text, self)
        self._completer = _AtCursor(self.completions, self)
        self._popup = self._completer.list
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self)
        self._completer.setMaxVisibleItems(12)
        self._completer.activated[QModelIndex].connect(  # type: ignore[index]
            self.take
        )
        self.textEdited.connect(self._typed)

    def offer(self) -> None:
        """Opens the list of what can be typed here."""
        if self.vocabulary is None:
            return
        completions = complete(self.text(), self.cursorPosition(), self.vocabulary)
        self.completions.show_completions(completions)
        if not completions:
            self._popup.hide()
            return
        place = self.cursorRect()
        place.setWidth(min(self.width(), _WIDEST_POPUP))
        self._completer.complete(place)

    def _typed(self, text: str) -> None:
        before = text[: self.cursorPosition()]
        if before and not before[-1].isspace():
            self.offer()
        else:
            self._popup.hide()

    def take(self, index: QModelIndex) -> None:
        """Completes what is typed at the cursor."""
        completion = self.completions.completion(index.row())
        text = self.text()
        self.setText(
            f"{text[: completion.start]}{completion.text} {text[completion.end :].lstrip()}"
        )
        self.setCursorPosition(completion.start + len(completion.text) + 1)
        self.textEdited.emit(self.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ctrl = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() == Qt.Key.Key_Down or (ctrl and event.key() == Qt.Key.Key_Space):
            self.offer()
            return
        super().keyPressEvent(event)


class _AtCursor(OneEnter):
    """Completes a part of the line."""

    def take(self, line: QLineEdit, marked: QModelIndex) -> bool:
        assert isinstance(line, FilterEdit)
        line.take(marked)
        try:
            parse(line.text(), line.vocabulary)
        except BadInput:
            return False  # half a condition: it is typed on
        return True


class FilterLine(QWidget):
    """Reads a filter that is typed, and shows where a mistake is.

    Signals: `filter_changed(Node | None)` after a pause or Enter, when the text can be read.
    """

    filter_changed = Signal(object)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.edit = FilterEdit(self)
        self.edit.setPlaceholderText("Filter, such as  class = Collisions25 and dt-dt.BAD > 0")
        self.edit.setAccessibleName("Filter")
        self.edit.setClearButtonEnabled(True)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.edit)
        layout.addWidget(self.refusal)
        self._applied = ""
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._after_pause)
        self.edit.textEdited.connect(self._edited)
        self.edit.textChanged.connect(self._cleared)
        self.edit.returnPressed.connect(self.apply)

    @property
    def text(self) -> str:
        return self.edit.text()

    def set_text(self, text: str) -> None:
        """Types and applies a filter."""
        self.edit.setText(text)
        self.apply()

    def set_vocabulary(self, vocabulary: Vocabulary) -> None:
        """Takes the fields that are offered while typing."""
        self.edit.vocabulary = vocabulary

    def check(self) -> None:
        """Raises BadInput where the text is no filter."""
        parse(self.edit.text(), self.edit.vocabulary)

    def apply(self) -> None:
        """Reads the text: marks a mistake, or applies the filter."""
        self._pause.stop()
        text = self.edit.text()
        try:
            node = parse(text, self.edit.vocabulary)
        except FilterError as error:
            self._refuse(str(error))
            self._underline(error.start, max(error.end, error.start + 1))
            return
        except BadInput as error:
            self._refuse(str(error))
            return
        self._refuse("")
        if text.strip() != self._applied:
            self._applied = text.strip()
            self.filter_changed.emit(node)

    def _edited(self) -> None:
        self._refuse("")
        self._pause.start()

    def _cleared(self, text: str) -> None:
        if not text:
            self.apply()

    def _after_pause(self) -> None:
        # While somebody types the rest is missing, which is no mistake yet.
        try:
            self.check()
        except BadInput:
            return
        self.apply()

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))
        set_property(self.edit, "wrong", bool(text))
        if not text:
            QCoreApplication.sendEvent(self.edit, QInputMethodEvent("", []))

    def _underline(self, start: int, end: int) -> None:
        wavy = QTextCharFormat()
        wavy.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
        wavy.setUnderlineColor(self._themes.theme.colour("danger"))
        kind = QInputMethodEvent.AttributeType.TextFormat
        # A line edit takes formats only the way an input method gives them: from the cursor on.
        mark = QInputMethodEvent.Attribute(
            kind, start - self.edit.cursorPosition(), end - start, wavy
        )
        QCoreApplication.sendEvent(self.edit, QInputMethodEvent("", [mark]))


def _text(completion: Completion, role: int) -> str | None:
    text, detail = completion.text, completion.detail
    if role == Qt.ItemDataRole.DisplayRole:
        return f"{text}   {detail}" if detail else text
    return text if role == Qt.ItemDataRole.EditRole else None
