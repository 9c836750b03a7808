"""What is left to do until runs and datasets are certified, for a cycle or a range of runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.certification.datasets import OPEN, states_of
from app.domain.certification.second_eyes import MarkEntry
from app.domain.certification.todo import LEAST_LUMINOSITY, Task, TaskKind, Todo
from app.domain.errors import BadInput
from app.domain.keys import ONLINE, DatasetKey
from app.domain.lumisections import Mask, format_ranges, ranges_of_mask
from app.domain.progress import SILENT, Progress
from app.domain.state.compact import CompactState
from app.domain.state.grid import padded
from app.models.events import second_eyes, states
from app.models.lists import cycles
from app.models.lists import todo as model
from app.models.lists.todo import DatasetInScope
from app.services.acting import Acting
from app.services.certification import looks

_BLOCK = 200


@dataclass(frozen=True, slots=True)
class TodoScope:
    """Where to look for what is left: a cycle or a range of runs, both ends included.

    With `workspace` only what is OPEN there counts as OPEN; `least_luminosity` in pb^-1.
    """

    cycle: int | None = None
    run_from: int | None = None
    run_to: int | None = None
    workspace: str | None = None
    least_luminosity: float = LEAST_LUMINOSITY

    def may_gain(self, run_number: int) -> bool:
        """Whether a run that wasn't looked at may be in it by now."""
        first, last = self.run_from, self.run_to
        after = first is None or run_number >= first
        return self.cycle is None and after and (last is None or run_number <= last)


EVERYTHING = TodoScope()
"""All runs and datasets."""


def todo(acting: Acting, scope: TodoScope = EVERYTHING, progress: Progress = SILENT) -> Todo:
    """What is left to do in a cycle or a range of runs, by run."""
    run_from, run_to = scope.run_from, scope.run_to
    if run_from is not None and run_to is not None and run_from > run_to:
        raise BadInput(f"The first run {run_from} is greater than the last run {run_to}.")
    now = looks.moment_of(acting)
    with acting.db.read() as connection:
        if scope.cycle is not None:
            cycles.cycle(connection, scope.cycle)
        datasets = model.datasets(connection, cycle=scope.cycle, run_from=run_from, run_to=run_to)
        tasks: list[Task] = []
        absent = {each.run_number for each in datasets if not each.in_gui}
        frozen = second_eyes.frozen(connection, absent) if absent and acting.db.record else {}
        for dataset in datasets:
            tasks += _of_dataset(dataset, scope.workspace, frozen)
        by_run: dict[int, list[DatasetInScope]] = {}
        for dataset in datasets:
            by_run.setdefault(dataset.run_number, []).append(dataset)
        for of_run in by_run.values():
            tasks += _of_run(of_run[0], scope.least_luminosity)
        if acting.db.record:
            tasks += _of_marks(
                second_eyes.taken_away(
                    connection, [(each.run_number, each.name) for each in datasets]
                )
            )
        numbers = sorted(by_run)
        for start in range(0, len(numbers), _BLOCK):
            progress.at(start / len(numbers))
            block = numbers[start : start + _BLOCK]
            keys: list[DatasetKey] = [(number, ONLINE) for number in block]
            keys += [(each.run_number, each.name) for number in block for each in by_run[number]]
            loaded = (
                states.load_compact(connection, keys, desk=acting.db.desk)[0]
                if now is None
                else states.load_since(connection, keys, now)
            )
            for number in block:
                compact = {key: state for key, (state, _) in loaded.items() if key[0] == number}
                tasks += _of_lumisections(by_run[number], compact)
    order = {kind: place for place, kind in enumerate(TaskKind)}
    tasks.sort(key=lambda each: (each.run_number, order[each.kind], each.dataset))
    progress.tell(1.0)
    return Todo(len(datasets), tuple(tasks), frozenset(by_run))


