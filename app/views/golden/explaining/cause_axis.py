"""The lumisections of a run, one strip for each dataset, coloured by what kept them out."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.domain.json_logic import condition_words
from app.domain.lumisections import LumiRange, format_ranges
from app.domain.triplets import GOOD
from app.services.golden.explain import RunExplained
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes, ink_on, tabular
from app.views.widgets.plain import tip

CAUSES = 8
"""Colours of causes; further causes use them again and are told apart by their numbers."""

_LABEL, _STRIP, _AXIS, _MARGIN = 18, 22, 20, 2 * STEP
_LEAST_PIXELS = 2
_TICKS = 8
_FURTHER = 10


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring lumisections with one cause; `number` counts causes from 1 in the order of the
    rule, 0 is good and None takes no part."""

    ranges: LumiRange
    number: int | None


@dataclass(frozen=True, slots=True)
class Strip:
    """One dataset: its lumisections, its causes by number, and where each is."""

    dataset: str
    length: int
    causes: tuple[tuple[str, str], ...]
    segments: tuple[Segment, ...]

    def at(self, lumisection: int) -> Segment | None:
        """The segment that a lumisection is in."""
        return next(
            (
                segment
                for segment in self.segments
                if segment.ranges.first <= lumisection <= segment.ranges.last
            ),
            None,
        )

    def describe(self, segment: Segment) -> str:
        """A segment in a sentence."""
        where = f"LS {format_ranges([segment.ranges])}"
        if segment.number is None:
            return f"{where}: takes no part"
        if segment.number == 0:
            return f"{where}: in"
        condition, _ = self.causes[segment.number - 1]
        return f"{where}: out, first failed: {condition}"


def strip_of(explained: RunExplained) -> Strip:
    """A dataset ready to be painted; causes in the order in which lumisections meet them."""
    pieces: list[tuple[LumiRange, str | None, bool]] = [
        (each, None, False) for each in explained.no_part
    ]
    for cause in explained.causes:
        pieces += [(each, cause.condition, True) for each in cause.ranges]
    pieces.sort(key=lambda each: each[0])
    numbers: dict[str, int] = {}
    segments: list[Segment] = []
    for ranges, condition, takes_part in pieces:
        number: int | None = None
        if takes_part:
            number = 0 if condition is None else numbers.setdefault(condition, len(numbers) + 1)
        segments.append(Segment(ranges, number))
    return Strip(
        explained.dataset,
        explained.lumisections,
        tuple((condition_words(json.loads(text)), text) for text in numbers),
        tuple(segments),
    )


def cause_colour(theme: Theme, number: int) -> QColor:
    """The colour of a cause by its number."""
    return theme.colour(f"cause_{(number - 1) % CAUSES + 1}")


