"""What a changed configuration would make of runs that are recorded, beside the one in force."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from app.domain.certification.datasets import NOT_SIGNIFICANT, OPEN
from app.domain.classifying.classification import attributes_read
from app.domain.classifying.recorded_run import RecordedRun
from app.domain.configuration.in_force import Configuration
from app.domain.errors import Refused
from app.domain.json_value import JsonObject
from app.domain.lumisections import LumiRange
from app.domain.sources import dqm_gui
from app.domain.state.grid import Grid
from app.domain.triplets import Triplet

NOT_CLASSIFIED = ""
"""Stands for the status of a column that no classifier gives one."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Lumisections that get another status."""

    lumisections: LumiRange
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """What changes in a column, of `online` or of offline datasets made from it."""

    column: str
    online: bool
    changes: tuple[StatusChange, ...]

    @property
    def lumisections(self) -> int:
        """How many lumisections change."""
        return sum(each.lumisections.last - each.lumisections.first + 1 for each in self.changes)


@dataclass(frozen=True, slots=True)
class DatasetStateChange:
    """A dataset that would appear in another state in a workspace."""

    dataset: str
    workspace: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RunTrial:
    """A run under both configurations; pairs are before and after, None where both agree.

    `class_by_hand` and the like: a person's word stands, whatever the classifiers say.
    `problem`: why a rule couldn't be computed; then nothing else counts.
    """

    run_number: int
    state: str
    class_: tuple[str, str] | None = None
    significant: tuple[bool, bool] | None = None
    columns: tuple[ColumnChange, ...] = ()
    datasets: tuple[DatasetStateChange, ...] = ()
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    problem: str = ""

    @property
    def changes(self) -> bool:
        """Whether anything is otherwise than before."""
        return bool(
            self.class_
            or self.significant
            or self.columns
            or self.datasets
            or self.gained
            or self.lost
        )


@dataclass(frozen=True)
class OfflineDataset:
    """An offline dataset as the classifiers of workspaces see it."""

    name: str
    attributes: JsonObject


class Trial:
    """Two configurations, compared run by run."""

    def __init__(self, before: Configuration, after: Configuration) -> None:
        self.before = before
        self.after = after
        self._online = _differing(before.online_by_column, after.online_by_column)
        self._offline = _differing(before.offline_by_column, after.offline_by_column)
        self._offline &= {*after.offline_columns}
        # Columns whose rules see what a class classifier changes.
        self._of_class = {
            column
            for configuration in (before, after)
            for column, classifiers in configuration.online_by_column.items()
            if (names := attributes_read({column: classifiers})) is None
            or names & {"class", "significant"}
        }
        self._classes = (
            before.class_classifiers != after.class_classifiers
            or before.dataset_classifiers != after.dataset_classifiers
        )
        self._workspaces = before.offline_dataset_classifiers != after.offline_dataset_classifiers
        self._accepted = before.datasets_accepted != after.datasets_accepted

    def of(
        self,
        run: RecordedRun,
        datasets: Collection[OfflineDataset] = (),
        by_hand: Collection[str] = (),
    ) -> RunTrial:
        """What changes of a run and these datasets; `by_hand`: RR attributes a person gave."""
        try:
            return self._of(run, datasets, by_hand)
        except Refused as error:
            return RunTrial(run.run_number, run.state, problem=str(error))

    def _of(
        self,
        run: RecordedRun,
        datasets: Collection[OfflineDataset],
        by_hand: Collection[str],
    ) -> RunTrial:
        old = run.classified(self.before)
        new = run.classified(self.after) if self._classes else old
        classes = (str(old.get("class") or ""), str(new.get("class") or ""))
        significant = (old["significant"] is True, new["significant"] is True)
        columns: list[ColumnChange] = []
        if run.is_significant or all(significant):
            wanted = self._online | (self._of_class if old != new else set())
            columns += _column_changes(
                run.online_columns(self.before, old, wanted),
                run.online_columns(self.after, new, wanted),
                online=True,
            )
        if self._offline and run.expanded.rr.length:
            columns += _column_changes(
                run.offline_columns(self.before, self._offline),
                run.offline_columns(self.after, self._offline),
                online=False,
            )
        accepted = [
            {each.name for each in configuration.accepted(run.class_, run.run_number)}
            for configuration in ((self.before, self.after) if self._accepted else ())
        ]
        return RunTrial(
            run.run_number,
            run.state,
            classes if classes[0] != classes[1] else None,
            significant if significant[0] != significant[1] else None,
            tuple(columns),
            self._dataset_changes(run, datasets),
            tuple(sorted(accepted[1] - accepted[0])) if accepted else (),
            tuple(sorted(accepted[0] - accepted[1])) if accepted else (),
            tuple(name for name in ("class", "significant") if name in by_hand),
        )

    def _dataset_changes(
        self, run: RecordedRun, datasets: Collection[OfflineDataset]
    ) -> tuple[DatasetStateChange, ...]:
        if not self._workspaces:
            return ()
        old, new = dqm_gui.verdicts(self.before), dqm_gui.verdicts(self.after)
        found: list[DatasetStateChange] = []
        for each in datasets:
            data = dqm_gui.classifier_data(
                run.run_number, each.name, each.attributes, run.recorded_oms, run.rr_attributes
            )
            for workspace in sorted(old.keys() | new.keys()):
                states = [
                    _appears(verdicts[workspace](data)) if workspace in verdicts else ""
                    for verdicts in (old, new)
                ]
                if states[0] != states[1]:
                    found.append(DatasetStateChange(each.name, workspace, states[0], states[1]))
        return tuple(found)


def _appears(matters: bool) -> str:
    return OPEN if matters else NOT_SIGNIFICANT


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> set[str]:
    return {
        column for column in before.keys() | after.keys() if before.get(column) != after.get(column)
    }


def _column_changes(
    before: Grid[Triplet], after: Grid[Triplet], *, online: bool
) -> list[ColumnChange]:
    found = []
    for column in sorted({*before.keys, *after.keys}):
        changes = _status_changes(before, after, column)
        if changes:
            found.append(ColumnChange(column, online, changes))
    return found


def _status_changes(
    before: Grid[Triplet], after: Grid[Triplet], column: str
) -> tuple[StatusChange, ...]:
    """Ranges of equal changes, in order."""
    length = max(before.length, after.length)
    codes = np.zeros((2, length), np.int32)
    names: list[str] = [NOT_CLASSIFIED]
    for side, grid in enumerate((before, after)):
        row = grid.row_of.get(column)
        if row is None:
            continue
        table = []
        for value in grid.values:
            status = NOT_CLASSIFIED if value is None else value.status
            if status not in names:
                names.append(status)
            table.append(names.index(status))
        codes[side, : grid.length] = np.array(table, np.int32)[grid.codes[row]]
    differs = codes[0] != codes[1]
    if not differs.any():
        return ()
    pair = np.where(differs, codes[0] * len(names) + codes[1] + 1, 0)
    starts = np.flatnonzero(np.diff(pair, prepend=-1))
    lasts = np.append(starts[1:], length)
    return tuple(
        StatusChange(LumiRange(first + 1, last), names[codes[0, first]], names[codes[1, first]])
        for first, last in zip(starts.tolist(), lasts.tolist(), strict=True)
        if differs[first]
    )
