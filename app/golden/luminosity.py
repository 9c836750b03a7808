"""Sums of luminosity [pb^-1] that don't depend on the order of what is summed.

No term is negative, so pairwise summation keeps a relative error of about log2(n) * 1e-16:
less than 1e-14 for a hundred million lumisections, in whatever order. Differences of running
sums would lose that for small groups and are not used.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain.lumisections import Mask
from app.domain.state.compact import Numbers
from app.domain.state.places import inside
from app.golden.columns import Indices

RECORDED = "recorded"
DELIVERED = "delivered"


class Luminosity(NamedTuple):
    """Recorded and delivered luminosity [pb^-1]."""

    recorded: float = 0.0
    delivered: float = 0.0


def counted(numbers: Numbers) -> Numbers:
    """What stored numbers count: negative, missing (NaN) and infinite ones nothing."""
    with np.errstate(invalid="ignore"):
        return np.where((numbers > 0) & (numbers < np.inf), numbers, 0.0)


@np.errstate(over="ignore")  # what is too large is infinite
def total(values: Numbers) -> float:
    """Sum of values that aren't negative."""
    return float(np.sum(values))


@np.errstate(over="ignore")  # what is too large is infinite
def sums_of_slices(values: Numbers, starts: Indices) -> Numbers:
    """Sums between each start and the next, which is greater; the last goes to the end."""
    if starts.size == 0:
        return np.zeros(0)
    return np.add.reduceat(values, starts)


@np.errstate(over="ignore")  # what is too large is infinite
def sums_by_group(values: Numbers, groups: NDArray[np.integer], count: int) -> Numbers:
    """Sum of the values of each group 0 to `count` - 1, of several rows of values if given."""
    sums = np.zeros((*values.shape[:-1], count))
    if values.size:
        # Of few groups the order is found without comparing any.
        order = np.argsort(groups.astype(np.min_scalar_type(count)), kind="stable")
        ordered = groups[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
        for row, of_row in zip(np.atleast_2d(values), np.atleast_2d(sums), strict=True):
            of_row[ordered[starts]] = np.add.reduceat(row[order], starts)
    return sums


class Counting:
    """Which stretches of a row of positions count. Values are kept of the positions of these
    alone, one after the other: elsewhere they are zero."""

    def __init__(self, starts: Indices, counts: Mask, size: int) -> None:
        """`starts` of the stretches, whether each counts, and the `size` of the row."""
        self.starts, self.counts, self._size = starts, counts, size
        lengths = np.where(counts, self._lengths, 0)
        self._first = (np.cumsum(lengths) - lengths).astype(np.int32)

    @property
    def _lengths(self) -> Indices:
        return np.diff(self.starts, append=self._size)

    def at(self, positions: Indices) -> Mask:
        """Whether these positions, ascending, count."""
        return self.counts[inside(self.starts, positions)]

    def among(self, stretches: Mask) -> Mask:
        """Whether each position of some stretches counts."""
        return np.repeat(self.counts[stretches], self._lengths[stretches])

    def sums(self, values: Numbers, starts: Indices) -> Numbers:
        """Sums between each start and the next, where the row is cut here, too."""
        stretch = inside(self.starts, starts)
        counts = self.counts[stretch]
        counting = stretch[counts]
        sums = np.zeros(starts.size)
        sums[counts] = sums_of_slices(
            values, self._first[counting] + (starts[counts] - self.starts[counting])
        )
        return sums

    def spread(self, values: Numbers) -> Numbers:
        """The value of each position."""
        spread = np.zeros(self._size)
        spread[np.repeat(self.counts, self._lengths)] = values
        return spread
