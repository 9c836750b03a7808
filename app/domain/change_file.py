"""A file of changes: one edit of lumisections a line, as CSV.

The columns are run, dataset, column, first LS, last LS, status, comment, cause; a head may name
them in another order. A DCS bit stands in `column`, with true or false as its status.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.domain.edits import BitEdit, ColumnEdit, Edit, check_bit_comment, check_triplet
from app.domain.errors import BadInput, Refused
from app.domain.lumisections import LumiRange
from app.domain.oms import DCS_BITS
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
_MOST_LINES = 200_000
_GREATEST = 2**31 - 1
_MOST_DIGITS = 12


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
        raise BadInput("The file of changes is no text.")
    lines = [line for line in content.splitlines() if line.strip() and line.strip()[0] != "#"]
    if not lines:
        raise BadInput("The file of changes is empty.")
    delimiter = max(_DELIMITERS, key=lines[0].count)
    reader = csv.reader(io.StringIO(content), delimiter=delimiter, strict=True)
    places: Mapping[str, int] | None = None
    found: list[ChangeLine] = []
    for number, cells in _rows(reader):
        if places is None:
            places, is_head = _places(cells)
            if is_head:
                continue
        if len(found) == _MOST_LINES:
            raise BadInput(f"The file of changes has more than {_MOST_LINES} lines: cut it.")
        found.append(_line(number, cells, places))
    if not found:
        raise BadInput("The file of changes has a head and no changes.")
    return found


def _rows(reader: "Iterator[list[str]]") -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, with the number of the line they begin in."""
    number = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped) and not stripped[0].startswith("#"):
                yield number, stripped
            number = reader.line_num + 1  # type: ignore[attr-defined]
    except csv.Error as error:
        raise BadInput(f"Line {number} of the file of changes is no CSV: {error}.") from error


def _places(cells: list[str]) -> tuple[Mapping[str, int], bool]:
    """Where each column stands, and whether the row is a head."""
    if cells[0].isdecimal():
        return {name: place for place, name in enumerate(COLUMNS)}, False
    known = {_plain(name): name for name in COLUMNS}
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        plain = _plain(cell)
        name = known.get(plain) or _OTHER_NAMES.get(plain)
        if name is None and not plain:
            continue
        if name is None or name in places:
            what = "is there twice" if name else "is none of"
            rest = "" if name else f" {', '.join(COLUMNS)}"
            raise BadInput(f'The head of the file of changes: "{cell}" {what}{rest}.')
        places[name] = place
    missing = [name for name in _REQUIRED if name not in places]
    if missing:
        raise BadInput(f"The head of the file of changes lacks {', '.join(missing)}.")
    return places, True


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _line(number: int, cells: list[str], places: Mapping[str, int]) -> ChangeLine:
    values = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
    comment = values.get("comment", "")
    try:
        return ChangeLine(number, _edit(values, cells, places), comment, None, values)
    except Refused as problem:
        return ChangeLine(number, None, comment, problem, values)


def _edit(values: Mapping[str, str], cells: list[str], places: Mapping[str, int]) -> Edit:
    if len(cells) > max(len(places), max(places.values()) + 1):
        raise BadInput(
            f"It has {len(cells)} cells, {len(places)} are expected: a comment with a comma"
            " stands in quotation marks."
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
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    if not is_number or not 1 <= int(text) <= _GREATEST:
        raise BadInput(f'The {name} "{text[:40]}" is no number from 1.')
    return int(text)
