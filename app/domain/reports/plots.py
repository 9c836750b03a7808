"""The plots of reports as numbers: each is drawn in a page, in the window, and written as CSV."""

from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.text.csv_text import csv_text

DAY_S = 86_400


@dataclass(frozen=True)
class Line:
    """A line of a plot over time: seconds since 1970 (UTC), ascending, and a value for each."""

    name: str
    times: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class TimePlot:
    """Lines over days; `unit` is that of all values."""

    key: str
    title: str
    unit: str
    lines: tuple[Line, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(line.times for line in self.lines)

    @property
    def csv_text(self) -> str:
        """One line for each moment that a line has a value for."""
        values = [dict(zip(line.times, line.values, strict=True)) for line in self.lines]
        moments = sorted({time for line in self.lines for time in line.times})
        rows: list[list[object]] = [
            ["time_utc", *(f"{each.name} [{self.unit}]" for each in self.lines)]
        ]
        rows += [[time_text(time), *(each.get(time, "") for each in values)] for time in moments]
        return csv_text(rows)


@dataclass(frozen=True)
class BarPlot:
    """Bars beside each other: for each name one of each series. The axis begins at `least`, and
    ends at `most` if that is given."""

    key: str
    title: str
    unit: str
    names: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    least: float = 0.0
    most: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.names

    @property
    def ticks(self) -> list[float]:
        """Values that the axis names, from its beginning to its end."""
        greatest = max((max(values, default=0.0) for _, values in self.series), default=0.0)
        most = greatest if self.most is None else self.most
        return [self.least + tick for tick in value_ticks(most - self.least)]

    @property
    def csv_text(self) -> str:
        """One line for each name."""
        heads: list[object] = ["name", *(f"{name} [{self.unit}]" for name, _ in self.series)]
        rows = [
            [name, *(values[at] for _, values in self.series)] for at, name in enumerate(self.names)
        ]
        return csv_text([heads, *rows])


Plot = TimePlot | BarPlot


def time_text(time: float) -> str:
    """Seconds since 1970 as `2025-08-18T06:12:05Z`."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"


def day_ticks(first: float, last: float, most: int) -> list[tuple[float, str]]:
    """Midnights (UTC) between two times, at most so many, each with its name; hours where the
    times are less than two days apart."""
    if last - first < 2 * DAY_S:
        steps: tuple[int, ...] = (900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
        form = "%d %b %H:%M"
    else:
        days = (1, 2, 5, 7, 14, 28, 56, 112, 224, 365, 730, 3650)
        steps, form = tuple(day * DAY_S for day in days), "%d %b"
        if last - first > 300 * DAY_S:
            form = "%d %b %Y"
    step = next((each for each in steps if (last - first) / each <= most), steps[-1])
    tick = -(-first // step) * step
    found = []
    while tick <= last:
        found.append((tick, f"{datetime.fromtimestamp(tick, UTC):{form}}"))
        tick += step
    return found


def value_ticks(most: float, number: int = 5) -> list[float]:
    """Round values from 0 up to the first that isn't below `most`."""
    if not most > 0:
        return [0.0, 1.0]
    size = 10.0 ** len(str(int(most))) if most >= 1 else 1.0
    while size > most:
        size /= 10
    step = next(
        size * each
        for each in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5)
        if most / (size * each) <= number
    )
    ticks = [0.0]
    while ticks[-1] < most:
        ticks.append(round(step * len(ticks), 12))
    return ticks
