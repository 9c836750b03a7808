"""The text of a rule: highlighted, completed while typing, its errors marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
)
from PySide6.QtGui import QHelpEvent, QKeyEvent, QPainter, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QCompleter,
    QListView,
    QPlainTextEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTextEdit,
    QToolTip,
    QWidget,
)

from app.domain.rules.completion import Completion, complete
from app.domain.rules.vocabulary import RuleVocabulary
from app.views.focus import give_keys
from app.views.looks.theme import STEP, Themes, monospaced
from app.views.rules.highlighter import RuleHighlighter
from app.views.widgets.completion_model import CompletionModel, Index
from app.views.widgets.plain import tip

_POPUP_WIDTH = 560
_ROWS_SEEN = 12
_PAIRS = {"{": "}", "[": "]", '"': '"'}
_INDENT = "  "
_DETAIL_ROLE = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Mark:
    """A part of the text with an error; `token` names its colour."""

    start: int
    end: int
    text: str
    token: str


class _CompletionDelegate(QStyledItemDelegate):
    """Paints the name at the left, and what it is at the right."""

    def __init__(self, themes: Themes, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(_POPUP_WIDTH // 2, option.fontMetrics.height() + STEP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        label, detail = str(index.data()), str(index.data(_DETAIL_ROLE))
        theme = self._themes.theme
        area = QRect(option.rect)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.fillRect(area, theme.colour("selection" if selected else "surface"))
        area = area.adjusted(2 * STEP, 0, -2 * STEP, 0)
        metrics = painter.fontMetrics()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        room = area.width() - metrics.horizontalAdvance(label) - 4 * STEP
        detail = metrics.elidedText(detail, Qt.TextElideMode.ElideRight, max(room, 0))
        painter.setPen(theme.colour("text" if selected else "muted"))
        painter.drawText(area, right, detail)
        painter.setPen(theme.colour("text"))
        label = metrics.elidedText(label, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, label)
        painter.restore()


class RuleTextEdit(QPlainTextEdit):
    """Offers what can be typed at the cursor, and closes brackets."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._marks: tuple[Mark, ...] = ()
        self.vocabulary = RuleVocabulary()
        self.setAccessibleName("Rule as JSON logic")
        self.setFont(monospaced())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self._highlighter = RuleHighlighter(self.document(), themes.theme)
        self.completions = CompletionModel(_text, self)
        self.popup = QListView()
        self.popup.setObjectName("completions")
        self.popup.setUniformItemSizes(True)
        self._completer = QCompleter(self.completions, self)
        self._completer.setPopup(self.popup)
        self.popup.setItemDelegate(_CompletionDelegate(themes, self.popup))
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self)
        self._completer.setMaxVisibleItems(_ROWS_SEEN)
        self._completer.activated[QModelIndex].connect(  # type: ignore[index]
            self._take
        )
        themes.changed.connect(self._apply_theme)

    def offer(self) -> None:
        """Opens the list of what can be typed at the cursor; closes it when there is nothing."""
        cursor = self.textCursor()
        completions = (
            []
            if self.isReadOnly() or cursor.hasSelection()
            else complete(self.toPlainText(), cursor.position(), self.vocabulary)
        )
        self.completions.show_completions(completions)
        if not completions:
            self.popup.hide()
            return
        self.popup.setCurrentIndex(self.completions.index(0))
        place = self.cursorRect()
        place.translate(self.viewport().pos())
        place.setWidth(_POPUP_WIDTH)
        self._completer.complete(place)

    def show_marks(self, marks: Sequence[Mark]) -> None:
        """Underlines parts of the text; tool tips tell what is wrong."""
        self._marks = tuple(marks)
        selections = []
        length = len(self.toPlainText())
        for mark in self._marks:
            selection = QTextEdit.ExtraSelection()
            format_ = QTextCharFormat()
            format_.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            format_.setUnderlineColor(self._themes.theme.colour(mark.token))
            format_.setToolTip(mark.text)
            selection.format = format_
            cursor = QTextCursor(self.document())
            end = min(max(mark.end, mark.start + 1), length)
            cursor.setPosition(min(mark.start, max(end - 1, 0)))
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            selection.cursor = cursor
            selections.append(selection)
        self.setExtraSelections(selections)

    def go_to(self, offset: int) -> None:
        """Moves the cursor to a place in the text."""
        cursor = self.textCursor()
        cursor.setPosition(min(offset, len(self.toPlainText())))
        self.setTextCursor(cursor)
        self.ensureCursorVisible()
        give_keys(self)

    def choose(self, start: int, end: int) -> None:
        """Selects a part of the text and scrolls to it."""
        cursor = self.textCursor()
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self.centerCursor()
        give_keys(self)

    def load_text(self, text: str) -> None:
        """Shows a text that no undo goes behind."""
        if text == self.toPlainText():
            self.document().clearUndoRedoStacks()
        else:
            self.setPlainText(text)

    def replace_text(self, text: str) -> None:
        """Replaces the text as one step that can be undone; equal beginnings and ends are kept.

        Where nothing was written there is nothing to go back to.
        """
        old = self.toPlainText()
        if not old.strip():
            self.load_text(text)
        if not old.strip() or text == old:
            return
        shorter = min(len(old), len(text))
        same = next((n for n in range(shorter) if old[n] != text[n]), shorter)
        same_at_end = next(
            (n for n in range(shorter - same) if old[-1 - n] != text[-1 - n]), shorter - same
        )
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.setPosition(same)
        cursor.setPosition(len(old) - same_at_end, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[same : len(text) - same_at_end])
        cursor.endEditBlock()

    def _take(self, index: QModelIndex) -> None:
        each = self.completions.completion(index.row())
        cursor = self.textCursor()
        cursor.beginEditBlock()
        cursor.setPosition(each.start)
        cursor.setPosition(each.end, QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(each.text)
        cursor.setPosition(each.start + each.caret)
        cursor.endEditBlock()
        self.setTextCursor(cursor)
        if each.caret < len(each.text):
            self.offer()

    # Typing

    def _next(self) -> str:
        position = self.textCursor().position()
        return self.toPlainText()[position : position + 1]

    def _in_string(self) -> bool:
        block = self.textCursor().block().text()[: self.textCursor().positionInBlock()]
        return block.replace('\\"', "").count('"') % 2 == 1

    def _type_pair(self, opening: str) -> None:
        cursor = self.textCursor()
        inside = cursor.selectedText()
        cursor.beginEditBlock()
        cursor.insertText(f"{opening}{inside}{_PAIRS[opening]}")
        cursor.movePosition(QTextCursor.MoveOperation.Left)
        cursor.endEditBlock()
        self.setTextCursor(cursor)

    def _new_line(self) -> None:
        cursor = self.textCursor()
        line = cursor.block().text()
        before = line[: cursor.positionInBlock()]
        indent = line[: len(line) - len(line.lstrip())]
        deeper = before.rstrip().endswith(("{", "["))
        cursor.beginEditBlock()
        cursor.insertText(f"\n{indent}{_INDENT if deeper else ''}")
        if deeper and self._next() in ("}", "]"):
            place = cursor.position()
            cursor.insertText(f"\n{indent}")
            cursor.setPosition(place)
        cursor.endEditBlock()
        self.setTextCursor(cursor)

    def _erase_pair(self) -> bool:
        cursor = self.textCursor()
        position = cursor.position()
        around = self.toPlainText()[position - 1 : position + 1] if position else ""
        if cursor.hasSelection() or around not in ("{}", "[]", '""'):
            return False
        cursor.beginEditBlock()
        cursor.deletePreviousChar()
        cursor.deleteChar()
        cursor.endEditBlock()
        return True

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, typed = event.key(), event.text()
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        enter = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if self.popup.isVisible() and (enter or key == Qt.Key.Key_Escape):
            event.ignore()  # handled by the list
            return
        if ctrl and key == Qt.Key.Key_Space:
            self.offer()
            return
        if ctrl and key in (Qt.Key.Key_Z, Qt.Key.Key_Y):
            # While the list is open, the keys come from there. It fits to the text of before.
            self.popup.hide()
            if key == Qt.Key.Key_Y:
                self.redo()  # Qt has another key for it on X11
                return
        if self.isReadOnly() or ctrl:
            super().keyPressEvent(event)
            return
        if enter:
            self._new_line()
        elif key == Qt.Key.Key_Backspace:
            if not self._erase_pair():
                super().keyPressEvent(event)
        elif typed in ('"', "]", "}") and self._next() == typed:
            cursor = self.textCursor()
            cursor.movePosition(QTextCursor.MoveOperation.Right)
            self.setTextCursor(cursor)
        elif typed in _PAIRS and not self._in_string() and not (self._next() or " ").isalnum():
            self._type_pair(typed)
        else:
            super().keyPressEvent(event)
        self._after(typed, erased=key == Qt.Key.Key_Backspace)

    def _after(self, typed: str, *, erased: bool) -> None:
        if typed.isalnum() or (typed and typed in '"{=<>!._-/%') or (erased and self._offering):
            self.offer()
        else:
            self.popup.hide()

    @property
    def _offering(self) -> bool:
        return self.popup.isVisible()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            pointer = cast("QHelpEvent", event)
            place = self.viewport().mapFromGlobal(pointer.globalPos())
            at = self.cursorForPosition(place).position()
            text = next((mark.text for mark in self._marks if mark.start <= at <= mark.end), "")
            QToolTip.showText(pointer.globalPos(), tip(text), self)
            return True
        if (
            event.type() == QEvent.Type.KeyPress
            and cast("QKeyEvent", event).key() == Qt.Key.Key_Tab
            and self.popup.isVisible()
        ):
            index = self.popup.currentIndex()
            self.popup.hide()
            if index.isValid():
                self._take(index)
            return True
        return super().event(event)

    def _apply_theme(self) -> None:
        # Qt says of another colour, too, that the text has changed.
        with QSignalBlocker(self):
            self._highlighter.show_theme(self._themes.theme)
        self.show_marks(self._marks)


def _text(completion: Completion, role: int) -> str | None:
    label, detail = completion.label, completion.detail
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{label}, {detail}" if detail else label
    if role == _DETAIL_ROLE:
        return detail
    return label if role == Qt.ItemDataRole.DisplayRole else None
