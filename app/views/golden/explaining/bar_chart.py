"""A chart of luminosity by name: bars are chosen by mouse or keyboard, and exported."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import pyqtgraph
from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QEvent,
    QIODevice,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QToolTip, QWidget

from app.views.focus import give_keys
from app.views.looks import words
from app.views.looks.theme import STEP, Theme, Themes, tabular
from app.views.widgets.plain import cell, tip
from app.views.widgets.plot_picture import png_of

_BAR = 24
_THICK = 0.66
_AXIS = 48
_FIGURES = 140
_LONGEST_NAME = 46


@dataclass(frozen=True, slots=True)
class ChartBar:
    """One bar: its name, its figure, its tool tip."""

    name: str
    value: float
    tip: str


class BarChart(pyqtgraph.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Shows one chart at a time; as high as its bars need, so its parent has to scroll.

    Signals: `bar_chosen(int)` when another bar is the current one; `bar_opened(int)` by Enter or
    double click.
    """

    bar_chosen = Signal(int)
    bar_opened = Signal(int)

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._bars: tuple[ChartBar, ...] = ()
        self._title = ""
        self._total = 0.0
        self._unit = ""
        self._chosen = -1
        self._hovered = -1
        plot = self.getPlotItem()
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.invertY(True)
        plot.layout.setContentsMargins(STEP, STEP, 2 * STEP, STEP)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Chart")
        themes.changed.connect(self._repaint)

    @property
    def chosen(self) -> int:
        """Number of the current bar, -1 for none."""
        return self._chosen

    def show_bars(
        self, title: str, bars: Sequence[ChartBar], total: float, unit: str = "pb⁻¹"
    ) -> None:
        """Shows another chart; shares are relative to `total`."""
        self._title, self._bars, self._total = title, tuple(bars), total
        self._unit = unit
        self._chosen = self._hovered = -1
        self.setMinimumHeight(_AXIS + 2 * _BAR + _BAR * len(self._bars))
        self.setAccessibleName(title)
        self._repaint(self._themes.theme)

    def choose(self, number: int) -> None:
        """Makes a bar the current one."""
        if number != self._chosen and 0 <= number < len(self._bars):
            self._chosen = number
            self._colour()
            self._describe()
            self.bar_chosen.emit(number)

    def bar_at(self, point: QPointF) -> int:
        """Number of the bar in whose row a pixel is, -1 for none."""
        box = self.getPlotItem().getViewBox()
        if not box.sceneBoundingRect().contains(point):
            left = self.getPlotItem().getAxis("left").sceneBoundingRect()
            if not left.contains(point):
                return -1
        row = round(box.mapSceneToView(point).y())
        return row if 0 <= row < len(self._bars) else -1

    def place_of(self, number: int) -> QPointF:
        """A pixel on a bar."""
        box = self.getPlotItem().getViewBox()
        return QPointF(box.mapViewToScene(QPointF(self._bars[number].value / 2, number)))

    def as_png(self) -> bytes:
        """The chart as a picture, with twice the pixels."""
        return png_of(self, self._themes.theme.colour("surface"))

    def as_svg(self) -> bytes:
        """The chart as a drawing."""
        size = self.size()
        content = QByteArray()
        buffer = QBuffer(content)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setResolution(self.logicalDpiX())
        generator.setSize(size)
        generator.setViewBox(QRect(0, 0, size.width(), size.height()))
        generator.setTitle(self._title)
        painter = QPainter(generator)
        painter.fillRect(self.rect(), self._themes.theme.colour("surface"))
        self.render(painter, QRectF(0, 0, size.width(), size.height()), self.viewport().rect())
        painter.end()
        return bytes(content.data())

    def _repaint(self, theme: Theme) -> None:
        plot = self.getPlotItem()
        plot.clear()
        self.setBackground(theme.colour("surface"))
        text, line = theme.colour("text"), theme.colour("line")
        # pyqtgraph takes a title for markup.
        plot.setTitle(html.escape(cell(self._title)), color=text, size="10pt")
        values = [bar.value for bar in self._bars]
        self._item = pyqtgraph.BarGraphItem(
            x0=0, width=values, y=list(range(len(values))), height=_THICK
        )
        plot.addItem(self._item)
        self._colour()
        font = tabular(self.font())
        for number, bar in enumerate(self._bars):
            share = f"  {words.percent(bar.value / self._total)}" if self._total else ""
            figures = pyqtgraph.TextItem(
                f"{words.luminosity(bar.value)}{share}", color=text, anchor=(0, 0.5)
            )
            figures.setFont(font)
            figures.setPos(bar.value, number)
            plot.addItem(figures)
        left, bottom = plot.getAxis("left"), plot.getAxis("bottom")
        left.setTicks([[(n, _short(bar.name)) for n, bar in enumerate(self._bars)]])
        for axis in (left, bottom):
            axis.setPen(line)
            axis.setTextPen(text)
            axis.setTickFont(font)
        left.setStyle(tickLength=0)
        bottom.setLabel(self._unit, color=text.name())
        self._leave_room()
        plot.setYRange(-0.6, max(len(self._bars), 1) - 0.4, padding=0)
        self._describe()

    def _colour(self) -> None:
        """Marks the bar that is chosen and the one below the mouse."""
        theme = self._themes.theme
        colours = [theme.colour("cause_1")] * len(self._bars)
        edges = [theme.colour("line")] * len(self._bars)
        if self._chosen >= 0:
            colours[self._chosen] = theme.colour("accent")
            edges[self._chosen] = theme.colour("text")
        if self._hovered >= 0:
            colours[self._hovered] = colours[self._hovered].lighter(125)
        self._item.setOpts(brushes=colours, pens=edges)

    def _leave_room(self) -> None:
        """Scales so that the figures behind the longest bar are visible."""
        most = max((bar.value for bar in self._bars), default=0.0) or 1.0
        plot = self.getPlotItem()
        wide = max(plot.getViewBox().width(), 2.0 * _FIGURES)
        plot.setXRange(0, most * wide / (wide - _FIGURES), padding=0)

    def _describe(self) -> None:
        if 0 <= self._chosen < len(self._bars):
            self.setAccessibleDescription(self._bars[self._chosen].tip)
        else:
            self.setAccessibleDescription(words.counted(len(self._bars), "bar"))

    def _hover(self, number: int) -> None:
        if number != self._hovered:
            self._hovered = number
            self._colour()

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(480, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # The library asks for a size while it is being made.
        if getattr(self, "_bars", ()):
            self._leave_room()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        give_keys(self)
        if event.button() == Qt.MouseButton.LeftButton:
            self.choose(self.bar_at(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        number = self.bar_at(event.position())
        if number >= 0:
            self.bar_opened.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = self.bar_at(event.position())
        self._hover(number)
        if number >= 0:
            QToolTip.showText(event.globalPosition().toPoint(), tip(self._bars[number].tip), self)
        else:
            QToolTip.hideText()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def wheelEvent(self, event: QEvent) -> None:
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Down:
                self.choose(min(self._chosen + 1, len(self._bars) - 1))
            case Qt.Key.Key_Up:
                self.choose(max(self._chosen - 1, 0))
            case Qt.Key.Key_Home:
                self.choose(0)
            case Qt.Key.Key_End:
                self.choose(len(self._bars) - 1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self._chosen >= 0:
                self.bar_opened.emit(self._chosen)
            case _:
                event.ignore()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
