"""Writing anew the derived rows that are wrong, in the transaction that has found so."""

from dataclasses import replace

from sqlalchemy import Connection

from app.domain.state.compact import compact
from app.models.events import projections, states
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
    RowKey,
    Verdict,
)


def write(connection: Connection, found: Compared, *, desk: bool) -> None:
    """Writes what is wrong; runs and datasets first, whose versions the rest goes by, and last the
    counts of what was written.

    The caller holds the runs, and has compared since.
    """
    if runs := found.keys(RUN, *WRONG):
        projections.fold_runs(connection, [run for run, _ in runs], guarded_too=True)
    if datasets := found.keys(DATASET, *WRONG):
        projections.fold_datasets(connection, datasets, guarded_too=True)
    loaded = {key: found.folded[key] for key in _lumisections(found)}
    projections.store(connection, loaded, desk=desk)
    if desk:
        # Beside a false summary they are right, yet only what changes of it was counted.
        false = found.keys(SUMMARY, Verdict.FALSE)
        counts.count_again(connection, found.keys(COUNTS, *WRONG) | false)


def marks_after(found: Compared) -> dict[RowKey, Mark]:
    """What the rows are known by now that they are right."""
    checksums = {
        key: states.checksum(key, loaded.counts, compact(loaded.state).to_bytes())
        for key, loaded in found.folded.items()
        if key in _lumisections(found)
    }
    return {
        key: replace(mark, checksum=checksums.get(key, mark.checksum))
        for key, mark in found.marks.items()
    }


def _lumisections(found: Compared) -> set[RowKey]:
    return found.keys(SUMMARY, *WRONG) | found.keys(STATE, *WRONG)
