"""Plots as SVG, written without a window: the same plot is always the same bytes.

Colours stand as attributes, for readers that know no style sheets, and as classes, so that a page
can have others in the dark.
"""

from html import escape

from app.domain.reports.plots import BarPlot, Plot, TimePlot, day_ticks, value_ticks
from app.domain.text.plain_text import one_line

WIDTH = 760
HEIGHT = 320
COLOURS = ("#0a5cab", "#b35900", "#2b7a3f", "#8c2aa0", "#6b7480", "#a3122a")
"""Of the lines and bars of a plot, in their order."""

TEXT, LINE = "#1a1e23", "#c3cad2"
"""Colours of what is written, and of the lines of the axis."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 56, 40
_NAMES = 96
"""Height of names that are written slantwise."""
_LONGEST_NAME = 22
_DAYS = 8
_MOST_NAMES = 40


def svg(plot: Plot) -> str:
    """The drawing of a plot, with title, legend and a description for those who can't see it."""
    drawn = _bars(plot) if isinstance(plot, BarPlot) else _lines(plot)
    about = escape(_about(plot))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" role="img" aria-label="{about}" font-family="sans-serif"'
        f' font-size="12" class="plot">'
        f"{_text(8, 18, plot.title, size=14, bold=True)}{drawn}</svg>"
    )


def _about(plot: Plot) -> str:
    if isinstance(plot, TimePlot):
        ends = (f"{each.name} {each.values[-1]:.4g}" for each in plot.lines if each.values)
        said = f"at the end {', '.join(ends)} {plot.unit}"
    else:
        said = "; ".join(
            f"{name} "
            + ", ".join(f"{of} {values[at]:.4g}" for of, values in plot.series)
            + f" {plot.unit}"
            for at, name in enumerate(plot.names)
        )
    return one_line(f"{plot.title}: {'nothing' if plot.is_empty else said}")


def _lines(plot: TimePlot) -> str:
    if plot.is_empty:
        return _nothing()
    first = min(line.times[0] for line in plot.lines if line.times)
    last = max(line.times[-1] for line in plot.lines if line.times)
    span = (last - first) or 1.0
    ticks = value_ticks(max(max(line.values, default=0.0) for line in plot.lines))
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT

    def x(time: float) -> float:
        return _LEFT + (right - _LEFT) * (time - first) / span

    def y(value: float) -> float:
        return bottom - (bottom - _TOP) * value / ticks[-1]

    parts = [_legend([line.name for line in plot.lines]), _frame(plot.unit, ticks, bottom)]
    for tick, name in day_ticks(first, last, _DAYS):
        parts.append(_rule(x(tick), bottom, x(tick), bottom + 4))
        parts.append(_text(x(tick), bottom + 18, name, anchor="middle"))
    for at, line in enumerate(plot.lines):
        points = " ".join(
            f"{x(time):.1f},{y(value):.1f}"
            for time, value in zip(line.times, line.values, strict=True)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{_colour(at)}" stroke-width="2"'
            f' class="stroke{at % len(COLOURS)}"/>'
        )
    return "".join(parts)


def _bars(plot: BarPlot) -> str:
    if plot.is_empty:
        return _nothing()
    ticks, least = plot.ticks, plot.least
    span = ticks[-1] - least
    slanted = len(plot.names) > 8 or any(len(name) > 10 for name in plot.names)
    bottom = HEIGHT - (_NAMES if slanted else _BOTTOM)
    step = (WIDTH - _RIGHT - _LEFT) / len(plot.names)
    width = min(0.8 * step / max(len(plot.series), 1), 48.0)
    every = -(-len(plot.names) // _MOST_NAMES)
    parts = [_legend([name for name, _ in plot.series]), _frame(plot.unit, ticks, bottom)]
    for place, name in enumerate(plot.names):
        middle = _LEFT + step * (place + 0.5)
        begin = middle - width * len(plot.series) / 2
        for at, (of, values) in enumerate(plot.series):
            height = (bottom - _TOP) * min(max((values[place] - least) / span, 0.0), 1.0)
            parts.append(
                f'<rect x="{begin + at * width:.1f}" y="{bottom - height:.1f}"'
                f' width="{max(width - 1, 1):.1f}" height="{height:.1f}" fill="{_colour(at)}"'
                f' class="fill{at % len(COLOURS)}"><title>'
                f"{escape(one_line(f'{name}, {of}: {values[place]:.5g} {plot.unit}'))}"
                "</title></rect>"
            )
        short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        if place % every:
            continue
        if slanted:
            parts.append(_text(middle + 4, bottom + 14, short, anchor="end", turned=True))
        else:
            parts.append(_text(middle, bottom + 18, short, anchor="middle"))
    return "".join(parts)


def _frame(unit: str, ticks: list[float], bottom: int) -> str:
    parts = []
    for tick in ticks:
        height = bottom - (bottom - _TOP) * (tick - ticks[0]) / (ticks[-1] - ticks[0])
        parts.append(_rule(_LEFT, height, WIDTH - _RIGHT, height))
        parts.append(_text(_LEFT - 6, height + 4, f"{tick:.6g}", anchor="end"))
    parts.append(_text(8, _TOP - 12, unit))
    return "".join(parts)


def _legend(names: list[str]) -> str:
    parts, left = [], float(_LEFT)
    for at, name in enumerate(names):
        parts.append(
            f'<rect x="{left:.0f}" y="31" width="12" height="12" fill="{_colour(at)}"'
            f' class="fill{at % len(COLOURS)}"/>'
        )
        parts.append(_text(left + 17, 41, name))
        left += 40 + 7 * len(name)
    return "".join(parts)


def _nothing() -> str:
    return _text(WIDTH / 2, HEIGHT / 2, "Nothing to draw", anchor="middle")


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{LINE}"'
        ' class="rule"/>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: int = 12,
    bold: bool = False,
    turned: bool = False,
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    turn = f' transform="rotate(-40 {x:.1f} {y:.1f})"' if turned else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{weight}{turn}'
        f' fill="{TEXT}" class="text">{escape(one_line(text))}</text>'
    )


def _colour(at: int) -> str:
    return COLOURS[at % len(COLOURS)]
