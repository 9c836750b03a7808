"""Lists of good lumisections, stored or in files: read, combined, compared, with luminosity."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from app import files
from app.domain.errors import BadInput
from app.domain.foreign_json import NotJson, read_text
from app.domain.keys import ONLINE
from app.domain.lumisections import GREATEST_NUMBER
from app.golden import document as documents
from app.golden.compare import Comparison
from app.golden.compare import compare as compare_documents
from app.golden.document import Document
from app.golden.list_luminosity import (
    ListLuminosity,
    RunLuminosity,
    luminosity_by_run,
    run_luminosity,
    together,
)
from app.models.database.engine import Database
from app.models.events import states
from app.models.golden.generated_json import JsonRow
from app.services.acting import Acting
from app.services.golden import generation as golden

_STORED = re.compile(r"#?([1-9][0-9]{0,9})", re.ASCII)
_BLOCK = 400
"""Runs whose luminosity is read in one go."""


class Operation(StrEnum):
    """What two lists are combined with."""

    AND = "and"
    OR = "or"
    MINUS = "minus"


@dataclass(frozen=True, eq=False)
class GoldenList:
    """A list with where it comes from; `remarks` say where its file breaks the format."""

    name: str
    document: Document
    remarks: tuple[str, ...] = ()
    stored: JsonRow | None = None

    @property
    def id(self) -> int | None:
        """Number of a stored list, None for a file."""
        return None if self.stored is None else self.stored.entry.id


@dataclass(frozen=True, eq=False)
class ComparedLists:
    """From an old list to a new one; luminosities by run [pb^-1], None when nobody asked."""

    old: GoldenList
    new: GoldenList
    comparison: Comparison
    gained: Mapping[int, ListLuminosity] | None
    lost: Mapping[int, ListLuminosity] | None

    @cached_property
    def gained_total(self) -> ListLuminosity | None:
        """Luminosity that only the new list has."""
        return None if self.gained is None else together(self.gained.values())

    @cached_property
    def lost_total(self) -> ListLuminosity | None:
        """Luminosity that only the old list has."""
        return None if self.lost is None else together(self.lost.values())


def stored_id(source: str) -> int | None:
    """The number of the stored list that `12` or `#12` names; None for the path of a file."""
    match = _STORED.fullmatch(source)
    return int(match[1]) if match is not None and int(match[1]) <= GREATEST_NUMBER else None


def of_database(acting: Acting, id_: int) -> GoldenList:
    """A stored list; NotFound when it isn't there."""
    return of_row(golden.row(acting, id_))


def of_row(stored: JsonRow) -> GoldenList:
    """A stored list that was read."""
    reading = documents.from_json(stored.generated_json)
    return GoldenList(f"golden JSON {stored.entry.id}", reading.document, reading.remarks, stored)


def runs_made_from(acting: Acting, id_: int) -> tuple[int, ...]:
    """Runs of the lumisections that took part in a stored list, good or not, ascending."""
    stored = golden.row(acting, id_)
    return tuple(
        sorted({int(run) for run in (*stored.generated_json, *stored.generated_anti_json)})
    )


def of_file(file: Path) -> GoldenList:
    """A list in a file, such as an official `Cert_*` one, put in order where it isn't."""
    try:
        text = read_text(file).decode("utf-8")
    except OSError as error:
        raise BadInput(f"The list {file} can't be read: {files.reason(error)}.") from error
    except NotJson as error:
        raise BadInput(f"The list {file} {error}: it can't be read.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"The list {file} is no text in UTF-8.") from error
    try:
        reading = documents.read(text)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error
    return GoldenList(str(file), reading.document, reading.remarks)


def combine(first: Document, further: Sequence[tuple[Operation, Document]]) -> Document:
    """Combines lists from left to right."""
    combined = first
    for operation, other in further:
        match operation:
            case Operation.AND:
                combined = documents.and_(combined, other)
            case Operation.OR:
                combined = documents.or_(combined, other)
            case Operation.MINUS:
                combined = documents.minus(combined, other)
    return combined


def compare(old: GoldenList, new: GoldenList, db: Database | None = None) -> ComparedLists:
    """What the new list has and the old one hasn't, and the other way round.

    With a database also the luminosity of that, as the `online` datasets have it now.
    """
    comparison = compare_documents(old.document, new.document)
    if db is None:
        return ComparedLists(old, new, comparison, None, None)
    runs = luminosity_of_runs(Acting(db), {*comparison.gained, *comparison.lost})
    return ComparedLists(
        old,
        new,
        comparison,
        luminosity_by_run(comparison.gained, runs),
        luminosity_by_run(comparison.lost, runs),
    )


def luminosity_of_runs(acting: Acting, run_numbers: Collection[int]) -> dict[int, RunLuminosity]:
    """Luminosity per lumisection of the runs that are in the database."""
    keys = [(run_number, ONLINE) for run_number in sorted(run_numbers)]
    found: dict[int, RunLuminosity] = {}
    for begin in range(0, len(keys), _BLOCK):
        with acting.db.read() as connection:
            block, _ = states.load_compact(
                connection, keys[begin : begin + _BLOCK], desk=acting.db.desk
            )
        for (run_number, _), (state, _) in block.items():
            if state.length:
                found[run_number] = run_luminosity(state)
    return found
