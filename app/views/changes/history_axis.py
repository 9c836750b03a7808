"""Changes drawn on a lumisection axis inside a table: a lane per row, old value above the new."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from app.domain.lumisections import LumiRange, format_ranges
from app.domain.triplets import Triplet
from app.views.changes.lines import CellValue, Piece
from app.views.grid.grid_painter import tick_step
from app.views.looks import words
from app.views.looks.theme import STEP, Theme
from app.views.widgets.plain import tip
from app.views.widgets.shares import RANKED_STATUSES

LANE_ROLE = Qt.ItemDataRole.UserRole + 20
"""Role under which a model gives the lane of a row: a sequence of `Piece`."""

Index = QModelIndex | QPersistentModelIndex

_TICKS_APART = 56
_LEAST_WIDTH = 2.0
_MOST_SHARES = 4
_NAMED_IN_TIP = 8


def piece_words(piece: Piece) -> str:
    """`GOOD -> BAD HV trip`."""
    if piece.kinds != 1:
        return f"{words.number(piece.kinds)} different changes" if piece.kinds else "written"
    before = value_words(piece.before, oms=piece.oms)
    after = value_words(piece.after, oms=piece.oms)
    if piece.overruled:
        return f"{after}, hidden by an earlier value set by hand"
    if before == after:
        return f"{after}, now by hand"
    return f"{before} -> {after}"


def value_words(value: CellValue, *, oms: bool = False) -> str:
    """The value of a cell in a line: status, comment, cause; or that of a bit."""
    if isinstance(value, Triplet):
        text = " ".join(filter(None, (value.status or "without a status", value.comment)))
        return f"{text} (cause: {value.cause})" if value.cause else text
    if value is None:
        return "null" if oms else "no value"
    return words.value(value)


class LanePainter:
    """Paints lanes of an axis that shows lumisections 1 to `length`."""

    def __init__(self, theme: Theme, length: int) -> None:
        self._theme = theme
        self.length = max(length, 1)

    def x(self, rect: QRectF, position: float) -> float:
        """Pixel of a position in lumisections, 0 at the left edge of LS 1."""
        return rect.left() + position / self.length * rect.width()

    def lumisection_at(self, rect: QRectF, x: float) -> int:
        """The lumisection at a pixel."""
        share = (x - rect.left()) / max(rect.width(), 1.0)
        return min(max(int(share * self.length) + 1, 1), self.length)

    def paint_lane(self, painter: QPainter, rect: QRectF, lane: Sequence[Piece]) -> None:
        """Old values as a thin strip above the new ones; columns share the height as long as they
        can be told apart, else the worst value is on top."""
        painter.save()
        painter.setClipRect(rect)
        self._paint_ground(painter, rect)
        keys = list(dict.fromkeys(piece.key for piece in lane))
        if len(keys) <= _MOST_SHARES:
            height = rect.height() / max(len(keys), 1)
            for place, key in enumerate(keys):
                part = QRectF(rect.left(), rect.top() + place * height, rect.width(), height - 1)
                for piece in lane:
                    if piece.key == key:
                        self._paint_piece(painter, part, piece)
        else:
            for piece in sorted(lane, key=_rank):
                self._paint_piece(painter, rect, piece)
        painter.restore()

    def paint_axis(self, painter: QPainter, rect: QRectF) -> None:
        """Numbers of lumisections along the top."""
        painter.save()
        painter.setClipRect(rect)
        painter.setPen(self._theme.colour("muted"))
        metrics = painter.fontMetrics()
        step = tick_step(_TICKS_APART / max(rect.width(), 1.0) * self.length)
        last_right = rect.left()
        every = range(step, self.length + 1, step)
        for number in every if step == 1 else [1, *every]:
            x = self.x(rect, number - 0.5)
            painter.drawLine(QPointF(x, rect.bottom() - 4), QPointF(x, rect.bottom() - 1))
            width = metrics.horizontalAdvance(str(number))
            left = min(max(x - width / 2, rect.left() + 1), rect.right() - width)
            if left < last_right and number != 1:
                continue
            last_right = left + width + STEP
            painter.drawText(
                QRectF(left, rect.top(), width, rect.height() - 5),
                int(Qt.AlignmentFlag.AlignCenter),
                str(number),
            )
        painter.restore()

    def _paint_ground(self, painter: QPainter, rect: QRectF) -> None:
        line = QColor(self._theme.colour("line"))
        line.setAlpha(120)
        painter.setPen(QPen(line, 1))
        middle = rect.center().y()
        painter.drawLine(int(rect.left()), int(middle), int(rect.right()), int(middle))

    def _paint_piece(self, painter: QPainter, rect: QRectF, piece: Piece) -> None:
        strip = max(rect.height() * 0.3, 1.0)
        above = QRectF(rect.left(), rect.top(), rect.width(), strip)
        below = QRectF(rect.left(), rect.top() + strip, rect.width(), rect.height() - strip)
        for first, last in piece.ranges:
            left = self.x(rect, first - 1)
            width = max(self.x(rect, last) - left, _LEAST_WIDTH)
            left = min(left, rect.right() - width)
            for part, value in ((above, piece.before), (below, piece.after)):
                box = QRectF(left, part.top(), width, part.height())
                if piece.kinds != 1:
                    self._fill(painter, box, "accent", Qt.BrushStyle.Dense5Pattern)
                else:
                    self._paint_value(painter, box, value, piece.oms)
            if piece.overruled:
                box = QRectF(left, below.top(), width, below.height())
                self._fill(painter, box, "surface", Qt.BrushStyle.BDiagPattern)

    def _paint_value(self, painter: QPainter, box: QRectF, value: CellValue, oms: bool) -> None:
        if isinstance(value, Triplet):
            self.paint_status(painter, box, value.status)
        elif value is None and not oms:
            self.paint_status(painter, box, "EMPTY")
        elif value is True:
            painter.fillRect(box, self._theme.colour("success"))
        elif value is False:
            painter.fillRect(box, self._theme.colour("danger"))
        elif value is None:
            self._fill(painter, box, "muted", Qt.BrushStyle.Dense6Pattern)
        else:
            self._fill(painter, box, "accent", Qt.BrushStyle.Dense4Pattern)

    def paint_status(self, painter: QPainter, box: QRectF, status: str) -> None:
        """A box in the colours of a status."""
        look = self._theme.status(status or "EMPTY")
        painter.fillRect(box, look.fill)
        if look.hatched:
            self._fill(painter, box, "muted", Qt.BrushStyle.BDiagPattern)
        if look.outline:
            painter.setPen(QPen(self._theme.colour("muted"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))

    def paint_swatch(self, painter: QPainter, box: QRectF, value: CellValue, *, oms: bool) -> None:
        """A small box in the colours of a value."""
        self._paint_value(painter, box, value, oms)

    def _fill(self, painter: QPainter, box: QRectF, token: str, style: Qt.BrushStyle) -> None:
        painter.fillRect(box, QBrush(self._theme.colour(token), style))


class LaneDelegate(QStyledItemDelegate):
    """Paints the lane that the model gives for a cell, and describes what is under the mouse."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._painter = LanePainter(theme, 1)
        self._theme = theme

    @property
    def length(self) -> int:
        return self._painter.length

    def set_length(self, length: int) -> None:
        """Lumisections that the axis shows."""
        self._painter = LanePainter(self._theme, length)

    def set_theme(self, theme: Theme) -> None:
        """Paints in other colours."""
        self._theme = theme
        self._painter = LanePainter(theme, self.length)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self._theme.colour("selection"))
        lane = index.data(LANE_ROLE)
        if lane:
            self._painter.paint_lane(painter, self._lane_rect(option.rect), lane)

    def paint_axis(self, painter: QPainter, rect: QRect) -> None:
        """The axis, for the header above the lanes."""
        self._painter.paint_axis(painter, self._lane_rect(rect).adjusted(0, -2, 0, 2))

    def tip(self, lane: Sequence[Piece], lumisection: int) -> str:
        """What happened in a lumisection, in lines."""
        lines = [
            f"{piece.key}: {piece_words(piece)} (LS {_short(piece.ranges)})"
            for piece in lane
            if any(first <= lumisection <= last for first, last in piece.ranges)
        ]
        if len(lines) > _NAMED_IN_TIP:
            lines[_NAMED_IN_TIP:] = [f"and {len(lines) - _NAMED_IN_TIP} more"]
        return "\n".join((f"LS {lumisection}", *(lines or ["nothing"])))

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: Index,
    ) -> bool:
        lane = index.data(LANE_ROLE)
        if not lane or event.type() != QEvent.Type.ToolTip:
            return super().helpEvent(event, view, option, index)
        rect = self._lane_rect(option.rect)
        at = self._painter.lumisection_at(rect, event.pos().x())
        # A changed lumisection is at least as wide as two pixels.
        near = {n for first, last in _all(lane) for n in (first, last)}
        if near and not any(first <= at <= last for first, last in _all(lane)):
            closest = min(near, key=lambda number: abs(number - at))
            if abs(self._painter.x(rect, closest) - event.pos().x()) <= 2 * _LEAST_WIDTH:
                at = closest
        QToolTip.showText(event.globalPos(), tip(self.tip(lane, at)), view)
        return True

    @staticmethod
    def _lane_rect(rect: QRect) -> QRectF:
        return QRectF(rect).adjusted(STEP, 2, -STEP, -2)


