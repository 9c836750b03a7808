"""A rule as a tree that can be edited: conditions of variable, comparison and value in groups."""

from collections.abc import Callable
from functools import partial
from typing import Literal, cast

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from app.domain.errors import Refused
from app.domain.json_logic import parse
from app.domain.rules import tree
from app.domain.rules.tree import (
    OFFERED,
    Comparison,
    Condition,
    Edited,
    Group,
    Node,
    Path,
    Raw,
)
from app.domain.rules.vocabulary import RuleVocabulary, VariableKind
from app.views.focus import give_keys
from app.views.looks.theme import ROW_HEIGHT, STEP, Themes
from app.views.rules.tree_model import (
    COMPARISON,
    NODE_ROLE,
    PATH_ROLE,
    SUBJECT,
    VALUE,
    RuleTreeModel,
)
from app.views.widgets.completions import Completions
from app.views.widgets.plain import ChoiceBox, Label

_GROUPS = {"all of": "and", "any of": "or"}
_WIDTHS = (270, 120)
_LEAST_WIDTH = 96

Index = QModelIndex | QPersistentModelIndex
Change = Callable[[Node, Path], Edited]


class _Cell(ChoiceBox):
    """A line with a list of texts; what is typed is searched anywhere in them."""

    def __init__(self, texts: list[str], parent: QWidget, *, free: bool) -> None:
        super().__init__(parent)
        self.setFrame(False)
        self.addItems(texts)
        self.setMaxVisibleItems(14)
        if free:
            self.setEditable(True)
            self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            self.setCompleter(Completions(self.model(), self))


class _Delegate(QStyledItemDelegate):
    """Edits a cell with a list of known names or values; the tree asks for the change."""

    def __init__(self, parent: "RuleTree") -> None:
        super().__init__(parent)
        self._tree = parent

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW_HEIGHT)

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, index: Index) -> QWidget:
        node = index.data(NODE_ROLE)
        if isinstance(node, Group):
            cell = _Cell(list(_GROUPS), parent, free=False)
        elif not isinstance(node, Condition):
            return QLineEdit(parent, frame=False)
        elif index.column() == COMPARISON:
            cell = _Cell(
                [comparison.value for comparison in _comparisons(node)], parent, free=False
            )
        else:
            cell = _Cell(self._tree.texts_for(node, index.column()), parent, free=True)
        # Enter is also seen by Qt's own filter, which comes first then.
        cell.activated.connect(partial(self._done, cell), Qt.ConnectionType.QueuedConnection)
        return cell

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        text = str(index.data(Qt.ItemDataRole.EditRole))
        if isinstance(editor, QComboBox):
            editor.setCurrentText(text)
            line = editor.lineEdit()
            if line is not None:
                line.selectAll()
        else:
            cast("QLineEdit", editor).setText(text)

    def setModelData(self, editor: QWidget, _model: object, index: Index) -> None:
        text = (
            editor.currentText()
            if isinstance(editor, QComboBox)
            else cast("QLineEdit", editor).text()
        )
        if text != index.data(Qt.ItemDataRole.EditRole):
            self._tree.change_cell(index, text)

    def _done(self, cell: QComboBox, _row: int) -> None:
        if isValid(cell) and cell.isVisible():
            self.commitData.emit(cell)
            self.closeEditor.emit(cell)


class _TreeView(QTreeView):
    """The view of the tree; what is taken back in it is a step of the rule."""

    def __init__(self, tree: "RuleTree") -> None:
        super().__init__(tree)
        self._tree = tree

    def undo(self) -> None:
        """Takes the last step of the rule back."""
        self._tree.undo_wanted.emit()

    def redo(self) -> None:
        """Takes it again."""
        self._tree.redo_wanted.emit()


