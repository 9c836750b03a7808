"""Golden JSONs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.domain.json_value import JsonValue
from app.views.backend.news import Progress
from app.views.backend.rules import Rules


class GoldenList(StrEnum):
    """Which of the generated JSONs are listed."""

    MINE = "mine"
    ALL = "all"
    OFFICIAL = "official"


@dataclass(frozen=True, slots=True)
class GoldenConfiguration:
    """A rule that is offered: shipped with the program or saved by somebody."""

    name: str
    rule: JsonValue
    shipped: bool
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class GoldenRequest:
    """What to generate: `pattern` is one of dataset names (`SIMILAR TO`)."""

    pattern: str
    rule: JsonValue
    tags: str = ""
    official: bool = False


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
    """A generated JSON whole; the texts are what is saved, byte for byte. Luminosity in pb^-1."""

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


class Golden(Rules, Protocol):
    """Golden JSONs."""

    def golden_configurations(self) -> Sequence[GoldenConfiguration]: ...

    def matching_datasets(self, pattern: str) -> MatchingDatasets: ...

    def generate_golden(
        self,
        request: GoldenRequest,
        progress: Callable[[Progress], None],
        is_cancelled: Callable[[], bool],
    ) -> int | None:
        """Id of the new row, None when cancelled; a cancelled one leaves nothing behind.

        Both functions may be called from the thread that computes.
        """
        ...

    def golden_list(self, which: GoldenList, before: int | None) -> Sequence[GoldenEntry]:
        """The newest 50, or the next 50 with ids below `before`."""
        ...

    def golden_row(self, id_: int) -> GoldenResult: ...