def _of_dataset(
    dataset: DatasetInScope, workspace: str | None, frozen: Mapping[DatasetKey, str]
) -> Iterator[Task]:
    where = (dataset.run_number, dataset.name)
    # Of those that are open alone: a cycle has thousands of states.
    open_in = {key: state for key, state in dataset.attributes.items() if state == OPEN}
    for name in states_of(open_in):
        if workspace in {None, name}:
            yield Task(TaskKind.OPEN, *where, name, f"OPEN in workspace {name}")
    if not dataset.in_gui:
        text = "not in the DQM GUI yet"
        if (cycle := frozen.get(where)) is not None:
            text += f", and it can't open: cycle {cycle} is frozen; thaw it when it appears there"
        yield Task(TaskKind.NOT_IN_GUI, *where, "", text)


def _of_marks(fallen: Sequence[MarkEntry]) -> Iterator[Task]:
    """What was verified until somebody changed it: a second person has to look again."""
    for each in fallen:
        mark = each.mark
        text = f"{mark.by} took the mark away {mark.what}: {each.why}; verify it again"
        yield Task(TaskKind.MARK, mark.run_number, mark.name, mark.workspace, text)


def _of_run(dataset: DatasetInScope, least_luminosity: float) -> Iterator[Task]:
    where = (dataset.run_number, ONLINE, "")
    if dataset.run_state != OPEN and not dataset.in_cycle:
        yield Task(TaskKind.NO_CYCLE, *where, f"{dataset.run_state}, in no cycle")
    if dataset.delivered and (dataset.recorded or 0.0) < least_luminosity:
        yield Task(
            TaskKind.LUMINOSITY,
            *where,
            f"{dataset.recorded or 0.0:.4g} /pb recorded, less than {least_luminosity:g}",
        )


def _of_lumisections(
    datasets: Sequence[DatasetInScope], loaded: Mapping[DatasetKey, CompactState]
) -> Iterator[Task]:
    """Where numbers of lumisections differ between OMS, luminosity, and the flags, and where some
    take no part: of `online` any, of an offline dataset those that take part in `online`."""
    run_number = datasets[0].run_number
    online = loaded[run_number, ONLINE]
    counts = {
        "OMS": datasets[0].ls_duration or 0,
        "RR online": _covered(online, rr=True),
        "OMS lumisections": _covered(online, rr=False),
    }
    if with_luminosity := _with_luminosity(online):
        counts["luminosity"] = with_luminosity
    there = online.per_lumisection(online.participating)
    if len(set(counts.values())) > 1 or not there.all():
        text = _listed(counts) + _without_part(~there)
        yield Task(TaskKind.LUMISECTIONS, run_number, ONLINE, "", text)
    for dataset in datasets:
        state = loaded[run_number, dataset.name]
        here = padded(state.per_lumisection(state.participating), there.size)
        told = {"RR online": counts["RR online"], "RR offline": _covered(state, rr=True)}
        if len(set(told.values())) > 1 or (there & ~here).any():
            text = _listed(told) + _without_part(there & ~here)
            yield Task(TaskKind.LUMISECTIONS, run_number, dataset.name, "", text)


def _covered(state: CompactState, *, rr: bool) -> int:
    covered = state.covered_rr if rr else state.covered_oms
    return int(state.lengths[covered].sum())


def _with_luminosity(state: CompactState) -> int:
    """Lumisections with a recorded luminosity that is a number."""
    if (dense := state.dense.get("recorded")) is not None:
        return int(np.count_nonzero(~np.isnan(dense)))
    if "recorded" not in state.bits:
        return 0
    number = np.array(
        [isinstance(each, int | float) and not isinstance(each, bool) for each in state.oms_values]
    )
    return int(state.lengths[number[state.oms_codes[state.bits.index("recorded")]]].sum())


def _without_part(mask: Mask) -> str:
    ranges = ranges_of_mask(mask)
    return f"; LS {format_ranges(ranges)} take no part" if ranges else ""


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number} LS" for name, number in counts.items())
