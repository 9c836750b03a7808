"""Lists of good lumisections, stored or in files: reading, combining, comparing, luminosity."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from app import files
from app.domain.errors import BadInput
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
from app.models.events import states
from app.models.golden.generated_json import JsonRow
from app.services.acting import Acting
from app.services.golden import generation as golden

_STORED = re.compile(r"#?([1-9][0-9]{0,9})", re.ASCII)
_BLOCK = 400
"""Runs whose luminosity is read in one go."""


Source = int | Path
"""The number of a stored list, or a file."""


class Operation(StrEnum):
    """How two lists are combined."""

    AND = "and"
    OR = "or"
    MINUS = "minus"


@dataclass(frozen=True, eq=False)
class GoldenList:
    """A list and its origin; `remarks` say where its file breaks the format."""

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
    """What differs from an old list to a new one; `gained` and `lost` are luminosities by run
    [pb^-1], None where they weren't computed."""

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

    @property
    def remarks(self) -> tuple[str, ...]:
        """Where the files of both break the format."""
        return _remarks((self.old, self.new))


@dataclass(frozen=True)
class Part:
    """A list of a combination, and how it is combined with the lists before it; the operation of
    the first one means nothing."""

    list_: GoldenList
    operation: Operation = Operation.OR


@dataclass(frozen=True, eq=False)
class Combined:
    """Lists combined from left to right; `remarks` say where their files break the format."""

    document: Document
    remarks: tuple[str, ...]


def stored_id(source: str) -> int | None:
    """The number of the stored list that `12` or `#12` names; None for the path of a file."""
    match = _STORED.fullmatch(source)
    return int(match[1]) if match is not None and int(match[1]) <= GREATEST_NUMBER else None


def of_database(acting: Acting, id_: int) -> GoldenList:
    """A stored list; NotFound when it isn't there."""
    return of_row(golden.row(acting, id_))


def of_source(acting: Acting, source: Source) -> GoldenList:
    """A stored list or a file."""
    return of_file(source) if isinstance(source, Path) else of_database(acting, source)


def of_row(stored: JsonRow) -> GoldenList:
    """A stored list that was read."""
    reading = documents.from_json(stored.generated_json)
    return GoldenList(f"golden JSON {stored.entry.id}", reading.document, reading.remarks, stored)


def runs_made_from(acting: Acting, id_: int) -> tuple[int, ...]:
    """Runs whose lumisections took part in a stored list, good or not; ascending."""
    stored = golden.row(acting, id_)
    return tuple(
        sorted({int(run) for run in (*stored.generated_json, *stored.generated_anti_json)})
    )


def of_file(file: Path) -> GoldenList:
    """A list in a file, such as an official `Cert_*` one, put in order where it isn't."""
    text = files.read_utf8(file, "The list")
    try:
        reading = documents.read(text)
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error
    return GoldenList(str(file), reading.document, reading.remarks)


def combine(
    parts: Sequence[Part], first_run: int | None = None, last_run: int | None = None
) -> Combined:
    """Combines lists from left to right, then leaves out runs before the first and after the
    last."""
    combined = parts[0].list_.document
    for part in parts[1:]:
        other = part.list_.document
        match part.operation:
            case Operation.AND:
                combined = documents.and_(combined, other)
            case Operation.OR:
                combined = documents.or_(combined, other)
            case Operation.MINUS:
                combined = documents.minus(combined, other)
    return Combined(
        documents.clip(combined, first_run, last_run), _remarks(part.list_ for part in parts)
    )


def compare(acting: Acting | None, old: GoldenList, new: GoldenList) -> ComparedLists:
    """Compares two lists; without `acting` the luminosity of what differs isn't computed."""
    comparison = compare_documents(old.document, new.document)
    if acting is None:
        return ComparedLists(old, new, comparison, None, None)
    runs = luminosity_of_runs(acting, {*comparison.gained, *comparison.lost})
    return ComparedLists(
        old,
        new,
        comparison,
        luminosity_by_run(comparison.gained, runs),
        luminosity_by_run(comparison.lost, runs),
    )


def luminosity_of(acting: Acting, document: Document) -> Mapping[int, ListLuminosity]:
    """Luminosity of a list run by run, as the `online` datasets have it now."""
    return luminosity_by_run(document, luminosity_of_runs(acting, document))


def luminosity_of_runs(acting: Acting, run_numbers: Collection[int]) -> dict[int, RunLuminosity]:
    """Luminosity per lumisection of the runs that are in the database."""
    keys = [(run_number, ONLINE) for run_number in sorted(run_numbers)]
    by_run: dict[int, RunLuminosity] = {}
    for begin in range(0, len(keys), _BLOCK):
        with acting.db.read() as connection:
            block, _ = states.load_compact(
                connection, keys[begin : begin + _BLOCK], desk=acting.db.desk
            )
        for (run_number, _), (state, _) in block.items():
            if state.length:
                by_run[run_number] = run_luminosity(state)
    return by_run


def _remarks(lists: Iterable[GoldenList]) -> tuple[str, ...]:
    return tuple(f"{list_.name}: {remark}" for list_ in lists for remark in list_.remarks)
