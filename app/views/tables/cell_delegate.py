"""Paints the cells of a table: texts, states, marks, and statuses as shares of lumisections."""

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QFont, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.views.looks.theme import ROW_HEIGHT, STEP, Theme
from app.views.tables.columns import Cell, CellKind
from app.views.tables.table_model import CELL_ROLE, Index
from app.views.widgets.shares import share_widths

_LETTER_FROM = 14
_DIMMED = 0.45
_KEPT_ELISIONS = 4000
# As numbers: an enumeration of Python makes an object for each `&` and `|`, of each cell.
_SELECTED = QStyle.StateFlag.State_Selected.value
_HAS_FOCUS = QStyle.StateFlag.State_HasFocus.value
_LEFT, _MIDDLE, _RIGHT = (
    (across | Qt.AlignmentFlag.AlignVCenter).value
    for across in (
        Qt.AlignmentFlag.AlignLeft,
        Qt.AlignmentFlag.AlignHCenter,
        Qt.AlignmentFlag.AlignRight,
    )
)


class CellDelegate(QStyledItemDelegate):
    """Paints `Cell`s; `dimmed` while what is shown waits to be replaced."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.dimmed = False
        self._elisions: dict[tuple[str, int], str] = {}

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(48, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell = index.data(CELL_ROLE)
        rect: QRect = option.rect
        state: int = option.state.value
        if state & _SELECTED:
            painter.fillRect(rect, self.theme.colour("selection"))
        painter.save()
        if self.dimmed:
            painter.setOpacity(_DIMMED)
        if cell is not None:
            self._paint_cell(painter, rect, cell, option)
        painter.restore()
        if state & _HAS_FOCUS:
            painter.setPen(self.theme.colour("accent"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def _paint_cell(
        self, painter: QPainter, rect: QRect, cell: Cell, option: QStyleOptionViewItem
    ) -> None:
        font: QFont = option.font
        painter.setFont(font)
        token = "text"
        align = _LEFT
        inside = rect.adjusted(STEP, 0, -STEP, 0)
        match cell.kind:
            case CellKind.SHARES if cell.shares:
                paint_shares(painter, self.theme, rect, cell)
                return
            case CellKind.SHARES:
                token, align = "muted", _MIDDLE
            case CellKind.NUMBER:
                align = _RIGHT
            case CellKind.FLAG:
                if cell.text:
                    self._paint_icon(painter, rect, rect.center().x() - 8, "done", "muted")
                return
            case CellKind.STATE:
                token = "muted"
                right = inside.right() - 12
                for shown, icon, colour in (
                    (cell.verified, "done", "success"),
                    (cell.frozen, "frozen", "accent"),
                ):
                    if shown:
                        self._paint_icon(painter, rect, right, icon, colour)
                        right -= 18
                        inside.setRight(right + 14)
                if cell.text == "OPEN":
                    token = "danger"
                    bold = QFont(font)
                    bold.setBold(True)
                    painter.setFont(bold)
            case CellKind.RUN:
                right = inside.right() - 15
                if cell.needs_update:
                    self._paint_icon(painter, rect, right, "warning", "warning")
                    right -= 18
                if cell.running:
                    self._paint_icon(painter, rect, right, "running", "accent")
        painter.setPen(self.theme.colour(token))
        # Also a number: one that is cut without a sign is read as another.
        text = self._elided(painter, cell.text, inside.width())
        painter.drawText(inside, align, text)

    def _elided(self, painter: QPainter, text: str, width: int) -> str:
        """The text as far as it fits; the same texts are painted again and again."""
        key = (text, width)
        elided = self._elisions.get(key)
        if elided is None:
            if len(self._elisions) > _KEPT_ELISIONS:
                self._elisions.clear()
            metrics = painter.fontMetrics()
            elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            self._elisions[key] = elided
        return elided

    def _paint_icon(self, painter: QPainter, rect: QRect, left: int, name: str, token: str) -> None:
        top = rect.top() + (rect.height() - 16) // 2
        painter.drawPixmap(QPoint(left, top), self.theme.icon(name, token).pixmap(16, 16))


def paint_shares(painter: QPainter, theme: Theme, rect: QRect, cell: Cell) -> None:
    """Statuses as shares of the lumisections, the worst at the left."""
    box = rect.adjusted(1, 2, -2, -2)
    left = box.left()
    widths = share_widths([count for _, count in cell.shares], box.width())
    for (status, _), width in zip(cell.shares, widths, strict=True):
        look = theme.status(status)
        part = QRect(left, box.top(), width, box.height())
        painter.fillRect(part, look.fill)
        if look.hatched:
            painter.fillRect(part, QBrush(theme.colour("muted"), Qt.BrushStyle.BDiagPattern))
        if look.outline:
            painter.setPen(QPen(theme.colour("muted"), 1))
            painter.drawRect(QRectF(part).adjusted(0.5, 0.5, -0.5, -0.5))
        if look.letter and width >= _LETTER_FROM:
            painter.setPen(look.ink)
            painter.drawText(part, int(Qt.AlignmentFlag.AlignCenter), look.letter)
        left += width
    if cell.remarked:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("surface"), 0.5))
        painter.setBrush(theme.colour("text"))
        corner = QPointF(box.left(), box.top())
        painter.drawPolygon(QPolygonF([corner, corner + QPointF(7, 0), corner + QPointF(0, 7)]))
