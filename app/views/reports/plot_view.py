"""A plot of a report in the window: lines over days, or bars; exported as a picture."""

import html

import pyqtgraph
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.domain.reports.plots import BarPlot, Plot, TimePlot, day_ticks, value_ticks
from app.views.looks.theme import STEP, Theme, Themes, tabular
from app.views.widgets.plain import cell
from app.views.widgets.plot_picture import png_of

_LINE = 2
_DAYS = 7
_MOST_NAMES = 12
_WIDE = 0.8


class PlotView(pyqtgraph.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Shows one plot at a time, in the colours of the window."""

    colours = ("cause_1", "cause_2", "success", "cause_6", "cause_8", "cause_3")
    """Of lines and bars, in their order."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._plot: Plot | None = None
        plot = self.getPlotItem()
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.layout.setContentsMargins(STEP, STEP, 4 * STEP, STEP)
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Plot")
        themes.changed.connect(self._repaint)
        self._repaint(themes.theme)

    @property
    def plot(self) -> Plot | None:
        """What is shown."""
        return self._plot

    def show_plot(self, plot: Plot | None) -> None:
        """Shows another plot, or nothing."""
        self._plot = plot
        self._repaint(self._themes.theme)

    def as_png(self) -> bytes:
        """The plot as it is seen, with twice the pixels."""
        return png_of(self, self._themes.theme.colour("surface"))

    def _repaint(self, theme: Theme) -> None:
        item = self.getPlotItem()
        item.clear()
        if item.legend is not None:
            item.legend.scene().removeItem(item.legend)
            item.legend = None
        self.setBackground(theme.colour("surface"))
        font = tabular(self.font())
        for name in ("left", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(theme.colour("line"))
            axis.setTextPen(theme.colour("text"))
            axis.setTickFont(font)
            # A step of our own: names and numbers are those of the page.
            axis.setTicks([[]])
        plot = self._plot
        title = "" if plot is None else plot.title
        item.setTitle(html.escape(cell(title)), color=theme.colour("text"), size="10pt")
        if plot is None or plot.is_empty:
            self.setAccessibleDescription("Nothing to draw")
            return
        item.addLegend(offset=(STEP, STEP), labelTextColor=theme.colour("text"))
        item.getAxis("left").setLabel(plot.unit, color=theme.colour("text").name())
        item.showGrid(y=True, alpha=0.25)
        item.getAxis("left").setZValue(-1)  # the lines go behind the bars
        if isinstance(plot, TimePlot):
            self._draw_lines(plot, theme)
        else:
            self._draw_bars(plot, theme)
        self.setAccessibleDescription(plot.csv_text[:1000])

    def _draw_lines(self, plot: TimePlot, theme: Theme) -> None:
        item = self.getPlotItem()
        times = [time for line in plot.lines for time in line.times]
        first, last = min(times), max(times)
        ticks = value_ticks(max(max(line.values, default=0.0) for line in plot.lines))
        for at, line in enumerate(plot.lines):
            pen = pyqtgraph.mkPen(theme.colour(self.colours[at % len(self.colours)]), width=_LINE)
            item.plot(
                [time - first for time in line.times],
                list(line.values),
                pen=pen,
                name=cell(line.name),
                antialias=True,
            )
        item.getAxis("bottom").setTicks(
            [[(at - first, name) for at, name in day_ticks(first, last, _DAYS)]]
        )
        self._ranges((0.0, (last - first) or 1.0), ticks)

    def _draw_bars(self, plot: BarPlot, theme: Theme) -> None:
        item = self.getPlotItem()
        width = _WIDE / len(plot.series)
        for at, (name, values) in enumerate(plot.series):
            colour = theme.colour(self.colours[at % len(self.colours)])
            item.addItem(
                pyqtgraph.BarGraphItem(
                    x=[place - _WIDE / 2 + (at + 0.5) * width for place in range(len(values))],
                    y0=plot.least,
                    height=[max(value - plot.least, 0.0) for value in values],
                    width=0.95 * width,
                    brush=colour,
                    pen=colour,
                    name=cell(name),
                )
            )
        every = -(-len(plot.names) // _MOST_NAMES)
        names = [(place, cell(name)) for place, name in enumerate(plot.names) if not place % every]
        item.getAxis("bottom").setTicks([names])
        self._ranges((-0.6, len(plot.names) - 0.4), plot.ticks)

    def _ranges(self, across: tuple[float, float], ticks: list[float]) -> None:
        item = self.getPlotItem()
        item.getAxis("left").setTicks([[(tick, f"{tick:.6g}") for tick in ticks]])
        item.setXRange(*across, padding=0.01)
        item.setYRange(ticks[0], ticks[-1], padding=0.02)
