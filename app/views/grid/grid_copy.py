"""The selected cells of a grid as rows for a spreadsheet."""

from app.domain.editing.draft_cells import DraftCells
from app.domain.editing.selection import Selection
from app.domain.triplets import Triplet
from app.views.grid.grid_layout import Cell
from app.views.grid.snapshot import LumisectionsSnapshot, RowKind


def copied_cells(
    snapshot: LumisectionsSnapshot,
    chosen: Selection,
    focus: Cell | None,
    draft: DraftCells | None,
) -> list[list[object]]:
    """Columns and bits as rows, lumisections as columns, with their numbers above.

    Cells between that aren't selected stay empty. With nothing selected the focused cell alone.
    """
    if not chosen:
        return [] if focus is None else [[_text(snapshot, focus.row, focus.lumisection, draft)]]
    numbers = [int(place) + 1 for place in chosen.lumisections.nonzero()[0]]
    lines: list[list[object]] = [[f"{snapshot.run_number} {snapshot.dataset}", *numbers]]
    for row, key in enumerate(snapshot.keys):
        mask = chosen.rows.get(key)
        if mask is not None and mask.any():
            cells = [
                _text(snapshot, row, number, draft) if mask[number - 1] else ""
                for number in numbers
            ]
            lines.append([key, *cells])
    return lines


def _text(
    snapshot: LumisectionsSnapshot, row: int, lumisection: int, draft: DraftCells | None
) -> str:
    """What a cell shows, a drafted value before the stored one: status, comment and cause."""
    drafted = None if draft is None else draft.value(snapshot.keys[row], lumisection)
    if isinstance(drafted, bool):
        return str(drafted).lower()
    if not isinstance(drafted, Triplet) and snapshot.rows[row].kind is RowKind.BIT:
        return snapshot.value_text(row, lumisection)
    triplet = drafted if isinstance(drafted, Triplet) else snapshot.triplet(row, lumisection)
    return " ".join(filter(None, triplet))
