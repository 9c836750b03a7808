"""Lumisection ranges: inclusive at both ends, never empty, 1-based."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import BadInput

GREATEST_NUMBER = 2**31 - 1
"""The greatest number that the shared tables hold, of a run as of a lumisection."""

LUMISECTION_S = 23.3104
"""Seconds that a lumisection lasts: 2^18 turns of the LHC."""

_MOST_DIGITS = 9

Mask = NDArray[np.bool_]

LAST_LUMISECTION = 20_000
"""No lumisection has a greater number: one takes 23.3 s, so that a run would go on for more than
five days; the longest of CMS have some 5000. What is written can't be taken away again."""


class LumiRange(NamedTuple):
    """Lumisections `first` to `last`, both included."""

    first: int
    last: int


def possible(first: int, last: int) -> tuple[LumiRange, ...]:
    """The range without lumisections that there can't be, which others have stored."""
    first, last = max(first, 1), min(last, LAST_LUMISECTION)
    return (LumiRange(first, last),) if first <= last else ()


def ranges_in(value: object) -> tuple[LumiRange, ...]:
    """The ranges in a stored list of pairs, without what is none: others write there, too."""
    found: list[LumiRange] = []
    for pair in value if isinstance(value, list) else ():
        match pair:
            case [int(first), int(last)]:
                found += possible(first, last)
    return tuple(found)


def ranges_of_mask(mask: Mask) -> tuple[LumiRange, ...]:
    """Maximal ranges of true values; `mask[0]` is lumisection 1."""
    framed = np.zeros(mask.size + 2, np.bool_)
    framed[1:-1] = mask
    edges = np.flatnonzero(framed[1:] != framed[:-1])
    return tuple(
        LumiRange(first + 1, last)
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    )


def ranges_of_numbers(numbers: Iterable[int]) -> tuple[LumiRange, ...]:
    """Maximal ranges of a set of lumisection numbers, in any order."""
    ordered = np.unique(np.fromiter(numbers, dtype=np.int64))
    if ordered.size == 0:
        return ()
    gaps = np.flatnonzero(np.diff(ordered) > 1)
    firsts = ordered[np.concatenate(([0], gaps + 1))]
    lasts = ordered[np.concatenate((gaps, [ordered.size - 1]))]
    return tuple(map(LumiRange, firsts.tolist(), lasts.tolist()))


def mask_of_ranges(ranges: Iterable[tuple[int, int]], length: int) -> Mask:
    """True where a range covers the lumisection; what lies beyond `length` is cut off."""
    mask = np.zeros(length, dtype=np.bool_)
    for first, last in ranges:
        mask[max(first - 1, 0) : last] = True
    return mask


def count(ranges: Iterable[tuple[int, int]]) -> int:
    """Lumisections covered by disjoint ranges."""
    return sum(last - first + 1 for first, last in ranges)


def parse_ranges(text: str) -> tuple[LumiRange, ...]:
    """Ranges written by a person, such as `12-40, 55`; joined where they touch or overlap."""
    numbers: list[tuple[int, int]] = []
    for part in (piece for piece in re.split(r"[,;\s]+(?![-–])", text.strip()) if piece):
        match = re.fullmatch(r"([0-9]+)(?:\s*[-–]\s*([0-9]+))?", part)
        if match is None:
            raise BadInput(f'"{part[:40]}" is not a lumisection or a range like 12-40.')
        if max(len(match[1]), len(match[2] or "")) > _MOST_DIGITS:
            raise BadInput(f'In "{part[:40]}" a number is greater than that of any lumisection.')
        first, last = int(match[1]), int(match[2] or match[1])
        if first < 1:
            raise BadInput("Lumisections are numbered from 1.")
        if last < first:
            raise BadInput(f'In "{part}" the first lumisection is greater than the last.')
        numbers.append((first, last))
    return join(numbers)


def join(ranges: Iterable[tuple[int, int]]) -> tuple[LumiRange, ...]:
    """The same lumisections as sorted, disjoint ranges that don't touch."""
    joined: list[LumiRange] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1].last + 1:
            joined[-1] = LumiRange(joined[-1].first, max(joined[-1].last, last))
        else:
            joined.append(LumiRange(first, last))
    return tuple(joined)


def format_ranges(ranges: Sequence[tuple[int, int]]) -> str:
    """Ranges as a person writes them: `12-40, 55`."""
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
