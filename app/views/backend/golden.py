"""Golden JSONs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from app.domain.json_value import JsonValue
from app.services.golden.bench import EVERYTHING, Bench, Narrowing
from app.services.golden.exports import Export
from app.views.backend.news import Step
from app.views.backend.rules import Rules


class GoldenList(StrEnum):
    """Which of the generated JSONs are listed."""

    MINE = "mine"
    ALL = "all"
    OFFICIAL = "official"


@dataclass(frozen=True, slots=True)
class GoldenConfiguration:
    """A rule that is offered: shipped with the program, or saved by somebody under an id."""

    name: str
    rule: JsonValue
    shipped: bool
    created_by: str = ""
    id: int | None = None
    mine: bool = False
    may_change: bool = False


@dataclass(frozen=True, slots=True)
class GoldenRequest:
    """What to generate: `pattern` is one of dataset names (`SIMILAR TO`), `rules` by name.

    Each of several lists has the name of its rule among its tags. `insist`: also when a rule reads
    what nothing has.
    """

    pattern: str
    rules: tuple[tuple[str, JsonValue], ...]
    tags: str = ""
    official: bool = False
    narrowing: Narrowing = EVERYTHING
    insist: bool = False


@dataclass(frozen=True, slots=True)
class MatchingDatasets:
    """Names that a pattern matches, the first of them, and in how many runs they are."""

    names: tuple[str, ...]
    datasets: int


@dataclass(frozen=True, slots=True)
class GoldenEntry:
    """A generated JSON as the list shows it; luminosity in pb^-1, -1 while unknown."""

    id: int
    pattern: str
    created_by: str
    created_at: datetime
    official: bool
    tags: str
    runs: int
    lumisections: int
    recorded_luminosity: float


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """A generated JSON whole; the texts are what is saved, byte for byte. Luminosity in pb^-1.

    `stem` is how its files are called, such as `Cert_Collisions2022_355100_362760_Golden`.
    """

    entry: GoldenEntry
    version: int
    rule: str
    generated: str
    with_dataset_names: str
    anti: str
    anti_with_dataset_names: str
    delivered_luminosity: float
    total_recorded_luminosity: float
    total_delivered_luminosity: float
    stem: str


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Stored lists by number, in which forms, and whether where they come from stands beside.

    Files have the names of the field, unless one form of one list gets a name of its own.
    """

    ids: tuple[int, ...]
    exports: tuple[Export, ...]
    folder: Path
    with_provenance: bool = False
    name: str = ""


class Golden(Rules, Protocol):
    """Golden JSONs."""

    def golden_configurations(self) -> Sequence[GoldenConfiguration]: ...

    def save_configuration(
        self, name: str, rule: JsonValue, replaces: int | None = None
    ) -> GoldenConfiguration:
        """Saves a rule under a name, in the place of another one if given."""
        ...

    def delete_configuration(self, id_: int) -> str: ...

    def bench(
        self, pattern: str, narrowing: Narrowing, is_cancelled: Callable[[], bool]
    ) -> Bench | None:
        """Holds datasets so that rules are tried on them at once; None when cancelled."""
        ...

    def matching_datasets(self, pattern: str) -> MatchingDatasets: ...

    def generate_golden(
        self,
        request: GoldenRequest,
        progress: Callable[[Step], None],
        is_cancelled: Callable[[], bool],
    ) -> tuple[int, ...] | None:
        """Ids of the new rows in the order of the rules, made of one state; None when cancelled,
        which leaves nothing behind.

        Both functions may be called from the thread that computes.
        """
        ...

    def golden_list(
        self, which: GoldenList, before: int | None, words: str = ""
    ) -> Sequence[GoldenEntry]:
        """The newest 50 with all the words, or the next 50 with ids below `before`."""
        ...

    def golden_row(self, id_: int) -> GoldenResult: ...

    def delete_golden(self, ids: Sequence[int]) -> str:
        """Takes lists out of all lists, every one or none."""
        ...

    def export_names(self, request: ExportRequest) -> tuple[Path, ...]:
        """The files that would be written; Refused when they can't be."""
        ...

    def export_golden(
        self,
        request: ExportRequest,
        progress: Callable[[Step], None],
        is_cancelled: Callable[[], bool],
    ) -> tuple[Path, ...] | None:
        """The files that were written, over those that were there; None when cancelled."""
        ...