class CauseAxis(QWidget):
    """Strips of lumisections; one of them is the current one.

    Signals: `lumisection_chosen(dataset, lumisection)` by click, arrows, Home, End, [ and ].
    """

    lumisection_chosen = Signal(str, int)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self.strips: tuple[Strip, ...] = ()
        self.dataset = ""
        self.lumisection = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setFont(tabular(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Lumisections by cause")
        themes.changed.connect(self.update)

    def show_strips(self, strips: Sequence[Strip]) -> None:
        """Shows another run."""
        self.strips = tuple(strips)
        self.updateGeometry()
        self.update()
        self._describe()

    def show_current(self, dataset: str, lumisection: int) -> None:
        """Marks a lumisection; no signal is emitted."""
        self.dataset, self.lumisection = dataset, lumisection
        self.update()
        self._describe()

    @property
    def current(self) -> Strip | None:
        """The strip of the current dataset."""
        return next((strip for strip in self.strips if strip.dataset == self.dataset), None)

    def place_at(self, point: QPoint) -> tuple[Strip, int] | None:
        """The strip and the lumisection at a pixel."""
        row = (point.y() - _MARGIN) // (_LABEL + _STRIP)
        if not 0 <= row < len(self.strips):
            return None
        strip = self.strips[row]
        number = math.floor((point.x() - _MARGIN) / self._scale()) + 1
        return (strip, number) if 1 <= number <= strip.length else None

    def area_of(self, row: int, ranges: LumiRange) -> QRectF:
        """Where lumisections of a strip are painted."""
        scale = self._scale()
        left = _MARGIN + (ranges.first - 1) * scale
        width = max((ranges.last - ranges.first + 1) * scale, _LEAST_PIXELS)
        return QRectF(left, _MARGIN + row * (_LABEL + _STRIP) + _LABEL, width, _STRIP)

    def _scale(self) -> float:
        longest = max((strip.length for strip in self.strips), default=1)
        return max(self.width() - 2 * _MARGIN, 1) / max(longest, 1)

    def _choose(self, strip: Strip, lumisection: int) -> None:
        number = min(max(lumisection, 1), max(strip.length, 1))
        if (strip.dataset, number) != (self.dataset, self.lumisection):
            self.show_current(strip.dataset, number)
            self.lumisection_chosen.emit(strip.dataset, number)

    def _step_change(self, strip: Strip, forward: bool) -> None:
        starts = [segment.ranges.first for segment in strip.segments]
        if forward:
            self._choose(strip, next((n for n in starts if n > self.lumisection), self.lumisection))
        else:
            before = [n for n in starts if n < self.lumisection]
            self._choose(strip, before[-1] if before else self.lumisection)

    def _describe(self) -> None:
        strip = self.current
        segment = strip.at(self.lumisection) if strip is not None else None
        self.setAccessibleDescription(
            f"{self.dataset}, LS {self.lumisection}. {strip.describe(segment)}"
            if strip is not None and segment is not None
            else "No lumisection is chosen."
        )

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(400, 2 * _MARGIN + len(self.strips) * (_LABEL + _STRIP) + _AXIS)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._themes.theme
        painter.fillRect(self.rect(), theme.colour("surface"))
        if not self.strips:
            return
        for row, strip in enumerate(self.strips):
            self._paint_strip(painter, theme, row, strip)
        self._paint_axis(painter, theme)
        if self.hasFocus():
            painter.setPen(theme.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_strip(self, painter: QPainter, theme: Theme, row: int, strip: Strip) -> None:
        here = strip.dataset == self.dataset
        whole = self.area_of(row, LumiRange(1, max(strip.length, 1)))
        painter.setPen(theme.colour("text" if here else "muted"))
        label = QRectF(_MARGIN, whole.top() - _LABEL, self.width() - 2 * _MARGIN, _LABEL)
        painter.drawText(label, Qt.AlignmentFlag.AlignVCenter, strip.dataset)
        painter.fillRect(whole, theme.colour("raised"))
        # What is out is painted last, so that a single lumisection is seen in a long run.
        for segment in sorted(strip.segments, key=lambda each: each.number or 0):
            self._paint_segment(painter, theme, self.area_of(row, segment.ranges), segment)
        if here and 1 <= self.lumisection <= strip.length:
            spot = self.area_of(row, LumiRange(self.lumisection, self.lumisection))
            painter.setPen(QPen(theme.colour("text"), 2))
            middle = spot.center().x()
            painter.drawLine(QPointF(middle, spot.top() - 2), QPointF(middle, spot.bottom() + 2))
            painter.setBrush(theme.colour("text"))
            painter.setPen(Qt.PenStyle.NoPen)
            tip = QPointF(middle, spot.top() - 1)
            painter.drawPolygon(QPolygonF([tip, tip + QPointF(-5, -6), tip + QPointF(5, -6)]))

    def _paint_segment(
        self, painter: QPainter, theme: Theme, area: QRectF, segment: Segment
    ) -> None:
        if segment.number is None:
            painter.fillRect(area, Qt.GlobalColor.transparent)
            painter.setPen(Qt.PenStyle.NoPen)
            brush = painter.brush()
            brush.setColor(theme.colour("muted"))
            brush.setStyle(Qt.BrushStyle.BDiagPattern)
            painter.setBrush(brush)
            painter.drawRect(area)
            return
        fill = (
            theme.status(GOOD).fill if segment.number == 0 else cause_colour(theme, segment.number)
        )
        painter.fillRect(area, fill)
        text = str(segment.number) if segment.number else ""
        if text and area.width() > painter.fontMetrics().horizontalAdvance(text) + STEP:
            painter.setPen(ink_on(fill))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_axis(self, painter: QPainter, theme: Theme) -> None:
        top = _MARGIN + len(self.strips) * (_LABEL + _STRIP)
        longest = max(strip.length for strip in self.strips)
        painter.setPen(theme.colour("muted"))
        scale, step = self._scale(), _step(longest)
        for number in [1, *range(step, longest + 1, step)]:
            x = _MARGIN + (number - 0.5) * scale
            painter.drawLine(QPointF(x, top + 1), QPointF(x, top + STEP))
            text = str(number)
            wide = painter.fontMetrics().horizontalAdvance(text)
            left = min(max(x - wide / 2, _MARGIN), self.width() - _MARGIN - wide)
            painter.drawText(QPointF(left, top + STEP + painter.fontMetrics().ascent()), text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().toPoint())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(*place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            place = self.place_at(event.position().toPoint())
            if place is not None:
                self._choose(*place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        strip = self.current
        if strip is None:
            super().keyPressEvent(event)
            return
        far = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        by = _FURTHER if far else 1
        row = self.strips.index(strip)
        match event.key():
            case Qt.Key.Key_Left:
                self._choose(strip, self.lumisection - by)
            case Qt.Key.Key_Right:
                self._choose(strip, self.lumisection + by)
            case Qt.Key.Key_Home:
                self._choose(strip, 1)
            case Qt.Key.Key_End:
                self._choose(strip, strip.length)
            case Qt.Key.Key_Up if row > 0:
                self._choose(self.strips[row - 1], self.lumisection)
            case Qt.Key.Key_Down if row + 1 < len(self.strips):
                self._choose(self.strips[row + 1], self.lumisection)
            case Qt.Key.Key_BracketLeft:
                self._step_change(strip, forward=False)
            case Qt.Key.Key_BracketRight:
                self._step_change(strip, forward=True)
            case _:
                super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tip(event)
            return True
        return super().event(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        place = self.place_at(event.pos())
        if place is not None:
            strip, lumisection = place
            segment = strip.at(lumisection)
            if segment is not None:
                text = f"{strip.dataset}, LS {words.number(lumisection)}\n{strip.describe(segment)}"
                QToolTip.showText(event.globalPos(), tip(text), self)
                return
        QToolTip.hideText()


def _step(length: int) -> int:
    """A round distance of ticks."""
    least = max(length / _TICKS, 1)
    power = 10 ** math.floor(math.log10(least))
    return int(next(each * power for each in (1, 2, 5, 10) if each * power >= least))
