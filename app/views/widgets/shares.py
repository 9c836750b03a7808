"""Statuses by rank, and shares of a width."""

from app.domain.triplets import (
    BAD,
    EMPTY,
    EXCLUDED,
    GOOD,
    NO_VALUE_FOUND,
    NOTSET,
    STANDBY,
)

RANKED_STATUSES = (GOOD, EXCLUDED, STANDBY, NOTSET, NO_VALUE_FOUND, EMPTY, BAD)
"""From harmless to worst: where several lumisections share a pixel, the worst is seen."""


_LEAST_SHARE = 3


def share_widths(counts: list[int], width: int) -> list[int]:
    """Pixels of each share: in proportion, none below three, together exactly `width`."""
    total = sum(counts)
    least = min(_LEAST_SHARE, width // max(len(counts), 1))
    widths = [max(least, int(count / total * width)) for count in counts]
    widths[widths.index(max(widths))] += max(width - sum(widths), 0)
    while sum(widths) > width:
        # What was widened is paid for by the largest.
        widths[widths.index(max(widths))] -= 1
    return widths
