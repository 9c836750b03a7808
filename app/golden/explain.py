"""Which condition keeps the lumisections of a dataset out of a list."""

from typing import NamedTuple

import numpy as np

from app.domain.lumisections import LumiRange, join
from app.golden.selection import Selection


class Cause(NamedTuple):
    """Lumisections of one dataset with the same first failed condition, None where all is good."""

    condition: str | None
    ranges: tuple[LumiRange, ...]
    recorded: float


def causes(selection: Selection) -> dict[tuple[int, str], tuple[Cause, ...]]:
    """The lumisections of each dataset by the first condition, in the order of the rule, that
    failed there; with recorded luminosity [pb^-1], which counts once where datasets share it."""
    segments, season = selection.segments, selection.season
    first_failed = np.array(
        [loss.leaves[0] if loss.leaves else 0 for loss in selection.losses] or [0]
    )
    cause = np.where(selection.loss >= 0, first_failed[selection.loss], -1)
    causes_by_dataset: dict[tuple[int, str], tuple[Cause, ...]] = {}
    for number, dataset in enumerate(season.datasets):
        here = segments.dataset == number
        of_cause = cause[here]
        causes_by_dataset[dataset.run_number, dataset.name] = tuple(
            Cause(
                None if each < 0 else selection.leaves[each],
                join(
                    zip(
                        segments.first[here][of_cause == each].tolist(),
                        segments.last[here][of_cause == each].tolist(),
                        strict=True,
                    )
                ),
                float(np.sum(segments.recorded[here][of_cause == each])),
            )
            for each in np.unique(of_cause).tolist()
        )
    return causes_by_dataset
