"""What can be seen of each lumisection: signs that are there or not, each with a name.

Signs are few and plain, so that a person can follow what is made of them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from run_registry.lumisections import EMPTY, Lumisections

Flags = NDArray[np.bool_]

STEPS = (0.97, 0.9, 0.7, 0.4, 0.1)
"""Below these parts of its usual value recorded/delivered is low."""

LASTS = 3
"""Lumisections that the beginning of something longer is seen from."""

BEGINS = 10
"""Lumisections in which a run begins."""

LOW, LONG, DROP, BEGIN, NO_BEAM, OFF, OTHER, BEFORE = (
    "low:",
    "low for long",
    "delivered drops",
    "begins",
    "no stable beams",
    "off:",
    "bad:",
    "ended BAD before",
)
_AROUND = 21
_HALF = 0.5
_LEAST_SHARE = 0.1
_ENDS = 10
_NO_WORD = (EMPTY, "NO VALUE FOUND", "")
_USUALLY = 20
_LEAST_SPREAD = 0.005
_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Usual:
    """Recorded/delivered in `runs` earlier runs, its median and its spread over them; with 0 it is
    that of the run itself."""

    share: float
    spread: float
    runs: int


@dataclass(frozen=True)
class Sight:
    """A dataset as the agent sees it for one column.

    `signs`: per sign, the lumisections that have it. `known`: those to learn from; `bad`: which of
    them are BAD. `open`: those it may speak on.
    """

    run_number: int
    dataset: str
    share: NDArray[np.float64]
    signs: Mapping[str, Flags]
    known: Flags
    bad: Flags
    open: Flags


def live_share(lumisections: Lumisections) -> NDArray[np.float64]:
    """Recorded/delivered; NaN without stable beams, without luminosity, and where that is so
    little that the quotient is noise."""
    recorded, delivered = lumisections.luminosity.recorded, lumisections.luminosity.delivered
    share = np.full(lumisections.length, np.nan)
    usable = np.isfinite(recorded) & np.isfinite(delivered) & (delivered > 0)
    usable &= _stable_beams(lumisections)
    if usable.any():
        usable &= delivered > _LEAST_SHARE * np.quantile(delivered[usable], 0.9)
        share[usable] = np.clip(recorded[usable], 0, None) / delivered[usable]
    return share


def usual(medians: Sequence[float], own: float) -> Usual | None:
    """What is usual after runs with these medians, the newest last. After none it is what the run
    itself has; None where that isn't known either."""
    newest = [each for each in medians if np.isfinite(each)][-_USUALLY:]
    if not newest:
        return Usual(own, _LEAST_SPREAD, 0) if np.isfinite(own) else None
    middle = float(np.median(newest))
    spread = _TO_SIGMA * float(np.median(np.abs(np.array(newest) - middle)))
    return Usual(middle, max(spread, _LEAST_SPREAD), len(newest))


def median_share(share: NDArray[np.float64]) -> float:
    """Of a run; NaN where nothing is known."""
    known = share[np.isfinite(share)]
    return float(np.median(known)) if known.size else float("nan")


def seen(
    lumisections: Lumisections,
    column: str,
    before: Usual | None,
    *,
    ended_bad: bool,
    unsaid: Mapping[str, Collection[tuple[int, int]]],
) -> Sight | None:
    """A column of a dataset; None where no lumisection of it has a status.

    `before` and `ended_bad` are what the runs before this one tell. `unsaid`: by column, ranges in
    which its status is the word of an agent that somebody accepted; it is not looked at.
    """
    if column not in lumisections.columns:
        return None
    length = lumisections.length
    statuses = lumisections.status(column)
    excluded = statuses.are("EXCLUDED")
    spoken = ~statuses.are(*(set(_NO_WORD) & set(statuses.categories))) & ~excluded
    if not spoken.any():
        return None
    share = live_share(lumisections)
    signs = dict(_signs(lumisections, share, before))
    for other in lumisections.columns:
        if other != column:
            bad = lumisections.status(other).are("BAD") & ~mask_of(unsaid.get(other, ()), length)
            signs[OTHER + other] = bad
    signs[BEFORE] = np.full(length, ended_bad)
    known = spoken & ~mask_of(unsaid.get(column, ()), length)
    bad = known & statuses.are("BAD")
    return Sight(
        lumisections.run_number,
        lumisections.name,
        share,
        {name: flags for name, flags in signs.items() if flags.any()},
        known,
        bad,
        ~excluded,
    )


def ends_bad(sight: Sight) -> bool:
    """Whether the last lumisections of a run that are known are BAD."""
    last = np.flatnonzero(sight.known)[-_ENDS:]
    return bool(last.size) and bool(sight.bad[last].all())


def _signs(
    lumisections: Lumisections, share: NDArray[np.float64], before: Usual | None
) -> Iterator[tuple[str, Flags]]:
    length = lumisections.length
    if before is not None and before.share > 0:
        relative = share / before.share
        for step in STEPS:
            yield f"{LOW}{step:g}", np.less(relative, step)
        yield LONG, _lasting(np.less(relative, STEPS[1]), LASTS)
    yield DROP, _drops(lumisections.luminosity.delivered)
    yield BEGIN, np.arange(length) < BEGINS
    yield NO_BEAM, ~_stable_beams(lumisections)
    for bit, codes in lumisections.bit_codes.items():
        yield OFF + bit, codes == 0


def _stable_beams(lumisections: Lumisections) -> Flags:
    """Where OMS doesn't tell, beams count as stable."""
    stable: Flags = np.ones(lumisections.length, bool)
    for bit in ("beam1_stable", "beam2_stable"):
        codes = lumisections.bit_codes.get(bit)
        if codes is not None:
            stable &= codes != 0
    return stable


def _lasting(flags: Flags, least: int) -> Flags:
    """Those that belong to at least so many neighbours."""
    lasting = np.zeros(flags.size, bool)
    for first, last in ranges_of(flags):
        if last - first + 1 >= least:
            lasting[first - 1 : last] = True
    return lasting


def _drops(delivered: NDArray[np.float64]) -> Flags:
    """Where less than half of what was delivered around is delivered."""
    if delivered.size < _AROUND:
        return np.zeros(delivered.size, bool)
    filled = np.where(np.isfinite(delivered), delivered, 0.0)
    padded = np.pad(filled, _AROUND // 2, mode="edge")
    around = np.median(np.lib.stride_tricks.sliding_window_view(padded, _AROUND), axis=1)
    dropped: Flags = np.isfinite(delivered) & (around > 0) & (filled < _HALF * around)
    return dropped


def ranges_of(flags: Flags) -> list[tuple[int, int]]:
    """Neighbouring lumisections that have a flag, from 1, both ends included."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(first) + 1, int(last)) for first, last in edges.reshape(-1, 2)]


def mask_of(ranges: Collection[tuple[int, int]], length: int) -> Flags:
    """The lumisections of ranges; those beyond the length are none."""
    mask = np.zeros(length, bool)
    for first, last in ranges:
        mask[first - 1 : last] = True
    return mask
