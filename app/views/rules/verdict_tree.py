"""The tree of a rule over some data: what holds, what decides, and who set the values."""

import json
from collections.abc import Iterator, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem, QWidget

from app.domain.clock import server_now
from app.domain.history.cells import Word
from app.domain.json_logic import Node, Value, condition_words
from app.views.looks import words
from app.views.looks.ages import Ages
from app.views.looks.theme import STEP, Theme, Themes
from app.views.widgets.plain import TreeItem

_COLUMNS = ("Rule", "Answer", "Value", "Set by", "When")
RULE, ANSWER, VALUE, SET_BY, WHEN = range(len(_COLUMNS))
_JOINTS = {"and": "all of", "or": "any of"}
_TINT = 0.16
_LEAST_RULE = 220
_MOST_IN_A_CELL = 300

SetBy = Mapping[str, Word | None]
Origins = list[tuple[str, Word | None]]
"""Who set each variable; None where no event did."""


class VerdictTree(QTreeWidget):
    """Shows one rule over some data; deciding parts are tinted, the others muted.

    The text of the answer says the same as the tint, so that nobody depends on a colour.
    """

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._items: list[tuple[QTreeWidgetItem, int]] = []
        self._only_deciding = False
        self.node: Node | None = None
        self._set_by: list[tuple[QTreeWidgetItem, Origins]] = []
        self.setAccessibleName("Rule")
        self.setColumnCount(len(_COLUMNS))
        self.setHeaderLabels(_COLUMNS)
        self.setUniformRowHeights(True)
        self.setFrameShape(self.Shape.NoFrame)
        self.setIndentation(4 * STEP)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(12 * STEP)
        for column, width in ((ANSWER, 104), (VALUE, 130), (SET_BY, 210), (WHEN, 226)):
            header.resizeSection(column, width)
        themes.changed.connect(self._apply_theme)
        Ages(self, self._say_ages)

    def show_tree(self, node: Node | None, set_by: SetBy | None = None) -> None:
        """Shows another rule, or nothing; with `set_by` also who set each value."""
        self.node = node
        self._items.clear()
        self._set_by.clear()
        self.clear()
        for column in (SET_BY, WHEN):
            self.setColumnHidden(column, set_by is None)
        self._share_width()
        if node is not None:
            self.addTopLevelItem(self._item(node, set_by or {}, 0))
            self._say_ages()
            self.expandAll()
        self._apply_theme(self._themes.theme)
        self._hide_rest()
        deciding = next(self._deciding_leaves(), None)
        if deciding is not None:
            self.setCurrentItem(deciding)
            self.scrollToItem(deciding)

    def show_only_deciding(self, only: bool) -> None:
        """Hides the parts that don't decide the answer, or shows everything again."""
        self._only_deciding = only
        self._hide_rest()

    def _item(self, node: Node, set_by: SetBy, depth: int) -> QTreeWidgetItem:
        item = TreeItem()
        self._items.append((item, depth))
        item.setData(RULE, Qt.ItemDataRole.UserRole, node)
        answer = "true" if node.holds else "false"
        if node.joint is None:
            _fill_condition(item, node, set_by)
            self._set_by.append((item, _origins(node, set_by)))
            answer += ", decides" if node.deciding else ""
        else:
            held = sum(part.holds for part in node.parts)
            item.setText(RULE, _JOINTS[node.joint])
            item.setText(VALUE, f"{held} of {len(node.parts)} true")
            for part in node.parts:
                item.addChild(self._item(part, set_by, depth + 1))
        item.setText(ANSWER, answer)
        item.setData(
            RULE,
            Qt.ItemDataRole.AccessibleTextRole,
            f"{item.text(RULE)}: {answer}" + (f", {item.text(VALUE)}" if item.text(VALUE) else ""),
        )
        return item

    def _say_ages(self) -> None:
        now = server_now()
        for item, origins in self._set_by:
            whens = dict.fromkeys(
                f"{words.ago(word.action.at, now)}, {words.time(word.action.at)}"
                for _, word in origins
                if word is not None
            )
            item.setText(WHEN, "; ".join(whens))

    def _deciding_leaves(self) -> Iterator[QTreeWidgetItem]:
        for item, _ in self._items:
            node = self._node_of(item)
            if node.joint is None and node.deciding:
                yield item

    def _node_of(self, item: QTreeWidgetItem) -> Node:
        node: Node = item.data(RULE, Qt.ItemDataRole.UserRole)
        return node

    def _hide_rest(self) -> None:
        for item, depth in self._items:
            item.setHidden(self._only_deciding and depth > 0 and not self._node_of(item).deciding)

    def _apply_theme(self, theme: Theme) -> None:
        surface, muted = theme.colour("surface"), QBrush(theme.colour("muted"))
        text = QBrush(theme.colour("text"))
        for item, _ in self._items:
            node = self._node_of(item)
            token = "success" if node.holds else "danger"
            item.setIcon(RULE, theme.icon("done" if node.holds else "cross", token))
            leaf = node.joint is None
            tint = QBrush(_mixed(surface, theme.colour(token))) if node.deciding and leaf else None
            for column in range(len(_COLUMNS)):
                item.setForeground(column, text if node.deciding else muted)
                item.setBackground(column, tint or QBrush())
            if node.deciding:
                item.setForeground(ANSWER, QBrush(theme.colour(token)))

    def _share_width(self) -> None:
        """The rule gets what the others leave, and never so little that it can't be read."""
        others = sum(self.columnWidth(each) for each in range(1, len(_COLUMNS)))
        self.setColumnWidth(RULE, max(self.viewport().width() - others, _LEAST_RULE))

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()


def _origins(node: Node, set_by: SetBy) -> Origins:
    return [(value.name, set_by[value.name]) for value in node.values if value.name in set_by]


def _fill_condition(item: QTreeWidgetItem, node: Node, set_by: SetBy) -> None:
    item.setText(RULE, condition_words(json.loads(node.text)))
    item.setToolTip(RULE, node.text[:_MOST_IN_A_CELL])
    item.setText(
        VALUE, ", ".join(_value_text(value, alone=len(node.values) == 1) for value in node.values)
    )
    item.setToolTip(VALUE, "\n".join(f"{value.name}: {_shown(value)}" for value in node.values))
    origins = _origins(node, set_by)
    item.setText(SET_BY, "; ".join(dict.fromkeys(_author(word) for _, word in origins)))
    tip = "\n".join(f"{name}: {_origin(word)}" for name, word in origins)
    for column in (SET_BY, WHEN):
        item.setToolTip(column, tip)


def _value_text(value: Value, *, alone: bool) -> str:
    shown = _shown(value)[:_MOST_IN_A_CELL]
    return shown if alone else f"{value.name.rsplit('.', maxsplit=1)[-1]}: {shown}"


def _shown(value: Value) -> str:
    return words.value(value.value) if value.there else "missing"


def _author(word: Word | None) -> str:
    if word is None:
        return "nobody"
    comment = word.action.comment
    return f"{word.action.by}: {comment}" if comment else word.action.by


def _origin(word: Word | None) -> str:
    if word is None:
        return "not set by any event"
    hand = "by hand" if word.by_hand else "automatic"
    return (
        f"{_author(word)}, {words.time(word.action.at)}, {hand},"
        f" version {words.number(word.action.version)}"
    )


def _mixed(surface: QColor, colour: QColor) -> QColor:
    """The colour, pale enough for text to be read on it."""
    red, green, blue = (
        round(of(surface) + (of(colour) - of(surface)) * _TINT)
        for of in (QColor.red, QColor.green, QColor.blue)
    )
    return QColor(red, green, blue)
