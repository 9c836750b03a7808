"""Counts of lumisections that the server keeps beside the summaries, and what they have to be."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import cast

from sqlalchemy import Connection

from app.domain.filters import BIT_COUNTS
from app.domain.json_value import JsonObject
from app.domain.keys import DatasetKey
from app.domain.recount.discrepancies import NOTHING, Discrepancy, first_of, of_attributes
from app.domain.triplets import STATUSES
from app.models.statements import key_arrays, text

_ARRAYS = {
    "columns": ("column", "counts of columns: ", STATUSES),
    "bits": ("bit", "counts of bits: ", BIT_COUNTS),
}
_ABSENT = -1
"""The sum that stands where a summary doesn't have the column or bit."""

Array = Sequence[Sequence[int]] | None


@dataclass(frozen=True)
class _Counts:
    """A row of `desk.counts`, or what it has to be; of two arrays that are alike none is read."""

    deleted: bool
    version: int
    summary_version: int | None
    columns: Array
    bits: Array
    recorded: float | None
    delivered: float | None


@dataclass(frozen=True)
class CountsFound:
    """The counts of one dataset: whether they are missing, and how they differ from what its row
    and its summary say."""

    is_missing: bool
    discrepancies: tuple[Discrepancy, ...]


def found(connection: Connection, keys: Collection[DatasetKey]) -> dict[DatasetKey, CountsFound]:
    """The counts of these datasets as far as the server keeps them already; nothing of one that
    isn't there and has none."""
    if not keys:
        return {}
    fields = ", ".join(
        f"{row}.deleted, {row}.version, {row}.summary_version,"
        f" CASE WHEN due.columns IS DISTINCT FROM kept.columns THEN {row}.columns END,"
        f" CASE WHEN due.bits IS DISTINCT FROM kept.bits THEN {row}.bits END,"
        f" {row}.recorded, {row}.delivered"
        for row in ("due", "kept")
    )
    rows = connection.execute(
        text(
            f"SELECT run_number, name, {fields}"
            " FROM unnest(CAST(:runs AS int[]), CAST(:names AS text[])) AS given(run_number, name)"
            " LEFT JOIN desk.counts_due(CAST(:runs AS int[]), CAST(:names AS text[])) AS due"
            "  USING (run_number, name)"
            " LEFT JOIN desk.counts AS kept USING (run_number, name)"
            " WHERE EXISTS (SELECT FROM desk.counting"
            "  WHERE below_run IS NULL OR below_run <= run_number)"
        ),
        key_arrays(keys),
    ).all()
    width = len(_Counts.__dataclass_fields__)
    judged = {}
    names = _Names(connection)
    for run_number, name, *values in rows:
        due, kept = (_row(part) for part in (values[:width], values[width:]))
        if due is not None or kept is not None:
            differing = first_of(_differing(due, kept, names))
            judged[run_number, name] = CountsFound(kept is None, differing)
    return judged


def count_again(connection: Connection, keys: Collection[DatasetKey]) -> None:
    """Makes the counts of these datasets what their rows and summaries say."""
    if keys:
        connection.execute(
            text("SELECT desk.count_again(CAST(:runs AS int[]), CAST(:names AS text[]))"),
            key_arrays(keys),
        )


class _Names:
    """Which column or bit has which place, read when somebody asks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: Mapping[tuple[str, int], str] | None = None

    def of(self, kind: str, place: int) -> str:
        if self._known is None:
            rows = self._connection.execute(text("SELECT kind, place, key FROM desk.counted_key"))
            self._known = {(kind, place): key for kind, place, key in rows}
        return self._known.get((kind, place), f"at place {place}")


def _row(values: Sequence[object]) -> _Counts | None:
    return None if values[0] is None else _Counts(*values)  # type: ignore[arg-type]


def _differing(due: _Counts | None, kept: _Counts | None, names: _Names) -> Iterator[Discrepancy]:
    if due is None:
        yield Discrepancy("the row", "no dataset of it", "a row")
        return
    if kept is None:
        return
    for part, words in (
        ("deleted", "deleted"),
        ("version", "version"),
        ("summary_version", "version of the summary"),
    ):
        yield from _of_values(words, getattr(due, part), getattr(kept, part))
    # Under another version than that of its dataset nothing else is read.
    if due.summary_version is None:
        return
    for part, (kind, words, labels) in _ARRAYS.items():
        yield from of_attributes(
            words,
            _counted(kind, labels, getattr(due, part), names),
            _counted(kind, labels, getattr(kept, part), names),
        )
    yield from _of_values("recorded luminosity", due.recorded, kept.recorded)
    yield from _of_values("delivered luminosity", due.delivered, kept.delivered)


def _of_values(part: str, due: object, kept: object) -> Iterator[Discrepancy]:
    if repr(due) != repr(kept):
        yield Discrepancy(part, _shown(due), _shown(kept))


def _shown(value: object) -> str:
    return NOTHING if value is None else str(value).lower()


def _counted(kind: str, labels: Sequence[str], array: Array, names: _Names) -> JsonObject:
    """The numbers that aren't 0 of each column or bit that a summary has. What came after it was
    counted has no place in its array, and isn't in it."""
    return {
        names.of(kind, place): cast(
            "JsonObject",
            {
                label: number
                for label, number in zip_longest((*labels, "sum"), counts, fillvalue="more")
                if number
            },
        )
        for place, counts in enumerate(array or (), 1)
        if counts[-1] != _ABSENT
    }
