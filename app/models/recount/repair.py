"""Writing anew the derived rows that are wrong, in the transaction that has found so."""

from dataclasses import replace

from sqlalchemy import Connection

from app.domain.keys import RowKey
from app.models.events import projections
from app.models.events.states import EventCounts
from app.models.recount import counts
from app.models.recount.compared import (
    COUNTS,
    DATASET,
    RUN,
    STATE,
    SUMMARY,
    WRONG,
    Compared,
    Mark,
    Verdict,
)


def write(connection: Connection, found: Compared, *, desk: bool) -> dict[RowKey, Mark]:
    """Writes what is wrong; runs and datasets first, whose versions the rest goes by, and last the
    counts of what was written. Returns what the rows are known by now that they are right.

    The caller holds the runs, and has compared since.
    """
    if runs := found.keys(RUN, *WRONG):
        projections.fold_runs(connection, [run for run, _ in runs], guarded_too=True)
    if datasets := found.keys(DATASET, *WRONG):
        projections.fold_datasets(connection, datasets, guarded_too=True)
    summaries = found.keys(SUMMARY, *WRONG)
    projections.store_summaries(connection, {key: found.folded[key].state for key in summaries})
    if not desk:
        return dict(found.marks)
    states = {key: found.folded[key] for key in found.keys(STATE, *WRONG)}
    checksums = projections.remember_compact(
        connection, {key: (each.state, EventCounts(*each.numbers)) for key, each in states.items()}
    )
    # Beside a false summary they are right, yet only what changes of it was counted.
    false = found.keys(SUMMARY, Verdict.FALSE)
    counts.count_again(connection, found.keys(COUNTS, *WRONG) | false)
    return {
        key: replace(mark, checksum=checksums.get(key, mark.checksum))
        for key, mark in found.marks.items()
    }
