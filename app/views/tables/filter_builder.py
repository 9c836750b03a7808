"""The filter as a tree of conditions: the same language as its text, and both ways."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.errors import BadInput
from app.domain.filters import And, Comparison, Node, Not, Or, Vocabulary, format, parse  # noqa: A004
from app.domain.filters.editing import (
    Path,
    joined,
    negated,
    node_at,
    parts_of,
    replaced,
    switched,
)
from app.views.focus import give_keys, give_keys_once_shown
from app.views.looks.theme import ROW_HEIGHT, STEP, Themes, set_property
from app.views.tables.filter_line import FilterEdit, FilterLine
from app.views.widgets.dialogs.fitting import resize_to_fit
from app.views.widgets.plain import Label, TreeItem

_SIZE = (760, 560)
_PATH_ROLE = Qt.ItemDataRole.UserRole
_GROUPS = {And: "all of", Or: "any of", Not: "not"}
_EMPTY = "No condition: everything passes. Type one here; Enter takes it."
_KEYS = "Enter edits; Ins adds with and, Shift+Ins with or; ! negates; G all or any; Del removes"


class FilterBuilder(QDialog):
    """Builds a filter condition by condition.

    Signals: `chosen(str)` with the text of the filter.
    """

    chosen = Signal(str)

    def __init__(
        self, text: str, vocabulary: Vocabulary | None, themes: Themes, parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Filter")
        self._vocabulary = vocabulary
        self._root: Node | None = None
        self._joins: type[And | Or] | None = None
        self.tree = _Tree()
        self.edit = FilterEdit(self)
        self.edit.vocabulary = vocabulary
        self.edit.setAccessibleName("Condition")
        self.says = Label(wordWrap=True)
        self.says.setProperty("role", "muted")
        self.whole = FilterLine(themes)
        self.whole.edit.setAccessibleName("Whole filter")
        if vocabulary is not None:
            self.whole.set_vocabulary(vocabulary)
        self.and_button = self._button("And...", "Another condition that must be true (Ins)", And)
        self.or_button = self._button("Or...", "Another that may be true instead (Shift+Ins)", Or)
        self.not_button = self._button("Not", "The opposite of it (!)", self.negate)
        self.switch_button = self._button("All / any", "All of or any of a group (G)", self.switch)
        self.remove_button = self._button("Remove", "Take it out (Del)", self.remove)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.apply_button = self.buttons.addButton("Filter", QDialogButtonBox.ButtonRole.AcceptRole)
        self.apply_button.setToolTip("Filter the table (Ctrl+Enter)")
        self._lay_out()
        self._connect()
        self.whole.set_text(text)
        self._fill(())
        give_keys_once_shown(self.tree if self._root is not None else self.edit)

    @property
    def path(self) -> Path:
        """Where the chosen part is in the tree."""
        item = self.tree.currentItem()
        return () if item is None else tuple(item.data(0, _PATH_ROLE))

    def add(self, kind: type[And | Or]) -> None:
        """Asks for another condition, to be joined to the chosen part."""
        self._joins = kind if self._root is not None else None
        self.edit.clear()
        self._say(f"{'And' if kind is And else 'Or'}: type the condition; Enter takes it.")
        give_keys(self.edit)

    def negate(self) -> None:
        """Turns the chosen part round."""
        if self._root is not None:
            self._take(negated(self._root, self.path), self.path)

    def switch(self) -> None:
        """Makes *any of* of the chosen group, or *all of*; of a condition, its group."""
        if self._root is None:
            return
        path = self.path
        if isinstance(node_at(self._root, path), Comparison) and path:
            path = path[:-1]
        self._take(switched(self._root, path), path)

    def remove(self) -> None:
        """Takes the chosen part out."""
        if self._root is not None:
            path = self.path
            self._take(replaced(self._root, path, None), path[:-1])

    def take_condition(self) -> None:
        """Puts what is typed into the tree, unless it can't be read."""
        node = self._read()
        if node is None:
            return
        if self._root is None:
            self._take(node, ())
        elif self._joins is None:
            self._take(replaced(self._root, self.path, node), self.path)
        else:
            self._take(*joined(self._root, self.path, node, self._joins))
        give_keys(self.tree)

    def accept(self) -> None:
        """Filters, if the whole can be read."""
        self.whole.apply()
        if self.whole.refusal.text():
            give_keys(self.whole.edit)
            return
        self.chosen.emit(self.whole.text.strip())
        super().accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # Enter takes what is typed, where it is typed: it doesn't end the whole.
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.accept()
            return
        super().keyPressEvent(event)

    def _read(self) -> Node | None:
        text = self.edit.text()
        try:
            node = parse(text, self._vocabulary)
        except BadInput as error:
            self._say(str(error), wrong=True)
            return None
        if node is None:
            self._say("Type a condition, such as dt-dt.BAD > 0.", wrong=True)
        return node

    def _typed(self) -> None:
        try:
            parse(self.edit.text(), self._vocabulary)
        except BadInput as error:
            self._say(str(error), wrong=True)
        else:
            self._say("Enter takes it.")

    def _take(self, root: Node | None, path: Path) -> None:
        """Shows another tree, and its text."""
        self._root = root
        self.whole.set_text(format(root))
        self._fill(path)

    def _whole_changed(self, node: Node | None) -> None:
        if node != self._root:
            self._root = node
            self._fill(())

    def _fill(self, path: Path) -> None:
        self.tree.blockSignals(True)  # lines go and come: what is chosen is shown once
        self.tree.clear()
        if self._root is not None:
            self._add_item(self._root, (), None)
            self.tree.expandAll()
            self.tree.setCurrentItem(self.tree.item_at(path))
        self.tree.blockSignals(False)
        self._choose()

    def _add_item(self, node: Node, path: Path, parent: QTreeWidgetItem | None) -> None:
        text = format(node) if isinstance(node, Comparison) else _GROUPS[type(node)]
        item = TreeItem([text])
        item.setData(0, _PATH_ROLE, path)
        item.setSizeHint(0, QSize(0, ROW_HEIGHT))
        if parent is None:
            self.tree.addTopLevelItem(item)
        else:
            parent.addChild(item)
        for place, part in enumerate(parts_of(node)):
            self._add_item(part, (*path, place), item)

    def _choose(self) -> None:
        self._joins = None
        node = None if self._root is None else node_at(self._root, self.path)
        self.edit.setText(format(node))
        self._say(_KEYS if node is not None else _EMPTY)
        for button in (self.not_button, self.switch_button, self.remove_button, self.or_button):
            button.setEnabled(node is not None)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self.says.setText(text)
        set_property(self.says, "role", "refusal" if wrong else "muted")
        set_property(self.edit, "wrong", wrong)

    def _connect(self) -> None:
        self.tree.currentItemChanged.connect(lambda _now, _before: self._choose())
        self.tree.itemActivated.connect(lambda _item: give_keys(self.edit, select=True))
        self.tree.steps = {
            "!": self.negate,
            "g": self.switch,
            "G": self.switch,
        }
        for keys, act in (
            ("Ins", lambda: self.add(And)),
            ("Shift+Ins", lambda: self.add(Or)),
            ("Del", self.remove),
        ):
            shortcut = QShortcut(QKeySequence(keys), self.tree)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(act)
        self.edit.textEdited.connect(lambda _text: self._typed())
        self.edit.returnPressed.connect(self.take_condition)
        self.whole.filter_changed.connect(self._whole_changed)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        steps = (
            self.and_button,
            self.or_button,
            self.not_button,
            self.switch_button,
            self.remove_button,
        )
        for button in steps:
            line.addWidget(button)
        line.addStretch(1)
        for each in self.buttons.buttons():
            assert isinstance(each, QPushButton)
            each.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * STEP)
        layout.addWidget(self.tree, 1)
        layout.addLayout(line)
        layout.addWidget(self.edit)
        layout.addWidget(self.says)
        layout.addWidget(Label("Whole filter"))
        layout.addWidget(self.whole)
        layout.addWidget(self.buttons)
        resize_to_fit(self, *_SIZE)

    def _button(self, text: str, tip: str, act: type[And | Or] | Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        if isinstance(act, type):
            button.clicked.connect(lambda _checked, kind=act: self.add(kind))
        else:
            button.clicked.connect(lambda _checked: act())
        return button


class _Tree(QTreeWidget):
    """The tree; letters are steps, and don't look for a line."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: dict[str, Callable[[], None]] = {}
        self.setAccessibleName("Conditions")
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)

    def item_at(self, path: Path) -> QTreeWidgetItem:
        """The line of a path; where it isn't any more, the nearest above."""
        found = self.topLevelItem(0)
        assert found is not None
        for place in path:
            inner = found.child(min(place, found.childCount() - 1))
            if inner is None:
                break
            found = inner
        return found

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = self.steps.get(event.text())
        if step is not None:
            step()
        else:
            super().keyPressEvent(event)
