"""Whether what a golden JSON says is what comes out when it is made again."""

from collections.abc import Iterator, Mapping
from math import isclose

from app.domain.json_value import JsonObject, JsonValue, as_object
from app.golden.document import Document, document_of

LISTS: Mapping[str, str] = {
    "generated_json": "the list",
    "generated_json_with_dataset_names": "the list with dataset names",
    "generated_anti_json": "the anti-JSON",
    "generated_anti_json_with_dataset_names": "the anti-JSON with dataset names",
}
"""Columns that hold lumisections, and what they are called."""
_SAME = 1e-9
"""Relative difference up to which two sums of luminosity are the same."""


def name_of(column: str) -> str:
    """What a column is called in a sentence."""
    return LISTS.get(column, column.replace("_", " "))


def differing(stored: Mapping[str, JsonValue], made: JsonObject, *, whole: bool) -> Iterator[str]:
    """The columns that came out differently: the lists and the sums of luminosity; `whole` all that
    was made, as our program stores it."""
    for column, value in made.items():
        if column in LISTS:
            same = same_lists(stored[column], value)
        elif isinstance(value, dict):
            same = not whole or _same_values(stored[column], value)
        else:
            same = _same_values(stored[column], value)
        if not same:
            yield column


def same_lists(stored: JsonValue, made: JsonValue) -> bool:
    """Whether two lists, by run or by `{run}-{name}`, hold the same, whatever the order."""
    return _in_order(stored) == _in_order(made)


def same_sums(stored: float, made: JsonValue) -> bool:
    """Whether two sums differ by rounding only."""
    return isinstance(made, int | float) and isclose(stored, made, rel_tol=_SAME, abs_tol=_SAME)


def _same_values(stored: JsonValue, made: JsonValue) -> bool:
    if isinstance(stored, dict) and isinstance(made, dict):
        return stored.keys() == made.keys() and all(
            _same_values(stored[key], made[key]) for key in stored
        )
    if isinstance(stored, int | float) and not isinstance(stored, bool):
        return same_sums(stored, made)
    return stored == made


def _in_order(stored: JsonValue) -> dict[str, Document]:
    lists = as_object(stored)
    documents = {}
    for key, ranges in lists.items():
        pairs = ranges if isinstance(ranges, list) else []
        read_back = document_of({1: [(pair[0], pair[1]) for pair in pairs]})  # type: ignore[index,misc]
        if read_back:
            documents[key] = read_back
    return documents
