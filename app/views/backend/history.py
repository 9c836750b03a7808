"""What happened to lumisections and attributes, in plain values that views draw and list."""

from dataclasses import dataclass
from typing import TypeAlias

from app.domain.json_value import JsonValue
from app.domain.lumisections import LumiRange
from app.domain.triplets import Triplet

CellValue: TypeAlias = "Triplet | JsonValue"


@dataclass(frozen=True, slots=True)
class Piece:
    """A column, bit or attribute in some lumisections, from a value to another.

    A column's None is a cell without a value; a bit's or attribute's (`oms`) is null. `kinds`
    greater than one: that many different changes, too many to be told apart. `overruled`: a
    person's earlier word goes on to hold. Attributes have no `ranges`.
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

    `group` is what becomes of it (`Comes back`), `note` a remark; without `valued` there are no
    values to tell.
    """

    where: str
    piece: Piece
    group: str = ""
    note: str = ""
    valued: bool = True
