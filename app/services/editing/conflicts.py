"""Cells that somebody else changed while a person looked at them, and that an edit goes to."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from app.domain.counting import counted
from app.domain.errors import Conflict
from app.domain.history.cells import Action as Author
from app.domain.keys import ONLINE, DatasetKey, where
from app.domain.lumisections import LumiRange, format_ranges, mask_of_ranges, ranges_of_mask
from app.domain.state.grid import MISSING, Grid
from app.domain.triplets import EMPTY_TRIPLET
from app.models.events import states
from app.models.events.action import Action
from app.models.history import writes as history
from app.services.editing.targets import CellValue, Target


class CellsInConflict(Struct, frozen=True):
    """Cells that somebody else changed after the person looked: what was seen, what is there
    now by whose version, and what the edit sets."""

    run_number: int
    dataset: str
    key: str
    oms: bool
    ranges: tuple[LumiRange, ...]
    seen: CellValue
    now: CellValue
    new: CellValue
    version: int
    by: str


class ChangedMeanwhile(Conflict):
    """Somebody else changed cells after the person looked at them; both values are in `cells`."""

    def __init__(self, cells: Sequence[CellsInConflict]) -> None:
        self.cells = tuple(cells)
        first = self.cells[0]
        others = len(self.cells) - 1
        more = f" and {counted(others, 'more place')}" if others else ""
        super().__init__(
            f"{first.key} of {where(first.run_number, first.dataset)}, LS"
            f" {format_ranges(first.ranges)}{more}: somebody else ({first.by})"
            " changed it while you looked at it. Look at the new values, then decide."
        )


def conflicts(
    action: Action,
    targets: Mapping[tuple[DatasetKey, bool], Target],
    seen: Mapping[DatasetKey, int],
) -> Iterator[CellsInConflict]:
    """Cells that an edit goes to, that somebody changed since, and that don't agree with it."""
    connection = action.connection
    for oms in (False, True):
        concerned = {key: seen[key] for key, is_oms in targets if is_oms is oms and key in seen}
        fresh = history.newer_events(connection, concerned, oms=oms)
        if not fresh:
            continue
        authors = history.actions(connection, {version for _, version in fresh})
        for key, version_seen in sorted(concerned.items()):
            names = {key[1], ONLINE} if oms else {key[1]}
            newer = sorted(
                (
                    (event, version)
                    for event, version in fresh
                    if event.run_number == key[0] and event.name in names and version > version_seen
                ),
                key=lambda pair: pair[0].version,
            )
            if not newer:
                continue
            then = states.fold(connection, [key], as_of=version_seen)[key].state
            old: Grid[CellValue] = then.oms if oms else then.rr  # type: ignore[assignment]
            yield from _of_dataset(key, targets[key, oms], old, newer, authors, oms=oms)


def _of_dataset(
    key: DatasetKey,
    target: Target,
    old: Grid[CellValue],
    newer: Sequence[tuple[states.StoredEvent, int]],
    authors: Mapping[int, Author],
    *,
    oms: bool,
) -> Iterator[CellsInConflict]:
    for key_name, new in target.edited():
        now, values = target.shown(key_name)
        length = now.size
        changed_by = np.zeros(length, np.int64)
        for event, version in newer:
            if key_name in event.values:
                changed_by[mask_of_ranges(event.ranges, length)] = version
        if not ((changed_by > 0) & (new != MISSING)).any():
            continue
        before = np.zeros(length, np.int32)
        row = old.row_of.get(key_name)
        if row is not None:
            shared = min(length, old.length)
            before[:shared] = values.translate(old.values)[old.codes[row, :shared]]
        disputed = (changed_by > 0) & (new != MISSING) & (now != before) & (now != new)
        kinds = np.stack([before, now, new, changed_by], axis=1)
        for kind in np.unique(kinds[disputed], axis=0).tolist():
            mask = disputed & (kinds == np.array(kind)).all(axis=1)
            seen, present, becomes = (
                values.values[code] if code != MISSING or oms else EMPTY_TRIPLET
                for code in kind[:3]
            )
            yield CellsInConflict(
                *key,
                key_name,
                oms,
                ranges_of_mask(mask),
                seen,
                present,
                becomes,
                kind[3],
                authors[kind[3]].by,
            )
