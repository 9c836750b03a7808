"""A selection in words: how many cells and lumisections, how much luminosity, and where."""

from app.domain.editing.selection import Selection
from app.domain.lumisections import ranges_of_mask
from app.views.changes.value_words import short_ranges
from app.views.grid.snapshot import LumisectionsSnapshot
from app.views.looks import words

_ROWS_SHOWN = 2
_ROWS_IN_TIP = 12


def selection_text(snapshot: LumisectionsSnapshot, chosen: Selection) -> tuple[str, str]:
    """A line, and the whole for a tooltip."""
    size = snapshot.size_of(chosen)
    keys = [key for key in snapshot.keys if key in chosen.rows]
    ranges = ranges_of_mask(chosen.lumisections)
    counts = (
        f"{words.counted(size.cells, 'cell')} · {words.counted(len(keys), 'row')}"
        f" · {words.number(size.lumisections)} LS · {words.luminosity(size.recorded)} pb⁻¹"
    )
    where = f"{_some(keys)} · LS {short_ranges(ranges)}"
    lines = [f"{counts} recorded, {size.delivered:.6g} pb⁻¹ delivered"]
    lines += [
        f"{key}: LS {short_ranges(ranges_of_mask(chosen.rows[key]))}" for key in keys[:_ROWS_IN_TIP]
    ]
    if len(keys) > _ROWS_IN_TIP:
        lines.append(f"and {words.counted(len(keys) - _ROWS_IN_TIP, 'more row')}")
    return f"{counts} · {where}", "\n".join(lines)


def _some(keys: list[str]) -> str:
    if len(keys) <= _ROWS_SHOWN:
        return ", ".join(keys)
    return f"{keys[0]} to {keys[-1]}"
