"""CSV that spreadsheets show as it is meant: no cell of it is taken for a formula."""

import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""How a cell begins that a spreadsheet computes, or that has been kept from being one."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_QUOTED = re.compile(r'[,"\r\n]')


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV, a line each."""
    return "".join(f"{csv_line(row)}\n" for row in rows)


def csv_line(cells: Sequence[object]) -> str:
    """One row without its line end. Numbers are numbers; a text that would be a formula gets an
    apostrophe before it, which `cell_meant` takes away."""
    return ",".join(map(_cell, cells)) or '""'


def cell_meant(text: str) -> str:
    """What a cell of ours, or of a spreadsheet, says."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, str) and _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        text = f"'{text}"
    if _QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
