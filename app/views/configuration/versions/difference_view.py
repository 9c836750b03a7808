"""What differs between two versions of a list or of an item, field by field."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QBrush
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from app.domain.configuration.items import RULE, condition_of
from app.domain.configuration.versions import (
    Difference,
    FieldChange,
    Item,
    rule_change,
    value_words,
)
from app.domain.json_value import JsonValue
from app.domain.rules.text import pretty
from app.views.looks.theme import ROW_HEIGHT, Theme, Themes, tabular
from app.views.widgets.plain import TreeItem

_TOKEN = Qt.ItemDataRole.UserRole
WHAT, BEFORE, AFTER = range(3)


class DifferenceView(QTreeWidget):
    """A line for each item that differs, with its fields below; rules are shown by condition.

    Added items are green, removed ones red, with a sign before the name.
    """

    def __init__(
        self,
        themes: Themes,
        heads: Sequence[str] = ("What", "Before", "After"),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._themes = themes
        self.setAccessibleName("Differences")
        self.setColumnCount(3)
        self.setHeaderLabels(list(heads))
        self.setFrameShape(self.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.header()
        header.setStretchLastSection(False)
        for column in (WHAT, BEFORE, AFTER):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        themes.changed.connect(self._apply_theme)

    def show_difference(self, difference: Difference) -> None:
        """Shows the difference between two versions of a list."""
        self.clear()
        for item in difference.added:
            self._add_whole(f"+ {item.title}", item, "success", AFTER)
        for item in difference.removed:
            self._add_whole(f"− {item.title}", item, "danger", BEFORE)
        for edited in difference.edited:
            line = self._line([f"{edited.after.title}"], "text")
            line.addChildren([*self._fields(edited.fields)])
            self.addTopLevelItem(line)
        self._finish()

    def show_fields(self, fields: Iterable[FieldChange]) -> None:
        """Shows the difference between two versions of one item."""
        self.clear()
        self.addTopLevelItems([*self._fields(fields)])
        self._finish()

    def _add_whole(self, title: str, item: Item, token: str, column: int) -> None:
        line = self._line([title], token)
        for name, value in item.values.items():
            cells = [name, "", ""]
            cells[column] = _value(name, value)
            child = self._line(cells, token)
            child.setToolTip(column, _tip(name, value))
            line.addChild(child)
        self.addTopLevelItem(line)

    def _fields(self, fields: Iterable[FieldChange]) -> Iterable[QTreeWidgetItem]:
        for field in fields:
            line = self._line(
                [field.name, _value(field.name, field.before), _value(field.name, field.after)],
                "text",
            )
            line.setToolTip(BEFORE, _tip(field.name, field.before))
            line.setToolTip(AFTER, _tip(field.name, field.after))
            if field.name == RULE:
                change = rule_change(field.before, field.after)
                line.setText(WHAT, "rule")
                line.setText(BEFORE, "")
                line.setText(AFTER, "" if change.lost or change.gained else "combined differently")
                for text in change.lost:
                    line.addChild(self._line(["−", text, ""], "danger"))
                for text in change.gained:
                    line.addChild(self._line(["+", "", text], "success"))
            yield line

    def _line(self, cells: list[str], token: str) -> QTreeWidgetItem:
        line = TreeItem(cells)
        line.setData(WHAT, _TOKEN, token)
        line.setSizeHint(WHAT, QSize(0, ROW_HEIGHT))
        for column in (BEFORE, AFTER):
            line.setFont(column, tabular(self.font()))
            if column < len(cells) and cells[column]:
                line.setToolTip(column, cells[column])
        return line

    def _finish(self) -> None:
        self.expandAll()
        for row in range(self.topLevelItemCount()):
            top = self.topLevelItem(row)
            if top is not None and top.text(WHAT)[:1] in ("+", "−"):
                # Items that were added or removed as a whole start collapsed.
                top.setExpanded(False)
        self._apply_theme(self._themes.theme)

    def _apply_theme(self, theme: Theme) -> None:
        def walk(item: QTreeWidgetItem) -> None:
            brush = QBrush(theme.colour(str(item.data(WHAT, _TOKEN))))
            for column in (WHAT, BEFORE, AFTER):
                item.setForeground(column, brush)
            for child in _children(item):
                walk(child)

        for row in range(self.topLevelItemCount()):
            top = self.topLevelItem(row)
            if top is not None:
                walk(top)


def _children(item: QTreeWidgetItem) -> Iterable[QTreeWidgetItem]:
    for row in range(item.childCount()):
        child = item.child(row)
        if child is not None:
            yield child


def _value(name: str, value: JsonValue) -> str:
    if name == RULE:
        return value_words(condition_of(value))
    if isinstance(value, list):
        return ", ".join(map(value_words, value))
    return value_words(value)


def _tip(name: str, value: JsonValue) -> str:
    if name == RULE:
        return pretty(condition_of(value))
    if isinstance(value, list):
        return "\n".join(map(value_words, value))
    return value if isinstance(value, str) else value_words(value)
