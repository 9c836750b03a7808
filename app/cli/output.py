"""What a command says: a text for people or one JSON document for machines, progress apart."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from app.domain.errors import Refused, RegistryError
from app.domain.json_value import JsonValue
from app.domain.masking import masked

DONE = 0
REFUSED = 1
USAGE = 2
BUG = 70


@dataclass(frozen=True)
class Answer:
    """The end of a command: the same facts as a document and as a text, and the exit code.

    Without a document everything has been said on the way.
    """

    document: JsonValue = None
    text: str = ""
    code: int = DONE


class UsageError(Exception):
    """The command line can't be understood; `usage` is the line that shows how it is written."""

    def __init__(self, text: str, usage: str = "") -> None:
        super().__init__(text)
        self.usage = usage


class Progress:
    """One line on a terminal that says how far long work is; nothing anywhere else."""

    def __init__(self, stream: TextIO | None = None) -> None:
        stream = stream or sys.stderr
        self._stream = stream if stream is not None and stream.isatty() else None

    def say(self, text: str) -> None:
        """Replaces the line; from any thread."""
        if self._stream is not None:
            self._stream.write(f"\r\033[K{text[:100]}")
            self._stream.flush()

    def clear(self) -> None:
        self.say("")


def show(answer: Answer, *, as_json: bool) -> None:
    """Prints the answer on standard output."""
    if answer.document is None:
        return
    text = answer.text
    if as_json:
        text = json.dumps(answer.document, ensure_ascii=False, indent=2)
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Whoever reads, such as `head`, has enough; the rest goes nowhere when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(text: str) -> None:
    """One line on standard error."""
    print(f"run-registry: {' '.join(masked(text).split())}", file=sys.stderr)


def show_error(error: RegistryError | UsageError, *, as_json: bool) -> int:
    """Prints what went wrong, in one line or as a document; returns the exit code."""
    if isinstance(error, UsageError):
        kind, code = "usage", USAGE
    else:
        kind, code = "refused" if isinstance(error, Refused) else "unavailable", REFUSED
    if as_json:
        print(
            json.dumps({"error": masked(str(error)), "kind": kind}, ensure_ascii=False), flush=True
        )
        return code
    if isinstance(error, UsageError) and error.usage:
        print(error.usage.rstrip(), file=sys.stderr)
    complain(str(error))
    return code


def show_bug(error: Exception, report: Path | None, *, as_json: bool) -> int:
    """Says that the program is at fault and where the report is; returns the exit code."""
    text = masked(f"an error of the program: {type(error).__name__}: {error}")
    if as_json:
        where = None if report is None else str(report)
        print(json.dumps({"error": text, "kind": "bug", "report": where}), flush=True)
    else:
        complain(text if report is None else f"{text}. The report is in {report}")
    return BUG


def table(
    heads: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()
) -> str:
    """Lines with aligned columns; those named in `right` end at the same place."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(len(head), *(len(row[at]) for row in cells)) if cells else len(head)
        for at, head in enumerate(heads)
    ]
    lines = []
    for row in (list(heads), *cells):
        placed = [
            cell.rjust(width) if head in right else cell.ljust(width)
            for cell, width, head in zip(row, widths, heads, strict=True)
        ]
        lines.append("  ".join(placed).rstrip())
    return "\n".join(lines)


def luminosity(value: float | None) -> str:
    """A luminosity [pb^-1] with three significant digits; blank where it isn't known."""
    if value is None:
        return ""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def number_of(count: int, thing: str, things: str = "") -> str:
    """A count with its noun, e.g. `1 run`, `2 runs`."""
    return f"{count} {thing if count == 1 else things or thing + 's'}"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())
