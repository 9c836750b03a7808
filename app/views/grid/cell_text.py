"""A cell of the grid in words."""

from app.domain.editing.draft_cells import DraftCells
from app.domain.lumisections import format_ranges
from app.domain.text.plain_text import one_line
from app.domain.triplets import Triplet
from app.views.grid.grid_layout import Cell
from app.views.grid.snapshot import LumisectionsSnapshot, RowKind


def cell_text(snapshot: LumisectionsSnapshot, draft: DraftCells | None, cell: Cell) -> str:
    """A cell in lines: where, value, comment, cause, and what is drafted."""
    row = snapshot.rows[cell.row]
    context, place = snapshot.run_at(cell.row, cell.lumisection)
    lines = [
        f"{row.key}, LS {cell.lumisection} (of {format_ranges([context])})",
        snapshot.value_text(cell.row, cell.lumisection),
    ]
    if row.kind is RowKind.COLUMN:
        triplet = snapshot.triplet(cell.row, cell.lumisection)
        if triplet.comment:
            lines.append(one_line(triplet.comment))
        if triplet.cause:
            lines.append(f"cause: {one_line(triplet.cause)}")
        if row.by_hand[place]:
            lines.append("set by hand")
    drafted = draft.value(row.key, cell.lumisection) if draft is not None else None
    if isinstance(drafted, Triplet):
        lines.append(f"drafted, not written: {' '.join(filter(None, drafted))}")
    elif drafted is not None:
        lines.append(f"drafted, not written: {str(drafted).lower()}")
    counts = snapshot.participating
    if cell.lumisection > counts.size or not counts[cell.lumisection - 1]:
        lines.append("doesn't count: this dataset has no RR and OMS event for this LS")
    return "\n".join(lines)
