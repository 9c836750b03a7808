"""Paints how far something is: a bar of states with the number that is done."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.domain.certification.cycles import Progress
from app.views.looks.theme import ROW_HEIGHT, STEP, Theme, Themes
from app.views.widgets.shares import share_widths
from app.views.widgets.tables.lines_model import ITEM_ROLE, Index

_TEXT_WIDTH = 66
_TOKENS = ("success", "accent", "line", "raised")


class ProgressDelegate(QStyledItemDelegate):
    """Completed, signed off, open and waiting datasets as shares; `progress_of` finds them."""

    def __init__(
        self, themes: Themes, progress_of: Callable[[Any], Progress], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._themes = themes
        self._progress_of = progress_of

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        theme = self._themes.theme
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.colour("selection"))
        painter.save()
        painter.setFont(option.font)
        painter.setPen(theme.colour("text"))
        text = rect.adjusted(STEP, 0, -STEP, 0)
        text.setWidth(_TEXT_WIDTH)
        aligned = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(text, aligned, str(index.data()))
        box = rect.adjusted(_TEXT_WIDTH + 3 * STEP, 6, -2 * STEP, -6)
        paint_progress(painter, theme, box, self._progress_of(index.data(ITEM_ROLE)))
        painter.restore()


def paint_progress(painter: QPainter, theme: Theme, box: QRect, progress: Progress) -> None:
    """The bar alone: done at the left."""
    parts = [
        (number, token)
        for number, token in zip(
            (progress.completed, progress.signed_off, progress.open, progress.waiting),
            _TOKENS,
            strict=True,
        )
        if number
    ]
    if not parts or box.width() <= 0:
        return
    left = box.left()
    widths = share_widths([number for number, _ in parts], box.width())
    for (_, token), width in zip(parts, widths, strict=True):
        painter.fillRect(QRect(left, box.top(), width, box.height()), theme.colour(token))
        left += width
