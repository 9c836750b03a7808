"""What a rule selects of a season, in figures: what is in, what is lost, what costs most."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.domain.json_logic import Rule
from app.domain.lumisections import Mask
from app.domain.progress import SILENT, Progress
from app.golden.luminosity import Luminosity, sums_by_group
from app.golden.season import Season
from app.golden.selection import Selection, select
from app.golden.variables import UnknownVariable

_NOTHING = Luminosity()


@dataclass(frozen=True)
class Figures:
    """Some lumisections; luminosity in pb^-1, `unmeasured` counts those without one."""

    runs: int = 0
    lumisections: int = 0
    luminosity: Luminosity = _NOTHING
    unmeasured: int = 0

    @property
    def measured(self) -> bool:
        """Whether any of them has a luminosity."""
        return self.lumisections > self.unmeasured


@dataclass(frozen=True)
class Cost:
    """Lumisections in which one condition failed, and those in which no other did."""

    condition: str
    failed: Figures
    alone: Figures


@dataclass(frozen=True)
class Preview:
    """The result of a rule. `costs` are by condition (JSON text), the greatest loss first; runs
    count as lost when no lumisection of them is left."""

    datasets: int
    inside: Figures
    lost: Figures
    costs: tuple[Cost, ...]
    warnings: tuple[UnknownVariable, ...]

    @cached_property
    def total(self) -> Figures:
        """All lumisections that take part."""
        inside, lost = self.inside, self.lost
        return Figures(
            inside.runs + lost.runs,
            inside.lumisections + lost.lumisections,
            Luminosity(
                inside.luminosity.recorded + lost.luminosity.recorded,
                inside.luminosity.delivered + lost.luminosity.delivered,
            ),
            inside.unmeasured + lost.unmeasured,
        )


def preview(season: Season, rule: Rule, progress: Progress = SILENT) -> Preview:
    """Computes the rule over the season, without making lists of it."""
    selection = select(season, rule, progress)
    segments = selection.segments
    unmeasured = season.unmeasured_in(segments)

    def figures(where: Mask, runs: int, luminosity: Luminosity) -> Figures:
        counts = where & segments.primary
        return Figures(
            runs,
            int((segments.last - segments.first + 1)[counts].sum()),
            luminosity,
            int(unmeasured[where].sum()),
        )

    golden = selection.golden
    runs = season.run_numbers[segments.dataset]
    runs_in = np.unique(runs[golden]).size
    inside = figures(golden, runs_in, selection.in_json)
    lost = figures(~golden, np.unique(runs).size - runs_in, selection.lost)
    progress.at(1.0)
    return Preview(
        len(season.datasets), inside, lost, _costs(selection, unmeasured), selection.warnings
    )


def _costs(
    selection: Selection, unmeasured: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[Cost, ...]:
    losses = selection.losses
    if not losses:
        return ()
    lost = np.flatnonzero(selection.loss >= 0)
    counts = selection.segments.primary[lost] & ~selection.golden[lost]
    missing = sums_by_group(
        np.where(counts, unmeasured[lost], 0.0), selection.loss[lost], len(losses)
    ).tolist()
    failed: dict[int, list[tuple[int, float, float, int]]] = {}
    alone: dict[int, Figures] = {}
    for loss, without in zip(losses, missing, strict=True):
        parts = (loss.lumisections, *loss.luminosity, int(without))
        for leaf in loss.leaves:
            failed.setdefault(leaf, []).append(parts)
        if len(loss.leaves) == 1:
            alone[loss.leaves[0]] = _sum([parts])
    costs = [
        Cost(selection.leaves[leaf], _sum(parts), alone.get(leaf, Figures()))
        for leaf, parts in failed.items()
    ]
    costs.sort(
        key=lambda each: (
            -each.failed.luminosity.recorded,
            -each.failed.lumisections,
            each.condition,
        )
    )
    return tuple(costs)


def _sum(parts: list[tuple[int, float, float, int]]) -> Figures:
    lumisections, recorded, delivered, unmeasured = zip(*parts, strict=True)
    return Figures(0, sum(lumisections), Luminosity(sum(recorded), sum(delivered)), sum(unmeasured))
