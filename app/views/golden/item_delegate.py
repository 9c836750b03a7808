"""Paints a generated JSON of the list in three lines: name, origin, figures."""

from typing import cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.views.golden.list_model import ITEM_ROLE, ItemText
from app.views.theme import STEP, Themes, tabular

_LINES = 3
_MARK = 3
_OFFICIAL = "official"
_LEAST_WIDTH = 200

Index = QModelIndex | QPersistentModelIndex


class GoldenDelegate(QStyledItemDelegate):
    """Every item has the same height."""

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
        left = line.right()
        if item.official:
            painter.setPen(theme.colour("text" if selected else "success"))
            left = _right(painter, line, left, _OFFICIAL)
        painter.setPen(text)
        _left(painter, line, left, item.pattern, Qt.TextElideMode.ElideMiddle)
        line.translate(0, line.height())
        painter.setPen(muted)
        _left(painter, line, line.right(), item.made, Qt.TextElideMode.ElideRight)
        line.translate(0, line.height())
        figures = painter.fontMetrics().horizontalAdvance(item.figures)
        _left(painter, line, line.right(), item.figures, Qt.TextElideMode.ElideRight)
        room = line.width() - figures - 4 * STEP
        if item.tags and room > 0:
            tags = painter.fontMetrics().elidedText(item.tags, Qt.TextElideMode.ElideRight, room)
            _right(painter, line, line.right(), tags)
        painter.restore()


def _line_height(option: QStyleOptionViewItem) -> int:
    return option.fontMetrics.height() + 2


def _left(painter: QPainter, line: QRect, right: int, text: str, elide: Qt.TextElideMode) -> None:
    area = QRect(line)
    area.setRight(right)
    shown = painter.fontMetrics().elidedText(text, elide, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def _right(painter: QPainter, line: QRect, right: int, text: str) -> int:
    """Writes against the right side; returns where what stands left of it has to end."""
    width = painter.fontMetrics().horizontalAdvance(text)
    area = QRect(right - width, line.top(), width + 1, line.height())
    painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, text)
    return right - width - 2 * STEP
