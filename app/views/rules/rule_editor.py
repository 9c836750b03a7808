"""The editor of a rule: its text, the same rule as a tree, and its errors."""

from contextlib import suppress

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QMouseEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from app.domain.json_logic import Rule
from app.domain.json_value import JsonValue, js_stringify
from app.domain.rules import text as rule_text
from app.domain.rules.tree import Edited, Path, node_of, place_of, source_of
from app.domain.rules.vocabulary import RuleVocabulary
from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import STEP, Themes, set_property, tabular
from app.views.rules.rule_text_edit import Mark, RuleTextEdit
from app.views.rules.rule_tree import RuleTree
from app.views.widgets.plain import Label

_PAUSE_MS = 300


class _Finding(Label):
    """A sentence about the rule; a click leads to the place in the text.

    Signals: `clicked()`.
    """

    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.clicked.emit()


class RuleEditor(QWidget):
    """Text and tree show the same rule; both change it through the text, which can undo it all.

    Signals: `edited()` when the text has changed, also by the program; `valid_rule_changed(Rule
    | None)` at once when the written rule has changed, with None while the text isn't a rule.
    """

    edited = Signal()
    valid_rule_changed = Signal(object)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vocabulary = RuleVocabulary()
        self._rule: Rule | None = None
        self._known = ""
        self._faults: list[int] = []
        self.text = RuleTextEdit(themes)
        self.tree = RuleTree(themes)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.text, "Text")
        self.tabs.addTab(self.tree, "Tree")
        self.tabs.setTabToolTip(0, "The rule as JSON logic (Ctrl+T; Ctrl+Space completes)")
        self.tabs.setTabToolTip(1, "The same rule as conditions in groups (Ctrl+T)")
        self.verdict = _Finding(wordWrap=True)
        self.verdict.setToolTip("Go to the place in the text (F8)")
        self.place = Label()
        self.place.setProperty("role", "muted")
        self.place.setFont(tabular(self.place.font()))
        self.place.setToolTip("Line and column of the cursor")
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._pause.timeout.connect(self._check)
        self.text.textChanged.connect(self._changed)
        self.text.cursorPositionChanged.connect(self._show_place)
        self.tree.changed.connect(self._take_from_tree)
        self.tree.undo_wanted.connect(self.text.undo)
        self.tree.redo_wanted.connect(self.text.redo)
        self.tabs.currentChanged.connect(self._turned)
        self.verdict.clicked.connect(self.go_to_fault)
        for keys, handler in (("F8", self.go_to_fault), ("Ctrl+T", self.turn)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(handler)
        self.setFocusProxy(self.text)
        self._show_place()

    def set_vocabulary(self, vocabulary: RuleVocabulary) -> None:
        """Takes the names that are offered and that count as known."""
        self._vocabulary = vocabulary
        self.text.vocabulary = vocabulary
        self.tree.set_vocabulary(vocabulary)
        self._check()

    def show_rule(self, rule: JsonValue) -> None:
        """Shows a rule in place of the text."""
        self.show_text(rule_text.pretty(rule))

    def show_text(self, text: str) -> None:
        """Shows another text, behind which no undo goes, and checks it at once."""
        self.text.load_text(text)
        self._check()

    def replace_rule(self, rule: JsonValue) -> None:
        """Writes another rule as a step that can be undone."""
        self.text.replace_text(rule_text.pretty(rule))
        self._check()

    def read(self) -> Rule:
        """The written rule; RuleTextError, which is also shown, when the text isn't one."""
        try:
            rule = rule_text.read(self.toPlainText())
        except rule_text.RuleTextError as error:
            self._show(error)
            raise
        self._approve(rule)
        return rule

    @property
    def rule(self) -> Rule | None:
        """The written rule, None while the text isn't one; shows no error."""
        return self._rule

    def set_read_only(self, read_only: bool) -> None:
        """Sets whether the rule can be edited."""
        self.text.setReadOnly(read_only)
        self.tree.set_read_only(read_only)

    def toPlainText(self) -> str:
        """The text of the rule."""
        return self.text.toPlainText()

    def setPlainText(self, text: str) -> None:
        """Shows another text."""
        self.text.setPlainText(text)

    def turn(self) -> None:
        """Switches between text and tree."""
        self.tabs.setCurrentIndex(1 - self.tabs.currentIndex())
        give_keys(self.tabs.currentWidget())

    def go_to_fault(self) -> None:
        """Goes to the next error in the text."""
        if not self._faults:
            return
        here = self.text.textCursor().position()
        self.tabs.setCurrentIndex(0)
        self.text.go_to(next((fault for fault in self._faults if fault > here), self._faults[0]))

    def show_part(self, path: Path) -> None:
        """Selects a part of the rule in the text or in the tree, whichever is in front."""
        if self._rule is None:
            return
        if self.tabs.currentWidget() is self.tree:
            self.tree.choose(path)
        else:
            place = place_of(node_of(self._rule.source), path)
            self.text.choose(*rule_text.span_of(self.toPlainText(), place))

    def _changed(self) -> None:
        try:
            self._accept(rule_text.read(self.toPlainText()))
        except rule_text.RuleTextError:
            self._accept(None)
        # A rule is checked at once; errors in a text that is being typed are shown after a pause.
        if self._rule is None:
            self._pause.start()
        else:
            self._approve(self._rule)
        self.edited.emit()

    def _accept(self, rule: Rule | None) -> None:
        text = "" if rule is None else js_stringify(rule.source)
        self._rule = rule
        if text == self._known:
            return
        self._known = text
        self.tree.setEnabled(rule is not None)
        if rule is not None and self.tabs.currentWidget() is self.tree:
            self.tree.show_tree(node_of(rule.source))
        self.valid_rule_changed.emit(rule)

    def _turned(self) -> None:
        if self.tabs.currentWidget() is self.tree and self._rule is not None:
            self.tree.show_tree(node_of(self._rule.source))
        self.place.setVisible(self.tabs.currentWidget() is self.text)

    def _take_from_tree(self, edited: Edited) -> None:
        root, path = edited
        self.tree.show_tree(root, path)
        self.text.replace_text(rule_text.pretty(source_of(root)))

    def _check(self) -> None:
        if not self.toPlainText().strip():  # nothing is written yet
            self._pause.stop()
            self._say("", "muted")
            self._mark([])
            return
        with suppress(rule_text.RuleTextError):
            self.read()

    def _approve(self, rule: Rule) -> None:
        self._pause.stop()
        unknown = rule_text.unknown_names(self.toPlainText(), rule, self._vocabulary)
        if unknown:
            more = f" And {words.number(len(unknown) - 1)} more." if len(unknown) > 1 else ""
            self._say(f"{unknown[0]}{more}", "warning")
        else:
            read = (
                "the whole data"
                if rule.variables is None
                else words.counted(len(rule.variables), "value")
            )
            self._say(f"{words.counted(len(rule.leaves), 'condition')}, reads {read}", "muted")
        self._mark([Mark(name.start, name.end, str(name), "warning") for name in unknown])

    def _show(self, error: rule_text.RuleTextError) -> None:
        self._pause.stop()
        self._say(str(error), "refusal")
        if error.line is None:
            self._mark([])
        else:
            self._mark([Mark(error.start, error.end, str(error), "danger")])

    def _mark(self, marks: list[Mark]) -> None:
        self._faults = [mark.start for mark in marks]
        self.verdict.setCursor(
            Qt.CursorShape.PointingHandCursor if marks else Qt.CursorShape.ArrowCursor
        )
        self.text.show_marks(marks)

    def _say(self, text: str, role: str) -> None:
        self.verdict.setText(text)
        set_property(self.verdict, "role", role)

    def _show_place(self) -> None:
        cursor = self.text.textCursor()
        self.place.setText(f"{cursor.blockNumber() + 1}:{cursor.positionInBlock() + 1}")

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setSpacing(2 * STEP)
        below.addWidget(self.verdict, 1)
        below.addWidget(self.place, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(STEP)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(below)
