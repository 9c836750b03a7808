"""Tables that spreadsheets show as they are meant: no cell of them is taken for a formula."""

import re
from collections.abc import Iterable, Sequence

_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""How a cell begins that a spreadsheet computes, or that has been kept from being one."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_QUOTED = re.compile(r'[,"\r\n]')
_QUOTED_BETWEEN_TABS = re.compile(r'[\t"\r\n]')


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV, a line each."""
    return "".join(f"{csv_line(row)}\n" for row in rows)


def csv_line(cells: Sequence[object]) -> str:
    """One row without its line end. Numbers are numbers; a text that would be a formula gets an
    apostrophe before it, which `cell_meant` takes away."""
    return ",".join(_quoted(_text(cell), _QUOTED) for cell in cells) or '""'


def tsv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as lines with tabs between their cells, as a spreadsheet takes them when it pastes."""
    return "\n".join(
        "\t".join(_quoted(_text(cell), _QUOTED_BETWEEN_TABS) for cell in row) for row in rows
    )


def cell_meant(text: str) -> str:
    """What a cell of ours, or of a spreadsheet, says."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _text(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    is_formula = isinstance(value, str) and _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def _quoted(text: str, special: re.Pattern[str]) -> str:
    return '"' + text.replace('"', '""') + '"' if special.search(text) else text
