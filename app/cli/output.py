"""What a command says: a text for people or one JSON document for machines, progress apart."""

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from app.cli.parser import UsageError
from app.domain.configuration.items import UnknownVariables
from app.domain.configuration.permissions import egroup_address
from app.domain.errors import NotPermitted, Refused, RegistryError
from app.domain.json_value import JsonObject, JsonValue, json_text
from app.domain.masking import masked
from app.domain.progress import Progress
from app.domain.text.plain_text import harmless, harmless_json, one_line
from app.files import reason

DONE = 0
REFUSED = 1
USAGE = 2
BUG = 70


class Lines(str):
    """Text of several lines whose breaks are ours; what others wrote is made one line in it."""

    __slots__ = ()


class Content(str):
    """The content of a file. It goes to a pipe or a file as it is."""

    __slots__ = ()


class Answer(Struct, frozen=True):
    """The end of a command: the same facts as a document and as a text, and the exit code.

    A text is one line unless it is `Lines` or `Content`. Without a document everything has been
    said on the way.
    """

    document: JsonValue = None
    text: str = ""
    code: int = DONE


class ProgressLine:
    """One line on a terminal that says how far long work is; nothing anywhere else, or with
    `lines_every_s` a line so often."""

    def __init__(self, stream: TextIO | None = None, *, lines_every_s: float | None = None) -> None:
        stream = stream or sys.stderr
        self._stream = stream if stream is not None and stream.isatty() else None
        self._lines = stream if self._stream is None and lines_every_s is not None else None
        self._every_s = lines_every_s or 0.0
        self._told_at = time.monotonic()

    def say(self, text: str) -> None:
        """Replaces the line; from any thread."""
        if self._stream is not None:
            self._stream.write(f"\r\033[K{one_line(text)[:100]}")
            self._stream.flush()
        elif self._lines is not None and text:
            now = time.monotonic()
            if now - self._told_at >= self._every_s:
                self._told_at = now
                print(f"run-registry: {one_line(text)}", file=self._lines, flush=True)

    def shares(self, doing: str) -> Progress:
        """Shows the share done of some work, after what is being done."""
        return Progress(lambda share: self.say(f"{doing} {share:.0%}"))

    def clear(self) -> None:
        """Empties the line."""
        self.say("")


def together(parts: Iterable[str], gap: str = "\n") -> Lines:
    """Parts below each other: tables and the like as they are, everything else as one line."""
    return Lines(gap.join(each if isinstance(each, Lines) else one_line(each) for each in parts))


def show(answer: Answer, *, as_json: bool) -> int:
    """Prints the answer on standard output; returns the exit code of the command."""
    if answer.document is None:
        return answer.code
    try:
        if as_json:
            _print_json(answer.document, indent=2)
        else:
            _print(answer.text, sys.stdout)
    except BrokenPipeError:
        # Whoever reads, such as `head`, has enough.
        _print_nothing_more()
    except OSError as error:
        _print_nothing_more()
        complain(f"the output can't be written: {reason(error)}.")
        return REFUSED
    return answer.code


def complain(text: str) -> None:
    """One line on standard error."""
    with contextlib.suppress(OSError):
        _print(f"run-registry: {' '.join(masked(text).split())}", sys.stderr)


def show_error(error: RegistryError | UsageError, *, as_json: bool) -> int:
    """Prints what went wrong, in one line or as a document; returns the exit code."""
    if isinstance(error, UsageError):
        kind, code = "usage", USAGE
    else:
        kind, code = "refused" if isinstance(error, Refused) else "unavailable", REFUSED
    if as_json:
        document: JsonObject = {"error": masked(str(error)), "kind": kind}
        if isinstance(error, NotPermitted) and error.egroups:
            document["egroups"] = {egroup: egroup_address(egroup) for egroup in error.egroups}
        return _show_json_error(document, code)
    if isinstance(error, UsageError) and error.usage:
        with contextlib.suppress(OSError):
            _print(Lines(error.usage.rstrip()), sys.stderr)
    complain(str(error))
    if isinstance(error, NotPermitted):
        for egroup in error.egroups or ():
            complain(f"e-group {egroup}: {egroup_address(egroup)}")
    elif isinstance(error, UnknownVariables):
        complain("To insist, give the command once more with --insist.")
    return code


def show_bug(error: Exception, report: Path | None, *, as_json: bool) -> int:
    """Says that the program is at fault and where the report is; returns the exit code."""
    text = masked(f"an error in the program: {type(error).__name__}: {error}")
    if as_json:
        where = None if report is None else str(report)
        return _show_json_error({"error": text, "kind": "bug", "report": where}, BUG)
    complain(text if report is None else f"{text}. The report is in {report}")
    return BUG


def table(
    heads: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()
) -> Lines:
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
    return Lines("\n".join(lines))


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
    return one_line(str(value))


def _show_json_error(document: JsonObject, code: int) -> int:
    try:
        _print_json(document)
    except OSError:
        _print_nothing_more()
        complain(str(document["error"]))
    return code


def _print_json(document: JsonValue, indent: int | None = None) -> None:
    text = json_text(document, indent=indent)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        text = json_text(document, indent=indent, ascii_only=True)
    print(harmless_json(text), flush=True)


def _print(text: str, stream: TextIO) -> None:
    """The one way of text to standard output and standard error: nothing in it steers a terminal.

    The content of a file stays as it is unless a terminal shows it.
    """
    if isinstance(text, Content):
        shown = harmless(text) if stream.isatty() else str(text)
    elif isinstance(text, Lines):
        shown = harmless(text)
    else:
        shown = one_line(text)
    try:
        print(shown, file=stream, flush=True)
    except UnicodeEncodeError:
        if isinstance(text, Content) and not stream.isatty():
            # A file is in UTF-8, whatever the person's language.
            stream.buffer.write(f"{text}\n".encode("utf-8", "backslashreplace"))
            stream.flush()
            return
        # The terminal's encoding lacks a letter.
        seen = shown.encode(stream.encoding, "backslashreplace").decode(stream.encoding)
        print(seen, file=stream, flush=True)


def _print_nothing_more() -> None:
    """What Python still holds for standard output goes nowhere when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
