"""Tables in every form: columns of plain values, codes of categories, booleans and numbers."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.domain.json_value import JsonValue, js_stringify
from app.domain.text.csv_text import csv_line
from app.door.v1.negotiation import Form
from app.door.v1.problems import TooMuch

if TYPE_CHECKING:
    import pyarrow

MOST_CELLS = 40_000_000
_CSV_ROWS = 20_000
_EXACT = 2**53
"""Whole numbers up to this one are the same as a float."""

METADATA = "run_registry"
"""Key of the metadata in the schema of an Arrow or Parquet table."""


@dataclass(frozen=True, eq=False)
class Categories:
    """One of some texts per row: `codes` index `names`, -1 where there is none."""

    codes: NDArray[np.int32]
    names: Sequence[str]


@dataclass(frozen=True, eq=False)
class Flags:
    """On (1), off (0) or unknown (-1) per row."""

    codes: NDArray[np.int8]


Numbers: TypeAlias = NDArray[np.float64] | NDArray[np.int64]
"""NaN where there is none."""

Column: TypeAlias = Categories | Flags | Numbers | Sequence[JsonValue]


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one length, by their names in order; `metadata` goes into Arrow and Parquet."""

    rows: int
    columns: Mapping[str, Column]
    metadata: bytes = b""


def written(table: Table, form: Form) -> bytes:
    """The table in a form of tables. Raises TooMuch for one with too many cells."""
    if table.rows * len(table.columns) > MOST_CELLS:
        raise TooMuch(
            f"This table has {table.rows} rows of {len(table.columns)} columns, which is more than"
            f" {MOST_CELLS // 1_000_000} million cells. Name the columns that you need with"
            " columns=, or fewer datasets."
        )
    return _csv(table) if form is Form.CSV else _arrow(table, form)


def _csv(table: Table) -> bytes:
    parts = [csv_line(tuple(table.columns)).encode()]
    # In blocks, so that a season is never there as texts of single cells all at once.
    for begin in range(0, table.rows, _CSV_ROWS):
        rows = slice(begin, begin + _CSV_ROWS)
        cells = [_cells(_part(column, rows)) for column in table.columns.values()]
        lines = map(",".join, zip(*cells, strict=True))
        parts.append("\n".join(lines).encode("utf-8", "replace"))
    return b"\n".join(parts) + b"\n"


def _part(column: Column, rows: slice) -> Column:
    match column:
        case Categories(codes, names):
            return Categories(codes[rows], names)
        case Flags(codes):
            return Flags(codes[rows])
    return column[rows]


def _cells(column: Column) -> list[str]:
    """The texts of a column; a category is written once, however often it comes."""
    match column:
        case Categories(codes, names):
            texts = np.array([*map(_cell, names), ""], object)
            return list(texts[codes])
        case Flags(codes):
            return list(np.array(["false", "true", ""], object)[codes])
        case np.ndarray():
            return ["" if each != each else repr(each) for each in column.tolist()]  # noqa: PLR0124
    return [_cell(each) for each in column]


def _cell(value: JsonValue) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return csv_line((value,))
    return csv_line((js_stringify(value),))


def _arrow(table: Table, form: Form) -> bytes:
    import pyarrow
    import pyarrow.parquet

    made = pyarrow.table({name: _array(column) for name, column in table.columns.items()})
    if table.metadata:
        made = made.replace_schema_metadata({METADATA: table.metadata})
    sink = io.BytesIO()
    if form is Form.PARQUET:
        pyarrow.parquet.write_table(made, sink)
    else:
        options = pyarrow.ipc.IpcWriteOptions(compression="lz4")
        with pyarrow.ipc.new_stream(sink, made.schema, options=options) as stream:
            stream.write_table(made)
    return sink.getvalue()


def _array(column: Column) -> "pyarrow.Array":
    import pyarrow

    match column:
        case Categories(codes, names):
            indices = pyarrow.array(codes, mask=codes < 0)
            return pyarrow.DictionaryArray.from_arrays(indices, pyarrow.array(names, "string"))
        case Flags(codes):
            return pyarrow.array(codes == 1, mask=codes < 0)
        case np.ndarray():
            return pyarrow.array(column, mask=np.isnan(column))
    return pyarrow.array(*_of_one_kind(column))


def _of_one_kind(values: Sequence[JsonValue]) -> tuple[list[Any], str]:
    """Values of one type of Arrow: their own where they have one in common, else JSON texts."""
    kinds = {type(each) for each in values if each is not None}
    if kinds <= {bool}:
        return list(values), "bool"
    if kinds <= {int} and all(abs(each) < 2**63 for each in values if isinstance(each, int)):
        return list(values), "int64"
    if kinds <= {int, float} and all(abs(each) <= _EXACT for each in values if type(each) is int):
        return [None if each is None else float(str(each)) for each in values], "float64"
    if kinds <= {str}:
        return list(values), "string"
    return [None if each is None else json.dumps(each, ensure_ascii=False) for each in values], (
        "string"
    )
