"""The editor of a rule: its text, and under it what is wrong with it and where."""

from contextlib import suppress

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QColor, QPalette, QTextCursor, QTextFormat
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from app.domain.json_logic import Rule
from app.domain.json_value import JsonValue
from app.domain.rules import text as rule_text
from app.views import words
from app.views.theme import STEP, monospaced

_PAUSE_MS = 300
_MARK_STRENGTH = 48


class RuleEditor(QWidget):
    """Checks what is typed after a short pause, and the fault's line is marked.

    Signals: `edited()` when the text became another one, by whomever.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QPlainTextEdit()
        self.text.setAccessibleName("Rule as JSON logic")
        self.text.setFont(monospaced())
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setTabChangesFocus(True)
        self.verdict = QLabel(wordWrap=True)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._check)
        self.text.textChanged.connect(self._pause.start)
        self.text.textChanged.connect(self.edited)
        self.setFocusProxy(self.text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.verdict)

    def show_rule(self, rule: JsonValue) -> None:
        """Shows a rule in place of the text."""
        self.show_text(rule_text.pretty(rule))

    def show_text(self, text: str) -> None:
        """Shows another text and judges it at once."""
        if text != self.toPlainText():
            self.text.setPlainText(text)
        self._check()

    def read(self) -> Rule:
        """The rule that is written; RuleTextError, which is shown, when it isn't one."""
        try:
            rule = rule_text.read(self.toPlainText())
        except rule_text.RuleTextError as error:
            self._show(error)
            raise
        self._approve(rule)
        return rule

    def toPlainText(self) -> str:
        """The text as it is."""
        return self.text.toPlainText()

    def setPlainText(self, text: str) -> None:
        """Shows another text."""
        self.text.setPlainText(text)

    def _check(self) -> None:
        if not self.toPlainText().strip():  # nobody has begun to write
            self._pause.stop()
            self._say("", "muted")
            self._mark(None)
            return
        with suppress(rule_text.RuleTextError):
            self.read()

    def _approve(self, rule: Rule) -> None:
        self._pause.stop()
        read = (
            "the whole data"
            if rule.variables is None
            else words.counted(len(rule.variables), "value")
        )
        self._say(f"{words.counted(len(rule.leaves), 'condition')}, reads {read}", "muted")
        self._mark(None)

    def _show(self, error: rule_text.RuleTextError) -> None:
        self._pause.stop()
        self._say(str(error), "refusal")
        self._mark(error.line)

    def _say(self, text: str, role: str) -> None:
        self.verdict.setText(text)
        if self.verdict.property("role") != role:
            self.verdict.setProperty("role", role)
            self.verdict.style().unpolish(self.verdict)
            self.verdict.style().polish(self.verdict)

    def _mark(self, line: int | None) -> None:
        if line is None:
            self.text.setExtraSelections([])
            return
        mark = QTextEdit.ExtraSelection()
        mark.cursor = QTextCursor(self.text.document().findBlockByNumber(line - 1))
        colour = QColor(self.palette().color(QPalette.ColorRole.BrightText))
        colour.setAlpha(_MARK_STRENGTH)
        mark.format.setBackground(colour)
        mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        self.text.setExtraSelections([mark])
