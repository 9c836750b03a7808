"""Bringing OPEN runs in line with the classifiers in force, from what is recorded of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain.certification.runs import OPEN
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
from app.services.certification import runs
from app.services.classifying.trials import recorded_runs
from app.services.configuration import in_force as configurations
from app.services.pulling import runs as pull

_BLOCK = 50


@dataclass(frozen=True, slots=True)
class NewStatus:
    """Lumisections of a column that get another automatic status; where `hidden`, a person's word
    stays before it. `stands` is what everybody sees now."""

    column: str
    lumisections: LumiRange
    stands: str
    status: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class NewAttribute:
    """An attribute of the run that gets another automatic value; `hidden` by a person's word."""

    name: str
    stands: JsonValue
    value: JsonValue
    hidden: bool


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What reclassifying does to a run; `refused` says why it can't be."""

    run_number: int
    attributes: tuple[NewAttribute, ...] = ()
    statuses: tuple[NewStatus, ...] = ()
    refused: str = ""

    @property
    def changes(self) -> bool:
        """Whether anything is written."""
        return bool(self.attributes or self.statuses)

    @property
    def hidden(self) -> int:
        """How many of the new values a person's word hides: attributes, and cells."""
        cells = sum(
            each.lumisections.last - each.lumisections.first + 1
            for each in self.statuses
            if each.hidden
        )
        return cells + sum(each.hidden for each in self.attributes)


@dataclass(frozen=True, slots=True)
class Reclassified:
    """What was done, run by run; `refused` are runs that were left alone, with the reason."""

    done: tuple[tuple[int, Outcome], ...]
    refused: tuple[tuple[int, str], ...]

    @property
    def changed(self) -> int:
        """How many runs got another value."""
        return sum(outcome.kind is OutcomeKind.UPDATED for _, outcome in self.done)


def open_runs(acting: Acting, last: int = 200) -> tuple[int, ...]:
    """Those of the newest runs that are OPEN, the newest first."""
    with acting.db.read() as connection:
        numbers = rows.recent_runs(connection, last)
        found = rows.run_states(connection, numbers)
    return tuple(number for number in numbers if found[number].state == OPEN)


def preview(
    acting: Acting, run_numbers: Sequence[int], progress: Progress = SILENT
) -> tuple[RunPlan, ...]:
    """What `apply` would do to each run; nothing is written."""
    configuration = configurations.current(acting)
    plans: list[RunPlan] = []
    numbers = [*dict.fromkeys(run_numbers)]
    for start in range(0, len(numbers), _BLOCK):
        block = numbers[start : start + _BLOCK]
        recorded = {each.run_number: each for each in recorded_runs(acting, block)}
        for at, number in enumerate(block, start):
            progress.at(at / len(numbers))
            with acting.db.read() as connection:
                action = Action(connection, acting.db.desk)
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
) -> Reclassified:
    """Reclassifies OPEN runs, each in one automatic action by request of the person.

    A run that can't be is left alone, and the others go on. When `progress` stops it, what is
    done stays.
    """
    done: list[tuple[int, Outcome]] = []
    refused: list[tuple[int, str]] = []
    for at, number in enumerate(dict.fromkeys(run_numbers)):
        progress.at(at / len(run_numbers))
        try:
            done.append((number, runs.refresh(acting, number)))
        except Refused as error:
            refused.append((number, str(error)))
    return Reclassified(tuple(done), tuple(refused))


def _check_open(run: RunRow) -> None:
    if run.state != OPEN:
        raise Refused(f"Run {run.run_number} is in state {run.state}: only OPEN runs change.")


def _plan(action: Action, run: RunRow, flags: pull.FlagChanges, changed: JsonObject) -> RunPlan:
    number = run.run_number
    by_hand = rows.manual_rr_attributes(action.connection, number)
    attributes = tuple(
        NewAttribute(name, run.rr_attributes.get(name), value, name in by_hand)
        for name, value in sorted(changed.items())
    )
    if not flags:
        return RunPlan(number, attributes)
    stands = action.state(number, ONLINE).rr
    events = states.rr_events(action.connection, [(number, ONLINE)])
    words = states.fold_rr([event for event in events if event.manual])
    statuses: list[NewStatus] = []
    for values, (first, last) in flags:
        for column, triplet in values.items():
            start = first
            for each in range(first, last + 1):
                seen = _seen(stands, words, column, each)
                if each == last or _seen(stands, words, column, each + 1) != seen:
                    statuses.append(
                        NewStatus(column, LumiRange(start, each), seen[0], triplet.status, seen[1])
                    )
                    start = each + 1
    statuses.sort(key=lambda each: (each.column, each.lumisections))
    return RunPlan(number, attributes, tuple(statuses))


def _seen(
    stands: Grid[Triplet], words: Grid[Triplet], column: str, number: int
) -> tuple[str, bool]:
    """What everybody sees of a cell, and whether it is a person's word."""
    value = stands.value(column, number)
    return "" if value is None else value.status, words.has(column, number)
