"""Qt model of a rule as a tree: groups and conditions, each condition in three columns."""

from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app.domain.rules import tree
from app.domain.rules.tree import Comparison, Condition, Decision, Group, Node, Opposite, Path, Raw
from app.domain.rules.vocabulary import RuleVocabulary
from app.views.looks.theme import Theme
from app.views.widgets.plain import shown

NODE_ROLE = Qt.ItemDataRole.UserRole
PATH_ROLE = Qt.ItemDataRole.UserRole + 1

SUBJECT, COMPARISON, VALUE = range(3)
_HEADERS = ("Condition", "Is", "Value")

Index = QModelIndex | QPersistentModelIndex


@dataclass(eq=False)
class _Item:
    """A node with its path; it lives as long as its tree."""

    node: Node
    path: Path
    parent: "_Item | None" = None
    children: "list[_Item]" = field(default_factory=list)


def _item(node: Node, path: Path = (), parent: _Item | None = None) -> _Item:
    item = _Item(node, path, parent)
    item.children = [
        _item(child, (*path, number), item) for number, child in enumerate(tree.children_of(node))
    ]
    return item


class RuleTreeModel(QAbstractItemModel):
    """Shows a tree that never changes; another tree replaces it as a whole."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._root: _Item | None = None
        self._vocabulary = RuleVocabulary()

    @property
    def root(self) -> Node | None:
        """The tree that is shown."""
        return None if self._root is None else self._root.node

    def show_tree(self, root: Node | None) -> None:
        """Shows another tree."""
        self.beginResetModel()
        self._root = None if root is None else _item(root)
        self.endResetModel()

    def show_vocabulary(self, vocabulary: RuleVocabulary) -> None:
        """Marks variables that are not in the vocabulary."""
        self._vocabulary = vocabulary
        self._renew()

    def show_theme(self, theme: Theme) -> None:
        """Takes the colours of another theme."""
        self._theme = theme
        self._renew()

    def index_of(self, path: Path) -> QModelIndex:
        """Index of a node, or of its nearest existing ancestor."""
        index = self.index(0, 0)
        for step in path:
            inside = self.index(step, 0, index)
            if not inside.isValid():
                break
            index = inside
        return index

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        above = self._item(parent)
        item = self._root if above is None else above.children[row]
        return self.createIndex(row, column, item)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]
        item = self._item(index)
        if item is None or item.parent is None:
            return QModelIndex()
        row = item.parent.path[-1] if item.parent.path else 0
        return self.createIndex(row, 0, item.parent)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        if parent.isValid() and parent.column():
            return 0
        item = self._item(parent)
        if item is None:
            return 0 if parent.isValid() or self._root is None else 1
        return len(item.children)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:
        return len(_HEADERS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADERS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        item = self._item(index)
        if item is None:
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        editable = (
            isinstance(item.node, Condition)
            and not (index.column() == VALUE and item.node.comparison is Comparison.HOLDS)
        ) or (isinstance(item.node, Group | Raw) and index.column() == SUBJECT)
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    @shown
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item = self._item(index)
        if item is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return _text(item.node, index.column())
        if role == NODE_ROLE:
            return item.node
        if role == PATH_ROLE:
            return item.path
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return tree.text_of(item.node)
        unknown = self._unknown(item.node) if index.column() == SUBJECT else None
        if role == Qt.ItemDataRole.ForegroundRole:
            if unknown is not None:
                return QColor(self._theme.colour("warning"))
            return self._colour(item.node, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return unknown or _tip(item.node, index.column())
        return None

    def _colour(self, node: Node, column: int) -> QColor | None:
        if not isinstance(node, Condition):
            return QColor(self._theme.colour("text" if isinstance(node, Raw) else "accent"))
        return QColor(self._theme.colour("muted")) if column == COMPARISON else None

    def _unknown(self, node: Node) -> str | None:
        if not isinstance(node, Condition) or self._vocabulary.knows(node.variable):
            return None
        nearest = self._vocabulary.nearest(node.variable)
        text = f'There is no variable "{node.variable}"'
        return f"{text}; did you mean {' or '.join(nearest)}?" if nearest else f"{text}."

    def _item(self, index: Index) -> _Item | None:
        return index.internalPointer() if index.isValid() else None

    def _renew(self) -> None:
        # Only colours and tips change, which every row may have.
        if self._root is not None:
            self.layoutChanged.emit()


def _text(node: Node, column: int) -> str:
    if isinstance(node, Condition):
        return (
            node.variable,
            node.comparison.value,
            "" if node.comparison is Comparison.HOLDS else tree.value_text(node.value),
        )[column]
    if column != SUBJECT:
        return ""
    match node:
        case Group("and", _):
            return "all of"
        case Group():
            return "any of"
        case Opposite():
            return "not"
        case Decision():
            return "true if, else false"
        case _:
            return tree.text_of(node)


def _tip(node: Node, column: int) -> str:
    match node:
        case Group("and", _):
            return "All conditions below have to hold (and)"
        case Group():
            return "At least one condition below has to hold (or)"
        case Opposite():
            return "Holds where the condition below does not"
        case Decision():
            return "How classifiers are stored: true where the condition below holds"
        case Raw():
            return "JSON logic of another shape, edited as text"
        case _:
            return _text(node, column)
