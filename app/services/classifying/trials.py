"""Trying a change of the configuration on recorded runs before it is saved."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.domain.classifying.classification import flat_run
from app.domain.classifying.recorded_run import RecordedRun
from app.domain.classifying.trial import OfflineDataset, RunTrial, Trial
from app.domain.configuration.in_force import Configuration, Kind
from app.domain.configuration.items import WITH_RULE, check_item, rule_in, with_item
from app.domain.errors import BadInput, NotFound
from app.domain.json_logic.access import read
from app.domain.json_value import JsonObject
from app.domain.keys import ONLINE
from app.domain.lumisections import parse_ranges
from app.domain.progress import SILENT, Progress
from app.domain.sources.dqm_gui import classifier_data
from app.models import configuration as model
from app.models.events import rows, states
from app.services.acting import Acting
from app.services.configuration import in_force as configurations

LAST = 200
"""Number of newest runs to try a change on when none are chosen."""

MOST = 5000
_BLOCK = 50
_NOWHERE = object()


@dataclass(frozen=True)
class Draft:
    """An unsaved change of the item `item_id`, or an unsaved new item without an id. Other values
    than `values` stay as they are; without `values` the item is removed."""

    kind: Kind
    item_id: int | None
    values: JsonObject | None


@dataclass(frozen=True)
class Tried:
    """The effect of a change on runs, the newest first; `nowhere` are variables of its rule that
    none of the runs has."""

    kind: Kind
    runs: tuple[RunTrial, ...]
    nowhere: tuple[str, ...]

    @property
    def changed(self) -> tuple[RunTrial, ...]:
        """Runs that would change, or for which the rule couldn't be computed."""
        return tuple(run for run in self.runs if run.changes or run.problem)


def parse_runs(text: str) -> tuple[int, ...]:
    """Run numbers and ranges such as `355100-355102, 355105`."""
    ranges = parse_ranges(text)
    if sum(last - first + 1 for first, last in ranges) > MOST:
        raise BadInput(f"These are more than {MOST} runs.")
    return tuple(number for first, last in ranges for number in range(first, last + 1))


def checked(acting: Acting, draft: Draft) -> JsonObject | None:
    """The values as they would be stored; None when the item is removed. Refused when invalid."""
    if draft.values is None:
        return None
    old: JsonObject = {}
    if draft.item_id is not None:
        with acting.db.read() as connection:
            stored = model.item_in_force(connection, draft.kind, draft.item_id)
        old = {name: stored[name] for name in stored if name not in ("created_by", "updated_by")}
    return check_item(configurations.current(acting), draft.kind, {**old, **draft.values})


def configurations_of(acting: Acting, draft: Draft) -> tuple[Configuration, Configuration]:
    """The configuration in force, and the one with the change."""
    before = configurations.current(acting)
    return before, with_item(before, draft.kind, draft.item_id, checked(acting, draft))


def try_draft(
    acting: Acting,
    draft: Draft,
    run_numbers: Collection[int] | None = None,
    *,
    last: int = LAST,
    progress: Progress = SILENT,
) -> Tried:
    """The effect of the change on these runs, or on the last ones.

    Raises NotFound for a run that doesn't exist.
    """
    if draft.kind in (Kind.PERMISSION, Kind.JSON_RULE):
        raise BadInput(
            "Permissions and JSON configurations can't be tried: they don't change runs."
        )
    values = checked(acting, draft)
    before = configurations.current(acting)
    trial = Trial(before, with_item(before, draft.kind, draft.item_id, values))
    rule = None if values is None or draft.kind not in WITH_RULE else rule_in(values)
    nowhere = set(() if rule is None else rule.variables or ())
    numbers = _chosen(acting, run_numbers, last)
    tried: list[RunTrial] = []
    for start in range(0, len(numbers), _BLOCK):
        progress.at(start / len(numbers))
        block = numbers[start : start + _BLOCK]
        runs = recorded_runs(acting, block)
        with acting.db.read() as connection:
            by_hand = rows.names_by_hand(connection, block)
            datasets = (
                rows.datasets_of_runs(connection, block)
                if draft.kind is Kind.OFFLINE_DATASET
                else {}
            )
        for run in runs:
            offline = [
                OfflineDataset(row.name, row.attributes)
                for row in datasets.values()
                if row.run_number == run.run_number and row.name != ONLINE and not row.deleted
            ]
            tried.append(trial.of(run, offline, by_hand.get(run.run_number, ())))
            if nowhere and values is not None:
                seen = _seen(draft.kind, values, run, offline)
                nowhere = {
                    name for name in nowhere if read(seen, name.split("."), _NOWHERE) is _NOWHERE
                }
    progress.at(1.0)
    return Tried(draft.kind, tuple(tried), tuple(sorted(nowhere)) if tried else ())


def recorded_runs(acting: Acting, run_numbers: Sequence[int]) -> list[RecordedRun]:
    """These runs as they are recorded, in the same order; unknown ones are left out."""
    with acting.db.read() as connection:
        known = rows.run_states(connection, run_numbers)
        keys = [(number, ONLINE) for number in run_numbers if number in known]
        online, _ = states.load_compact(connection, keys, desk=acting.db.desk)
    return [
        RecordedRun(number, row.oms_attributes, row.rr_attributes, online[number, ONLINE][0])
        for number in run_numbers
        if (row := known.get(number)) is not None
    ]


def recorded_run(acting: Acting, run_number: int) -> RecordedRun:
    """A run as it is recorded. Raises NotFound."""
    runs = recorded_runs(acting, [run_number])
    if not runs:
        raise NotFound(f"Run {run_number} is not in the Run Registry.")
    return runs[0]


def _chosen(acting: Acting, run_numbers: Collection[int] | None, last: int) -> list[int]:
    if run_numbers is None:
        with acting.db.read() as connection:
            return rows.recent_runs(connection, min(last, MOST))
    if len(run_numbers) > MOST:
        raise BadInput(f"At most {MOST} runs can be tried at once, not {len(run_numbers)}.")
    numbers = sorted(set(run_numbers), reverse=True)
    with acting.db.read() as connection:
        known = rows.run_states(connection, numbers)
    for number in numbers:
        if number not in known or known[number].deleted:
            raise NotFound(f"Run {number} is not in the Run Registry.")
    return numbers


def _seen(
    kind: Kind, values: JsonObject, run: RecordedRun, datasets: Sequence[OfflineDataset]
) -> JsonObject:
    """All variables of the run that a rule of the kind can read, with sample values."""
    state = run.online
    bits: JsonObject = dict.fromkeys((*state.bits, *state.dense), True)
    if kind is Kind.OFFLINE_DATASET:
        attributes = {
            name: value for dataset in datasets for name, value in dataset.attributes.items()
        }
        return classifier_data(
            run.run_number, ONLINE, attributes, run.recorded_oms, run.rr_attributes
        )
    if kind is not Kind.COMPONENT:
        return run.class_data(run.rr_attributes)
    if values["online"] is True:
        return {**flat_run(run.oms_attributes, run.rr_attributes), **bits, "lumisection_number": 1}
    columns: JsonObject = {
        column: {"status": "", "comment": "", "cause": ""} for column in state.columns
    }
    return {
        "run": {"oms": run.recorded_oms, "rr": run.signed_off},
        "lumisection": {"oms": bits, "rr": columns},
    }