class RuleTree(QWidget):
    """Asks for changes, and shows the trees it is given.

    Signals: `changed(Edited)` when the person changes the tree; `undo_wanted()`,
    `redo_wanted()`.
    """

    changed = Signal(object)
    undo_wanted = Signal()
    redo_wanted = Signal()

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._vocabulary = RuleVocabulary()
        self._read_only = False
        self._collapsed: set[Path] = set()
        self.model = RuleTreeModel(themes.theme, self)
        self.view = _TreeView(self)
        self.view.setAccessibleName("Rule as a tree")
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setModel(self.model)
        self.view.setUniformRowHeights(True)
        self.view.setIndentation(4 * STEP)
        self.view.setItemDelegate(_Delegate(self))
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.SelectedClicked
        )
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header = self.view.header()
        header.setMinimumSectionSize(_LEAST_WIDTH)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, width)
        self.refusal = Label(wordWrap=True)
        self.refusal.setProperty("role", "refusal")
        self.refusal.hide()
        self.actions_ = self._make_actions()
        self._bar = QWidget()
        self._lay_out()
        self.view.customContextMenuRequested.connect(self._open_menu)
        self.view.selectionModel().currentChanged.connect(self._look_at_actions)
        self.view.collapsed.connect(lambda index: self._collapsed.add(_path(index)))
        self.view.expanded.connect(lambda index: self._collapsed.discard(_path(index)))
        themes.changed.connect(self.model.show_theme)
        self._look_at_actions()

    @property
    def path(self) -> Path:
        """The path of the chosen row; that of the root when none is chosen."""
        index = self.view.currentIndex()
        return _path(index) if index.isValid() else ()

    def show_tree(self, root: Node | None, path: Path | None = None) -> None:
        """Shows another tree; the chosen and the folded rows stay, unless `path` chooses a row."""
        if root == self.model.root and path is None:
            return
        chosen = self.path if path is None else path
        scrolled = self.view.verticalScrollBar().value()
        self._refuse("")
        self.model.show_tree(root)
        folded = set(self._collapsed)
        with QSignalBlocker(self.view):  # it would emit a signal for every row
            self.view.expandAll()
        self._collapsed.clear()
        for each in folded:
            index = self.model.index_of(each)
            if _path(index) == each and each != chosen[: len(each)]:
                self.view.collapse(index)
        for row in _all_rows(self.model):
            if isinstance(row.data(NODE_ROLE), Raw):
                self.view.setFirstColumnSpanned(row.row(), row.parent(), True)
        if root is not None:
            self.view.setCurrentIndex(self.model.index_of(chosen))
        self.view.verticalScrollBar().setValue(scrolled)
        if path is not None:
            self.view.scrollTo(self.view.currentIndex())
        self._look_at_actions()

    def choose(self, path: Path) -> None:
        """Chooses a row and scrolls to it."""
        self.view.setCurrentIndex(self.model.index_of(path))
        self.view.scrollTo(self.view.currentIndex())
        give_keys(self.view)

    def set_vocabulary(self, vocabulary: RuleVocabulary) -> None:
        """Takes the names and values that cells offer and that count as known."""
        self._vocabulary = vocabulary
        self.model.show_vocabulary(vocabulary)

    def set_read_only(self, read_only: bool) -> None:
        """Sets whether the tree can be edited."""
        self._read_only = read_only
        self._bar.setVisible(not read_only)
        self.view.setEditTriggers(
            QAbstractItemView.EditTrigger.NoEditTriggers
            if read_only
            else QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.SelectedClicked
        )
        self._look_at_actions()

    def texts_for(self, condition: Condition, column: int) -> list[str]:
        """The texts that a cell of a condition offers."""
        if column == SUBJECT:
            return [variable.name for variable in self._vocabulary.variables]
        known = self._vocabulary.by_name.get(condition.variable)
        return [tree.value_text(value) for value in known.values] if known else []

    def change_cell(self, index: Index, text: str) -> None:
        """Asks for the change that was typed into a cell, or shows why it is refused."""
        node, path, column = index.data(NODE_ROLE), _path(index), index.column()
        root = self.model.root
        assert root is not None
        try:
            changed = _cell_changed(node, column, text, self._vocabulary)
        except Refused as error:
            self._refuse(str(error))
            return
        self._refuse("")
        self.changed.emit(tree.put(root, path, changed))

    def do(self, change: Change, *, then_edit: bool = False) -> None:
        """Asks for a change at the chosen row, or shows why it is refused."""
        root = self.model.root
        if root is None or self._read_only:
            return
        try:
            edited = change(root, self.path)
        except Refused as error:
            self._refuse(str(error))
            return
        self._refuse("")
        self.changed.emit(edited)
        if then_edit:
            give_keys(self.view)
            self.view.edit(self.view.currentIndex())

    def add_condition(self) -> None:
        """Adds a condition to the chosen group or after the chosen row, and edits it."""
        new = self._new_condition()
        self.do(lambda root, path: tree.add(root, path, new), then_edit=True)

    def _new_condition(self) -> Condition:
        variables = self._vocabulary.variables
        likely = next(
            (variable for variable in variables if variable.kind is VariableKind.STATUS), None
        )
        chosen = likely or next(iter(variables), None)
        if chosen is None:
            return Condition("lumisection.rr.dt-dt", Comparison.EQUAL, "GOOD")
        return tree.condition_about(chosen)

    def _make_actions(self) -> dict[str, QAction]:
        def add_group(joint: Literal["and", "or"]) -> None:
            new = Group(joint, (self._new_condition(),))
            self.do(lambda root, path: tree.add(root, path, new))

        table: list[tuple[str, str, str, Callable[[], None]]] = [
            ("add", "Add condition", "Ins", self.add_condition),
            ("all", "Add group: all of", "Shift+Ins", lambda: add_group("and")),
            ("any", "Add group: any of", "Ctrl+Ins", lambda: add_group("or")),
            ("not", "Negate", "!", lambda: self.do(tree.negate)),
            ("wrap.all", "Put into all of", "&", lambda: self.do(_wrap("and"))),
            ("wrap.any", "Put into any of", "|", lambda: self.do(_wrap("or"))),
            ("dissolve", "Dissolve group", "Ctrl+Del", lambda: self.do(tree.dissolve)),
            ("up", "Move up", "Alt+Up", lambda: self.do(lambda r, p: tree.move(r, p, -1))),
            ("down", "Move down", "Alt+Down", lambda: self.do(lambda r, p: tree.move(r, p, 1))),
            ("out", "Move out of the group", "Alt+Left", lambda: self.do(tree.move_out)),
            ("in", "Move into the next group", "Alt+Right", lambda: self.do(tree.move_in)),
            ("remove", "Remove", "Del", lambda: self.do(tree.remove)),
            ("undo", "Undo", "Ctrl+Z", self.undo_wanted.emit),
            ("redo", "Redo", "Ctrl+Shift+Z", self.redo_wanted.emit),
        ]
        made = {}
        for name, text, keys, handler in table:
            action = QAction(text.replace("&", "&&"), self)
            action.setShortcut(QKeySequence(keys.replace("&", "&")))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setToolTip(f"{text} ({keys})")
            action.triggered.connect(lambda _checked=False, handler=handler: handler())
            self.view.addAction(action)
            made[name] = action
        return made

    def _lay_out(self) -> None:
        self._bar.setObjectName("bar")
        line = QHBoxLayout(self._bar)
        line.setContentsMargins(STEP, STEP, STEP, STEP)
        line.setSpacing(0)
        for name, text in (
            ("add", "Add"),
            ("not", "Negate"),
            ("remove", "Remove"),
            ("up", "Up"),
            ("down", "Down"),
        ):
            button = QToolButton()
            self.actions_[name].setIconText(text)
            button.setDefaultAction(self.actions_[name])
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            line.addWidget(button)
        group = QToolButton()
        group.setText("Group")
        group.setToolTip("Groups: add, wrap, dissolve, move in and out")
        group.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        group.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        menu = QMenu(group)
        for name in ("all", "any", "", "wrap.all", "wrap.any", "dissolve", "", "in", "out"):
            menu.addAction(self.actions_[name]) if name else menu.addSeparator()
        group.setMenu(menu)
        line.insertWidget(1, group)
        line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._bar)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.refusal)
        self.setFocusProxy(self.view)

    def _open_menu(self, place: QPoint) -> None:
        if self._read_only:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for position, (name, action) in enumerate(self.actions_.items()):
            if position and name in ("not", "up", "remove", "undo"):
                menu.addSeparator()
            menu.addAction(action)
        menu.popup(self.view.viewport().mapToGlobal(place))

    def _look_at_actions(self) -> None:
        root, path = self.model.root, self.path
        here = None if root is None else tree.at(root, path)
        inside = root is not None and bool(path) and isinstance(tree.at(root, path[:-1]), Group)
        possible = {
            "dissolve": isinstance(here, Group),
            "up": inside,
            "down": inside,
            "out": inside and len(path) > 1,
            "in": inside,
            "remove": bool(path),
        }
        for name, action in self.actions_.items():
            action.setEnabled(here is not None and not self._read_only and possible.get(name, True))

    def _refuse(self, text: str) -> None:
        self.refusal.setText(text)
        self.refusal.setVisible(bool(text))