class AxisHeader(QHeaderView):
    """A table's header that draws the lumisection axis in one of its sections."""

    def __init__(self, section: int, lanes: LaneDelegate, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._section = section
        self._lanes = lanes
        self.setHighlightSections(False)
        self.setSectionsClickable(False)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setFixedHeight(24)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.save()
        super().paintSection(painter, rect, section)
        painter.restore()
        if section == self._section:
            painter.setFont(self.font())
            self._lanes.paint_axis(painter, rect)


def last_lumisection(lanes: Sequence[Sequence[Piece]]) -> int:
    """The last lumisection that any piece covers, at least 1."""
    return max((last for lane in lanes for _, last in _all(lane)), default=1)


def _all(lane: Sequence[Piece]) -> list[LumiRange]:
    return [lumi_range for piece in lane for lumi_range in piece.ranges]


def _rank(piece: Piece) -> int:
    """Worse values are painted over better ones, columns over bits."""
    value = piece.after
    if isinstance(value, Triplet) and value.status in RANKED_STATUSES:
        return 2 + RANKED_STATUSES.index(value.status)
    return 1 if value is False else 0


def _short(ranges: Sequence[LumiRange]) -> str:
    text = format_ranges(ranges[:4])
    return f"{text}, ..." if len(ranges) > 4 else text
