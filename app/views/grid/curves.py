"""Curves of numbers by lumisection."""

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QPointF

from app.views.grid.grid_layout import GridLayout
from app.views.grid.snapshot import Numbers


def steps(
    layout: GridLayout, numbers: Numbers, highest: float, bottom: float, height: float
) -> Iterator[list[QPointF]]:
    """Steps of what is in sight, one list for each stretch without gaps."""
    offset = layout.left
    width = layout.area_width
    first, end = layout.positions_in_sight()
    seen = numbers[first:end]
    if layout.scale >= 1.0:
        edges = np.arange(first, end + 1) * layout.scale - offset + layout.header_width
    else:
        starts = ((np.arange(width) + offset) / layout.scale).astype(np.intp) - first
        starts = starts[starts < seen.size]
        seen = np.fmax.reduceat(seen, starts)
        edges = np.arange(starts.size + 1, dtype=np.float64) + layout.header_width
    heights = bottom - seen / highest * height
    known = np.isfinite(seen)
    cuts = np.flatnonzero(np.diff(known, prepend=False, append=False))
    for start, stop in zip(cuts[::2].tolist(), cuts[1::2].tolist(), strict=True):
        if layout.scale >= 1.0:
            xs = np.repeat(edges[start : stop + 1], 2)[1:-1].tolist()
            ys = np.repeat(heights[start:stop], 2).tolist()
        else:
            xs, ys = edges[start:stop].tolist(), heights[start:stop].tolist()
        yield list(map(QPointF, xs, ys))
