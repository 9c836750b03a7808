"""Paints a generated JSON of the list in three lines: name, origin, figures."""

from typing import cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.views.golden.lists.list_model import ITEM_ROLE, ItemText
from app.views.looks.theme import STEP, Themes, tabular

_LINES = 3
_MARK = 3
_OFFICIAL = "official"
_LEAST_WIDTH = 200

Index = QModelIndex | QPersistentModelIndex


class GoldenDelegate(QStyledItemDelegate):
    """Paints items of equal height."""

    def __init__(self, themes: Themes, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(_LEAST_WIDTH, _LINES * _line_height(option) + 2 * STEP + 1)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        item = cast("ItemText | None", index.data(ITEM_ROLE))
        if item is None:
            return
        theme = self._themes.theme
        area = QRect(option.rect)
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.fillRect(area, theme.colour("selection" if selected else "surface"))
        painter.fillRect(area.left(), area.bottom(), area.width(), 1, theme.colour("line"))
        if selected:
            painter.fillRect(area.left(), area.top(), _MARK, area.height(), theme.colour("accent"))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(theme.colour("accent"))
            painter.drawRect(area.adjusted(0, 0, -1, -2))
        painter.setFont(tabular(option.font))
        text, muted = theme.colour("text"), theme.colour("text" if selected else "muted")
        line = area.adjusted(3 * STEP, STEP, -2 * STEP, 0)
        line.setHeight(_line_height(option))
        end = line.right()
        if item.official:
            painter.setPen(theme.colour("text" if selected else "success"))
            end = _right(painter, line, end, _OFFICIAL)
        painter.setPen(muted)
        begin = _left(painter, line, end, item.id)
        painter.setPen(text)
        _left(painter, line.adjusted(begin, 0, 0, 0), end, item.pattern)
        line.translate(0, line.height())
        painter.setPen(muted)
        metrics = painter.fontMetrics()
        both = metrics.horizontalAdvance(item.by) + metrics.horizontalAdvance(item.made) + 4 * STEP
        made = item.made if both <= line.width() else item.ago
        _left(painter, line, _right(painter, line, line.right(), made), item.by)
        line.translate(0, line.height())
        room = line.width() - _left(painter, line, line.right(), item.figures)
        if item.tags and room > 0:
            tags = painter.fontMetrics().elidedText(item.tags, Qt.TextElideMode.ElideRight, room)
            _right(painter, line, line.right(), tags)
        painter.restore()


def _line_height(option: QStyleOptionViewItem) -> int:
    return option.fontMetrics.height() + 2


def _left(painter: QPainter, line: QRect, end: int, text: str) -> int:
    """Writes from the left as far as `end`; returns the width that it took."""
    area = QRect(line)
    area.setRight(end)
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, shown)
    return metrics.horizontalAdvance(shown) + 2 * STEP


def _right(painter: QPainter, line: QRect, right: int, text: str) -> int:
    """Writes at the right; returns where the text to the left of it has to end."""
    width = painter.fontMetrics().horizontalAdvance(text)
    area = QRect(right - width, line.top(), width + 1, line.height())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, text)
    return right - width - 2 * STEP
