"""Lumisections without others."""

from collections.abc import Sequence

from app.domain.lumisections import LumiRange, mask_of_ranges, ranges_of_mask


def without(ranges: Sequence[LumiRange], taken: Sequence[tuple[int, int]]) -> tuple[LumiRange, ...]:
    """What is left of the ranges when those that are taken go."""
    if not taken or not ranges:
        return tuple(ranges)
    length = max(last for _, last in ranges)
    return ranges_of_mask(mask_of_ranges(ranges, length) & ~mask_of_ranges(taken, length))
