"""Where datasets of one run have the same lumisections."""

import numpy as np
from numpy.typing import NDArray

from app.domain.lumisections import Mask

Indices = NDArray[np.intp]
Codes = NDArray[np.integer]


def inside(starts: Indices, positions: Indices) -> Indices:
    """Which stretch each of these positions is in, where both are ascending."""
    if starts is positions:
        return np.arange(starts.size)
    if starts.size > positions.size:
        return np.searchsorted(starts, positions, side="right") - 1
    # There are fewer starts to look up.
    bounds = np.searchsorted(positions, starts)
    return np.repeat(np.arange(starts.size), np.diff(bounds, append=positions.size))


class Places:
    """One number per run and lumisection, for stretches of lumisections of many datasets.

    Lumisections of all stretches stand in one row, stretch after stretch; an index into that row
    is a position. Positions of several datasets may be at one place, those of one dataset may not.
    """

    def __init__(self, runs: Indices, first: Codes, lengths: Codes) -> None:
        """`runs`, `first` lumisection and number of lumisections of each stretch."""
        _, run_of = np.unique(runs, return_inverse=True)
        longest = np.zeros(int(run_of.max(initial=-1)) + 1, np.intp)
        np.maximum.at(longest, run_of, first + lengths - 1)
        offset = np.cumsum(longest) - longest - 1
        self._starts: Indices = np.cumsum(lengths) - lengths
        self._begins: Indices = offset[run_of] + first
        self._ends: Indices = self._begins + lengths
        # Where the last one ends is a place, too.
        self._size = int(longest.sum()) + 1

    def of(self, positions: Indices) -> Indices:
        """The place of each of these positions, ascending."""
        places: Indices = positions + (self._begins - self._starts)[inside(self._starts, positions)]
        return places

    def cut(self, positions: Indices) -> Indices:
        """The positions where stretches begin when each is cut at these, and wherever one of the
        run is cut, begins or ends: what is at the same places is the same stretch or none of it."""
        here = np.zeros(self._size, np.bool_)
        for places in (self._begins, self._ends, self.of(positions)):
            here[places] = True
        cuts = np.flatnonzero(here)
        number: Indices = np.cumsum(here) - here
        low: Indices = number[self._begins]
        counts: Indices = number[self._ends] - low
        of_stretch: Indices = np.repeat(low - (np.cumsum(counts) - counts), counts)
        places = cuts[of_stretch + np.arange(of_stretch.size)]
        positions_of: Indices = places + np.repeat(self._starts - self._begins, counts)
        return positions_of

    def are_first(self, positions: Indices) -> Mask:
        """Which of these positions no earlier one of them has the place of."""
        places = self.of(positions)
        earliest = np.zeros(self._size, np.intp)
        numbers = np.arange(places.size)
        # Of several values for one element the last one stays.
        earliest[places[::-1]] = numbers[::-1]
        return np.equal(earliest[places], numbers)

    def among(self, positions: Indices, chosen: Mask) -> Mask:
        """Which of these positions are at the place of a chosen one."""
        places = self.of(positions)
        here = np.zeros(self._size, np.bool_)
        here[places[chosen]] = True
        return here[places]
