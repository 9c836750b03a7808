"""Precision and recall of an agent as bars."""

from collections.abc import Sequence

import pyqtgraph
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.domain.agents.agreement import Confusion
from app.views.looks import words
from app.views.looks.theme import Theme, Themes, tabular

_BAR = 0.34


class RatesChart(pyqtgraph.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Precision and recall of status status as bars from 0 to 100 %."""

    def __init__(self, themes: Themes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._confusion = Confusion()
        plot = self.getPlotItem()
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.setYRange(0, 100, padding=0.02)
        self.setFrameShape(self.Shape.NoFrame)
        self.setAccessibleName("Precision and recall")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        themes.changed.connect(self._repaint)
        self._repaint(themes.theme)

    def show_confusion(self, confusion: Confusion) -> None:
        """Shows the rates of another column."""
        self._confusion = confusion
        self._repaint(self._themes.theme)

    def _repaint(self, theme: Theme) -> None:
        plot = self.getPlotItem()
        plot.clear()
        self.setBackground(theme.colour("surface"))
        statuses = self._confusion.statuses
        for axis in ("left", "bottom"):
            side = plot.getAxis(axis)
            side.setPen(theme.colour("line"))
            side.setTextPen(theme.colour("muted"))
            side.setStyle(tickFont=tabular(self.font()))
        plot.getAxis("bottom").setTicks([list(enumerate(statuses))])
        plot.getAxis("left").setTicks([[(n, f"{n} %") for n in range(0, 101, 25)]])
        plot.setXRange(-0.6, max(len(statuses), 1) - 0.4, padding=0)
        sides: Sequence[tuple[str, float]] = (("cause_1", -_BAR / 2), ("cause_7", _BAR / 2))
        for number, (token, shift) in enumerate(sides):
            rates = [
                self._confusion.precision(status) if number == 0 else self._confusion.recall(status)
                for status in statuses
            ]
            bars = pyqtgraph.BarGraphItem(
                x=[place + shift for place in range(len(statuses))],
                height=[100 * (rate or 0.0) for rate in rates],
                width=_BAR,
                brush=theme.colour(token),
                pen=theme.colour(token),
            )
            plot.addItem(bars)
        self.setAccessibleDescription(
            "; ".join(
                f"{status}: precision {words.percent(self._confusion.precision(status))},"
                f" recall {words.percent(self._confusion.recall(status))}"
                for status in statuses
            )
        )
