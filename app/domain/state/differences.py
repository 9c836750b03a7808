"""What an update changes: per lumisection the new values, joined to ranges."""

import numpy as np

from app.domain.json_value import JsonObject, JsonValue, are_written_alike
from app.domain.lumisections import LumiRange, Mask
from app.domain.state.grid import MISSING, Codes, Grid, Value, ValueList


def changes(old: Grid[Value], new: Grid[Value]) -> list[tuple[dict[str, Value], LumiRange]]:
    """Ranges of `new` whose values differ from `old`, with the keys that differ.

    What is missing in `new` is no change: lumisections and values are never taken away.
    Consecutive lumisections with equal, non-empty changes are one range.
    """
    if new.length == 0:
        return []
    values = ValueList(new.values)
    before: Codes = np.zeros(new.codes.shape, np.int32)
    shared = min(old.length, new.length)
    if shared:
        translation = values.translate(old.values)
        for row, key in enumerate(new.keys):
            old_row = old.row_of.get(key)
            if old_row is not None:
                before[row, :shared] = translation[old.codes[old_row, :shared]]
    changed = np.where((new.codes != MISSING) & (new.codes != before), new.codes, MISSING)
    touched: Mask = np.asarray(changed.any(axis=0))
    difference = Grid(new.length, new.keys, new.values, changed.astype(np.int32), touched)
    return [(payload, each) for each, payload in difference.ranges()]


def changed_attributes(old: JsonObject, new: JsonObject) -> JsonObject:
    """Entries of `new` that `old` lacks or has otherwise, compared as JSON."""
    missing = object()
    return {key: value for key, value in new.items() if not are_same(old.get(key, missing), value)}


def are_same(one: object, other: JsonValue) -> bool:
    """JSON equality: Python's, but true is not 1 and objects compare by content."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if one != other:
        return False
    if not isinstance(one, list | dict):
        return True
    # True equals 1 in Python, but they are written differently.
    if are_written_alike(one, other):
        return True
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(are_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(are_same(one[key], other[key]) for key in other)
    return False