def _path(index: Index) -> Path:
    return tuple(index.data(PATH_ROLE) or ())


def _wrap(joint: Literal["and", "or"]) -> Change:
    return lambda root, path: tree.wrap(root, path, joint)


def _comparisons(condition: Condition) -> list[Comparison]:
    if condition.comparison in OFFERED:
        return list(OFFERED)
    return [condition.comparison, *OFFERED]


def _cell_changed(node: Node, column: int, text: str, vocabulary: RuleVocabulary) -> Node:
    """The node with what was typed into one of its cells; Refused when that can't be read."""
    if isinstance(node, Group):
        joint: Literal["and", "or"] = "and" if _GROUPS.get(text) == "and" else "or"
        return Group(joint, node.children)
    if isinstance(node, Raw):
        source = tree.read_value(text)
        parse(source)
        return tree.node_of(source)
    assert isinstance(node, Condition)
    if column == SUBJECT:
        return _about(node, text.strip(), vocabulary)
    if column == COMPARISON:
        return tree.compared(node, Comparison(text))
    assert column == VALUE
    if not node.comparison.takes_list:
        return Condition(node.variable, node.comparison, tree.read_value(text))
    values = tree.read_values(text)
    if node.comparison is not Comparison.ONE_OF and len(values) != 2:
        raise Refused('"between" takes two values, separated by a comma, such as 1, 10.')
    return Condition(node.variable, node.comparison, values)


def _about(condition: Condition, name: str, vocabulary: RuleVocabulary) -> Condition:
    """The condition for another variable; its value is replaced if the variable never has it."""
    if not name:
        raise Refused("A condition needs a variable.")
    old, new = vocabulary.by_name.get(condition.variable), vocabulary.by_name.get(name)
    if new is None or (old is not None and old.kind is new.kind and old.values == new.values):
        return Condition(name, condition.comparison, condition.value)
    fits = condition.value in new.values and type(condition.value) is type(new.suggested)
    return (
        Condition(name, condition.comparison, condition.value)
        if fits
        else (tree.condition_about(new))
    )


def _all_rows(model: RuleTreeModel) -> list[QModelIndex]:
    indexes: list[QModelIndex] = []
    waiting = [model.index(0, 0)]
    while waiting:
        index = waiting.pop()
        if index.isValid():
            indexes.append(index)
            waiting += [model.index(row, 0, index) for row in range(model.rowCount(index))]
    return indexes
