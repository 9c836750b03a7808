"""Editing lumisections: RR columns and DCS bits, one cell or thousands, all or nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.counting import counted
from app.domain.editing.edits import BitEdit, ColumnEdit
from app.domain.keys import ONLINE, DatasetKey, where
from app.domain.lumisections import format_ranges
from app.domain.state.grid import DatasetState
from app.domain.text.names import no_dataset
from app.models.events import rows, states
from app.models.events.action import begin
from app.services.acting import Acting
from app.services.configuration import in_force as configurations
from app.services.editing.conflicts import ChangedMeanwhile
from app.services.editing.plan import Given, check_given, plan

__all__ = [
    "ONLINE",
    "BitEdit",
    "ChangedMeanwhile",
    "ColumnEdit",
    "Edited",
    "dataset_state",
    "edit_bits",
    "edit_columns",
]


@dataclass(frozen=True)
class Edited:
    """What was written; `atomic_version` is None when every cell had that value already."""

    atomic_version: int | None
    text: str


def edit_columns(
    acting: Acting,
    edits: Sequence[ColumnEdit],
    *,
    comment: str = "",
    seen: Mapping[DatasetKey, int] | None = None,
) -> Edited:
    """Writes edits of RR columns as one version, all or none.

    `seen`: the newest event of each dataset that the person knew of, such as `Dataset.version`;
    when somebody else has changed one of the same cells since, ChangedMeanwhile holds both values.
    A cell that has the triplet by hand already is no change; an automatic one is, because a value
    set by hand lasts.
    """
    check_given(edits, comment)
    return _edit(acting, edits, comment or _comment(edits), _summary, seen, comment)


def edit_bits(
    acting: Acting,
    edits: Sequence[BitEdit],
    *,
    comment: str,
    seen: Mapping[DatasetKey, int] | None = None,
) -> Edited:
    """Writes edits of DCS bits as one version, all or none; the comment is required."""
    check_given(edits, comment)
    first = edits[0]
    what = (
        f"Edit run {first.run_number} dataset {first.dataset} component {first.bit} OMS"
        f" lumisection ranges, user comment: '{comment.strip()}', range"
        f" [{format_ranges(first.ranges)}]"
        if len(edits) == 1
        else f"Edit {len(edits)} DCS bits, user comment: '{comment.strip()}'"
    )
    return _edit(acting, edits, what, _summary_of_bits, seen, comment)


def dataset_state(
    acting: Acting, run_number: int, name: str, *, as_of: int | None = None
) -> DatasetState:
    """Folded lumisections of a dataset, now or at a version."""
    with acting.db.read() as connection:
        run = rows.get_run(connection, run_number)
        known = rows.datasets_of_run(connection, run.run_number)
        if name not in known:
            raise no_dataset(run_number, name, known)
        key = (run_number, name)
        return states.load(connection, [key], desk=acting.db.desk, as_of=as_of)[key].state


def _edit(
    acting: Acting,
    edits: Sequence[Given],
    comment: str,
    summary: Callable[[Sequence[Given]], str],
    seen: Mapping[DatasetKey, int] | None,
    reason: str,
) -> Edited:
    runs = {edit.run_number for edit in edits}
    with begin(acting.db, runs, reason=reason or acting.reason, reads=True) as action:
        configuration = configurations.of_action(action)
        made = plan(action, configuration, acting.actor, edits, seen=seen)
        for line in made.lines:
            if line.refused is not None:
                raise line.refused
        if made.conflicts:
            raise ChangedMeanwhile(made.conflicts)
        appended = made.appended()
        if not appended:
            return Edited(None, "Nothing to change: every cell has that value already.")
        return Edited(action.append(acting.actor.email, comment, appended), summary(edits))


def _comment(edits: Sequence[ColumnEdit]) -> str:
    first = edits[0]
    if len(edits) == 1:
        return (
            f"Edit run {first.run_number} lumisections of a dataset {first.dataset}"
            f" for component {first.column}"
        )
    datasets = len({(edit.run_number, edit.dataset) for edit in edits})
    return (
        f"Edit {len({edit.column for edit in edits})} components of {counted(datasets, 'dataset')}"
    )


def _summary(edits: Sequence[ColumnEdit]) -> str:
    first = edits[0]
    if len(edits) == 1:
        return (
            f"Set {first.column} to {first.triplet.status} in LS {format_ranges(first.ranges)}"
            f" of {where(first.run_number, first.dataset)}."
        )
    datasets = len({(edit.run_number, edit.dataset) for edit in edits})
    return f"Changed {counted(len(edits), 'range')} in {counted(datasets, 'dataset')}."


def _summary_of_bits(edits: Sequence[BitEdit]) -> str:
    first = edits[0]
    if len(edits) > 1:
        return f"Changed {len(edits)} DCS bits."
    return (
        f"Set {first.bit} to {str(first.value).lower()} in LS {format_ranges(first.ranges)}"
        f" of {where(first.run_number, first.dataset)}."
    )
