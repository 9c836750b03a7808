"""What a list or a rule loses, by cause."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.configuration.in_force import parse_condition
from app.domain.json_value import JsonValue
from app.domain.text.csv_text import csv_text
from app.golden.losses import (
    Losses,
    Step,
    combinations_of,
    losses_of,
    stored_combination,
    way_into_the_list,
)
from app.golden.selection import select
from app.models.golden import provenance as golden_provenance
from app.services.acting import Acting
from app.services.golden import generation as golden


@dataclass(frozen=True)
class ListLosses:
    """The losses of a stored list; `steps`: the way of luminosity from the LHC into it."""

    losses: Losses
    steps: tuple[Step, ...]


def losses_of_list(acting: Acting, id_: int) -> ListLosses:
    """What a stored list lost, from what is stored with it."""
    stored = golden.row(acting, id_)
    with acting.db.read() as connection:
        kept = golden_provenance.combinations_of(connection, id_)
    losses = losses_of(stored_combination(*each) for each in kept)
    return ListLosses(losses, way_into_the_list(losses, stored.luminosity))


def losses_of_rule(acting: Acting, pattern: str, rule: JsonValue) -> Losses:
    """What a rule would lose now."""
    season = golden.season_of(acting, pattern)[1]
    return losses_of(combinations_of(select(season, parse_condition(rule))))


def csv_of_steps(steps: Sequence[Step]) -> str:
    """The way of luminosity into a list as CSV, in pb^-1 at full precision."""
    head = ("step", "luminosity_pb", "lost_pb", "lost_by")
    return csv_text(
        [head, *((step.name, step.luminosity, step.lost, step.reason) for step in steps)]
    )


def csv_of(losses: Losses, only: str | None = None) -> str:
    """Every bar of every chart, or of one, as CSV; luminosities in pb^-1 at full precision."""
    rows: list[tuple[object, ...]] = [("chart", "inclusive", "name", "recorded_pb", "lumisections")]
    for chart in losses.charts:
        if only is not None and chart.key != only:
            continue
        for bar in (*chart.bars, chart.total):
            name = bar.name if bar is not chart.total else "total"
            rows.append(
                (chart.key, str(chart.inclusive).lower(), name, bar.recorded, bar.lumisections)
            )
    return csv_text(rows)
