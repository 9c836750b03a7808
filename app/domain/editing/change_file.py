"""A file of changes: one edit of lumisections a line, as CSV.

The columns are run, dataset, column, first LS, last LS, status, comment, cause; a head may name
them in another order. A DCS bit stands in `column`, with true or false as its status.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.editing.edits import BitEdit, ColumnEdit, Edit, check_bit_comment, check_triplet
from app.domain.errors import BadInput, Refused
from app.domain.lumisections import LumiRange
from app.domain.sources.oms import DCS_BITS
from app.domain.text.csv_text import cell_meant
from app.domain.triplets import Triplet

COLUMNS = ("run", "dataset", "column", "first LS", "last LS", "status", "comment", "cause")
_REQUIRED = COLUMNS[:6]
_OTHER_NAMES = {
    "runnumber": "run",
    "datasetname": "dataset",
    "name": "dataset",
    "component": "column",
    "bit": "column",
    "start": "first LS",
    "first": "first LS",
    "end": "last LS",
    "last": "last LS",
    "value": "status",
}
_DELIMITERS = ",;\t"
_SEPARATOR = re.compile(r"sep=([,;\t])?[ ,;\t]*(?:[\r\n]|$)")
"""A first line by which spreadsheets are told what stands between the cells."""
_CSV_ERRORS = {
    "unexpected end of data": "a quotation mark is opened and never closed",
    "',' expected after '\"'": "a comma must follow a cell in quotation marks",
    "';' expected after '\"'": "a semicolon must follow a cell in quotation marks",
    "'\t' expected after '\"'": "a tab must follow a cell in quotation marks",
}
_BY_PLAIN_NAME = {name.lower().replace(" ", ""): name for name in COLUMNS}
_MOST_LINES = 200_000
_GREATEST = 2**31 - 1
_MOST_DIGITS = 20
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A line that holds something: its number in the file, and the edit or what is wrong.

    `values` is what stands in it, by the names in `COLUMNS`.
    """

    number: int
    edit: Edit | None
    comment: str
    problem: Refused | None
    values: Mapping[str, str] = field(default_factory=dict)


def parse_changes(text: str) -> list[ChangeLine]:
    """The lines of a file of changes; empty ones and those that begin with # are passed over.

    Raises BadInput when the file as a whole can't be read.
    """
    content = text.removeprefix("\ufeff")
    if "\0" in content:
        raise BadInput("The file of changes is not text.")
    if not content.strip():
        raise BadInput("The file of changes is empty.")
    places: Mapping[str, int] | None = None
    found: list[ChangeLine] = []
    width = 0
    for row in _rows(content, _delimiter(content)):
        if places is None:
            places, is_head = _places(row.cells)
            width = len(row.cells)
            if is_head:
                continue
        if len(found) == _MOST_LINES:
            raise BadInput(f"The file of changes has more than {_MOST_LINES} lines: split it.")
        found.append(_line(row, places, width))
    if places is None:
        raise BadInput("The file of changes is empty.")
    if not found:
        raise BadInput("The file of changes has a header line but no changes.")
    return found


def _delimiter(content: str) -> str:
    """What stands between the cells: it leaves a run number, or the name of a column, in front."""
    said = _SEPARATOR.match(content)
    if said is not None:
        return said[1]
    cells_by: dict[str, int] = {}
    for delimiter in _DELIMITERS:
        try:
            cells = next((row.cells for row in _rows(content, delimiter)), [])
        except BadInput:
            continue
        if cells and (cells[0].isdecimal() or not cells[0] or _column_of(cells[0]) is not None):
            cells_by[delimiter] = len(cells)
    return max(cells_by, key=cells_by.__getitem__, default=_DELIMITERS[0])


class _Row(NamedTuple):
    """A row that holds something, and the number of the line it begins in.

    `spaced`: a cell that isn't the first begins with a space, as the rest of a text does that was
    cut at its comma.
    """

    number: int
    cells: list[str]
    spaced: bool


def _rows(content: str, delimiter: str) -> Iterator[_Row]:
    # Lines may end as in Windows, Unix or an old Mac; inside a quoted cell nothing is changed.
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for row in reader:
            cells = [cell_meant(cell.strip()) for cell in row]
            if any(cells) and cells[0][:1] != "#" and not _SEPARATOR.match(row[0]):
                spaced = any(cell[:1].isspace() and cell.strip() for cell in row[1:])
                yield _Row(number, cells, spaced)
            number = reader.line_num + 1
    except csv.Error as error:
        said = _CSV_ERRORS.get(str(error), str(error))
        raise BadInput(f"Line {number} of the file of changes is not CSV: {said}.") from error


def _places(cells: list[str]) -> tuple[Mapping[str, int], bool]:
    """Where each column stands, and whether the row is a head."""
    if cells[0].isdecimal():
        return {name: place for place, name in enumerate(COLUMNS)}, False
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if not _plain(cell):
            continue
        name = _column_of(cell)
        if name is None or name in places:
            what = "appears twice" if name else "is none of"
            rest = "" if name else f" {', '.join(COLUMNS)}"
            raise BadInput(f'The header line of the file of changes: "{cell}" {what}{rest}.')
        places[name] = place
    missing = [name for name in _REQUIRED if name not in places]
    if missing:
        raise BadInput(f"The header line of the file of changes lacks {', '.join(missing)}.")
    return places, True


def _column_of(head: str) -> str | None:
    plain = _plain(head)
    return _BY_PLAIN_NAME.get(plain) or _OTHER_NAMES.get(plain)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _line(row: _Row, places: Mapping[str, int], width: int) -> ChangeLine:
    number, cells, _ = row
    values = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
    comment = values.get("comment", "")
    try:
        return ChangeLine(number, _edit(values, row, places, width), comment, None, values)
    except Refused as problem:
        return ChangeLine(number, None, comment, problem, values)


def _edit(values: Mapping[str, str], row: _Row, places: Mapping[str, int], width: int) -> Edit:
    # Spreadsheets put empty cells behind the last column; they mean nothing.
    behind = row.cells[max(places.values()) + 1 :]
    if any(behind) or (behind and len(row.cells) > width and row.spaced):
        raise BadInput(
            f"It has {len(row.cells)} cells, {len(places)} are expected: a comment with a comma"
            " needs quotation marks."
        )
    run_number = _number("run", values["run"])
    dataset, column = values["dataset"] or "online", values["column"]
    if not column:
        raise BadInput("The column is missing.")
    first = _number("first LS", values["first LS"])
    last = _number("last LS", values["last LS"] or values["first LS"])
    if first > last:
        raise BadInput(f"The first LS {first} is greater than the last LS {last}.")
    ranges = (LumiRange(first, last),)
    if column in DCS_BITS:
        word = values["status"].lower()
        if word not in {"true", "false"}:
            raise BadInput(f'{column} is a DCS bit: its status is true or false, not "{word}".')
        check_bit_comment(values.get("comment", ""))
        return BitEdit(run_number, dataset, column, ranges, word == "true")
    triplet = Triplet(values["status"].upper(), values.get("comment", ""), values.get("cause", ""))
    check_triplet(triplet)
    return ColumnEdit(run_number, dataset, column, ranges, triplet)


def _number(name: str, text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else 0
    if not 1 <= number <= _GREATEST:
        raise BadInput(f'The {name} "{text[:_SHOWN]}" is not a number from 1 to {_GREATEST}.')
    return number
