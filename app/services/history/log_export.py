"""Entries of the log as documents, rows and files."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TextIO

from app import files
from app.domain.counting import counted
from app.domain.errors import BadInput
from app.domain.history.authorship import writer_fields
from app.domain.history.log import Kind, LogEntry, LogQuery, Position, Source
from app.domain.json_value import JsonObject
from app.domain.text.csv_text import csv_line
from app.services.acting import Acting
from app.services.history import log

HEADS = ("time", "entry", "author", "who", "kinds", "about", "text")


@dataclass(frozen=True)
class Exported:
    """A file of the log and how many entries it holds."""

    file: Path
    entries: int

    @property
    def text(self) -> str:
        """What was written, for the person."""
        return f"Wrote {counted(self.entries, 'entry', 'entries')} to {self.file}."


def export(
    acting: Acting,
    query: LogQuery,
    file: Path,
    position: Position | None = None,
    *,
    limit: int | None = None,
    on_page: log.OnPage | None = None,
) -> Exported:
    """Writes the entries that fulfil the query, at most `limit`, as CSV or JSON by the file's name.

    The file is there whole or not at all. `on_page` is called after every page; it may raise, such
    as Cancelled.
    """
    suffix = check_name(file)
    found = log.entries(acting, query, position, limit=limit, on_page=on_page)
    with files.replacing(file) as written:
        stream = io.TextIOWrapper(written, "utf-8", "backslashreplace", newline="")
        number = _csv(found, stream) if suffix == ".csv" else _json(found, stream)
        stream.detach()
    return Exported(file, number)


def check_name(file: Path) -> str:
    """What the name of a file says it is to hold, `.csv` or `.json`; BadInput for any other."""
    suffix = file.suffix.lower()
    if suffix not in {".csv", ".json"}:
        raise BadInput(f"{file}: the log is exported as .csv or .json.")
    return suffix


def document(entry: LogEntry) -> JsonObject:
    """An entry as a JSON object."""
    return {
        "source": entry.source.value,
        "number": entry.number,
        "author": entry.author,
        **writer_fields(entry.writer),
        "who": entry.who.value,
        "at": entry.at.astimezone(UTC).isoformat(),
        "text": entry.text,
        "kinds": [kind.value for kind in Kind if kind in entry.kinds],
        "about": [[run_number, dataset or None] for run_number, dataset in entry.subjects],
        "more": entry.more,
    }


def name_of(entry: LogEntry) -> str:
    """`1234` for a version, else its source with its number."""
    if entry.source is Source.VERSION:
        return str(entry.number)
    return f"{entry.source.value} {entry.number}"


def about(entry: LogEntry) -> str:
    """The runs and datasets that an entry is about, in a few words."""
    shown = "; ".join(" ".join(filter(None, (str(run), name))) for run, name in entry.subjects)
    return f"{shown}; ..." if entry.more else shown


def _csv(found: Iterator[LogEntry], stream: TextIO) -> int:
    stream.write(f"{csv_line(HEADS)}\n")
    number = 0
    for entry in found:
        number += 1
        line = csv_line(
            (
                entry.at.astimezone(UTC).isoformat(),
                name_of(entry),
                entry.by,
                entry.who.value,
                " ".join(kind.value for kind in Kind if kind in entry.kinds),
                about(entry),
                entry.text,
            )
        )
        stream.write(f"{line}\n")
    return number


def _json(found: Iterator[LogEntry], stream: TextIO) -> int:
    number = 0
    stream.write("[")
    for number, entry in enumerate(found, start=1):
        stream.write("\n" if number == 1 else ",\n")
        stream.write(json.dumps(document(entry), ensure_ascii=False))
    stream.write("\n]\n")
    return number
