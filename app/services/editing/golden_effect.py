"""What a golden rule loses and gains by edits that aren't written yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.configuration.in_force import parse_condition
from app.domain.errors import Refused
from app.domain.json_value import JsonValue
from app.domain.keys import DatasetKey
from app.domain.lumisections import LumiRange, count
from app.domain.progress import Progress
from app.domain.state.compact import compact
from app.domain.state.grid import DatasetState
from app.golden.document import Document
from app.golden.season import Season, SeasonDataset
from app.golden.selection import Selection, select
from app.models.events.rows import DatasetRow, RunRow
from app.services.acting import Acting
from app.services.editing.plan import Plan
from app.services.editing.ranges_left import without
from app.services.golden import generation as golden

GOLDEN_RULE = "golden"


@dataclass(frozen=True)
class GoldenEffect:
    """What a golden rule loses and gains, over the datasets that are touched alone: lumisections
    of each run, their number, and recorded luminosity [pb^-1]."""

    leaving: Document
    entering: Document
    lumisections_leaving: int
    lumisections_entering: int
    recorded_leaving: float
    recorded_entering: float


def rule_in_force(acting: Acting) -> JsonValue:
    """The golden rule in force, for the effect that a preview shows; None when there is none."""
    try:
        return golden.rule_named(acting, GOLDEN_RULE)
    except Refused:
        return None


def effect_of(
    made: Plan,
    rule: JsonValue,
    known_runs: Mapping[int, RunRow],
    known_datasets: Mapping[DatasetKey, DatasetRow],
    progress: Progress,
) -> GoldenEffect:
    """What the rule takes and leaves out of the datasets of a plan, before and after it."""
    checked = parse_condition(rule)
    changed = made.after()

    def selection(states: Mapping[DatasetKey, DatasetState]) -> Selection:
        progress.checkpoint()
        return select(
            Season(
                SeasonDataset(
                    *key,
                    known_datasets[key].attributes,
                    known_runs[key[0]].oms_attributes,
                    known_runs[key[0]].rr_attributes,
                    compact(states[key]),
                )
                for key in changed
            ),
            checked,
        )

    before, after = selection(made.states), selection(changed)
    leaving = _minus(before.document, after.document)
    entering = _minus(after.document, before.document)
    return GoldenEffect(
        leaving,
        entering,
        sum(map(count, leaving.values())),
        sum(map(count, entering.values())),
        before.season.luminosity_of(leaving).recorded,
        after.season.luminosity_of(entering).recorded,
    )


def _minus(one: Document, other: Document) -> dict[int, tuple[LumiRange, ...]]:
    remaining: dict[int, tuple[LumiRange, ...]] = {}
    for run_number, ranges in one.items():
        left = without(ranges, other.get(run_number, ()))
        if left:
            remaining[run_number] = left
    return remaining
