"""Applying the classifiers in force again to OPEN runs, from their recorded data."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain.certification.runs import OPEN
from app.domain.certification.wishes import Asked, Wish, WishKind
from app.domain.counting import counted
from app.domain.errors import Refused
from app.domain.json_value import JsonObject, JsonValue
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.domain.progress import SILENT, Progress
from app.domain.sources.pull import Outcome, OutcomeKind
from app.domain.state.grid import Grid
from app.domain.triplets import Triplet
from app.models.events import rows, states
from app.models.events.action import Action
from app.models.events.rows import RunRow
from app.services.acting import Acting
from app.services.certification import asking, runs
from app.services.classifying.trials import recorded_runs
from app.services.configuration import in_force as configurations
from app.services.pulling import runs as pull

_BLOCK = 50


@dataclass(frozen=True, slots=True)
class NewStatus:
    """Lumisections of a column that get another automatic status. `visible` is the visible status;
    where `hidden`, it was set by hand and stays visible."""

    column: str
    lumisections: LumiRange
    visible: str
    status: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class NewAttribute:
    """An attribute of the run that gets another automatic value; `hidden` if it is set by hand."""

    name: str
    visible: JsonValue
    value: JsonValue
    hidden: bool


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The effect of reclassifying a run; `refused` is the reason when it can't be."""

    run_number: int
    attributes: tuple[NewAttribute, ...] = ()
    statuses: tuple[NewStatus, ...] = ()
    refused: str = ""

    @property
    def changes(self) -> bool:
        """Whether anything would be written."""
        return bool(self.attributes or self.statuses)

    @property
    def hidden(self) -> int:
        """Number of new values, attributes and cells, that stay hidden by values set by hand."""
        cells = sum(
            status.lumisections.last - status.lumisections.first + 1
            for status in self.statuses
            if status.hidden
        )
        return cells + sum(attribute.hidden for attribute in self.attributes)


@dataclass(frozen=True, slots=True)
class Reclassified:
    """The outcome, run by run; `refused` are runs that were skipped, with the reason."""

    done: tuple[tuple[int, Outcome], ...]
    refused: tuple[tuple[int, str], ...]

    @property
    def changed(self) -> int:
        """Number of runs that changed."""
        return sum(outcome.kind is OutcomeKind.UPDATED for _, outcome in self.done)

    @property
    def text(self) -> str:
        """The outcome in a sentence."""
        text = f"Reclassified {counted(self.changed, 'run')}."
        if self.refused:
            number, reason = self.refused[0]
            more = len(self.refused) - 1
            rest = f" {more} more skipped." if more else ""
            text += f" Run {number} was skipped: {reason}{rest}"
        return text


def open_runs(acting: Acting, last: int = 200) -> tuple[int, ...]:
    """The OPEN runs among the newest runs, the newest first."""
    with acting.db.read() as connection:
        numbers = rows.recent_runs(connection, last)
        known = rows.run_states(connection, numbers)
    return tuple(number for number in numbers if known[number].state == OPEN)


def preview(
    acting: Acting, run_numbers: Sequence[int], progress: Progress = SILENT
) -> tuple[RunPlan, ...]:
    """The effect of `apply` on each run; nothing is written."""
    configuration = configurations.current(acting)
    plans: list[RunPlan] = []
    numbers = [*dict.fromkeys(run_numbers)]
    for start in range(0, len(numbers), _BLOCK):
        block = numbers[start : start + _BLOCK]
        recorded = {run.run_number: run for run in recorded_runs(acting, block)}
        for at, number in enumerate(block, start):
            progress.at(at / len(numbers))
            with acting.db.read() as connection:
                action = Action(connection, acting.db.desk, acting.db.record)
                try:
                    run = rows.get_run(connection, number)
                    _check_open(run)
                    flags, attributes = pull.planned_reclassification(
                        action, configuration, run, recorded[number]
                    )
                except Refused as error:
                    plans.append(RunPlan(number, refused=str(error)))
                    continue
                plans.append(_plan(action, run, flags, attributes))
    progress.at(1.0)
    return tuple(plans)


def apply(
    acting: Acting, run_numbers: Collection[int], progress: Progress = SILENT
) -> Reclassified | Asked:
    """Reclassifies OPEN runs, each in one automatic action at the person's request, or has a
    puller do so.

    A run that can't be reclassified is skipped. When `progress` stops it, runs that are done stay
    reclassified.
    """
    numbers = [*dict.fromkeys(run_numbers)]
    if asking.must_ask(acting) and numbers:
        asked = [Wish(WishKind.REFRESH, number) for number in numbers]
        return asking.ask(acting, asked, f"reclassify {counted(len(numbers), 'run')}")
    done: list[tuple[int, Outcome]] = []
    refused: list[tuple[int, str]] = []
    for at, number in enumerate(numbers):
        progress.at(at / len(numbers))
        try:
            outcome = runs.refresh(acting, number)
            assert isinstance(outcome, Outcome)
            done.append((number, outcome))
        except Refused as error:
            refused.append((number, str(error)))
    return Reclassified(tuple(done), tuple(refused))


def _check_open(run: RunRow) -> None:
    if run.state != OPEN:
        raise Refused(
            f"Run {run.run_number} is in state {run.state}: only OPEN runs can be reclassified."
        )


def _plan(action: Action, run: RunRow, flags: pull.FlagChanges, changed: JsonObject) -> RunPlan:
    by_hand = rows.manual_rr_attributes(action.connection, run.run_number)
    attributes = tuple(
        NewAttribute(name, run.rr_attributes.get(name), value, name in by_hand)
        for name, value in sorted(changed.items())
    )
    if not flags:
        return RunPlan(run.run_number, attributes)
    visible = action.state(run.run_number, ONLINE).rr
    events = states.rr_events(action.connection, [(run.run_number, ONLINE)])
    by_hand_cells = states.fold_rr([event for event in events if event.manual])
    statuses: list[NewStatus] = []
    for values, (first, last) in flags:
        for column, triplet in values.items():
            start = first
            for number in range(first, last + 1):
                seen = _seen(visible, by_hand_cells, column, number)
                if number == last or _seen(visible, by_hand_cells, column, number + 1) != seen:
                    statuses.append(
                        NewStatus(
                            column, LumiRange(start, number), seen[0], triplet.status, seen[1]
                        )
                    )
                    start = number + 1
    statuses.sort(key=lambda status: (status.column, status.lumisections))
    return RunPlan(run.run_number, attributes, tuple(statuses))


def _seen(
    visible: Grid[Triplet], by_hand: Grid[Triplet], column: str, number: int
) -> tuple[str, bool]:
    """The visible status of a cell, and whether it is set by hand."""
    value = visible.value(column, number)
    return "" if value is None else value.status, by_hand.has(column, number)
