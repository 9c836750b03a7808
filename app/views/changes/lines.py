"""Changes as the lines that views draw and list."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from app.domain.history.attributes import AttributeChange
from app.domain.history.cells import CellChange, Difference
from app.domain.json_value import JsonValue
from app.domain.keys import ONLINE
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet
from app.services.history.look import DatasetChanges

CellValue: TypeAlias = "Triplet | JsonValue"


@dataclass(frozen=True, slots=True)
class Piece:
    """A column, bit or attribute in some lumisections, from a value to another.

    A column's None is a cell without a value; a bit's or attribute's (`oms`) is null. `kinds`
    greater than one: that many different changes, too many to list; 0: values aren't shown.
    `overruled`: a person's earlier value stays in force. Attributes have no `ranges`.
    """

    key: str
    ranges: tuple[LumiRange, ...]
    before: CellValue
    after: CellValue
    oms: bool = False
    kinds: int = 1
    overruled: bool = False


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A piece with the run or dataset it belongs to.

    `group` says what becomes of it (`Comes back`), `note` is a remark; without `valued` there are
    no values to show.
    """

    where: str
    piece: Piece
    group: str = ""
    note: str = ""
    valued: bool = True


def place(run_number: int, dataset: str = ONLINE) -> str:
    """A run or dataset in a table: the run's number comes first, so that it is never cut off."""
    return str(run_number) if dataset == ONLINE else f"{run_number} {dataset}"


def attribute_lines(run_number: int, changes: Iterable[AttributeChange]) -> Iterator[ChangeLine]:
    """Attributes of a run and its datasets."""
    for change in changes:
        piece = Piece(
            change.name,
            (),
            change.before,
            change.written,
            oms=True,
            overruled=change.overruled,
        )
        yield ChangeLine(place(run_number, change.dataset or ONLINE), piece)


def dataset_lines(run_number: int, changes: DatasetChanges) -> Iterator[ChangeLine]:
    """Columns, then OMS attributes of a dataset."""
    where = place(run_number, changes.dataset)
    for column in changes.columns:
        yield ChangeLine(where, _cells(column, oms=False))
    for bit in changes.bits:
        yield ChangeLine(where, _cells(bit, oms=True))


def difference_line(
    where: str, difference: Difference[Triplet] | Difference[JsonValue], *, oms: bool
) -> ChangeLine:
    """A column or bit that is another one at another moment."""
    key, before, after, ranges = difference
    return ChangeLine(where, Piece(key, ranges, before, after, oms=oms))


def _cells(change: CellChange[Triplet] | CellChange[JsonValue], *, oms: bool) -> Piece:
    after = change.written if change.overruled else change.after
    return Piece(
        change.key,
        change.ranges,
        change.before,
        after,
        oms=oms,
        kinds=change.kinds,
        overruled=change.overruled,
    )
