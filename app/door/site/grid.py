"""The lumisections of a dataset as strips of rectangles, and as lines of a table."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.domain.json_value import JsonValue, js_stringify
from app.domain.lumisections import LumiRange
from app.domain.state.grid import MISSING, DatasetState, Grid, Value
from app.domain.state.summaries import CUMULATIVE_LUMINOSITY
from app.domain.triplets import EMPTY, EMPTY_TRIPLET, GOOD, NO_VALUE_FOUND, STATUSES, Triplet

MOST_RECTANGLES = 400
"""Rectangles of one strip: finer than that, no screen shows them."""
_SEEN = 300
"""Parts of a strip, one of which is the least width of what isn't GOOD: else nobody sees it."""
MOST_LINES = 300
"""Lines of the table of ranges."""

FILLS = {
    "good": "#7fbf8e",
    "on": "#7fbf8e",
    "bad": "#c4161f",
    "off": "#c4161f",
    "standby": "#e0a400",
    "excluded": "#8b95a1",
    "notset": "#d3d8de",
    "empty": "#e7eaee",
    "no-value-found": "#8c2aa0",
    "other": "#3b6fb5",
}
"""Colours of a picture that stands alone, on white."""

_LONGEST_SAYING = 200
_OTHER = "other"
_ON, _OFF = "on", "off"
_CALM = frozenset({"good", _ON, "empty"})
_NOT_BITS = CUMULATIVE_LUMINOSITY | {"recorded", "delivered", "prescale_index", "prescale_name"}
_WORST_FIRST = ("BAD", NO_VALUE_FOUND, "STANDBY", "EXCLUDED", "NOTSET", EMPTY, GOOD)


@dataclass(frozen=True)
class Rectangle:
    """Lumisections of one look: `look` is the class of the style, `said` the tip.

    It begins at `x` and is `width` wide, in lumisections of which the strip has `length`.
    """

    first: int
    last: int
    look: str
    said: str
    length: int

    @property
    def width(self) -> float:
        own = self.last - self.first + 1
        return own if self.look in _CALM else max(own, round(self.length / _SEEN, 2))

    @property
    def x(self) -> float:
        return round(min(self.first - 1, self.length - self.width), 2)


@dataclass(frozen=True)
class Strip:
    """One column or bit over all lumisections; `summary` says it in words."""

    name: str
    rectangles: tuple[Rectangle, ...]
    summary: str
    is_good: bool


@dataclass(frozen=True)
class Line:
    """One line of the table: lumisections in which a column isn't GOOD, and what was said."""

    name: str
    ranges: LumiRange
    status: str
    comment: str
    cause: str


@dataclass(frozen=True)
class Picture:
    """All strips of a dataset and the lines of its table; `more` lines are left out."""

    length: int
    columns: tuple[Strip, ...]
    bits: tuple[Strip, ...]
    lines: tuple[Line, ...]
    more: int

    @property
    def ticks(self) -> tuple[int, ...]:
        """Lumisection numbers along the axis, evenly apart."""
        if self.length < 2:
            return (1,)
        return tuple(round(1 + part * (self.length - 1) / 4) for part in range(5))


def picture(state: DatasetState) -> Picture:
    """What a page shows of a dataset."""
    lines = list(_lines(state.rr))
    shown = [key for key in state.oms.keys if key not in _NOT_BITS and _is_bit(state.oms, key)]
    return Picture(
        state.length,
        tuple(_strip(state.rr, key, _look, _status_of, _said) for key in state.rr.keys),
        tuple(_strip(state.oms, key, _bit_look, _bit_word, _bit_word) for key in shown),
        tuple(lines[:MOST_LINES]),
        max(0, len(lines) - MOST_LINES),
    )


def _strip(
    grid: Grid[Value],
    key: str,
    look: Callable[[Value | None], str],
    word: Callable[[Value | None], str],
    said: Callable[[Value | None], str],
) -> Strip:
    pieces = [(each, grid.values[code]) for each, code in grid.runs(key)]
    counts: Counter[str] = Counter()
    for each, value in pieces:
        counts[word(value)] += each.last - each.first + 1
    if len(pieces) > MOST_RECTANGLES:
        found = list(_binned(grid, key, look, word))
    else:
        found = [
            Rectangle(
                *each,
                look(value),
                f"LS {_range(each)}: {said(value)}"[:_LONGEST_SAYING],
                grid.length,
            )
            for each, value in pieces
        ]
    # What is worst lies on top where a small one had to be made wider.
    found.sort(key=lambda each: _severity(each.look), reverse=True)
    summary = ", ".join(f"{count} {text}" for text, count in counts.most_common(6))
    return Strip(key, tuple(found), summary, set(counts) <= {GOOD, _ON})


def _binned(
    grid: Grid[Value],
    key: str,
    look: Callable[[Value | None], str],
    word: Callable[[Value | None], str],
) -> Iterator[Rectangle]:
    """As many parts as a screen can show; each looks like the worst that is in it."""
    codes = grid.codes[grid.row_of[key]]
    edges = np.unique(np.linspace(0, grid.length, MOST_RECTANGLES + 1).astype(int)).tolist()
    for first, after in pairwise(edges):
        values = [grid.values[code] for code in np.unique(codes[first:after]).tolist()]
        looks = [look(value) for value in values]
        words = " and ".join(dict.fromkeys(word(value) for value in values))
        worst = min(looks, key=_severity)
        said = f"LS {first + 1}-{after}: {words}"
        yield Rectangle(first + 1, after, worst, said[:_LONGEST_SAYING], grid.length)


def _severity(look: str) -> int:
    looks = (_OFF, *(_look(Triplet(status)) for status in _WORST_FIRST), _ON)
    return looks.index(look) if look in looks else 0


def _lines(rr: Grid[Triplet]) -> Iterator[Line]:
    for key in rr.keys:
        for each, code in rr.runs(key):
            value = rr.values[code] or EMPTY_TRIPLET
            if value.status != GOOD or value.comment:
                yield Line(key, each, value.status or EMPTY, value.comment, value.cause)


def _status_of(value: Triplet | None) -> str:
    return (value or EMPTY_TRIPLET).status or EMPTY


def _look(value: Triplet | None) -> str:
    status = _status_of(value)
    return status.lower().replace(" ", "-") if status in STATUSES else _OTHER


def _said(value: Triplet | None) -> str:
    of = value or EMPTY_TRIPLET
    return ", ".join(filter(None, (_status_of(of), of.comment, of.cause)))


def _is_bit(oms: Grid[JsonValue], key: str) -> bool:
    codes: Sequence[int] = np.unique(oms.codes[oms.row_of[key]]).tolist()
    values = [oms.values[code] for code in codes if code != MISSING]
    return any(isinstance(value, bool) for value in values)


def _bit_look(value: JsonValue) -> str:
    return {True: _ON, False: _OFF}.get(value, "empty") if isinstance(value, bool) else "empty"


def _bit_word(value: JsonValue) -> str:
    if isinstance(value, bool):
        return _ON if value else _OFF
    return "no value" if value is None else js_stringify(value)[:40]


def _range(each: LumiRange) -> str:
    return str(each.first) if each.first == each.last else f"{each.first}-{each.last}"
