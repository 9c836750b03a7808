"""What an edit did, in one sentence: what, where and how much."""

from collections.abc import Sequence

from app.domain.counting import counted
from app.domain.editing.edits import ColumnEdit, Edit
from app.domain.keys import DatasetKey
from app.domain.lumisections import format_ranges

_LISTED = 3


def edited_text(edits: Sequence[Edit], cells: int) -> str:
    """`dt-dt BAD in LS 30-60 of run 396372, online: 31 cells.` for what was written of edits."""
    places = dict.fromkeys((edit.run_number, edit.dataset) for edit in edits)
    keys = list(dict.fromkeys(map(_key, edits)))
    values = {_value(edit) for edit in edits}
    ranges = {edit.ranges for edit in edits}
    what = _listed(keys, "columns")
    if len(values) == 1:
        what += f" {values.pop()}"
    if len(ranges) == 1:
        what += f" in LS {_cut(format_ranges(ranges.pop()))}"
    return f"{what} of {_places(list(places))}: {counted(cells, 'cell')}."


def _key(edit: Edit) -> str:
    return edit.column if isinstance(edit, ColumnEdit) else edit.bit


def _value(edit: Edit) -> str:
    return edit.triplet.status if isinstance(edit, ColumnEdit) else str(edit.value).lower()


def _places(places: Sequence[DatasetKey]) -> str:
    runs = dict.fromkeys(run_number for run_number, _ in places)
    names = dict.fromkeys(name for _, name in places)
    if len(runs) == 1:
        return f"run {next(iter(runs))}, {_listed(list(names), 'datasets')}"
    where = f"runs {min(runs)} to {max(runs)}"
    return f"{counted(len(places), 'dataset')} of {where}"


def _listed(names: Sequence[str], what: str) -> str:
    return ", ".join(names) if len(names) <= _LISTED else f"{len(names)} {what}"


def _cut(ranges: str) -> str:
    parts = ranges.split(", ")
    return ranges if len(parts) <= _LISTED else f"{', '.join(parts[:_LISTED])}, ..."
